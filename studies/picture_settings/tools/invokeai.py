"""InvokeAI: JSON in the PNG text `invokeai_metadata` (from version 3 on; invokeai/app/invocations/metadata.py) or `sd-metadata`.

Models are objects with a name: `model.name` from version 4 on, `model_name` before; a LoRA's is under `model` or `lora`. Emphasis
is Compel's: `(word)1.2`, `word+`. `clip_skip` counts the layers that are left out. It draws with diffusers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from studies.picture_settings.document import Document
from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import number
from studies.picture_settings.sampler_names import INVOKE_SAMPLERS
from studies.picture_settings.settings import PictureSettings

SILENT: Final = frozenset(
    [
        "app_version",
        "created_by",
        "_canvas_objects",
        "workflow",
        "model_hash",
        "type",
        "id",
        "is_intermediate",
        "use_cache",
        "variations",
    ]
)
UNCHANGED: Final = {
    "cfg_rescale_multiplier": ("0", "0.0"),
    "generation_mode": ("txt2img", "sdxl_txt2img"),
    "threshold": ("0", "0.0"),
    "perlin": ("0", "0.0"),
}
"""Values that change no image."""
INVERSION: Final = re.compile(r"<([\w.+ -]+)>")
WITH_LORA: Final = re.compile(r"\s*\bwithLora\(\s*([^,()]+?)\s*(?:,\s*([+-]?[\d.]+)\s*)?\)")
COMPEL: Final = re.compile(r"\w[+-]+(?=[\s,)]|$)|\)[+-]|\)\d*\.?\d+|\)\.(?:and|blend|swap)\(")


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """The settings of version 3 and later. Raises InputError for a value that its key does not allow."""
    values = Document(document, where)
    prompt, negative = values.text("positive_prompt"), values.text("negative_prompt")
    loras = listed_and_tagged(prompt, _listed(values), where)
    width, height = values.whole("width"), values.whole("height")
    device = values.text("rand_device")
    vae = _model_name(values.get("vae"))
    sampler, schedule = _sampler(values.text("scheduler"))
    names = [*INVERSION.findall(loras.prompt), *INVERSION.findall(negative)]
    return PictureSettings(
        prompt=INVERSION.sub(r"\1", loras.prompt),
        negative=INVERSION.sub(r"\1", negative),
        steps=values.whole("steps"),
        sampler=sampler,
        schedule=schedule,
        cfg=values.number("cfg_scale"),
        seed=values.whole("seed"),
        size=None if width is None or height is None else (width, height),
        model=_model_name(values.get("model")) or None,
        clip_skip=(values.whole("clip_skip") or 0) + 1,
        rng="GPU" if device not in ("", "cpu") else "CPU",
        loras=loras.weights,
        lora_options=loras.options,
        lora_hashes=loras.hashes,
        embeddings=tuple(dict.fromkeys(names)),
        other=_rest(values) | ({"VAE": vae} if vae else {}),
        notes=(*_notes(loras.prompt, negative), *loras.notes),
        tool="InvokeAI",
    )


def read_version_2(document: Mapping[str, Any], where: object) -> PictureSettings:
    """The settings of version 2: `image` holds them, the prompt its negative in square brackets and its LoRAs as `withLora`."""
    image = document.get("image")
    values = Document(image if isinstance(image, dict) else {}, where)
    given = values.get("prompt")
    texts = (
        [str(part.get("prompt", "")) for part in given if isinstance(part, dict)]
        if isinstance(given, list)
        else [str(given or "")]
    )
    text = " ".join(texts)
    listed = [Listed(name, float(weight or 0.75)) for name, weight in WITH_LORA.findall(text)]
    negative = re.findall(r"(?<!\\)\[([^\[\]]*)\]", text)
    prompt = re.sub(r"\s*(?<!\\)\[[^\[\]]*\]", "", WITH_LORA.sub("", text)).strip()
    loras = listed_and_tagged(prompt, listed, where)
    width, height = values.whole("width"), values.whole("height")
    sampler, schedule = _sampler(values.text("sampler"))
    return PictureSettings(
        prompt=loras.prompt,
        negative=", ".join(negative),
        steps=values.whole("steps"),
        sampler=sampler,
        schedule=schedule,
        cfg=values.number("cfg_scale"),
        seed=values.whole("seed"),
        size=None if width is None or height is None else (width, height),
        model=str(document.get("model_weights") or "") or None,
        loras=loras.weights,
        other=_rest(values),
        notes=(*_notes(loras.prompt, ""), *loras.notes),
        tool="InvokeAI",
    )


def _listed(values: Document) -> Iterator[Listed]:
    for entry in values.list("loras"):
        model = entry.get("model") or entry.get("lora") if isinstance(entry, dict) else None
        if model is not None and entry.get("isEnabled", True):
            name = _model_name(model)
            yield Listed(name, number(str(entry.get("weight", 0.75)), f"LoRA {name}", values.where), hash=_sha256(model))


def _model_name(model: Any) -> str:
    if not isinstance(model, dict):
        return str(model or "")
    return str(model.get("name") or model.get("model_name") or model.get("key") or "")


def _sha256(model: Any) -> str:
    """The first digits of a SHA-256; BLAKE3, which is the default, is no hash that other tools compare."""
    kind, _, digest = str(model.get("hash", "") if isinstance(model, dict) else "").partition(":")
    return digest[:12] if kind == "sha256" else ""


def _sampler(scheduler: str) -> tuple[str | None, str | None]:
    """A1111's words for one of InvokeAI's schedulers; a name that has none stays."""
    plain = scheduler.removesuffix("_k")
    if plain in INVOKE_SAMPLERS:
        return INVOKE_SAMPLERS[plain], "Karras" if plain != scheduler else "Uniform"
    return scheduler or None, None


def _rest(values: Document) -> dict[str, str]:
    return {key: value for key, value in values.rest(SILENT).items() if value not in UNCHANGED.get(key, ())}


def _notes(prompt: str, negative: str) -> list[str]:
    found = [match[0] for text in (prompt, negative) for match in COMPEL.finditer(text)]
    shown = json.dumps(sorted(set(found))[:6], ensure_ascii=False)
    return [f"the prompt: InvokeAI's emphasis {shown} is not A1111's; write (word:1.2)"] if found else []
