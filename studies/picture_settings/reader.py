"""Reads the settings of a picture: finds which tool wrote the file, and has them read by that tool's format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.picture_kinds import is_picture
from models.io.texts.hidden import hidden_text
from models.io.texts.picture_texts import COMMENT, XMP, picture_texts
from models.language.translate import phrase
from studies.picture_settings import infotext
from studies.picture_settings.document import parsed
from studies.picture_settings.lora_tags import without_tags
from studies.picture_settings.sampler_names import comfy_sampler
from studies.picture_settings.settings import PictureSettings
from studies.picture_settings.tools import civitai, comfyui, draw_things, easy_diffusion, fooocus, invokeai, swarmui, webui_api

TEXTS: Final = (
    "parameters",
    COMMENT,
    "text",
    "generation_data",
    "comment",
    "Comment",
    "ImageDescription",
    "XPComment",
    "Description",
)
"""Keywords under which tools write infotext or JSON, in the order in which they are tried."""
COMFY_KIN: Final = ("ComfyUI", "Stability Matrix", "Fooocus", "Civitai")
"""Tools whose infotext leaves out that they draw noise on the processor."""
REFUSED: Final = ("Midjourney", "DALL", "Adobe Firefly", "Leonardo", "Ideogram", "Stability AI", "Bing")
"""Services that draw with models of their own; what they write into a picture names them."""
RNG: Final = re.compile(r"[,|\s]RNG:")
SAMPLER: Final = re.compile(r"[,|\s]Sampler(?: name)?: *([a-z0-9_]+)(?= *[,|\n]|$)")
"""A sampler in ComfyUI's spelling."""
SAVER_FIELD: Final = re.compile(r"[,|\s]Lora_\d+ Model name:")
BROKEN: Final = re.compile(r"\s*\{\s*[\"'][^\"'{}|]{1,80}[\"']\s*:")
"""How an object of JSON begins, or one that Python printed: no prompt does."""
MEND: Final = "name a picture, JSON or text file as its tool saved it; the README lists the tools"


def read_picture(path: Path) -> PictureSettings:
    """The settings that the file states, of whichever tool they are. Decodes no pixels unless settings may be hidden in them.

    Raises InputError for a file without settings, and for those of a tool that cannot be read, by its name.
    """
    texts = picture_texts(path)
    found = _of_texts(texts, path)
    if found is None and "text" not in texts and (hidden := hidden_text(path)):
        found = _of_texts(_as_texts(hidden), path)
    if found is not None:
        return found
    _refuse(texts, path)
    what = "the picture carries no settings" if is_picture(path) else "the file carries no settings of a picture"
    raise InputError(what, path, _sidecar(path) or MEND)


def graph_in(path: Path) -> dict[str, Any] | None:
    """The graph of ComfyUI's that the file is or carries, in whichever form; None if it has none, or none that ComfyUI draws.

    Raises InputError for a file that does not open.
    """
    texts = picture_texts(path)
    whole = parsed(texts.get("text", ""))
    if isinstance(whole, dict) and comfyui.is_graph(whole) and civitai.extra(whole) is None:
        return whole
    return _graph(texts)


def _graph(texts: Mapping[str, str]) -> dict[str, Any] | None:
    graph = parsed(_graph_text(texts))
    return graph if isinstance(graph, dict) and comfyui.is_graph(graph) else None


def _as_texts(hidden: str) -> dict[str, str]:
    """What is hidden in pixels is the one text, or an object of the texts that a PNG would have."""
    document = parsed(hidden)
    if isinstance(document, dict) and all(isinstance(text, str) for text in document.values()):
        return document
    return {"parameters": hidden}


def _of_texts(texts: Mapping[str, str], path: Path) -> PictureSettings | None:
    if draw_things.creator(texts.get(XMP, "")) == "Draw Things" and (document := draw_things.document_in(texts[XMP])):
        return draw_things.read(document, path)
    if isinstance(document := parsed(texts.get("invokeai_metadata", "")), dict):
        return invokeai.read(document, path)
    if isinstance(document := parsed(texts.get("sd-metadata", "")), dict):
        return invokeai.read_version_2(document, path)
    if easy_diffusion.is_easy_diffusion(texts):
        return easy_diffusion.read(texts, path)
    graph = _graph(texts)
    written = _first(texts, path)
    if graph is None or (written is not None and written.tool == "Civitai"):
        return written
    try:
        found = comfyui.read(graph, path)
    except InputError as error:
        if written is None:
            raise
        return replace(written, notes=(f"ComfyUI's graph was not read: {error.what}", *written.notes))
    return found if written is None else comfyui.filled_up(found, written)


def _first(texts: Mapping[str, str], path: Path) -> PictureSettings | None:
    for keyword in TEXTS:
        if text := texts.get(keyword, ""):
            document = parsed(text)
            found = _of_document(document, path) if isinstance(document, dict) else _of_text(text, texts, path)
            if found is not None:
                return found
    return None


def _graph_text(texts: Mapping[str, str]) -> str:
    """ComfyUI's graph for the API; its page's form where there is no other, which is refused as such."""
    for name in ("prompt", "workflow"):
        if name in texts:
            return texts[name]
        # In WebP's EXIF, `prompt:{...}` stands in a camera's fields.
        for keyword in ("Make", "Model", "ImageDescription"):
            if texts.get(keyword, "").lower().startswith(f"{name}:"):
                return texts[keyword][len(name) + 1 :]
    return ""


def _of_document(document: dict[str, Any], path: Path) -> PictureSettings | None:
    if swarmui.KEY in document:
        return swarmui.read(document, path)
    if civitai.extra(document) is not None:
        return civitai.read(document, path)
    if easy_diffusion.is_easy_diffusion(document):
        return easy_diffusion.read(document, path)
    if fooocus.is_fooocus(document):
        return fooocus.read(document, path)
    if civitai.is_tensor_art(document):
        return civitai.read_tensor_art(document, path)
    if (text := webui_api.infotext_in(document)) is not None:
        return infotext.read(text, path)
    if webui_api.is_request(document):
        return webui_api.read(document, path)
    if "positive_prompt" in document and ("app_version" in document or "scheduler" in document):
        return invokeai.read(document, path)
    if "image" in document and "model_weights" in document:
        return invokeai.read_version_2(document, path)
    if comfyui.is_graph(document):
        return comfyui.read(document, path)
    if _is_novelai(document):
        raise _novelai(path)
    keys = ", ".join(sorted(map(str, document))[:8])
    raise InputError(phrase("settings as JSON of a tool that is not known (its keys: {keys})", keys=keys), path, MEND)


def _of_text(text: str, texts: Mapping[str, str], path: Path) -> PictureSettings | None:
    if BROKEN.match(text):
        raise InputError("settings as JSON that is damaged or cut off", path, "fetch the file again")
    if document := easy_diffusion.document_in(text):
        return easy_diffusion.read(document, path)
    info = infotext.read(text, path)
    if not info.steps and not info.loras and not info.other and info.seed is None and "parameters" not in texts:
        return None
    tool = _tool(info, text, texts)
    rng = "CPU" if tool in COMFY_KIN and not RNG.search(text) else info.rng
    return _as_typed(replace(info, tool=tool, rng=rng))


def _as_typed(info: PictureSettings) -> PictureSettings:
    """Fooocus's infotext has the prompt with the words of styles, and what a person wrote in fields of their own."""
    notes = []
    prompt, negative = info.other.get("Raw prompt", info.prompt), info.other.get("Raw negative prompt", info.negative)
    if info.tool != "Fooocus":
        return info
    if without_tags(prompt) != info.prompt:
        notes.append(f"the prompt: drawn with the words of styles, as '{info.prompt[:600]}'")
    if negative != info.negative:
        notes.append(f"the negative prompt: drawn with the words of styles, as '{info.negative[:600]}'")
    return replace(info, prompt=without_tags(prompt), negative=negative, notes=(*info.notes, *notes))


def _tool(info: PictureSettings, text: str, texts: Mapping[str, str]) -> str:
    version, app = info.other.get("Version", ""), info.other.get("App", "")
    if "parameters-json" in texts or "smproj" in texts:
        return "Stability Matrix"
    if version.startswith("Fooocus"):
        return "Fooocus"
    if app or {"Parser", "Backend"} & info.other.keys():
        return app or "SD.Next"
    if not version and {"Civitai metadata", "Created Date"} & info.other.keys():
        return "Civitai"
    spelled_so = (match := SAMPLER.search(text)) is not None and comfy_sampler(match[1], None) is not None
    of_comfy = version.lower().startswith("comfy") or "prompt" in texts or spelled_so or SAVER_FIELD.search(text)
    return "ComfyUI" if of_comfy else ""


def _is_novelai(document: Mapping[str, Any]) -> bool:
    comment = parsed(str(document.get("Comment", "")))
    inner = comment if isinstance(comment, dict) else document
    return "uc" in inner and "scale" in inner and "c" not in inner


def _novelai(path: Path) -> InputError:
    return InputError("a picture of NovelAI, which draws with models of its own and without LoRA files", path, MEND)


def _refuse(texts: Mapping[str, str], path: Path) -> None:
    """Raises InputError for texts of a tool that cannot be read."""
    said = " ".join((texts.get("Software", ""), texts.get("Source", ""), draw_things.creator(texts.get(XMP, ""))))
    if "NovelAI" in said:
        raise _novelai(path)
    said += " ".join(texts.get(keyword, "") for keyword in ("Description", "Author", "ImageDescription"))
    for name in REFUSED:
        if name.lower() in said.lower():
            raise InputError(phrase("a picture of {name}, whose settings name no models", name=name), path, MEND)
    if "Dream" in texts:
        raise InputError("a picture of InvokeAI's first versions, which knew no LoRA", path, MEND)


def _sidecar(path: Path) -> str:
    """Settings that a tool saved beside the picture."""
    beside = next((path.with_suffix(suffix) for suffix in (".txt", ".json") if path.with_suffix(suffix).is_file()), None)
    return phrase("{beside} lies beside it: try --from {beside}", beside=beside) if beside not in (None, path) else ""
