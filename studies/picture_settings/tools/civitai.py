"""Civitai's generator, in the JSON that it wrote into EXIF's comment before it wrote infotext, and TensorArt's.

Both name models by titles and version numbers, not by files. Civitai's `extraMetadata` is JSON within JSON, beside a graph of
ComfyUI's; `extra.airs` says of which kind the versions in `resources` are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from studies.picture_settings.document import Document, parsed
from studies.picture_settings.lora_fields import AIR, Fields, read_resource
from studies.picture_settings.lora_tags import named_loras, without_tags
from studies.picture_settings.sampler_names import a1111_sampler, comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings

KEY: Final = "extraMetadata"
SILENT: Final = frozenset(
    ["baseModel", "workflowId", "workflow", "remixOfId", "quantity", "denoise", "draft", "nsfw", "process", "priority"]
)
TENSOR_ART: Final = frozenset(["ksamplerName", "baseModel", "cfgScale"])
"""Keys that its settings have."""
TENSOR_SILENT: Final = frozenset(
    ["imageCount", "sdxl", "etaNoise", "externalId", "id", "type", "status", "samplerName", "baseModel"]
)


def extra(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The settings within Civitai's JSON, or None where it is not Civitai's."""
    found = document.get(KEY)
    found = parsed(found) if isinstance(found, str) else found
    return found if isinstance(found, dict) else None


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """Raises InputError for a value that its key does not allow."""
    values = Document(extra(document) or {}, where)
    airs = [match for air in _airs(document) if (match := AIR.match(air))]
    kinds = {match[2]: match[1] for match in airs}
    resources = [
        {"type": kinds.get(str(entry.get("modelVersionId")), ""), **entry}
        for entry in values.list("resources")
        if isinstance(entry, dict)
    ]
    return _settings(values, resources, "Civitai")


def is_tensor_art(document: Mapping[str, Any]) -> bool:
    """Whether the keys are TensorArt's."""
    return document.keys() >= TENSOR_ART


def read_tensor_art(document: Mapping[str, Any], where: object) -> PictureSettings:
    """The JSON of TensorArt's PNG text `generation_data`. Raises InputError for a value that its key does not allow."""
    values = Document(document, where)
    base = document.get("baseModel")
    named = [dict(base, type="checkpoint")] if isinstance(base, dict) else []
    models = [entry for entry in values.list("models") if isinstance(entry, dict)]
    resources = [
        {
            "type": str(entry.get("type", "")).lower(),
            "modelName": entry.get("modelFileName") or entry.get("label") or entry.get("modelId"),
            "modelVersionId": entry.get("modelFileId") or entry.get("modelId"),
            "weight": entry.get("weight", 1),
        }
        for entry in (*named, *models)
    ]
    return _settings(values, resources, "TensorArt")


def _airs(document: Mapping[str, Any]) -> Iterator[str]:
    within = document.get("extra")
    for air in within.get("airs", []) if isinstance(within, dict) else []:
        yield str(air)


def _settings(values: Document, resources: list[dict[str, Any]], tool: str) -> PictureSettings:
    where = values.where
    prompt = values.text("prompt")
    loras, fields = named_loras(prompt, {}, where), Fields()
    tagged = bool(loras.tags)
    for resource in resources:
        read_resource(loras, fields, resource, where, tagged=tagged)
    width, height = values.whole("width"), values.whole("height")
    given, schedule = values.text("sampler", "ksamplerName") or None, values.text("schedule", "scheduler") or None
    sampler = (comfy_sampler(given, schedule) if given else None) or a1111_sampler(given, comfy_schedule(schedule))
    return PictureSettings(
        prompt=without_tags(prompt),
        negative=values.text("negativePrompt"),
        steps=values.whole("steps"),
        sampler=sampler[0],
        schedule=sampler[1],
        cfg=values.number("cfgScale"),
        seed=values.whole("seed"),
        size=None if width is None or height is None else (width, height),
        model=fields.model,
        clip_skip=abs(values.whole("clipSkip") or 1),
        rng="CPU",
        loras=loras.weights,
        text_encoder_weights=loras.differing,
        lora_options=loras.options,
        other=values.rest(TENSOR_SILENT if tool == "TensorArt" else SILENT),
        notes=tuple(note.replace("Civitai", tool) for note in fields.notes),
        tool=tool,
    )
