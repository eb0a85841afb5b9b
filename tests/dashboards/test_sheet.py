"""A sheet must show everything it was given: sizes, frames, boxes and text of any script."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from dashboards.fonts import legible
from dashboards.sheet import FRAMES, INK, MARGIN, Cell, LabelledBox, Tone, sheet, shown_size, wrap
from models.boxes import PixelBox
from models.language.translate import phrase, speak
from optimizer.search.verdict import Verdict

RED = Image.new("RGB", (32, 48), "#ff0000")


def _has_colour(image: Image.Image, colour: str) -> bool:
    wanted = np.asarray(Image.new("RGB", (1, 1), colour))[0, 0]
    return bool((np.asarray(image) == wanted).all(axis=2).any())


@pytest.mark.parametrize("tone", ["bad", "plain", "pick"])
def test_the_frame_tells_the_tone(tone: Tone) -> None:
    drawn = sheet([[Cell(RED, ("cost 1.2",), tone)]])
    assert _has_colour(drawn, FRAMES[tone])
    assert _has_colour(drawn, "#ff0000")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_colours_the_frame_and_the_last_line_alone(verdict: Verdict) -> None:
    """A sheet that is filled by its picture but for the frame, and one whose frame is the pick's."""
    framed = sheet([[Cell(RED, (), mark=verdict)]])
    picked = sheet([[Cell(RED, ("a head", verdict.word), "pick", mark=verdict)]])
    assert _has_colour(framed, verdict.colour)
    assert _has_colour(picked, FRAMES["pick"])
    assert _has_colour(picked, verdict.colour)
    assert _has_colour(picked, INK)


def test_every_cell_of_a_ragged_table_is_drawn() -> None:
    colours = ["#0000fe", "#00fe00", "#fe00fe"]
    cells = [Cell(Image.new("RGB", (10, 10), colour)) for colour in colours]
    drawn = sheet([cells[:2], cells[2:]], column_labels=["a", "b"], row_labels=["1", "2"], title="t", footer="f", tall=40)
    assert all(_has_colour(drawn, colour) for colour in colours)


def test_an_absent_picture_leaves_an_empty_place() -> None:
    assert _has_colour(sheet([[Cell(None, ("not rendered",), "bad")]]), "#f3f4f6")


def test_boxes_outside_the_picture_are_cut_to_it() -> None:
    drawn = sheet(
        [[Cell(RED, boxes=(LabelledBox(PixelBox(-50, -50, 500, 500), "all"), LabelledBox(PixelBox(90, 90, 95, 95), "none")))]]
    )
    margin = np.asarray(drawn)[: MARGIN - 8]
    assert (margin == 255).all()


def test_no_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        sheet([[]])


words = st.text(max_size=60)


@settings(max_examples=15, deadline=None)
@given(words, words, words, st.integers(1, 90), st.integers(1, 90))
def test_any_text_fits_within_the_margins(title: str, label: str, line: str, width: int, height: int) -> None:
    cell = Cell(Image.new("RGB", (width, height), "#00ff00"), (line, line), "pick", (LabelledBox(PixelBox(0, 0, 5, 5), label),))
    drawn = np.asarray(sheet([[cell, cell]], title=title, row_labels=[label], column_labels=[label], footer=line, tall=96))
    assert (drawn[:, : MARGIN - 10] == 255).all()
    assert (drawn[:, -(MARGIN - 10) :] == 255).all()
    assert (drawn[: MARGIN - 10] == 255).all()
    assert (drawn[-(MARGIN - 10) :] == 255).all()


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_pictures_are_shown_near_the_wanted_height(width: int, height: int) -> None:
    shown = shown_size(Image.new("1", (width, height)), 384)
    assert max(shown) <= 1.5 * 384
    if max(width, height) <= 384:
        assert shown[0] % width == 0
        assert shown[0] // width == shown[1] // height


def test_chinese_is_drawn_or_replaced() -> None:
    text, font = legible("裙子 dress", 15)
    assert len(text) == 8
    assert font.getlength(text) > 0


def test_a_no_break_space_keeps_a_name_and_its_number_on_one_line() -> None:
    assert wrap("dress\N{NO-BREAK SPACE}0.71  shoes\N{NO-BREAK SPACE}0.40", 120, 15).lines == ("dress 0.71", "shoes 0.40")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80))
def test_a_label_overflows_by_no_letter(text: str) -> None:
    for line in wrap(text, 132, 17).lines:
        shown, font = legible(line, 17)
        assert len(line) <= 1 or font.getlength(shown) <= 132


def test_a_phrase_is_drawn_in_the_language_of_the_process_or_in_english_but_never_as_boxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, chinese = phrase("no tags"), "没有标签"
    own = ImageFont.load_default(15)
    speak("zh")
    try:
        has_font = legible(chinese, 15)[0] == chinese
        assert wrap(text, 400, 15).lines == (chinese if has_font else "no tags",)
        monkeypatch.setattr("dashboards.fonts._fonts", lambda size: (own,))
        assert wrap(text, 400, 15).lines == ("no tags",)
    finally:
        speak("en")
    assert wrap(text, 400, 15).lines == ("no tags",)
