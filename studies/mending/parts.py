"""The parts of a figure that can be mended: where each is in a picture, which constraints judge it, and how bad it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final

from models.boxes import ShareBox
from models.errors import InputError
from models.language.translate import phrase
from scorers.score.hands import HANDS
from scorers.score.judgeable_hands import judgeable_hands
from scorers.score.missing_hands import hands_lost, lost_places
from studies.mending.led import all_arms, hull, led_hand, with_arm
from studies.run.mended.mended import PART_WORDS

if TYPE_CHECKING:
    from models.lora_kinds import ScoredKind
    from scorers.observe.observation import HandObservation, Observation
    from scorers.score.judge import ImageJudge


@dataclass(frozen=True)
class Place:
    """Where a part is."""

    box: ShareBox
    worth: float
    """By how much the part's badness falls where this place comes out whole."""


@dataclass(frozen=True)
class Part:
    """What can be named with `--parts`."""

    name: str
    constraints: Callable[[ImageJudge], frozenset[str]]
    """The names of those that judge it."""
    places: Callable[[ImageJudge, Observation], list[Place]]
    """What of it is to be mended in a picture, the worst first; none where the picture does not show it."""
    led_places: Callable[[ImageJudge, Observation], list[Place]]
    """Likewise, where a ControlNet leads it to its place in the locked image."""
    badness: Callable[[ImageJudge, Observation, Mapping[str, float]], float]
    """Of a picture with these violations, lower is better: what a mend must lower besides worsening no constraint."""
    least: float | None = None
    """Of a picture that shows it whole; None where there is always better."""

    def places_in(self, judge: ImageJudge, seen: Observation, *, led: bool) -> list[Place]:
        """`led_places` where a ControlNet leads, `places` elsewhere."""
        return (self.led_places if led else self.places)(judge, seen)

    def most_places(self, judge: ImageJudge, seen: Observation, *, led: bool) -> int:
        """How many are redrawn at most: what is led is redrawn once more where it then is, as in the locked image."""
        again = len(self.led_places(judge, judge.locked)) if led else 0
        return len(self.places_in(judge, seen, led=led)) + again


def _hand_places(judge: ImageJudge, seen: Observation) -> list[Place]:
    """Broken hands, then those that are lost, where the locked image has them; whole ones only where there are no others."""
    allowed = _hands_limit(judge)
    hands = sorted(judgeable_hands(seen), key=lambda hand: -hand.broken)
    lost = [Place(with_arm(hand.box, judge.locked.arms), 1.0) for hand in _lost(judge, seen)]
    broken = [Place(hand.box, hand.broken) for hand in hands if hand.broken > allowed]
    return [*broken, *lost] or [Place(hand.box, hand.broken) for hand in hands]


def _led_hand_places(judge: ImageJudge, seen: Observation) -> list[Place]:
    """Bad hands, each alone where it is near its goal; where one is not, or is lost, all arms together."""
    found = _hand_places(judge, seen)
    near = {hand.box: led_hand(hand, seen, judge.locked) for hand in seen.hands}
    led = [Place(box, place.worth) for place in found if (box := near.get(place.box)) is not None]
    if len(led) == len(found):
        return led
    return [Place(all_arms(seen, judge.locked), sum(place.worth for place in found))]


def _lost(judge: ImageJudge, seen: Observation) -> list[HandObservation]:
    return lost_places(seen, judge.plain or judge.locked, judge.locked)


def _hands_badness(judge: ImageJudge, seen: Observation, violations: Mapping[str, float]) -> float:
    """All hands: the score is that of the worst alone. A hand that the locked image shows and this one does not counts as broken,
    hidden or not: tries until the judge is content would hide it."""
    hands = judgeable_hands(seen)
    unseen = max(0, len(judgeable_hands(judge.locked)) - len(hands))
    lost = hands_lost(seen, judge.plain or judge.locked, judge.locked)
    return sum(hand.broken for hand in hands) + max(unseen, lost)


def _hands_limit(judge: ImageJudge) -> float:
    return next((limit.value for limit in judge.limits if limit.name == HANDS.name and limit.value is not None), 0.0)


def _kind(kind: ScoredKind) -> Callable[[ImageJudge], frozenset[str]]:
    return lambda judge: frozenset(n for n, k in judge.kinds.items() if k == kind and n in judge.requirements.expression)


def _missed(kind: ScoredKind) -> Callable[[ImageJudge, Observation, Mapping[str, float]], float]:
    """The sum of what the LoRAs of a kind miss, below 0 where they show more than they must."""
    return lambda judge, seen, violations: sum(violations[name] for name in _kind(kind)(judge))


def _face(seen: Observation) -> list[ShareBox]:
    return [] if seen.face is None else [seen.face.box]


def _shoes(seen: Observation) -> list[ShareBox]:
    found = seen.regions.get("shoes")
    return [] if found is None else [found.box]


def _here(boxes: Callable[[Observation], list[ShareBox]]) -> Callable[[ImageJudge, Observation], list[Place]]:
    return lambda judge, seen: [Place(box, 0.0) for box in boxes(seen)]


def _both(boxes: Callable[[Observation], list[ShareBox]]) -> Callable[[ImageJudge, Observation], list[Place]]:
    """The place here and in the locked image, as one."""

    def places(judge: ImageJudge, seen: Observation) -> list[Place]:
        here = boxes(seen)
        return [Place(reduce(hull, [*here, *boxes(judge.locked)]), 0.0)] if here else []

    return places


PARTS: Final[Mapping[str, Part]] = {
    part.name: part
    for part in (
        Part("hands", lambda judge: frozenset({HANDS.name}), _hand_places, _led_hand_places, _hands_badness, 0.0),
        Part("face", _kind("face"), _here(_face), _both(_face), _missed("face")),
        Part("feet", _kind("shoes"), _here(_shoes), _both(_shoes), _missed("shoes")),
    )
}
"""In the order of help texts. A new part is a line here."""


def parts_named(text: str) -> list[Part]:
    """The parts of `hands,face`. Raises InputError for one that is unknown, and for none."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    known = ", ".join(PARTS)
    for name in names:
        if name not in PARTS:
            raise InputError(phrase("no part to mend: {name}", name=name[:60]), "--parts", phrase("use {known}", known=known))
    if not names:
        raise InputError("no part to mend is named", "--parts", phrase("use {known}", known=known))
    return [PARTS[name] for name in dict.fromkeys(names)]


def check_judged(parts: Sequence[Part], judge: ImageJudge, seed: int) -> None:
    """Raises InputError for a part that no requirement judges: no mend of it could be kept."""
    for part in parts:
        if not part.constraints(judge) & judge.constraint_names:
            what = phrase(
                "nothing that the study requires judges {part}, so that no mend of it is kept", part=phrase(PART_WORDS[part.name])
            )
            raise InputError(what, phrase("seed {seed}", seed=seed), "leave it out of --parts, or require it in search")
