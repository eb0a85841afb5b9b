"""A point of the search: what may differ between two renders of one locked seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from optimizer.control.control import Controls, acting
from optimizer.control.hints import Hints
from optimizer.regions.regions import Regions
from optimizer.schedules.schedule import Schedules

FILE_MARK: Final = "@"
"""Between a LoRA's name and the label of one of its files that is not the last: `dress@dress-000004`."""


SMALLEST: Final = 5e-7
"""A weight below this is 0."""


def file_key(lora: str, label: str = "") -> str:
    """What one file of a LoRA is called where all files are listed: the LoRA's own name for the last one."""
    return f"{lora}{FILE_MARK}{label}" if label else lora


def lora_of_key(key: str) -> str:
    """The LoRA's name in a `file_key`."""
    return key.partition(FILE_MARK)[0]


@dataclass(frozen=True)
class Point:
    """LoRA weights by name and the CFG scale. Weights are dimensionless, usually in [0, 1]; CFG is at least 1."""

    weights: Mapping[str, float]
    cfg: float
    prompt: str = field(default="")
    """The prompt to draw; empty for the study's own (a prompt edit or the calibration's plain prompt replaces it)."""
    steps: int | None = None
    sampler: str | None = None
    """None for the study's own: a grid shows what others would draw."""
    prompt_edits: tuple[str, ...] = ()
    """Names of the edits that made the prompt."""
    files: Mapping[str, str] = field(default_factory=dict)
    """By LoRA of several files (epochs), the label of its file; one that draws with its last file is left out."""
    schedules: Schedules = field(default_factory=dict)
    """By LoRA, the steps in which it acts; one that acts in all of them is left out."""
    controls: Controls = field(default_factory=dict)
    """By ControlNet, how strongly and up to which step it acts."""

    def on(self) -> frozenset[str]:
        """The LoRAs whose weight is not 0."""
        return frozenset(name for name, weight in self.weights.items() if abs(weight) >= SMALLEST)

    def acting_schedules(self) -> Schedules:
        """Those that decide the image: of LoRAs that are on, and do not act in all steps."""
        on = self.on() if self.schedules else frozenset()
        return {name: schedule for name, schedule in self.schedules.items() if name in on and not schedule.whole}

    def acting_controls(self) -> Controls:
        """Those that decide the image."""
        return acting(self.controls)

    def file_keys(self) -> dict[str, str]:
        """By LoRA, the `file_key` of what it is drawn with, of those that another file than the last one draws."""
        on = self.on()
        return {name: file_key(name, label) for name, label in self.files.items() if name in on}

    def by_file(self) -> dict[str, float]:
        """The weights by what draws each: the `file_key` of its file, the LoRA's name for its last one."""
        files = self.file_keys()
        return {files.get(name, name): weight for name, weight in self.weights.items()}

    def key(self) -> tuple[object, ...]:
        """Equal for points that draw the same image: weights rounded to 1e-6, zeros left out with their files and
        schedules, as are ControlNets of strength 0."""
        files = self.file_keys()
        kept = tuple(sorted((files.get(n, n), round(w, 6)) for n, w in self.weights.items() if abs(w) >= SMALLEST))
        others = tuple(value for value in (self.steps, self.sampler) if value is not None)
        scheduled = ((name, round(s.start, 6), round(s.end, 6)) for name, s in sorted(self.acting_schedules().items()))
        controlled = ((name, round(c.strength, 6), round(c.end, 6)) for name, c in self.acting_controls().items())
        later = (("schedules", *scheduled), ("controls", *controlled))
        return kept, round(self.cfg, 6), self.prompt, *others, *(told for told in later if len(told) > 1)


@dataclass(frozen=True)
class Job:
    """One image to draw."""

    seed: int
    point: Point
    regions: Regions | None = None
    """Where LoRAs act; None for everywhere. Decides the image, but for LoRAs of weight 0."""
    hints: Hints | None = None
    """What the ControlNets that act at this point are told; None where none acts."""
