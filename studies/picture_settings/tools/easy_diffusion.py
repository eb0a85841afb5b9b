"""Easy Diffusion: a PNG text a setting, JSON in EXIF's comment, or a text file of `Label: value` lines (utils/save_utils.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from studies.picture_settings.document import Document
from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import number
from studies.picture_settings.sampler_names import EASY_SAMPLERS, comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings, file_stem

LABELS: Final = {
    "prompt": "Prompt",
    "negative_prompt": "Negative Prompt",
    "seed": "Seed",
    "use_stable_diffusion_model": "Stable Diffusion model",
    "clip_skip": "Clip Skip",
    "use_controlnet_model": "ControlNet model",
    "control_filter_to_apply": "ControlNet Filter",
    "use_vae_model": "VAE model",
    "sampler_name": "Sampler",
    "scheduler_name": "Scheduler",
    "width": "Width",
    "height": "Height",
    "num_inference_steps": "Steps",
    "guidance_scale": "Guidance Scale",
    "prompt_strength": "Prompt Strength",
    "use_lora_model": "LoRA model",
    "lora_alpha": "LoRA Strength",
    "use_hypernetwork_model": "Hypernetwork model",
    "hypernetwork_strength": "Hypernetwork Strength",
    "use_embeddings_model": "Embedding models",
    "tiling": "Seamless Tiling",
    "use_face_correction": "Use Face Correction",
    "use_upscale": "Use Upscaling",
    "upscale_amount": "Upscale By",
    "latent_upscaler_steps": "Latent Upscaler Steps",
}
"""Keys of a request, and the labels of its text file."""
MODEL: Final = "use_stable_diffusion_model"
LINE: Final = re.compile(rf"^({'|'.join(map(re.escape, LABELS.values()))}): ?(.*)$")


def is_easy_diffusion(document: Mapping[str, Any]) -> bool:
    """Whether the keys are Easy Diffusion's."""
    return MODEL in document or LABELS[MODEL] in document


def document_in(text: str) -> dict[str, str]:
    """The values of a text file by their labels; a prompt may have several lines. Empty if it is no such file."""
    found: dict[str, str] = {}
    label = ""
    for line in text.split("\n"):
        if match := LINE.match(line.rstrip("\r")):
            label, found[match[1]] = match[1], match[2]
        elif label:
            found[label] += f"\n{line}"
    return {label: value.strip() for label, value in found.items()} if LABELS[MODEL] in found else {}


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """Raises InputError for a value that its key does not allow."""
    named = {key: document.get(key, document.get(label)) for key, label in LABELS.items()}
    values = Document({key: None if str(value) in ("None", "none", "null") else value for key, value in named.items()}, where)
    loras = listed_and_tagged(values.text("prompt"), _listed(values), where)
    width, height = values.whole("width"), values.whole("height")
    sampler, schedule = _sampler(values.text("sampler_name"), values.text("scheduler_name") or None)
    vae = values.text("use_vae_model")
    return PictureSettings(
        prompt=loras.prompt,
        negative=values.text("negative_prompt"),
        steps=values.whole("num_inference_steps"),
        sampler=sampler,
        schedule=schedule,
        cfg=values.number("guidance_scale"),
        seed=values.whole("seed"),
        size=None if width is None or height is None else (width, height),
        model=file_stem(values.text(MODEL)) or None,
        clip_skip=2 if values.text("clip_skip").lower() in ("true", "2") else 1,
        loras=loras.weights,
        lora_options=loras.options,
        embeddings=tuple(file_stem(str(name)) for name in values.list("use_embeddings_model")),
        other={LABELS[key]: value for key, value in values.rest().items() if value != "False"} | ({"VAE": vae} if vae else {}),
        notes=tuple(loras.notes),
        tool="Easy Diffusion",
    )


def _listed(values: Document) -> Iterator[Listed]:
    weights = values.list("lora_alpha")
    for i, name in enumerate(values.list("use_lora_model")):
        if name:
            yield Listed(str(name), number(str(weights[i]) if i < len(weights) else "1", f"LoRA {name}", values.where))


def _sampler(name: str, schedule: str | None) -> tuple[str | None, str | None]:
    plain = name.removesuffix("_karras")
    if plain in EASY_SAMPLERS:
        return EASY_SAMPLERS[plain], "Karras" if plain != name else comfy_schedule(schedule)
    return comfy_sampler(name, schedule) or (name or None, comfy_schedule(schedule))
