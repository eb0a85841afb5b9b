"""What can be logged, as values that a queue and a process boundary can carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from studies.tracking.pictures import Picture

Scalar: TypeAlias = str | int | float | bool | None


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


Event: TypeAlias = SeedStarted | TrialFinished | ArtifactAdded | SeedFinished | TrainingRecord
