"""Calibration by the files of a LoRA: its 1 is the best sound image of it alone, whichever file draws that.

The last file has the ladder. One image of the middle file at the full weight stands beside it; only where that shows more than
the last file, by more than noise, are the files next to the best one drawn, until none next to it shows more. An overtrained last
file thus costs a few images once a study, and a well-trained one a single image (decision 0047).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.language.translate import joined, phrase
from optimizer.evaluate.base import Evaluation

RECORD: Final = "files"
"""Of the workspace's record of its calibration: by LoRA, labels of the files whose image calibrates it besides the last one's."""


@dataclass(frozen=True)
class FileStep:
    """One image of another file than the last, alone at the full weight."""

    label: str
    seen: Evaluation
    raw: float
    """Raw similarity to the references, in [0, 1]."""
    faults: tuple[str, ...] = ()
    """What is wrong with the figure."""


def drawn_labels(labels: Sequence[str], record: Mapping[str, Any], lora: str) -> tuple[str, ...]:
    """The files besides the last whose image calibrates a LoRA: what was recorded, and before that the middle file."""
    earlier = list(labels[:-1])
    if not earlier:
        return ()
    stored = [label for label in record.get(RECORD, {}).get(lora, ()) if label in earlier]
    return tuple(stored) or (earlier[(len(earlier) - 1) // 2],)


def next_label(labels: Sequence[str], last: float, steps: Sequence[FileStep], noise: float) -> str | None:
    """The file to draw next: one beside the best so far, where that is not the last file. `last` is the best sound raw similarity
    of the last file; None where no file is worth an image."""
    sound = [step for step in steps if not step.faults]
    if not sound:
        return None
    best = max(sound, key=lambda step: step.raw)
    if best.raw <= last + noise:
        return None
    place, drawn = labels.index(best.label), {step.label for step in steps}
    beside = [labels[at] for at in (place - 1, place + 1) if 0 <= at < len(labels) - 1]
    return next((label for label in beside if label not in drawn), None)


def notes_of_files(lora: str, last: float | None, steps: Sequence[FileStep], noise: float) -> list[str]:
    """What a person should know. `last` is the best sound raw similarity of the last file, None where no weight is sound."""
    found: list[str] = [
        phrase(
            "{lora} alone by {file} is not sound ({why}): that is not its 1", lora=lora, file=s.label, why=joined(", ", s.faults)
        )
        for s in steps
        if s.faults
    ]
    sound = [step for step in steps if not step.faults]
    best = max(sound, key=lambda step: step.raw) if sound else None
    if best is not None and last is None:
        text = "{lora} alone is sound at no weight of its last file: its 1 is that of {file} ({raw:.2f})"
        found.append(phrase(text, lora=lora, file=best.label, raw=best.raw))
    elif best is not None and last is not None and best.raw > last + noise:
        text = "{lora} alone shows more by {file} ({raw:.2f}) than by its last file ({last:.2f}): its 1 is that of {file}"
        found.append(phrase(text, lora=lora, file=best.label, raw=best.raw, last=last))
    return found
