"""peft's settings as diffusers keeps them in a file's metadata: there alphas are not stored beside the matrices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site

PREFIXES: Final[dict[Part, str]] = {DENOISER: "unet", TEXT: "text_encoder", TEXT_2: "text_encoder_2"}


def read_adapter_settings(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Empty where the file has none. Raises InputError for settings that do not read."""
    try:
        settings = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except json.JSONDecodeError as error:
        raise InputError("its adapter metadata does not read, so that its alphas are unknown", path, "save it again") from error
    return settings if isinstance(settings, dict) else {}


def stored_alpha(settings: Mapping[str, Any], site: Site) -> float | None:
    """The alpha in effect, such that alpha / rank is the scale; None if the settings do not name it."""
    prefix = PREFIXES.get(site.part, site.part)
    rank = _by_name(settings.get(f"{prefix}.rank_pattern"), site.module, settings.get(f"{prefix}.r"))
    alpha = _by_name(settings.get(f"{prefix}.alpha_pattern"), site.module, settings.get(f"{prefix}.lora_alpha"))
    if not isinstance(alpha, (int, float)) or not isinstance(rank, (int, float)):
        return None
    return float(alpha) * float(rank) ** 0.5 if settings.get(f"{prefix}.use_rslora") else float(alpha)


def _by_name(pattern: object, module: str, default: object) -> object:
    if not isinstance(pattern, dict):
        return default
    return next((value for name, value in pattern.items() if module == name or module.endswith(f".{name}")), default)
