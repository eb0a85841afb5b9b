"""A1111's web API: the JSON of a request to /sdapi/v1/txt2img, and of its answer, whose `info` holds the infotexts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from studies.picture_settings import infotext
from studies.picture_settings.document import Document, parsed
from studies.picture_settings.lora_tags import named_loras, without_tags
from studies.picture_settings.sampler_names import a1111_sampler
from studies.picture_settings.settings import PictureSettings

SIGNS: Final = frozenset(["cfg_scale", "sampler_name", "sampler_index", "override_settings", "n_iter", "enable_hr"])
"""Any of these beside a prompt and steps makes it a request."""
SILENT: Final = frozenset(
    [
        *("n_iter", "batch_size", "send_images", "save_images", "do_not_save_samples", "do_not_save_grid", "force_task_id"),
        *("override_settings_restore_afterwards", "script_args", "subseed", "seed_resize_from_h", "seed_resize_from_w"),
        *("s_min_uncond", "s_tmin", "s_tmax", "all_prompts", "hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x"),
        *("hr_resize_y", "firstphase_width", "firstphase_height", "hr_prompt", "hr_negative_prompt", "denoising_strength"),
        *("comments", "refiner_switch_at"),
    ]
)
"""Fields that change no image unless another, which is told, does."""
UNCHANGED: Final = {"subseed_strength": "0", "s_churn": "0", "s_noise": "1", "eta": "0"}
"""Numbers with which a field changes nothing."""
SETTINGS: Final = {
    "eta_noise_seed_delta": "ENSD",
    "sd_vae": "VAE",
    "pad_cond_uncond": "Pad conds",
}
"""Settings of `override_settings` by their names in infotext."""


def infotext_in(document: Mapping[str, Any]) -> str | None:
    """The infotext of the first picture of an answer; None if it is none."""
    info = parsed(document["info"]) if isinstance(document.get("info"), str) else document.get("info")
    texts = info.get("infotexts") if isinstance(info, dict) else document.get("infotexts")
    first = info.get("index_of_first_image", 0) if isinstance(info, dict) else 0
    if isinstance(texts, list) and isinstance(first, int) and 0 <= first < len(texts) and isinstance(texts[first], str):
        return str(texts[first])
    return None


def is_request(document: Mapping[str, Any]) -> bool:
    """Whether the keys are those of a request."""
    return {"prompt", "steps"} <= document.keys() and bool(SIGNS & document.keys()) and isinstance(document["prompt"], str)


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """The settings of a request. Raises InputError for a value that its key does not allow."""
    values = Document(document, where)
    given = values.get("override_settings")
    settings = Document(given if isinstance(given, dict) else {}, where)
    prompt = values.text("prompt")
    loras = named_loras(prompt, {}, where)
    sampler, schedule = a1111_sampler(values.text("sampler_name", "sampler_index") or None, values.text("scheduler") or None)
    width, height = values.whole("width"), values.whole("height")
    more = {name: settings.text(key) for key, name in SETTINGS.items()}
    hires = {"Hires fix": "on"} if values.get("enable_hr") is True else {}
    return PictureSettings(
        prompt=without_tags(prompt),
        negative=values.text("negative_prompt"),
        steps=values.whole("steps"),
        sampler=sampler,
        schedule=schedule,
        cfg=values.number("cfg_scale"),
        seed=values.whole("seed"),
        size=None if width is None or height is None else (width, height),
        model=settings.text("sd_model_checkpoint").partition(".safetensors")[0] or None,
        clip_skip=settings.whole("CLIP_stop_at_last_layers") or 1,
        rng=settings.text("randn_source") or "GPU",
        loras=loras.weights,
        text_encoder_weights=loras.differing,
        lora_options=loras.options,
        other={name: value for name, value in more.items() if value} | hires | settings.rest() | _rest(values),
        notes=tuple(infotext.added_up(loras)),
    )


def _rest(values: Document) -> dict[str, str]:
    return {key: value for key, value in values.rest(SILENT).items() if value.removesuffix(".0") != UNCHANGED.get(key)}
