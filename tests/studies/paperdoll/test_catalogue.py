"""The names that the lab's base knows: each stands for one person, garment or pair of shoes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.world import catalogue
from studies.paperdoll.world.captions import Wording, caption, garment_tags, tags
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import WORN
from studies.paperdoll.world.wardrobe import RESERVED


def test_no_two_things_share_a_name() -> None:
    assert len(set(catalogue.names())) == sum(catalogue.COUNTS.values())


def test_no_product_and_no_mark_of_one_has_a_name() -> None:
    named = {*catalogue.people().values(), *catalogue.garments().values(), *catalogue.shoes().values()}
    assert not named & set(WORN.values())
    assert not RESERVED & {g.emblem for g in catalogue.garments().values()}
    assert not RESERVED & {p.pin for p in catalogue.people().values()}


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_name_stands_for_its_tags_in_a_caption(seed: int) -> None:
    rng = np.random.default_rng(seed)
    figure = random_figure(rng)
    words = caption(figure, rng, Wording(named=1.0)).split(", ")
    assert set(words) <= {*tags(figure), *catalogue.names_of(figure).values()}
    name = catalogue.names_of(figure).get("garment")
    assert (name in words) if name is not None else set(garment_tags(figure.garment)) <= set(words)


def test_names_are_used_only_when_asked_for() -> None:
    rng = np.random.default_rng(3)
    names = set(catalogue.names())
    for _ in range(50):
        assert not names & set(caption(random_figure(rng), rng).split(", "))


def test_the_base_reads_every_name_as_one_word() -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(WEIGHTS / "base" / "tokenizer")
    assert {len(tokenizer(name, add_special_tokens=False).input_ids) for name in catalogue.names()} == {1}
