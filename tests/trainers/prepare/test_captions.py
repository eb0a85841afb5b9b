from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from trainers.prepare.captions import Variety, beside, compose, varied, without
from trainers.prepare.tagger import ZeroShotTagger


def test_the_trigger_comes_first_and_once() -> None:
    assert compose("testdress", ["a", "testdress", "a"]) == "testdress, a"


def test_varied_captions_keep_the_trigger_in_front() -> None:
    rng = np.random.default_rng(0)
    said = {varied("testdress, a, b,, c", Variety(), rng) for _ in range(50)}
    assert len(said) == 6
    assert all(s.startswith("testdress, ") for s in said)
    assert varied("testdress", Variety(), rng) == "testdress"
    assert varied("testdress, a, b", Variety(shuffle=False), rng) == "testdress, a, b"


def test_a_trigger_may_come_anywhere_but_never_goes() -> None:
    rng = np.random.default_rng(0)
    said = [varied("testdress, a, b", Variety(keep=0, tag_dropout=0.5), rng).split(", ") for _ in range(100)]
    assert all("testdress" in tags for tags in said)
    assert {tags.index("testdress") for tags in said} == {0, 1, 2}
    assert {len(tags) for tags in said} == {1, 2, 3}


def test_other_words_are_said_behind_what_is_kept() -> None:
    rng = np.random.default_rng(0)
    said = [beside("testdress, a, b", ["myface"], 1, rng).split(", ") for _ in range(60)]
    assert {tags.index("myface") for tags in said} == {1, 2, 3}
    assert all([tag for tag in tags if tag != "myface"] == ["testdress", "a", "b"] for tags in said)
    assert beside("", ["myface"], 1, rng) == "myface"


@pytest.mark.parametrize(("colour", "expected"), [("red", [["red dress"]]), ("blue", [["blue dress"]]), ("black", [[]])])
def test_zero_shot_tags_only_what_is_clear(colour: str, expected: list[list[str]]) -> None:
    axes = {"red dress": (1, 0, 0), "blue dress": (0, 0, 1), "hat": (0, 1, 0), "nothing": (1, 0, 1)}
    tagger = ZeroShotTagger(
        embed_images=lambda images: np.array([i.resize((1, 1)).getpixel((0, 0)) for i in images], dtype=float),
        embed_texts=lambda texts: np.array([axes[t] for t in texts], dtype=float),
        groups={"dress": ("red dress", "blue dress"), "hat": ("hat", "!nothing")},
    )
    assert tagger.tag([Image.new("RGB", (4, 4), colour)]) == expected
    assert tagger.tag([]) == []


@pytest.mark.parametrize("shuffle", [True, False])
def test_triggers_of_other_loras_are_said_in_half_of_the_captions(shuffle: bool) -> None:
    rng = np.random.default_rng(0)
    variety = Variety(shuffle=shuffle, beside=("myface", "myshoes"))
    said = [varied("testdress, a, b", variety, rng).split(", ") for _ in range(400)]
    assert all(tags[0] == "testdress" and {"a", "b"} <= set(tags) and len(tags) == len(set(tags)) for tags in said)
    for word in variety.beside:
        assert 160 < sum(word in tags for tags in said) < 240
        assert {tags.index(word) for tags in said if word in tags} >= {1, 2, 3}


def test_a_caption_without_its_trigger() -> None:
    assert without("dress, pink, long dress", "dress") == "pink, long dress"
    assert without("pink,  dress", "dress") == "pink"
    assert without("dress", "dress") == ""
