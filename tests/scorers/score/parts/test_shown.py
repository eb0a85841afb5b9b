"""What an image shows in words."""

from __future__ import annotations

from dataclasses import replace

from models.boxes import ShareBox
from scorers.observe.observation import Observation, Region
from scorers.observe.references import References
from scorers.score.parts.shown import ShownPart, in_words, shown_parts
from tests.scorers.score.parts.doll import dress

TAGS = ("1girl", "pink dress", "black belt", "white hem", "yellow heart", "striped background", "smile", "red collar")
REFERENCES = References("clothing", ((1.0,),) * 4, ((1.0,),) * 4, cells=(dress(),) * 4, tags=TAGS)


def shown(cells: str, references: References = REFERENCES) -> dict[str, ShownPart]:
    region = Region(0.2, ShareBox(0, 0, 1, 1), (1.0,), (1.0,), cells)
    return {part.name: part for part in shown_parts(Observation((8, 12), {"clothing": region}), references)}


def test_parts_have_the_names_that_captions_give_them() -> None:
    found = shown(dress())
    assert list(found) == ["pink dress", "black belt", "white hem", "yellow heart"], "a collar that no photo shows is not listed"
    assert {part.answer for part in found.values()} == {"yes"}


def test_a_missing_part_is_no_and_the_colour_in_its_place_is_named() -> None:
    hem = shown(dress(hem=None))["white hem"]
    assert hem.answer == "no"
    assert hem.text() == "white hem no (pink where the photos are white)"
    assert in_words(tuple(shown(dress(hem=None)).values())).startswith("pink dress yes, black belt yes, white hem no (")


def test_another_colour_is_no_and_one_between_is_unsure() -> None:
    assert shown(dress(hem="grey"))["white hem"].text() == "white hem no (grey where the photos are white)"
    assert shown(dress(hem="pinkish"))["white hem"].answer == "unsure"


def test_without_captions_parts_are_named_by_colour_and_place() -> None:
    found = list(shown(dress(), replace(REFERENCES, tags=())))
    assert found == ["pink middle", "black middle", "white lower edge", "yellow mark, middle"]


def test_everything_is_unsure_where_the_pictures_edge_cuts_the_garment_off() -> None:
    assert {part.answer for part in shown(dress(hem=None, cut=True)).values()} == {"unsure"}


def test_an_absent_garment_shows_nothing_of_it() -> None:
    assert {part.answer for part in shown_parts(Observation((8, 12)), REFERENCES)} == {"no"}


def test_nothing_is_listed_where_parts_are_not_compared() -> None:
    assert shown_parts(Observation((8, 12)), replace(REFERENCES, cells=())) == ()
