"""The suite of observers, run by all of ours; and it finds what breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from models.vision.clip import open_clip_model
from models.vision.faces import open_faces
from scorers.observe.base import Observer
from scorers.observe.observation import Observation
from scorers.observe.window_observer import WindowObserver
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of
from scorers.testing.observer_conformance import observer_faults
from studies.observers.opening import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    figures = [random_figure(np.random.default_rng((11, i))) for i in range(3)]
    return [draw(replace(f, pose=replace(f.pose, arms="arms spread", sitting=False))).image for f in figures]


def test_the_observer_with_a_part_parser(photos: list[Image.Image]) -> None:
    assert observer_faults(open_observer(scorers(), WEIGHTS), photos) == []


def test_the_observer_without_one(photos: list[Image.Image]) -> None:
    observer = WindowObserver(open_clip_model(str(WEIGHTS / "clip")), open_faces(WEIGHTS / "faces"), None)
    assert observer_faults(observer, photos) == []


def test_the_fake() -> None:
    assert observer_faults(FakeObserver(), shown()) == []


def shown() -> list[Image.Image]:
    return [picture_of(Shown(0.8, 0.7, 0.9, 0.1)), picture_of(Shown(0.6, 0.9, 0.8, 0.2))]


class Wrong(FakeObserver):
    """Observes the number of images, and draws on them."""

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        found = super().observe(images)
        for image in images:
            image.putpixel((0, 0), 255 if image.mode == "L" else (255,) * len(image.getbands()))
        return [replace(observation, heads=len(images)) for observation in found]


def test_what_breaks_it_is_named() -> None:
    wrong: Observer = Wrong()
    faults = "\n".join(observer_faults(wrong, shown()))
    assert "it was changed" in faults
    assert "a batch differs from the image alone" in faults
