"""The user's own part of each request: a JSON object with extensions, hires fix and whatever else the study does not decide."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.webui.prompt import check_prompt
from optimizer.render.remote.webui.settings import DECIDED

WHERE: Final = "draw.payload"
LATENT: Final = 8
"""Pixels of an edge for one of the latent's."""
STUDY: Final = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seeds",
    "steps": "render.steps",
    "cfg_scale": "render.cfg",
    "width": "render.width",
    "height": "render.height",
    "sampler_name": "render.sampler",
    "sampler_index": "render.sampler",
    "scheduler": "render.sampler",
    "clip_skip": "base.clip_skip",
}
"""Keys that the study decides, and where."""
OURS: Final = frozenset(
    [
        "batch_size", "n_iter", "send_images", "save_images", "do_not_save_samples", "do_not_save_grid", "force_task_id",
        "override_settings_restore_afterwards", "disable_extra_networks", "infotext", "firstphase_width", "firstphase_height",
        "script_name", "script_args", "styles", "firstpass_image",
    ]
)  # fmt: skip
"""Keys that would make another number of pictures, save them, or change what the study asked."""
OTHER_WAY: Final = frozenset(
    [
        "init_images", "mask", "include_init_images", "resize_mode", "inpainting_fill", "inpaint_full_res", "mask_blur",
        "inpaint_full_res_padding", "inpainting_mask_invert", "initial_noise_multiplier", "latent_mask", "image_cfg_scale",
    ]
)  # fmt: skip
"""Keys of img2img."""
PROMPTS: Final = ("hr_prompt", "hr_negative_prompt")


@dataclass(frozen=True)
class Payload:
    """Checked; `settings` are those of its `override_settings`."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """All but `override_settings`."""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scripts(self) -> Mapping[str, Any]:
        """The extensions it runs, by their titles."""
        found: Mapping[str, Any] = self.fields.get("alwayson_scripts") or {}
        return found

    @property
    def hires(self) -> bool:
        """Whether a second pass enlarges the picture."""
        return bool(self.fields.get("enable_hr"))

    def digest(self) -> str:
        """SHA-256 of `fields`; empty if there are none. Settings are part of the identity by their values."""
        if not self.fields:
            return ""
        return hashlib.sha256(json.dumps(self.fields, sort_keys=True).encode()).hexdigest()


def checked_payload(given: Mapping[str, Any]) -> Payload:
    """Raises InputError for what the study decides, img2img, or a value of the wrong kind, each by its name."""
    for key in given:
        if key in STUDY:
            raise InputError(
                phrase("the payload sets {key}, which the study decides", key=key),
                WHERE,
                phrase("take it out, and set {study}", study=STUDY[key]),
            )
        if key in OURS:
            raise InputError(phrase("the payload sets {key}, which a study cannot use", key=key), WHERE, "take it out")
        if key in OTHER_WAY:
            raise InputError(phrase("{key} belongs to img2img: a study draws by txt2img", key=key), WHERE, "take it out")
    scripts = given.get("alwayson_scripts")
    if scripts is not None and not (isinstance(scripts, dict) and all(isinstance(value, dict) for value in scripts.values())):
        raise InputError("alwayson_scripts is not {TITLE: {args: [...]}}", WHERE, "write it as the WebUI's API takes it")
    for key in PROMPTS:
        text = given.get(key, "")
        if not isinstance(text, str):
            raise InputError(phrase("{key} is no text", key=key), WHERE, "mend it")
        check_prompt(text, f"{WHERE}: {key}")
    if given.get("subseed_strength") and not (isinstance(given.get("subseed"), int) and given["subseed"] >= 0):
        raise InputError(
            "a variation without a seed of its own is another one each time", WHERE, "set subseed to a number from 0 on"
        )
    if given.get("enable_hr") and not isinstance(given.get("denoising_strength"), (int, float)):
        raise InputError("hires fix without denoising_strength", WHERE, "set it, such as denoising_strength: 0.5")
    settings = given.get("override_settings") or {}
    if not isinstance(settings, dict):
        raise InputError("override_settings is no object", WHERE, "write it as {NAME: value}")
    modules = settings.get("forge_additional_modules", [])
    if not isinstance(modules, list) or not all(isinstance(name, str) for name in modules):
        raise InputError("forge_additional_modules is no list of names", WHERE, "write it as Forge's settings have it")
    for name in settings:
        if name in DECIDED or name == "CLIP_stop_at_last_layers":
            raise InputError(phrase("override_settings sets {name}, which the study decides", name=name), WHERE, "take it out")
    fields = {key: value for key, value in given.items() if key != "override_settings"}
    try:
        json.dumps(given, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(phrase("the payload cannot be sent as JSON ({error})", error=error), WHERE, "mend it") from error
    return Payload(fields, settings)


def drawn_size(width: int, height: int, payload: Payload, *, old_hires: bool = False) -> tuple[int, int]:
    """Width and height of the picture, in pixels, that a first pass of this size becomes.

    `old_hires`: the server lays the first pass itself and ends at the size given (`use_old_hires_fix_width_height`).
    Raises InputError for a size that is no multiple of 8, which the server would round, and for what is no number.
    """
    for name, edge in (("width", width), ("height", height)):
        if edge % LATENT or edge <= 0:
            raise InputError(
                phrase("{name} {edge} is no multiple of {latent}", name=name, edge=edge, latent=LATENT),
                f"render.{name}",
                phrase("use {name}", name=max(1, round(edge / 8)) * 8),
            )
    if not payload.hires or old_hires:
        return width, height
    scale = _number(payload, "hr_scale", 2.0)
    to_width, to_height = int(_number(payload, "hr_resize_x", 0)), int(_number(payload, "hr_resize_y", 0))
    cut_width = cut_height = 0
    if not to_width and not to_height:
        large, high = int(width * scale), int(height * scale)
    elif not to_height or (to_width and width / height < to_width / to_height):
        large, high = to_width, to_width * height // width
        cut_height = (high - to_height) // LATENT if to_height else 0
    else:
        large, high = to_height * width // height, to_height
        cut_width = (large - to_width) // LATENT if to_width else 0
    return (large // LATENT - cut_width) * LATENT, (high // LATENT - cut_height) * LATENT


def _number(payload: Payload, key: str, default: float) -> float:
    value = payload.fields.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e5:
        raise InputError(phrase("{key} is {value!r}", key=key, value=value), WHERE, "use a number from 0 on")
    return value
