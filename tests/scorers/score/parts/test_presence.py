"""Parts that photos share, and how much of them an image shows."""

from __future__ import annotations

import pytest

from models.boxes import ShareBox
from models.errors import InputError
from scorers.observe.colours.cells import read_cells
from scorers.observe.observation import Region
from scorers.observe.references import References
from scorers.score.garment import garment_similarity, leave_one_out
from scorers.score.parts.presence import colour_there, parts_similarity, presence
from scorers.score.parts.template import template_of
from tests.scorers.score.parts.doll import dress

PHOTOS = (dress(),) * 5


def region(cells: str) -> Region:
    return Region(0.2, ShareBox(0, 0, 1, 1), (1.0, 0.0), (1.0, 0.0), cells)


def references(cells: tuple[str, ...] = PHOTOS) -> References:
    return References("clothing", ((1.0, 0.0),) * len(cells), ((1.0, 0.0),) * len(cells), cells=cells)


def test_photos_share_their_colours_by_place() -> None:
    template = template_of(PHOTOS)
    assert template is not None
    assert sorted(part.name for part in template.parts) == ["black", "pink", "white", "yellow"]


def test_what_photos_do_not_share_is_no_part() -> None:
    mixed = tuple(dress(hem=colour) for colour in ("white", "red", "blue", "purple", "grey"))
    template = template_of(mixed)
    assert template is not None
    assert sorted(part.name for part in template.parts) == ["black", "pink", "yellow"]


def test_a_band_is_apart_from_a_strap_of_its_colour() -> None:
    template = template_of((dress(belt="yellow"),) * 3)
    assert template is not None
    assert [part.name for part in template.parts].count("yellow") == 2


def test_photos_that_the_edge_cuts_off_do_not_count_while_whole_ones_are_left() -> None:
    template = template_of((dress(), dress(), *(dress(hem="red", cut=True),) * 4))
    assert template is not None
    assert "white" in [part.name for part in template.parts]
    assert template_of(("", "")) is None


def test_every_missing_trim_costs_alike_however_small() -> None:
    whole = parts_similarity(dress(), PHOTOS)
    assert whole == pytest.approx(1, abs=0.03)
    lost = [parts_similarity(cells, PHOTOS) for cells in (dress(belt=None), dress(hem=None), dress(mark=None))]
    assert lost == pytest.approx([0.75] * 3, abs=0.08)
    assert parts_similarity(dress("blue", None, None, None), PHOTOS) == pytest.approx(0, abs=0.05)


def test_grey_is_not_white() -> None:
    template = template_of(PHOTOS)
    assert template is not None
    white = next(part for part in template.parts if part.name == "white")
    assert presence(white, read_cells(dress(hem="grey"))) < 0.6
    assert colour_there(white, read_cells(dress(hem="grey"))) == "grey"


def test_a_garments_score_counts_its_parts() -> None:
    scores = [garment_similarity(region(cells), references()) for cells in (dress(), dress(hem=None), dress("blue", None, None))]
    assert scores[0] > scores[1] + 0.05 > scores[2] + 0.1
    assert leave_one_out(references()) == pytest.approx([scores[0]] * 5)


def test_photos_that_share_no_part_leave_the_whole_to_decide() -> None:
    other = tuple(dress(colour, None, None, None) for colour in ("pink", "blue", "red", "grey", "yellow"))
    assert parts_similarity(dress(), other) is None
    assert garment_similarity(region(dress()), references(other)) == pytest.approx(1)


def test_an_image_observed_without_its_parts_is_refused() -> None:
    with pytest.raises(InputError, match="without its parts"):
        garment_similarity(region(""), references())
