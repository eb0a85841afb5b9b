from __future__ import annotations

import pytest
from hypothesis import given

from scorers.testing.fake_observer import FakeObserver, Shown, picture_of, read_picture
from scorers.testing.pictures import shown


@given(shown)
def test_a_picture_carries_what_it_shows(image: Shown) -> None:
    back = read_picture(picture_of(image))
    for name in ("clothing", "shoes", "face", "hands", "shift"):
        given_, read = getattr(image, name), getattr(back, name)
        assert (read is None) == (given_ is None)
        if given_ is not None:
            assert read == pytest.approx(given_, abs=1 / 127)
    assert (back.feet, back.heads) == (image.feet, image.heads)


def test_it_counts_what_it_was_shown() -> None:
    observer = FakeObserver()
    assert len(observer.observe([picture_of(Shown())] * 3)) == 3
    assert observer.observed == 3
    assert observer.references_of([], "shoes").kind == "shoes"
