"""What can be logged, as values that a queue and a process boundary can carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from studies.tracking.pictures import Picture

RUN: Final = "huanhua.run"
"""Tag of a seed's run: which trials it shows. Equal seeds with another value are another run."""
TRIALS: Final = "huanhua.trials"
"""Tag of a finished seed: the numbers of its trials, as `number_ranges` writes them. Runs of other numbers are set aside."""
Scalar: TypeAlias = str | int | float | bool | None


DESCRIPTION: Final = "huanhua.description"
"""Tag of a finished seed: what was found, as Markdown. Trackers with descriptions show it with the picture `PICK_PICTURE`."""
PICK_PICTURE: Final = "pick.png"


def number_ranges(numbers: Iterable[int]) -> str:
    """Whole numbers in rising order as text: "0-4 6 9-12"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def numbers_in(text: str) -> set[int]:
    """Those that `number_ranges` wrote."""
    pairs = (part.partition("-") for part in text.split())
    return {number for first, _, last in pairs for number in range(int(first), int(last or first) + 1)}


def owner_title(seed: int | None) -> str:
    return "study" if seed is None else f"seed {seed}"


@dataclass(frozen=True)
class Input:
    """What a seed is run with: the reference photos of a LoRA, or its file."""

    name: str
    context: str
    """The kind of input: references or lora."""
    digest: str
    """SHA-256 of the content, in hex."""
    source: Path
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values that are stored with it, such as the hash of each photo."""
    trained: Mapping[str, str] = field(default_factory=dict)
    """Tags; any one of them marks the training run that made it. A value that ends in % is a prefix."""


@dataclass(frozen=True)
class SeedStarted:
    seed: int
    params: Mapping[str, Scalar]
    tags: Mapping[str, str]
    inputs: Sequence[Input] = ()

    @property
    def title(self) -> str:
        return owner_title(self.seed)


@dataclass(frozen=True)
class TrialFinished:
    seed: int
    number: int
    params: Mapping[str, Scalar]
    metrics: Mapping[str, float | None]
    image: Picture | None
    tags: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"{owner_title(self.seed)} trial {self.number}"


@dataclass(frozen=True)
class ArtifactAdded:
    """A picture, a text or a file that belongs to a seed or to the study."""

    seed: int | None
    name: str
    content: Picture | str

    @property
    def title(self) -> str:
        return f"{owner_title(self.seed)} {self.name}"


@dataclass(frozen=True)
class SeedFinished:
    seed: int
    metrics: Mapping[str, float | None]
    tags: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"{owner_title(self.seed)} end"


@dataclass(frozen=True)
class SeedInterrupted:
    seed: int

    @property
    def title(self) -> str:
        return f"{owner_title(self.seed)} interrupted"


@dataclass(frozen=True)
class TrainingRecord:
    """What is new of a training. Trainings of one `name` and `key` are one run."""

    name: str
    key: str
    params: Mapping[str, Scalar]
    losses: Sequence[float] = ()
    """One a step, from step `first` on."""
    first: int = 1
    samples: Mapping[str, Picture] = field(default_factory=dict)
    """Sample pictures by name."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Text files by name."""
    tags: Mapping[str, str] = field(default_factory=dict)
    finished: bool = True

    @property
    def title(self) -> str:
        return f"training {self.name}"


Event: TypeAlias = SeedStarted | TrialFinished | ArtifactAdded | SeedFinished | SeedInterrupted | TrainingRecord
