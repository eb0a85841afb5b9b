"""What weights cannot mend in a full-body image at its start weights: a person for each figure, feet in frame, whole hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.counted import counted
from models.language.translate import phrase
from scorers.observe.observation import Observation
from scorers.score.figures import faults_by_figure
from scorers.score.judgeable_hands import PER_PERSON
from scorers.score.registry import standalone_scores


@dataclass(frozen=True)
class Soundness:
    """How sound one image is by itself."""

    faults: tuple[str, ...]
    """What a person would reject it for, in words."""
    unseen: int
    """Of two hands a figure, those that are neither seen nor at the end of an arm out of sight: they may be missing."""
    scores: Mapping[str, float]
    """The scores that mean something for an image alone, by name."""

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the soundest first: by the number of faults, then unseen hands, then scores."""
        return (len(self.faults), self.unseen, *self.scores.values())


def soundness_of(observation: Observation, allowed: Mapping[str, float] | None = None) -> Soundness:
    """Of an image that is compared with none. `allowed` is the most that a score may be, by name: more is a fault."""
    scores = standalone_scores(observation)
    over = [
        phrase("{name} {score:.2f}, {most:.2f} is allowed", name=name, score=scores[name], most=most)
        for name, most in (allowed or {}).items()
        if scores.get(name, 0.0) > most
    ]
    if observation.figures:
        faults = faults_by_figure({name: _faults(figure) for name, figure in observation.figures.items()})
    else:
        faults = _faults(observation)
    unseen = sum(map(_unseen_hands, observation.figures.values() or [observation]))
    return Soundness((*faults, *over), unseen, scores)


def _faults(observation: Observation) -> tuple[str, ...]:
    found: list[str] = [observation.failed] if observation.failed else []
    if observation.heads != 1:
        found.append(counted(observation.heads, "head") if observation.heads else phrase("no head"))
    # Without a part parser feet are not counted: that is no fault of any seed.
    if observation.feet != PER_PERSON and not observation.windows:
        found.append(counted(observation.feet, "foot", "feet") if observation.feet else phrase("no feet in frame"))
    if observation.face is None:
        found.append(phrase("no face found"))
    if len(observation.hands) > PER_PERSON:
        found.append(counted(len(observation.hands), "hand"))
    return tuple(found)


def _unseen_hands(observation: Observation) -> int:
    led_away = sum(arm.end == "hidden" for arm in observation.arms)
    return max(0, PER_PERSON - len(observation.hands) - led_away)
