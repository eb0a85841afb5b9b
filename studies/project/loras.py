"""The LoRAs that lie in a project: what each is of, and where its weight should start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.families import CONTEXT_WIDTHS, family_of_layers, family_of_names
from models.lora.layout import KIND_KEY, LoraLayout, read_layout, tag_counts
from models.lora_kinds import LoraKind, is_kind
from studies.project.lora_card import LoraCard, lora_card
from studies.project.training_sets import SetFacts

STARTS: Final[dict[LoraKind, float]] = {"face": 0.68, "clothing": 0.4, "shoes": 0.4, "other": 0.5}
"""Where people start who dress figures by hand."""
WORDS: Final[dict[LoraKind, tuple[str, ...]]] = {
    "face": ("face", "girl", "woman", "man", "character"), "shoes": ("shoe", "boot", "sandal", "heel", "sneaker"),
    "clothing": ("dress", "cloth", "outfit", "skirt", "jacket", "coat", "uniform", "sweater", "shirt", "hanfu"),
}  # fmt: skip
"""What names of files tell of their kind where nothing else does."""
FAMILIES: Final = {
    CONTEXT_WIDTHS[768]: "sd15",
    CONTEXT_WIDTHS[2048]: "sdxl",
    "Z-Image or Lumina": "z-image",
    "FLUX.1": "flux",
    "FLUX.2": "flux2",
}
BASE: Final = "ss_sd_model_name"


@dataclass(frozen=True)
class FoundLora:
    """A LoRA file, and what it, the file next to it and its training set tell."""

    path: Path
    name: str
    """That of its training set, or of its file."""
    kind: LoraKind
    kind_from: str | None
    """What tells it; None where nothing does, and clothing is assumed."""
    trigger: str | None
    trigger_from: str | None
    """What tells it; None for the file's own metadata, which a study reads too."""
    family: str | None
    """Of bases, by its name in `models.base.registry`; None if it cannot be told."""
    references: Path | None
    """Its training set."""
    start: float
    start_from: str | None
    """What tells it; None for where people start with such a thing."""
    base: str | None = None
    """The name of the base that it was trained on, as its metadata has it."""

    @property
    def most(self) -> float:
        """The greatest weight to search."""
        return max(1.0, self.start)


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
            wrong.append(phrase("{name} was left out: {what}", name=path.name, what=error.what))
    return sorted(found, key=lambda lora: (lora.references is None, -lora.path.stat().st_mtime, lora.name)), wrong


def _lora(path: Path, sets: Sequence[SetFacts]) -> FoundLora:
    layout, card = read_layout(path), lora_card(path)
    trigger, trigger_from = layout.trigger, None
    if trigger is None and card.trigger is not None:
        trigger, trigger_from = card.trigger, card.trigger_from
    if trigger is None and (common := _named_tag(layout)) is not None:
        trigger, trigger_from = common, phrase("a guess by its training captions")
    made = next((made for made in sets if trigger is not None and made.trigger == trigger), None)
    kind, kind_from = _kind(layout, card, made)
    family = family_of_layers(layout.down_shapes) or family_of_names(layout.stems)
    return FoundLora(
        path,
        made.folder.name if made is not None else path.stem,
        kind,
        kind_from,
        trigger,
        trigger_from,
        FAMILIES.get(family) if family is not None else None,
        made.folder if made is not None else None,
        round(STARTS[kind] if card.weight is None else card.weight, 2),
        card.weight_from or None,
        layout.metadata.get(BASE) or None,
    )


def _named_tag(layout: LoraLayout) -> str | None:
    """Of the tags that most of its training captions have, the one that its file's name has too."""
    counts, name = tag_counts(layout.metadata), _letters(layout.path.stem)
    most = max(counts.values(), default=0)
    return next((tag for tag, count in counts.items() if count == most and len(tag) > 3 and _letters(tag) in name), None)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower()) or "-"


def _kind(layout: LoraLayout, card: LoraCard, made: SetFacts | None) -> tuple[LoraKind, str | None]:
    """The kind of thing, and what tells it: its training set, its metadata, or words in its names."""
    if made is not None and made.kind is not None:
        return made.kind, phrase("the training set {name}", name=made.folder.name)
    stored = layout.metadata.get(KIND_KEY, "")
    if is_kind(stored):
        return stored, phrase("its metadata")
    for text, source in (
        (layout.path.stem, phrase("a guess by its name")),
        (card.title, phrase("a guess by its title on Civitai")),
    ):
        words = re.findall(r"[a-z]+", text.lower())
        for kind, stems in WORDS.items():
            if any(stem in word for word in words for stem in stems):
                return kind, source
    return "clothing", None
