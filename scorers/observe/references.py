"""What the reference photos of one LoRA look like to the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from models.errors import InputError
from models.kinds import ScoredKind
from scorers.observe.observation import Vector


@dataclass(frozen=True)
class References:
    """One embedding a usable photo and, for garments, one colour descriptor. `unused` holds the indices of photos in which the
    garment or a face was not found, `outliers` those of photos whose face is not the others' (scorers.observe.outliers)."""

    kind: ScoredKind
    embeddings: tuple[Vector, ...]
    colours: tuple[Vector, ...] = ()
    unused: tuple[int, ...] = ()
    outliers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.embeddings:
            what = "face" if self.kind == "face" else f"{self.kind} region"
            raise InputError(f"no {what} found in any reference photo", "references", "give photos that show it larger")

    def photo(self, index: int) -> int:
        """Which of the photos, those left out counted, an embedding was taken from."""
        left_out = {*self.unused, *self.outliers}
        return [i for i in range(len(self.embeddings) + len(left_out)) if i not in left_out][index]

    def without(self, index: int) -> References:
        """The same less one embedding, for leave-one-out; at least two must be there."""
        keep = [i for i in range(len(self.embeddings)) if i != index]
        colours = tuple(self.colours[i] for i in keep) if self.colours else ()
        return References(self.kind, tuple(self.embeddings[i] for i in keep), colours, self.unused, self.outliers)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "embeddings": [list(v) for v in self.embeddings],
            "colours": [list(v) for v in self.colours],
            "unused": list(self.unused),
            "outliers": list(self.outliers),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> References:
        """Raises InputError if `held` is not what `to_json` wrote."""
        try:
            if held["kind"] not in get_args(ScoredKind):
                raise ValueError(f"kind {held['kind']}")
            vectors = {name: tuple(tuple(float(x) for x in v) for v in held[name]) for name in ("embeddings", "colours")}
            left_out = [tuple(int(i) for i in held[name]) for name in ("unused", "outliers")]
            return cls(held["kind"], vectors["embeddings"], vectors["colours"], *left_out)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not stored references ({error})", "references", "observe the reference photos again") from error
