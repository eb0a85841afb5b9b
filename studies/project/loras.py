"""The LoRAs that lie in a project: what each is of, and where its weight should start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.lora.families import CONTEXT_WIDTHS, family_of_layers, family_of_names
from models.lora.layout import read_layout
from models.lora_kinds import LoraKind
from studies.project.training_sets import SetFacts

STARTS: Final[dict[LoraKind, float]] = {"face": 0.68, "clothing": 0.4, "shoes": 0.4, "other": 0.5}
"""Where people start who dress figures by hand."""
WORDS: Final[dict[LoraKind, tuple[str, ...]]] = {
    "face": ("face", "girl", "woman", "man", "character"), "shoes": ("shoe", "boot", "sandal", "heel", "sneaker"),
    "clothing": ("dress", "cloth", "outfit", "skirt", "jacket", "coat", "uniform", "sweater", "shirt", "hanfu"),
}  # fmt: skip
"""What names of files tell of their kind where nothing else does."""
FAMILIES: Final = {CONTEXT_WIDTHS[768]: "sd15", CONTEXT_WIDTHS[2048]: "sdxl"}
BASE: Final = "ss_sd_model_name"
MOST: Final = 2.0
"""The greatest weight that a study searches."""


@dataclass(frozen=True)
class FoundLora:
    """A LoRA file, and what it, the file next to it and its training set tell."""

    path: Path
    name: str
    """That of its training set, or of its file."""
    kind: LoraKind
    guessed: bool
    """Whether `kind` is a guess by the file's name."""
    trigger: str | None
    family: str | None
    """Of bases, by its name in `models.base.registry`; None if it cannot be told."""
    references: Path | None
    """Its training set."""
    start: float
    most: float
    """The greatest weight to search."""
    hint: bool = True
    """Whether anything tells of its kind: its training set or its file's name."""
    base: str | None = None
    """The name of the base that it was trained on, as its metadata has it."""


def loras_in(folder: Path, sets: Sequence[SetFacts]) -> tuple[list[FoundLora], list[str]]:
    """The LoRAs below `folder`, those with a training set and the newest first, and a line for each file that is none."""
    paths = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
    return loras_among([p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts)], sets)


def loras_among(paths: Sequence[Path], sets: Sequence[SetFacts]) -> tuple[list[FoundLora], list[str]]:
    """As `loras_in`, of these files."""
    found: list[FoundLora] = []
    wrong: list[str] = []
    for path in paths:
        try:
            found.append(_lora(path, sets))
        except InputError as error:
            wrong.append(f"{path.name} was left out: {error.what}")
    return sorted(found, key=lambda lora: (lora.references is None, -lora.path.stat().st_mtime, lora.name)), wrong


def _lora(path: Path, sets: Sequence[SetFacts]) -> FoundLora:
    layout, card = read_layout(path), _card(path)
    trigger = layout.trigger or str(card.get("activation text") or "").split(",")[0].strip() or None
    made = next((made for made in sets if trigger is not None and made.trigger == trigger), None)
    guess = next((kind for kind, words in WORDS.items() if any(word in path.stem.lower() for word in words)), None)
    told: LoraKind | None = made.kind if made is not None and made.kind is not None else guess
    kind: LoraKind = told or "clothing"
    weight = card.get("preferred weight")
    stated = float(weight) if isinstance(weight, (int, float)) and 0 < weight <= MOST else None
    family = family_of_layers(layout.down_shapes) or family_of_names(layout.stems)
    return FoundLora(
        path,
        made.folder.name if made is not None else path.stem,
        kind,
        made is None,
        trigger,
        FAMILIES.get(family) if family is not None else None,
        made.folder if made is not None else None,
        round(stated if stated is not None else STARTS[kind], 2),
        max(1.0, stated or 0.0),
        told is not None,
        layout.metadata.get(BASE) or None,
    )


def _card(path: Path) -> dict[str, Any]:
    """What A1111 keeps of a LoRA in a JSON file next to it: "preferred weight", "activation text"."""
    try:
        found = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
