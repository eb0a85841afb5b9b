"""Which weight is good enough, which epoch needs the least, and why a LoRA leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scorers.compare.nearness import Photos
from scorers.observe.references import References
from scorers.score.calibration import Calibration
from studies.lora_report.causes import Causes, causes_of
from studies.lora_report.levels import Rungs, Wanted, least_epoch, told_epoch
from studies.lora_report.measures import AtWeight, Seen, Thing, calibrations_of

WANTED = Wanted(0.7, 0.15)


def seen(weight: float, raw: float, seed: int = 7, **changes: object) -> Seen:
    plain = Seen(seed, weight, Path(f"{seed}-{weight}.png"), raw, (), 0.0, 0.0, 1.0, 2.0, {"head": 3.0}, {"head": 0.9}, 0.5, None)
    return replace(plain, **changes)  # type: ignore[arg-type]


def rungs(*raws: float, outside: float = 2.0, **of_last: object) -> Rungs:
    """At 0, 0.25, 0.5 ... whose plain image scores 0.2 and whose best 1."""
    at = [AtWeight(0.25 * n, (seen(0.25 * n, raw, outside=outside * n),)) for n, raw in enumerate(raws)]
    at[-1] = AtWeight(at[-1].weight, (replace(at[-1].seen[0], **of_last),))  # type: ignore[arg-type]
    return Rungs(tuple(at), {7: Calibration(0.2, 1.0, 0.02, 0.9)}, {7: 0.0}, WANTED)


def test_the_least_weight_meets_level_body_and_hands_at_every_seed() -> None:
    assert rungs(0.2, 0.5, 0.8).least is not None
    assert rungs(0.2, 0.5, 0.8).chosen.weight == 0.5
    assert rungs(0.2, 0.5, 0.75).least is None
    assert rungs(0.2, 0.5, 0.9, faults=("no head",)).failing(rungs(0.2, 0.5, 0.9, faults=("no head",)).at[-1]) == ["not sound"]
    assert rungs(0.2, 0.5, 0.9, hands=0.2).least is None
    two = rungs(0.2, 0.9)
    both = replace(two, at=(two.at[0], AtWeight(0.25, (two.at[1].seen[0], seen(0.25, 0.3, seed=8)))))
    both = replace(both, calibrations={**two.calibrations, 8: Calibration(0.2, 1.0, 0.02, 0.9)}, plain_hands={7: 0.0, 8: 0.0})
    assert both.failing(both.at[1]) == ["shows too little"]


def test_what_is_told_without_a_good_weight_is_the_one_that_shows_most_and_is_sound() -> None:
    found = rungs(0.2, 0.6, 0.7, faults=("no head",))
    assert (found.least, found.chosen.weight) == (None, 0.25)


def test_the_least_epoch_and_of_equal_ones_the_one_that_leaks_least() -> None:
    early, late, clean = rungs(0.2, 0.5, 0.9), rungs(0.2, 0.9, 0.95), rungs(0.2, 0.9, 0.95, outside=1.0)
    assert least_epoch([early, late]) == 1
    assert least_epoch([early, late, clean]) == 2
    assert least_epoch([rungs(0.2, 0.3), rungs(0.2, 0.4)]) is None
    assert told_epoch([rungs(0.2, 0.3), rungs(0.2, 0.4), rungs(0.2, 0.25)]) == 1


def thing(faces: list[list[float]]) -> Thing:
    references = References("clothing", ((1.0, 0.0),))
    return Thing(references, Photos(np.eye(2, dtype=np.float32), np.array(faces, np.float32)), None)  # type: ignore[arg-type]


def test_one_best_image_calibrates_all_epochs() -> None:
    members = [rungs(0.2, 0.5).at, rungs(0.2, 0.9, faults=("no head",)).at]
    assert calibrations_of(members, {7: 0.1}, thing([[1, 0]]))[7].one == 0.5


def causes(**changes: object) -> Causes:
    quiet = Causes(0.5, 8.0, {"head": 8.0}, 0.5, 7.9, 0.0, None, {})
    return replace(quiet, **changes)  # type: ignore[arg-type]


def test_each_cause_is_told_by_what_was_measured_of_it() -> None:
    assert causes().found() == []
    assert causes(words=4.0).found() == ["words"]
    assert causes(without_text=2.0).found() == ["text encoder"]
    assert causes(words=3.0, without_text=1.0).found() == ["text encoder", "words"]
    assert causes(without_text=None).by_text is None
    assert causes(without_text=9.0).found() == []
    assert causes(moved=0.06).found() == ["pose"]
    assert causes(carried=(0.1, 0.3, 0.6)).found() == ["faces of its photos"]
    assert causes(leak=0.0, words=0.0).by_words == 0


def test_causes_are_medians_over_seeds() -> None:
    words = AtWeight(0.0, (seen(0.0, 0.2, outside=1.0, carried=0.1),))
    at = AtWeight(0.5, tuple(seen(0.5, 0.9, seed, outside=leak, carried=0.3) for seed, leak in ((7, 4.0), (8, 6.0))))
    found = causes_of(at, words, None, thing([[1, 0], [0.6, 0.8]]))
    assert (found.leak, found.words, found.without_text) == (5.0, 1.0, None)
    assert found.carried == pytest.approx((0.1, 0.3, 0.6))
    assert found.likeness == {"head": (0.9, 0.9)}
