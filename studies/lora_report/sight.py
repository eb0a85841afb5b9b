"""What a report sees in images beside what every study observes: the places that changed, and whole pictures as vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from models.io.images import open_drawn
from models.lora_kinds import ScoredKind
from optimizer.evaluate.base import Evaluation
from scorers.compare.nearness import Photos, faces_of
from scorers.compare.places import OWN, Changed, Masks, box_masks, changed, part_masks
from scorers.observe.references import References
from scorers.observe.rounding import rounded_vector
from scorers.score.calibration import seen_place
from studies.references.pictures import reference_pictures
from studies.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from scorers.observe.base import PartSource
    from scorers.observe.embedders import Embedder

STORED: Final = "seen-in-pictures"
"""The workspace's JSON file of what was measured in images: nothing is measured twice."""


class Eyes(Protocol):
    """Of an observer, what looks at whole pictures."""

    @property
    def garments(self) -> Embedder: ...


@dataclass
class Sight:
    """Measures images of one study, and remembers what it measured; `keep` stores that."""

    study: Study
    embedder: Embedder
    parser: PartSource | None
    """None where the study's scorers have no part parser: places are boxes then."""
    _known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stored = self.study.workspace.read(STORED)
        self._known = dict(stored) if isinstance(stored, dict) else {}

    def keep(self) -> None:
        self.study.workspace.write(STORED, self._known)

    def changed(self, image: Evaluation, plain: Evaluation, references: References) -> Changed:
        """From the plain image, by the places of a LoRA of the references' kind."""
        kind = references.kind
        key = self._key("changed", kind, image.image.stem, plain.image.stem)
        if key not in self._known:
            pictures = [open_drawn(one.image) for one in (image, plain)]
            masks = self._masks([image, plain], pictures, references, kind)
            found = changed(pictures[0], pictures[1], masks[0], masks[1], OWN[kind])
            self._known[key] = [found.inside, found.outside, dict(found.by_place)]
        inside, outside, by_place = self._known[key]
        return Changed(float(inside), float(outside), by_place)

    def vector(self, image: Path) -> list[float]:
        """A whole picture as a unit vector of the study's embedding model."""
        key = self._key("vector", image.stem)
        if key not in self._known:
            self._known[key] = list(rounded_vector(self.embedder.embed_images([open_drawn(image)])[0]))
        found: list[float] = self._known[key]
        return found

    def photos(self, name: str) -> Photos:
        """A LoRA's photos as whole pictures, and the faces in them."""
        import numpy as np

        opened = [photo for _, photo in reference_pictures(self.study, name).open()]
        vectors = np.asarray(self.embedder.embed_images(opened), np.float32)
        return Photos(vectors, faces_of(self.study.observer.observe(opened)))

    def _masks(
        self, images: Sequence[Evaluation], pictures: Sequence[Image], references: References, kind: ScoredKind
    ) -> Sequence[Masks]:
        if self.parser is not None:
            return part_masks(self.parser, pictures)
        return [box_masks(one.observation, kind, seen_place(one.observation, references)) for one in images]

    def _key(self, *parts: str) -> str:
        return " ".join([*parts, self.study.observer_id[:12]])


def sight_of(study: Study) -> Sight:
    """By the models that observe the study's images, opened on this machine."""
    from scorers.observe.parser_observer import ParserObserver
    from scorers.observe.window_observer import WindowObserver

    observer = study.models.observer
    assert isinstance(observer, (ParserObserver, WindowObserver))
    return Sight(study, observer.garments, observer.parser if isinstance(observer, ParserObserver) else None)


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """To four decimals."""
    return {name: round(value, 4) for name, value in values.items()}
