from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.lora_kinds import LoraKind
from models.vision.part_parser import open_parser
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import wear
from studies.training.part_locator import PartLocator
from trainers.testing.prepare_suites import LocatorSuite

KINDS: tuple[LoraKind, ...] = ("face", "clothing", "shoes", "other")


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    figures = [wear(random_figure(np.random.default_rng(seed)), "testdress") for seed in (1, 2)]
    return [draw(figure, (256, 384)).image for figure in figures]


@pytest.fixture(scope="module", params=KINDS)
def locator(request: pytest.FixtureRequest) -> PartLocator:
    return PartLocator(open_parser(str(WEIGHTS / "parser")), request.param)


class TestPartLocator(LocatorSuite):
    def test_the_thing_is_part_of_its_wearer(self, locator: PartLocator, images: Sequence[Image.Image]) -> None:
        for located in locator.locate(images):
            assert located.doubt is None
            assert located.thing is not None
            assert located.wearer is not None
            assert (located.thing == located.wearer) == (locator.kind == "other")

    def test_an_empty_picture_is_in_doubt(self, locator: PartLocator) -> None:
        (located,) = locator.locate([Image.new("RGB", (256, 384), "white")])
        assert located.doubt == "no person found"


class Touching:
    """Two people arm in arm, as a parser labels them: one piece with two heads."""

    labels: Mapping[int, str] = {0: "background", 1: "face", 2: "dress"}

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        labels = np.zeros((200, 200), np.uint8)
        labels[60:180, 20:180] = 2
        for left in (40, 120):
            labels[20:60, left : left + 30] = 1
        return [labels for _ in images]


def test_two_people_who_touch_are_more_than_one_person() -> None:
    (located,) = PartLocator(Touching(), "clothing").locate([Image.new("RGB", (200, 200))])
    assert located.doubt == "more than one person"
