from __future__ import annotations

import pytest
from hypothesis import given

from scorers.observe.references import References
from scorers.score.garment import garment_similarity, leave_one_out
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import share


@given(share)
def test_a_region_scores_what_it_shows(value: float) -> None:
    region = observation_of(Shown(clothing=value)).regions["clothing"]
    assert garment_similarity(region, references_of("clothing")) == pytest.approx(value, abs=1e-6)


@given(share, share)
def test_the_best_reference_counts_and_their_order_does_not(a: float, b: float) -> None:
    region = observation_of(Shown(clothing=a)).regions["clothing"]
    other = observation_of(Shown(clothing=b)).regions["clothing"]
    one = references_of("clothing")
    both = References("clothing", (*one.embeddings, other.embedding), (*one.colours, other.colour))
    turned = References("clothing", both.embeddings[::-1], both.colours[::-1])
    assert garment_similarity(region, both) == garment_similarity(region, turned)
    assert 1 + 1e-9 >= garment_similarity(region, both) >= garment_similarity(region, one)


def test_an_absent_garment_scores_0() -> None:
    assert garment_similarity(None, references_of("shoes")) == 0


def test_leave_one_out_needs_two_photos() -> None:
    one = references_of("clothing")
    assert leave_one_out(one) == []
    two = References("clothing", one.embeddings * 2, one.colours * 2)
    assert leave_one_out(two) == pytest.approx([1, 1])
