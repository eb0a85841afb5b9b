from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.errors import InputError
from scorers.score.calibration import Calibration, calibrate, noise_of
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import share


@given(share, share, share, share)
def test_0_is_without_and_1_is_the_ladders_best(zero: float, one: float, a: float, b: float) -> None:
    assume(one - zero > 0.05)
    found = Calibration(zero, one, 0.05, 1.0)
    assert found.calibrated(zero) == 0
    assert found.calibrated(one) == pytest.approx(1)
    low, high = sorted((a, b))
    assert 0 <= (found.calibrated(low) or 0) <= (found.calibrated(high) or 0)


def test_more_than_the_ladder_is_more_than_1() -> None:
    assert Calibration(0.2, 0.6, 0.02, 1).calibrated(0.8) == pytest.approx(1.5)


@given(share, st.floats(0, 0.1), share)
def test_a_range_within_the_noise_is_no_score(zero: float, noise: float, raw: float) -> None:
    found = Calibration(zero, zero + noise * 0.99, noise, 1.0)
    assert not found.measurable
    assert found.calibrated(raw) is None


def test_it_is_built_from_the_plain_image_and_the_ladder() -> None:
    ladder = [observation_of(Shown(clothing=v)) for v in (0.3, 0.8, 0.7)]
    found = calibrate(references_of("clothing"), observation_of(Shown(clothing=0.2)), ladder)
    assert [found.zero, found.one] == pytest.approx([0.2, 0.8])
    assert found.noise == 0.02
    assert found.measurable
    absent = calibrate(references_of("clothing"), observation_of(Shown(clothing=None)), ladder)
    assert absent.zero == 0


def test_a_face_is_calibrated_alike() -> None:
    found = calibrate(references_of("face"), observation_of(Shown(face=None)), [observation_of(Shown(face=0.9))])
    assert found.zero == 0
    assert found.one == pytest.approx(0.9)


def test_no_ladder_is_refused() -> None:
    with pytest.raises(InputError, match="no image of the LoRA alone"):
        calibrate(references_of("face"), observation_of(Shown()), [])


@given(st.lists(share, max_size=9))
def test_noise_is_never_0(alike: list[float]) -> None:
    assert 0.02 <= noise_of(alike) <= 0.5


@given(share, share, share, share)
def test_it_survives_storage(zero: float, one: float, noise: float, references: float) -> None:
    found = Calibration(zero, one, noise, references)
    assert Calibration.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_foreign_json_is_refused() -> None:
    with pytest.raises(InputError, match="not a stored calibration"):
        Calibration.from_json({"zero": 0})
