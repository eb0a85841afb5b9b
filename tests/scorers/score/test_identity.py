from __future__ import annotations

import pytest
from hypothesis import given

from scorers.observe.references import References
from scorers.score.identity import identity_similarity, leave_one_out
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import share


@given(share)
def test_a_face_scores_its_cosine(value: float) -> None:
    assert identity_similarity(observation_of(Shown(face=value)).face, references_of("face")) == pytest.approx(value)


def test_no_face_scores_0() -> None:
    assert identity_similarity(None, references_of("face")) == 0


def test_an_opposite_face_scores_0() -> None:
    opposite = References("face", ((-1.0, 0.0),))
    assert identity_similarity(observation_of(Shown(face=1)).face, opposite) == 0


def test_one_odd_reference_does_not_decide() -> None:
    odd = References("face", ((1.0, 0.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)))
    assert identity_similarity(observation_of(Shown(face=1)).face, odd) == pytest.approx(1 / 3)
    assert leave_one_out(odd)[0] == 0
