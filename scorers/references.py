"""What the reference photos of one LoRA look like to the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from models.errors import InputError
from scorers.observation import Kind, Vector


@dataclass(frozen=True)
class References:
    """One embedding a usable photo and, for garments, one colour descriptor. `unused` holds the indices of photos in which the
    garment or a face was not found."""

    kind: Kind
    embeddings: tuple[Vector, ...]
    colours: tuple[Vector, ...] = ()
    unused: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.embeddings:
            what = "face" if self.kind == "face" else f"{self.kind} region"
            raise InputError(f"no {what} found in any reference photo", "references", "give photos that show it larger")

    def photo(self, index: int) -> int:
        """Which of the photos, the unused ones counted, an embedding was taken from."""
        used = (i for i in range(len(self.embeddings) + len(self.unused)) if i not in self.unused)
        return list(used)[index]

    def without(self, index: int) -> References:
        """The same less one embedding, for leave-one-out; at least two must be there."""
        keep = [i for i in range(len(self.embeddings)) if i != index]
        colours = tuple(self.colours[i] for i in keep) if self.colours else ()
        return References(self.kind, tuple(self.embeddings[i] for i in keep), colours, self.unused)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "embeddings": [list(v) for v in self.embeddings],
            "colours": [list(v) for v in self.colours],
            "unused": list(self.unused),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> References:
        """Raises InputError if `held` is not what `to_json` wrote."""
        try:
            if held["kind"] not in get_args(Kind):
                raise ValueError(f"kind {held['kind']}")
            vectors = {name: tuple(tuple(float(x) for x in v) for v in held[name]) for name in ("embeddings", "colours")}
            return cls(held["kind"], vectors["embeddings"], vectors["colours"], tuple(int(i) for i in held["unused"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not stored references ({error})", "references", "observe the reference photos again") from error
