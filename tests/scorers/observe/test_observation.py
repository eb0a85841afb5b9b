from __future__ import annotations

import json

import pytest
from hypothesis import given

from models.errors import InputError
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import shown

OLD = Observation((128, 192)).to_json()


@given(shown)
def test_an_observation_survives_storage(image: Shown) -> None:
    observation = observation_of(image)
    assert Observation.from_json(json.loads(json.dumps(observation.to_json()))) == observation


@pytest.mark.parametrize("stored", [{}, {"format": 99}, {**OLD, "format": 1}, {"format": 1, "size": "x"}])
def test_foreign_json_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not a stored observation"):
        Observation.from_json(stored)


@pytest.mark.parametrize("kind", ["face", "clothing", "shoes"])
def test_references_survive_storage(kind: str) -> None:
    references = references_of(kind)  # type: ignore[arg-type]
    assert References.from_json(json.loads(json.dumps(references.to_json()))) == references


def test_foreign_references_are_refused() -> None:
    with pytest.raises(InputError, match="not stored references"):
        References.from_json({"kind": "hat"})


def test_no_usable_photo_is_refused() -> None:
    with pytest.raises(InputError, match="no face found"):
        References("face", ())
