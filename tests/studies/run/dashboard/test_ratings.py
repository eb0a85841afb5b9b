"""Ratings: what people write at the end of a note is read back, and no later note loses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.run.dashboard.ratings import ASKED, Rating, rating_in, with_rating


@pytest.mark.parametrize(
    ("note", "found"),
    [
        ("", None),
        (f"![x](/y)\n\n{ASKED} ", None),
        (f"![x](/y)\n\n{ASKED} 4", Rating(4)),
        (f"a: b\n{ASKED}4 nice hem\nhands odd", Rating(4, "nice hem hands odd")),
        ("Rating: 4.5/5 sharp", Rating(4.5, "sharp")),
        ("rating 3,5", Rating(None, "rating 3,5")),
        ("RATING: 2,5", Rating(2.5)),
        (f"{ASKED} good", Rating(None, "good")),
        (f"{ASKED} 10", Rating(None, "10")),
        (f"{ASKED} 5.5 stars", Rating(None, "5.5 stars")),
        (f"{ASKED} 0", Rating(None, "0")),
        ("all mine: <b>5</b>", Rating(None, "all mine: <b>5</b>")),
    ],
)
def test_a_rating_is_a_number_from_1_to_5_and_words(note: str, found: Rating | None) -> None:
    assert rating_in(note) == found


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_as_a_rating_or_not_at_all(written: str) -> None:
    rating = rating_in(f"![x](/y)\n\n{ASKED} {written}")
    assert (rating is None) == (not written.strip())
    if rating is not None and rating.stars is not None:
        assert 1 <= rating.stars <= 5


@given(st.text(max_size=60), st.text(alphabet="abc 123\n", max_size=40))
def test_a_note_that_is_written_again_keeps_the_rating(written: str, text: str) -> None:
    first = with_rating("old", "") + written
    again = with_rating(text, first)
    assert again.startswith(text)
    assert rating_in(again) == rating_in(first)
    assert with_rating(text, again) == again


def test_a_note_that_a_person_wrote_anew_stays() -> None:
    assert with_rating("ours", "theirs alone") == "theirs alone"


def test_it_is_printed_in_words() -> None:
    assert [str(r) for r in (Rating(4, "nice"), Rating(None, "nice"), Rating(4.5))] == ["4 of 5 nice", "nice", "4.5 of 5"]
