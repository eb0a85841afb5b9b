"""Hair counts where photos agree on it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.boxes import PixelBox, ShareBox
from models.errors import InputError
from scorers.observe.colours.cells import head_cells, stored_cells
from scorers.observe.observation import FaceSeen, Observation
from scorers.observe.references import References
from scorers.score.identity import HAIR, identity_doubts, identity_similarity, leave_one_out
from scorers.score.parts.hair import hair_of, hair_similarity

SKIN = (246, 204, 168)


def head(hair: str, side: int = 100) -> str:
    """A face in a cap of hair."""
    image, mask = Image.new("RGB", (side, side), "white"), Image.new("1", (side, side))
    for pen, cap, skin in ((ImageDraw.Draw(image), hair, SKIN), (ImageDraw.Draw(mask), 1, 1)):
        pen.ellipse([side * v for v in (0.2, 0.1, 0.8, 0.8)], fill=cap)
        pen.ellipse([side * v for v in (0.36, 0.35, 0.64, 0.75)], fill=skin)
    box = PixelBox(*(side * v for v in (0.36, 0.35, 0.64, 0.75)))
    return stored_cells(head_cells(image, np.asarray(mask), box))


def face(cells: str, score: float = 0.9) -> FaceSeen:
    return FaceSeen(ShareBox(0.3, 0.3, 0.7, 0.7), score, (1.0, 0.0), cells)


def references(*hair: str) -> References:
    return References("face", ((1.0, 0.0),) * len(hair), cells=tuple(head(colour) for colour in hair))


def test_other_hair_than_the_photos_costs_its_share() -> None:
    teal = references(*["teal"] * 4)
    assert [part.name for part in hair_of(teal.cells)] == ["teal"]
    assert identity_similarity(face(head("teal", 300)), teal) == pytest.approx(1, abs=0.03)
    assert identity_similarity(face(head("blue")), teal) == pytest.approx(1 - HAIR, abs=0.03)
    assert leave_one_out(teal) == pytest.approx([1] * 4, abs=0.03)


def test_photos_with_several_hairs_leave_the_face_alone_to_decide() -> None:
    mixed = references("teal", "red", "blue", "black", "yellow")
    assert hair_similarity(head("teal"), mixed.cells) is None
    assert identity_similarity(face(head("green")), mixed) == pytest.approx(1)


def test_a_face_observed_without_its_head_is_refused() -> None:
    with pytest.raises(InputError, match="without its head"):
        identity_similarity(face(""), references("teal", "teal"))


def test_a_recogniser_that_is_unsure_says_why() -> None:
    alike = References("face", ((1.0, 0.0),) * 3)
    apart = References("face", ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    assert identity_doubts(Observation((8, 8), face=face("")), alike) == ()
    assert identity_doubts(Observation((8, 8)), apart) == ()
    [doubt] = identity_doubts(Observation((8, 8), face=face("", 0.55)), alike)
    assert doubt == "the detector is only 0.55 sure that it is a face: drawn, covered or broken"
    [doubt] = identity_doubts(Observation((8, 8), face=face("")), apart)
    assert doubt == "the photos agree by 0.00 among themselves, as drawn faces and children do"
