"""The settings that a picture was drawn with, as any tool states them, in A1111's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.errors import InputError
from models.language.translate import phrase


@dataclass(frozen=True)
class PictureSettings:
    """The settings of one picture. None means that they do not give the value."""

    prompt: str
    negative: str = ""
    steps: int | None = None
    sampler: str | None = None
    schedule: str | None = None
    cfg: float | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    model: str | None = None
    model_hash: str | None = None
    clip_skip: int = 1
    """As A1111 counts: 1 is the last layer."""
    rng: str = "GPU"
    """CPU, GPU or NV."""
    loras: Mapping[str, float] = field(default_factory=dict)
    """Weights by name."""
    text_encoder_weights: Mapping[str, float] = field(default_factory=dict)
    """Those that differ from `loras`."""
    lora_options: Mapping[str, str] = field(default_factory=dict)
    """Other settings of a LoRA's tag, as they are written."""
    lora_hashes: Mapping[str, str] = field(default_factory=dict)
    """The first hex digits by name: 12 of A1111's LoRA hash, 10 of the file's SHA-256, or all 64."""
    embeddings: tuple[str, ...] = ()
    """Textual inversions by name."""
    other: Mapping[str, str] = field(default_factory=dict)
    """Every other key with its text."""
    notes: tuple[str, ...] = ()
    """What the settings say and the fields above cannot: one line each."""
    tool: str = ""
    """The tool that drew the picture; empty for A1111 or where none is named."""

    @property
    def without_weight(self) -> list[str]:
        """LoRAs that are named by a hash alone: that they were used, but not at which weight."""
        return [name for name in self.lora_hashes if same_lora(name, self.loras) is None]


def same_lora(name: str, names: Iterable[str]) -> str | None:
    """The name among `names` that is the same file's, whatever its folder, extension and capitals."""
    return next((other for other in names if other == name), None) or next(
        (other for other in names if _plain(other) == _plain(name)), None
    )


def file_stem(name: str) -> str:
    """The stem of a LoRA's file as tools write its place: without folders of either kind of slash and without extension."""
    return re.split(r"[/\\]", name)[-1].removesuffix(".safetensors").strip()


def _plain(name: str) -> str:
    return file_stem(name).lower()


def whole(value: object, key: str, where: object) -> int:
    """Raises InputError if `value`, which stands under `key`, is no whole number."""
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,20}(\.0*)?", text):
        raise InputError(
            phrase("'{key}' is '{words}', not a whole number", key=key, words=_shown(text)),
            where,
            "name another picture, or mend its text",
        )
    return int(text.partition(".")[0])


def size_of(value: object, where: object, key: str = "Size") -> tuple[int, int]:
    """Width and height of `512x768`, `(512, 768)` and their like. Raises InputError for any other text."""
    match = re.fullmatch(r"\(?\s*(\d{1,5})\s*[x×*X,]\s*(\d{1,5})\s*\)?", str(value).strip())
    if match is None:
        raise InputError(
            phrase("'{key}' is '{value}', not WIDTHxHEIGHT", key=key, value=_shown(str(value))),
            where,
            "name another picture, or mend its text",
        )
    return int(match[1]), int(match[2])


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
