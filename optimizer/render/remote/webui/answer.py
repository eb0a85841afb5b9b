"""Whether an answer is the picture that was asked: what the server states of it is compared with the request, field by field.

A1111 answers 200 to a sampler, schedule, LoRA, checkpoint or field that it does not know, and draws something else.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.picture import picture_from
from optimizer.render.remote.webui.asked import Asked
from optimizer.render.remote.webui.infotext import hashes_in, stated
from optimizer.render.remote.webui.kinds import SDNEXT, Kind
from optimizer.render.remote.webui.settings import LABELS

if TYPE_CHECKING:
    from PIL.Image import Image

PNG: Final = b"\x89PNG\r\n\x1a\n"
SHORT_LORA: Final = 12
"""Letters of a LoRA's hash that an infotext states."""
SHORT_CHECKPOINT: Final = 10
"""Letters of a checkpoint's."""


@dataclass(frozen=True)
class Expected:
    """What every answer of one server must state besides its request."""

    kind: Kind
    checkpoint: str
    """SHA-256 of the checkpoint; empty if nobody knows it."""
    loras: Mapping[str, str]
    """The hashes that the server states, by its names, as far as they are known."""
    embeddings: Mapping[str, str]
    """Those of textual inversions, by their names."""
    version: str
    """Empty if it was not stated."""


@dataclass(frozen=True)
class Answer:
    """The parts of an answer that are of use."""

    images: list[str]
    """Base64."""
    info: Mapping[str, Any]
    index: int
    """Where the drawn pictures begin: a grid would stand before them."""
    infotext: str
    values: Mapping[str, str]
    """The last line of the infotext."""


def read_answer(found: Any, url: str) -> Answer:
    """Raises InputError for what is no answer of txt2img."""
    info = found.get("info") if isinstance(found, dict) else None
    try:
        info = json.loads(info) if isinstance(info, str) else info
    except (ValueError, RecursionError):
        info = None
    images = found.get("images") if isinstance(found, dict) else None
    texts = info.get("infotexts") if isinstance(info, dict) else None
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images) or not isinstance(info, dict):
        raise _useless(phrase("it lacks images or info"), url)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _useless(phrase("its info lacks infotexts"), url)
    index = info.get("index_of_first_image", 0)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < max(1, min(len(images), len(texts))):
        raise _useless(phrase("its index_of_first_image leads nowhere"), url)
    text = texts[index] if texts else ""
    return Answer(images, info, index, text, stated(text))


def picture_of(answer: Answer, asked: Asked, url: str) -> Image | NotDrawn:
    """The drawn picture: not a grid before it, nor what extensions added. NotDrawn if it is black."""
    if not answer.images:
        raise _useless(phrase("it holds no picture"), url)
    decoded = [_decoded(image, url) for image in answer.images]
    data = decoded[answer.index]
    if not data.startswith(PNG):
        what = "the server sends pictures in another format than PNG, which loses detail"
        raise InputError(what, url, "set samples_format (File format for images) to png in its settings")
    texts = [_text_in(one) for one in decoded]
    if texts[answer.index] != answer.infotext:
        if answer.infotext in texts:
            data = decoded[texts.index(answer.infotext)]
        elif any(texts) or not asked.fields.get("alwayson_scripts"):
            what = "the server's picture does not carry the infotext that the answer states"
            raise InputError(what, url, "see which extension of it exchanges pictures")
    return picture_from(data, url, asked.size)


def check_answer(answer: Answer, asked: Asked, expected: Expected, url: str) -> None:
    """Raises InputError that names the first field in which the server drew otherwise than asked."""
    for name, wanted, got in (*_by_info(answer, asked, expected), *_by_infotext(answer, asked, expected)):
        if not _same(wanted, got):
            what = phrase(
                "the server drew another picture: {name} was to be {wanted}, and is {got}",
                name=name,
                wanted=_shown(wanted),
                got=_shown(got),
            )
            raise InputError(what, url, "see which setting or extension of it changes that")
    _check_loras(answer, asked, expected, url)


def _by_info(answer: Answer, asked: Asked, expected: Expected) -> Iterator[tuple[str, Any, Any]]:
    fields, info = asked.fields, answer.info
    for key in ("prompt", "negative_prompt", "seed", "steps", "cfg_scale", "width", "height", "sampler_name"):
        yield key, fields[key], info.get(key)
    seeds = info.get("all_seeds")
    yield "all_seeds", [fields["seed"]], seeds[:1] if isinstance(seeds, list) else seeds
    yield "styles", [], info.get("styles") or []
    yield "subseed_strength", fields.get("subseed_strength") or 0, info.get("subseed_strength") or 0
    skip = asked.overrides.get("CLIP_stop_at_last_layers", fields.get("clip_skip", 1))
    yield "clip skip", skip, info.get("clip_skip")
    short = info.get("sd_model_hash")
    if expected.checkpoint and short:
        yield "checkpoint", expected.checkpoint[:SHORT_CHECKPOINT], str(short)[:SHORT_CHECKPOINT]
    version = info.get("version")
    if expected.version and isinstance(version, str):
        yield "version", expected.version, version


def _by_infotext(answer: Answer, asked: Asked, expected: Expected) -> Iterator[tuple[str, Any, Any]]:
    """What is compared only here. "Sampler" and the like stand in both."""
    fields, values, sent = asked.fields, answer.values, asked.overrides
    yield "Steps", fields["steps"], values.get("Steps")
    yield "Sampler", fields["sampler_name"], values.get("Sampler")
    yield "CFG scale", fields["cfg_scale"], values.get("CFG scale")
    yield "Seed", fields["seed"], values.get("Seed")
    yield "Size", f"{fields['width']}x{fields['height']}", values.get("Size")
    if expected.version and "Version" in values:
        yield "Version", expected.version, values["Version"]
    if expected.kind is SDNEXT:
        yield "Sampler sigma", sent["schedulers_sigma"], values.get("Sampler sigma", "default")
        return
    if fields.get("scheduler"):
        yield "Schedule type", fields["scheduler"], values.get("Schedule type", fields["scheduler"])
    yield "RNG", sent["randn_source"], values.get("RNG", "GPU")
    if "ENSD" in values or (sent["eta_noise_seed_delta"] and asked.sampling.sampler.seed_delta):
        yield "ENSD", sent["eta_noise_seed_delta"], values.get("ENSD", 0)
    if expected.kind.modules:
        modules = [_stem(name) for name in sent.get("forge_additional_modules", [])]
        for number in range(1, len(modules) + 2):
            yield f"Module {number}", modules[number - 1] if number <= len(modules) else None, values.get(f"Module {number}")
    else:
        yield "VAE", _no_vae(sent["sd_vae"], values), values.get("VAE", "None")
    used = hashes_in(values, "TI hashes")
    for name, digest in expected.embeddings.items():
        if name in used:
            yield f"embedding {name}", digest, used[name]
    for name, label in LABELS.items():
        if label in values and name in sent:
            yield label, sent[name], values[label]


def _stem(path: str) -> str:
    return PureWindowsPath(path).stem if "\\" in path else PurePosixPath(path).stem


def _no_vae(sent: str, values: Mapping[str, str]) -> str:
    return values.get("VAE", "None") if sent == "Automatic" else sent


def _check_loras(answer: Answer, asked: Asked, expected: Expected, url: str) -> None:
    found = stated_loras(answer.values, expected.kind)
    for name in asked.loras:
        written = in_infotext(name)
        if written not in found:
            what = phrase("the server drew without the LoRA {name}: it is missing, damaged, or for another base", name=name)
            raise InputError(what, url, "see the server's log")
        known = expected.loras.get(name, "")
        if known and found[written] and known[:SHORT_LORA] != found[written][:SHORT_LORA]:
            what = phrase(
                "the server's LoRA {name} is another file than before (its hash was {known}, and is {found})",
                name=name,
                known=known[:12],
                found=found[written],
            )
            raise InputError(what, url, "put the file back, or start the study anew")
    more = set(found) - {in_infotext(name) for name in asked.loras}
    if more:
        raise InputError(
            phrase("the server drew with another LoRA, too ({name})", name=min(more)),
            url,
            "see which setting or extension adds it",
        )


def stated_loras(values: Mapping[str, str], kind: Kind) -> dict[str, str]:
    """Hashes of the LoRAs that were drawn with, by their names in the infotext; empty where one is not stated."""
    if kind is not SDNEXT:
        return hashes_in(values, "Lora hashes")
    names = [name.strip() for name in values.get("LoRA networks", "").split(",") if name.strip()]
    hashes = [digest.strip() for digest in values.get("LoRA hashes", "").split(",") if digest.strip()]
    return dict(zip(names, hashes if len(hashes) == len(names) else [""] * len(names), strict=True))


def in_infotext(name: str) -> str:
    """A name of a tag as the infotext lists it."""
    return name.replace(":", "").replace(",", "").strip()


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool):
        return str(wanted) == str(got)
    if isinstance(wanted, (int, float)):
        try:
            return abs(float(got) - float(wanted)) <= 1e-6 * max(1.0, abs(wanted))
        except (TypeError, ValueError):
            return False
    return bool(wanted == got)


def _shown(value: Any) -> str:
    text = phrase("nothing") if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:28]} ... {text[-28:]}"


def _decoded(image: str, url: str) -> bytes:
    try:
        return base64.b64decode(image.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _useless(phrase("a picture is not in base64"), url) from error


def _text_in(data: bytes) -> str | None:
    """The infotext that a PNG carries; None if it carries none, or is no PNG that opens."""
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            text = opened.info.get("parameters")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return text if isinstance(text, str) else None


def _useless(what: str, url: str) -> InputError:
    return InputError(phrase("the answer to txt2img is damaged: {what}", what=what), url, "see the server's log")
