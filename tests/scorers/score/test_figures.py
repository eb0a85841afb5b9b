"""Scores of several people: the image is as good as its worst figure, and nobody wears another's face."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.score.calibration import Calibration, ladder_faults, similarity
from scorers.score.constraints import constraint_names, constraints_of, limits_of
from scorers.score.other_faces import distinct_name
from scorers.score.requirements import Requirements
from scorers.score.scores import Scores, score
from scorers.score.soundness import soundness_of
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import shown

KINDS: dict[str, ScoredKind] = {"face": "face", "dress": "clothing", "face2": "face"}
REFERENCES = {
    "face": replace(references_of("face"), figure="anna"),
    "dress": replace(references_of("clothing"), figure="anna"),
    "face2": replace(references_of("face"), figure="bea"),
}
CALIBRATIONS = {name: Calibration(0.2, 0.8, 0.05, 1.0) for name in KINDS}


def both(anna: Shown, bea: Shown) -> Observation:
    return replace(observation_of(anna), figures={"anna": observation_of(anna), "bea": observation_of(bea)})


LOCKED = both(Shown(), Shown())


def scored(image: Observation) -> Scores:
    return score(image, REFERENCES, CALIBRATIONS, KINDS, LOCKED)


@given(shown, shown)
def test_each_lora_is_looked_for_on_its_own_figure(anna: Shown, bea: Shown) -> None:
    found = scored(both(anna, bea))
    assert found.raw["dress"] == similarity(observation_of(anna), REFERENCES["dress"])
    assert found.raw["face2"] == similarity(observation_of(bea), REFERENCES["face2"])
    hands = [scored(both(one, one)).graded["hands"] for one in (anna, bea)]
    assert found.graded["hands"] == max(hands)
    counts = [len(scored(both(*pair)).counted["body"]) for pair in ((anna, Shown()), (Shown(), bea))]
    assert len(found.counted["body"]) == sum(counts)
    assert found.face_found == (anna.face is not None and bea.face is not None)


def test_faults_name_the_figure() -> None:
    image = both(Shown(), Shown(heads=2))
    assert scored(image).counted["body"] == ("bea: 2 heads",)
    assert ladder_faults(image, LOCKED) == ("bea: 2 heads",)
    assert soundness_of(image).faults == ("bea: 2 heads",)
    assert soundness_of(LOCKED).faults == ()


def test_whoever_wears_anothers_face_breaks_a_constraint_of_her_own() -> None:
    image = both(Shown(face=0.4), Shown(face=0.9))
    # The fake's references of a face are one person: bea's photos and anna's say the same of each picture.
    assert scored(image).other_faces == {"face": 0.0, "face2": 0.0}
    stranger = replace(REFERENCES["face2"], embeddings=tuple(tuple(-x for x in v) for v in REFERENCES["face2"].embeddings))
    apart = score(image, {**REFERENCES, "face2": stranger}, CALIBRATIONS, KINDS, LOCKED)
    assert apart.other_faces["face"] == pytest.approx(-0.4, abs=1e-6)
    assert apart.other_faces["face2"] == pytest.approx(0.9, abs=1e-6)
    requirements = Requirements({"face": 0.0}, distinct=("face", "face2"))
    limits = limits_of(requirements, LOCKED)
    found = {c.name: c for c in constraints_of(apart, requirements, limits)}
    assert set(found) == constraint_names(requirements, limits)
    assert not found[distinct_name("face")].violated
    assert found[distinct_name("face2")].violated


def test_one_figures_faces_are_not_compared() -> None:
    alone = {name: replace(references, figure=None) for name, references in REFERENCES.items()}
    assert score(LOCKED, alone, CALIBRATIONS, KINDS, LOCKED).other_faces == {}
