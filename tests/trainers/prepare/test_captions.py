from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from trainers.prepare.captions import compose, without_trigger
from trainers.prepare.tagger import ZeroShotTagger


def test_the_trigger_comes_first_and_once() -> None:
    assert compose("testdress", ["a", "testdress", "a"]) == "testdress, a"


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


def test_a_caption_without_its_trigger() -> None:
    assert without_trigger("dress, pink, long dress", "dress") == "pink, long dress"
    assert without_trigger("pink,  dress", "dress") == "pink"
    assert without_trigger("dress", "dress") == ""
