"""Why a LoRA changes what it was not made for: what is measured of each possible cause, at the weight that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scorers.compare.places import OWN
from scorers.score.drift import LOST
from studies.lora_report.measures import AtWeight, Thing

MOVED = LOST / 5
"""Figure heights from which on a figure stands otherwise than in the plain image: 0.05 is a hand's width."""
NOTABLE = 0.25
"""Share of the leak from which on a cause is told as one."""
CARRIED = 0.05
"""Cosine by which a face must come nearer to the faces of the photos."""


@dataclass(frozen=True)
class Causes:
    """Of one LoRA at one weight, medians over seeds."""

    weight: float
    leak: float
    """Mean difference of pixels outside its place from the plain image, in levels of 255."""
    by_place: Mapping[str, float]
    """The same by place, the most changed first."""
    words: float
    """The leak of its words alone, at weight 0."""
    without_text: float | None
    """The leak without what it adds to the text encoders; None where it adds nothing to them."""
    moved: float
    """In figure heights."""
    carried: tuple[float, float, float] | None
    """Mean cosine of the face to the faces of its photos with its words alone and at the weight, and of those faces to one
    another; None where that cannot be told."""
    likeness: Mapping[str, tuple[float, float]]
    """Cosines of face and garments to the plain image's, with its words alone and at the weight; its own thing left out."""

    @property
    def by_words(self) -> float:
        """The share of the leak that is there at weight 0."""
        return min(1.0, self.words / self.leak) if self.leak else 0.0

    @property
    def by_text(self) -> float | None:
        """The share of the leak that goes without the text encoders' part; below 0 where the leak grows without it."""
        return None if self.without_text is None or not self.leak else 1 - self.without_text / self.leak

    def found(self) -> list[str]:
        """The causes that the measures bear out: words, text encoder, pose, faces of its photos; the larger share first."""
        shares = {"words": self.by_words, "text encoder": self.by_text or 0.0}
        named = [name for name, share in sorted(shares.items(), key=lambda pair: -pair[1]) if share >= NOTABLE]
        if self.moved >= MOVED:
            named.append("pose")
        if self.carried is not None and self.carried[1] - self.carried[0] >= CARRIED:
            named.append("faces of its photos")
        return named


def causes_of(at: AtWeight, words: AtWeight, without_text: AtWeight | None, thing: Thing) -> Causes:
    """`words` is weight 0, `without_text` the same weight as `at` without the text encoders' part."""
    own = OWN[thing.references.kind]
    places = {place for seen in at.seen for place in seen.by_place}
    by_place = {place: median(at.place(place)) for place in places}
    things = sorted({name for seen in (*at.seen, *words.seen) for name in seen.likeness} - {own})
    like = {name: (_median(words.like(name)), _median(at.like(name))) for name in things}
    faces = None if thing.photos is None else thing.photos.faces_alike()
    before, after = words.of("carried"), at.of("carried")
    return Causes(
        weight=at.weight,
        leak=median(at.of("outside")),
        by_place=dict(sorted(by_place.items(), key=lambda pair: -pair[1])),
        words=median(words.of("outside")),
        without_text=None if without_text is None else median(without_text.of("outside")),
        moved=median(at.of("moved")),
        carried=(median(before), median(after), faces) if before and after and faces is not None else None,
        likeness={name: (a, b) for name, (a, b) in like.items() if a is not None and b is not None},
    )


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
