"""LoRAs in the fields of an infotext that other writers add: weights, hashes, Civitai's resources.

A1111 takes LoRAs from the prompt's tags alone. Other tools take the tags out of the prompt, or repeat them in fields: a field
adds what no tag names, and never a second time what one names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from studies.picture_settings.lora_tags import NamedLoras, number
from studies.picture_settings.settings import file_stem, same_lora

HASHES: Final = ("Lora hashes", "Lora weights", "Hashes", "Civitai resources")
SAVER: Final = re.compile(r"Lora_(\d{1,3}) (Model name|Model hash|Strength model|Strength clip)")
"""Fields of ComfyUI's saver nodes."""
LORA_TYPES: Final = frozenset(["lora", "locon", "lycoris", "dora", "loha", "lokr"])
EMBEDDING_TYPES: Final = frozenset(["embed", "embedding", "textualinversion"])
AIR: Final = re.compile(r"urn:air:[^:]*:([^:]*):[^:]*:(?:[^@]*@)?([^@:]+)")


@dataclass
class Fields:
    """What the fields name beside LoRAs."""

    embeddings: list[str] = field(default_factory=list)
    model: str | None = None
    model_hash: str | None = None
    notes: list[str] = field(default_factory=list)


def read_fields(found: NamedLoras, values: Mapping[str, str], where: object) -> Fields:
    """Adds to `found` what the fields name. Raises InputError for a weight that is no number."""
    fields = Fields()
    for name, weight, text in (*_weights(values, where), *_saver(values, where)):
        _add(found, fields, name, weight, text)
    for name, digest in _saver_hashes(values):
        found.hashes.setdefault(name, digest)
    for name, digest in _pairs(values.get("Lora hashes", "")):
        found.hashes.setdefault(name, digest.partition(":")[0].strip())
    _hashes(found, fields, values.get("Hashes"))
    _resources(found, fields, values.get("Civitai resources"), where)
    drawn_later = values.get("Hires prompt", "")
    for name in [name for name in found.hashes if f"<lora:{name}:" in drawn_later and same_lora(name, found.weights) is None]:
        del found.hashes[name]
        fields.notes.append(f"LoRA {name}: of the hires prompt alone, which draws another image")
    return fields


def _add(found: NamedLoras, fields: Fields, name: str, weight: float, text: float) -> None:
    known = same_lora(name, found.weights)
    if known is None:
        found.weights[name], found.text[name] = weight, text
    elif found.weights[known] != weight:
        fields.notes.append(f"LoRA {name}: a field says {weight:g}; the prompt's {found.weights[known]:g} is taken")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if colon and name.strip():
            yield name.strip(), value.strip()


def _weights(values: Mapping[str, str], where: object) -> Iterator[tuple[str, float, float]]:
    """Fooocus writes `name: weight` into a field of their own; earlier, `name: hash: weight` into that of the hashes."""
    for name, value in _pairs(values.get("Lora weights", "")):
        yield name, *(number(value, f"LoRA {name}", where),) * 2
    for name, value in _pairs(values.get("Lora hashes", "")):
        if ":" in value:
            yield name, *(number(value.partition(":")[2].strip(), f"LoRA {name}", where),) * 2


def saver_slots(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The fields `Lora_N ...` by their number."""
    slots: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        if match := SAVER.fullmatch(key):
            slots.setdefault(match[1], {})[match[2]] = value
    return slots


def _saver(values: Mapping[str, str], where: object) -> Iterator[tuple[str, float, float]]:
    for slot in saver_slots(values).values():
        if "Model name" in slot and "Strength model" in slot:
            name = file_stem(slot["Model name"])
            weight = number(slot["Strength model"], f"LoRA {name}", where)
            yield name, weight, number(slot.get("Strength clip", slot["Strength model"]), f"LoRA {name}", where)


def _saver_hashes(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for slot in saver_slots(values).values():
        if "Model name" in slot:
            yield file_stem(slot["Model name"]), slot.get("Model hash", "")


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _hashes(found: NamedLoras, fields: Fields, text: str | None) -> None:
    """`Hashes: {"model": "...", "lora:name": "...", "embed:name": "..."}` of Civitai's extension and of ComfyUI's savers."""
    hashes = _json(text)
    if text is None:
        return
    if not isinstance(hashes, dict):
        fields.notes.append(f"Hashes: {text[:80]} (not read)")
        return
    for key, digest in hashes.items():
        kind, colon, name = key.partition(":")
        if colon and kind.lower() in LORA_TYPES:
            found.hashes.setdefault(name, str(digest))
        elif colon and kind.lower() in EMBEDDING_TYPES:
            fields.embeddings.append(name)
        elif key.lower() == "model":
            fields.model_hash = str(digest)
        elif key.lower() != "vae":
            fields.notes.append(f"Hashes: {key}: {digest} (of which kind is not said)")


def _resources(found: NamedLoras, fields: Fields, text: str | None, where: object) -> None:
    resources = _json(text)
    if text is None:
        return
    if not isinstance(resources, list):
        fields.notes.append(f"Civitai resources: {text[:80]} (not read)")
        return
    tagged = bool(found.tags)
    for resource in resources:
        read_resource(found, fields, resource, where, tagged=tagged)


def read_resource(found: NamedLoras, fields: Fields, resource: Any, where: object, *, tagged: bool) -> None:
    """One of Civitai's resources, which names models by title and version number. `tagged`: the prompt names LoRAs too."""
    if not isinstance(resource, dict):
        fields.notes.append(f"Civitai resource: {str(resource)[:80]} (not read)")
        return
    air = AIR.match(str(resource.get("air", "")))
    kind = str(resource.get("type") or (air[1] if air else "")).lower()
    version = resource.get("modelVersionId") or (air[2] if air else "")
    title = str(resource.get("modelName") or f"version {version}")
    edition = resource.get("modelVersionName") or resource.get("versionName")
    of_civitai = ", ".join(str(part) for part in (edition and f"version {edition}", version and f"id {version}") if part)
    if kind == "checkpoint":
        fields.model = title
        fields.notes.append(f"the base: {title} is Civitai's title of it ({of_civitai}), not a file's name")
    elif kind in EMBEDDING_TYPES:
        fields.notes.append(f"textual inversion {title}: Civitai's title ({of_civitai}); name its file under embeddings")
    elif kind in LORA_TYPES:
        weight = number(str(resource.get("weight", resource.get("strength", 1))), f"LoRA {title}", where)
        _civitai_lora(found, fields, title, of_civitai, weight, tagged)
    else:
        fields.notes.append(f"Civitai resource: {title} ({kind or 'of which kind is not said'}, {of_civitai})")


def _civitai_lora(found: NamedLoras, fields: Fields, title: str, of_civitai: str, weight: float, tagged: bool) -> None:
    if same_lora(title, found.weights) is not None and not tagged:
        title = f"{title} ({of_civitai})"
    if not tagged:
        found.weights[title] = found.text[title] = weight
        fields.notes.append(f"LoRA {title}: Civitai's title of it ({of_civitai}), not a file's name")
    elif same_lora(title, found.weights) is None and weight not in found.weights.values():
        fields.notes.append(f"LoRA {title}: at {weight:g} among Civitai's resources ({of_civitai}), but not in the prompt")
