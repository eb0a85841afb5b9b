from __future__ import annotations

import json
from dataclasses import replace

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


def test_cells_survive_storage_and_leave_no_trace_where_there_are_none() -> None:
    plain = observation_of(Shown(clothing=0.5, face=0.5))
    assert "cells" not in json.dumps(plain.to_json())
    assert plain.face is not None
    regions = {kind: replace(region, cells="grid") for kind, region in plain.regions.items()}
    observation = replace(plain, regions=regions, face=replace(plain.face, cells="head"))
    assert Observation.from_json(json.loads(json.dumps(observation.to_json()))) == observation
    references = replace(references_of("clothing"), cells=("grid",))
    assert References.from_json(json.loads(json.dumps(references.to_json()))) == references
    two = replace(references, embeddings=references.embeddings * 2, colours=references.colours * 2, cells=("one", "two"))
    assert two.without(0).cells == ("two",)
