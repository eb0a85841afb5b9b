"""What can be logged, as values: they wait in a queue until they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from studies.tracking.pictures import Picture

Scalar: TypeAlias = str | int | float | bool | None


def place(seed: int | None) -> str:
    return "study" if seed is None else f"seed {seed}"


@dataclass(frozen=True)
class Input:
    """What a seed is run with: the reference photos of a LoRA, or its file. `digest` is SHA-256 in hex of the content.

    `details` is told beside it, such as the hash of each photo. `trained` are tags of which any one marks the training run that
    made it; a value may end in % for what begins so.
    """

    name: str
    context: str
    digest: str
    source: Path
    details: Mapping[str, Any] = field(default_factory=dict)
    trained: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SeedStarted:
    seed: int
    params: Mapping[str, Scalar]
    tags: Mapping[str, str]
    inputs: Sequence[Input] = ()

    @property
    def title(self) -> str:
        return place(self.seed)


@dataclass(frozen=True)
class TrialEvent:
    seed: int
    number: int
    params: Mapping[str, Scalar]
    metrics: Mapping[str, float | None]
    image: Picture | None
    tags: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"{place(self.seed)} trial {self.number}"


@dataclass(frozen=True)
class Attached:
    """A picture, a text or a file that belongs to a seed or to the study."""

    seed: int | None
    name: str
    content: Picture | str

    @property
    def title(self) -> str:
        return f"{place(self.seed)} {self.name}"


@dataclass(frozen=True)
class SeedFinished:
    seed: int
    metrics: Mapping[str, float | None]
    tags: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"{place(self.seed)} end"


@dataclass(frozen=True)
class TrainingRecord:
    """What is new of a training: losses, one a step from step `first` on, sample pictures and texts by name.

    Trainings of one name and `key` are one run.
    """

    name: str
    key: str
    params: Mapping[str, Scalar]
    losses: Sequence[float] = ()
    first: int = 1
    samples: Mapping[str, Picture] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    finished: bool = True

    @property
    def title(self) -> str:
        return f"training {self.name}"


Event: TypeAlias = SeedStarted | TrialEvent | Attached | SeedFinished | TrainingRecord
