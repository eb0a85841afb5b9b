"""References: the embeddings of a LoRA's reference photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Vector


@dataclass(frozen=True)
class References:
    """Raises InputError if there is no embedding."""

    kind: ScoredKind
    embeddings: tuple[Vector, ...]
    """Unit vectors, one a usable photo."""
    colours: tuple[Vector, ...] = ()
    """Colour descriptors alike; empty for faces."""
    unused: tuple[int, ...] = ()
    """Indices of photos in which the thing was not found."""
    outliers: tuple[int, ...] = ()
    """Indices of photos that show another face than the others (scorers.observe.outliers)."""
    cells: tuple[str, ...] = ()
    """Of each photo the thing's colours by place (scorers.observe.colours.cells); empty where they are not compared."""
    tags: tuple[str, ...] = ()
    """Words of captions that all photos share. They name parts, decide no score, and are not stored."""
    figure: str | None = None
    """The figure of an image of several people that they are compared with; None for the only one. Not stored."""

    def __post_init__(self) -> None:
        if not self.embeddings:
            what = phrase("face") if self.kind == "face" else phrase("{kind} region", kind=self.kind)
            raise InputError(
                phrase("no {what} found in any reference photo", what=what), "references", "give photos that show it larger"
            )

    def photo(self, index: int) -> int:
        """The index among all photos of the one that an embedding was taken from."""
        left_out = {*self.unused, *self.outliers}
        return [i for i in range(len(self.embeddings) + len(left_out)) if i not in left_out][index]

    def without(self, index: int) -> References:
        """The same without one embedding, for leave-one-out; there must be at least two."""
        keep = [i for i in range(len(self.embeddings)) if i != index]
        colours = tuple(self.colours[i] for i in keep) if self.colours else ()
        cells = tuple(self.cells[i] for i in keep) if self.cells else ()
        return replace(self, embeddings=tuple(self.embeddings[i] for i in keep), colours=colours, cells=cells)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "embeddings": [list(v) for v in self.embeddings],
            "colours": [list(v) for v in self.colours],
            "unused": list(self.unused),
            "outliers": list(self.outliers),
            **({"cells": list(self.cells)} if self.cells else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> References:
        """Raises InputError if `stored` is not what `to_json` wrote."""
        try:
            if stored["kind"] not in get_args(ScoredKind):
                raise ValueError(f"kind {stored['kind']}")
            vectors = {name: tuple(tuple(float(x) for x in v) for v in stored[name]) for name in ("embeddings", "colours")}
            unused, outliers = (tuple(int(i) for i in stored[name]) for name in ("unused", "outliers"))
            cells = tuple(str(text) for text in stored.get("cells", ()))
            return cls(stored["kind"], vectors["embeddings"], vectors["colours"], unused, outliers, cells)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                phrase("not stored references ({error})", error=error), "references", "observe the reference photos again"
            ) from error
