"""Where a LoRA's scale is stated when its tensors have no alpha: peft's settings, plain metadata, kohya's training settings.

A layer adds alpha / rank * up @ down. kohya, LyCORIS and OneTrainer store alpha as a tensor of the layer, which always decides.
What none of them states is taken as alpha = rank, as A1111, ComfyUI and diffusers take it; `Scale.source` is empty then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from models.errors import InputError
from models.language.translate import phrase
from models.lora.scale.adapter_settings import CONFIG_FILE, AdapterSettings, config_settings, header_settings
from models.lora.sites import Part

IN_TENSORS: Final = "its tensors"
PLAIN_ALPHAS: Final = ("lora_alpha", "network_alpha", "alpha")
PLAIN_RANKS: Final = ("lora_rank", "lora_r", "network_dim", "rank", "r", "dim")


class Scale(NamedTuple):
    """The alpha of one layer, and for people where it stands: empty where nothing states it."""

    alpha: float
    source: str


@dataclass(frozen=True)
class PlainScale:
    """One alpha for all layers of a rank, and another for convolutions larger than 1x1 where it is known."""

    alpha: float
    conv_alpha: float | None
    rank: int | None
    """None if the metadata state none."""
    source: str

    def of(self, rank: int, convolution: bool) -> Scale | None:
        if convolution:
            return None if self.conv_alpha is None else Scale(self.conv_alpha or float(rank), self.source)
        # Another rank: the matrices were resized since, and the statement is not about them.
        return None if self.rank not in (None, rank) else Scale(self.alpha, self.source)


@dataclass(frozen=True)
class StatedScale:
    """All that is stated outside a file's tensors."""

    adapters: Mapping[Part, AdapterSettings] = field(default_factory=dict)
    config: AdapterSettings | None = None
    plain: PlainScale | None = None

    @property
    def is_stated(self) -> bool:
        """Whether anything outside the tensors states a scale."""
        return bool(self.adapters) or self.config is not None or self.plain is not None

    def of(self, path: Path, part: Part, names: Sequence[str], rank: int, convolution: bool) -> Scale:
        """Of the layer with these names, the file's own first. Raises InputError for settings that are not this file's."""
        settings = self.settings(part)
        if settings is not None:
            return Scale(settings.alpha(path, names, rank), settings.source)
        plain = self.plain.of(rank, convolution) if self.plain is not None else None
        return plain or Scale(float(rank), "")

    def settings(self, part: Part) -> AdapterSettings | None:
        """peft's settings of a part of the base."""
        return self.adapters.get(part, self.config)


def stated_scale(path: Path, metadata: Mapping[str, str], keys: Sequence[str]) -> StatedScale:
    """Reads what the header, and an adapter_config.json next to the file, state.

    Raises InputError if one does not read, or is of an adapter that up @ down does not express.
    """
    config = adapter_config(path, keys)
    found = StatedScale(header_settings(path, metadata), None if config is None else config_settings(path, config))
    for settings in (*found.adapters.values(), *([found.config] if found.config else [])):
        settings.check(path)
    return StatedScale(found.adapters, found.config, _plain(path, metadata) or _kohya(path, metadata))


def adapter_config(path: Path, keys: Sequence[str]) -> Path | None:
    """The adapter_config.json that peft saved with this file; None if there is none, or it is another file's.

    It is this file's if the file has the name that peft gives it, or is the only one of the folder and of peft's form.
    """
    config = path.with_name(CONFIG_FILE)
    if not config.is_file() or not any(".lora_A" in key or ".lora_B" in key for key in keys):
        return None
    if path.stem == "adapter_model":
        return config
    others = [file for file in path.parent.iterdir() if file.suffix.lower() == ".safetensors" and file.name != path.name]
    return None if others else config


def _plain(path: Path, metadata: Mapping[str, str]) -> PlainScale | None:
    key = next((key for key in PLAIN_ALPHAS if _number(metadata.get(key)) is not None), None)
    if key is None:
        return None
    alpha = _finite(path, key, _number(metadata[key]))
    rank = next((number for name in PLAIN_RANKS if (number := _number(metadata.get(name))) is not None), None)
    if str(metadata.get("use_rslora", "")).lower() in ("true", "1"):
        if rank is None or rank <= 0:
            raise InputError("its metadata state use_rslora without a rank, so that its scale is unknown", path, "save it again")
        alpha *= math.sqrt(rank)
    return PlainScale(alpha, alpha, None if rank is None else int(rank), f"'{key}' of its metadata")


def _kohya(path: Path, metadata: Mapping[str, str]) -> PlainScale | None:
    """kohya's scripts and LyCORIS, of whose files a converter dropped the alphas. An alpha of 0 means the rank there."""
    alpha, rank = _number(metadata.get("ss_network_alpha")), _number(metadata.get("ss_network_dim"))
    if alpha is None:
        return None
    try:
        given = json.loads(metadata.get("ss_network_args") or "{}")
    except (json.JSONDecodeError, RecursionError):
        given = None
    if not isinstance(given, dict) or any(str(key).startswith("block_") for key in given):
        return None
    alpha = _finite(path, "ss_network_alpha", alpha) or (rank or 0.0)
    conv = _number(given.get("conv_alpha"))
    if conv is None and "lycoris" in metadata.get("ss_network_module", ""):
        conv = alpha
    return PlainScale(alpha, conv, None if rank is None else int(rank), "ss_network_alpha") if alpha else None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _finite(path: Path, key: str, number: float | None) -> float:
    if number is None or not math.isfinite(number):
        raise InputError(
            phrase("its metadata state {key} {number}, which is no scale", key=key, number=number),
            path,
            "fetch or train it again",
        )
    return number
