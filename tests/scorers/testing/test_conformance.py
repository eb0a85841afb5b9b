"""The one suite, over the project's own scorers with the lab's models, over fakes, and over the page's example."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scorers.observe.base import Observer
from scorers.observe.observation import Observation
from scorers.plugins import ImageScorer
from scorers.score.calibration import similarity
from scorers.score.hands import hands_score
from scorers.testing.conformance import faults_of
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of, references_of
from studies.observers.opening import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.products import Product, wear

PAGE = Path(__file__).parents[3] / "docs/scorers.md"


@dataclass(frozen=True)
class Through:
    """A score of observations as a scorer of images."""

    observer: Observer
    read: Callable[[Observation], float]

    def score(self, images: Sequence[Image.Image]) -> list[float]:
        return [self.read(seen) for seen in self.observer.observe(images)]


@pytest.fixture(scope="module")
def observer() -> Observer:
    return open_observer(scorers(), WEIGHTS)


def figures(seed: int, arms: str = "arms spread") -> list[Figure]:
    found = [random_figure(np.random.default_rng((seed, i))) for i in range(4)]
    return [replace(f, pose=replace(f.pose, arms=arms, sitting=False)) for f in found]  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "product"), [("clothing", "testdress"), ("shoes", "myshoes"), ("face", "myface")])
def test_garments_and_faces(observer: Observer, kind: Any, product: Product) -> None:
    references = observer.references_of([draw(wear(f, product)).image for f in figures(1)], kind)
    worn, bare = [draw(wear(f, product)).image for f in figures(2)], [draw(f).image for f in figures(2)]
    assert faults_of(Through(observer, lambda seen: similarity(seen, references)), worn, bare) == []


def test_hands(observer: Observer) -> None:
    whole = figures(3)
    broken = [replace(f, pose=replace(f.pose, hands=("missing", "fused"))) for f in whole]
    scorer = Through(observer, lambda seen: 1 - hands_score(seen))
    assert faults_of(scorer, [draw(f).image for f in whole], [draw(f).image for f in broken]) == []


def test_a_fake() -> None:
    references = references_of("clothing")

    def read(image: Image.Image) -> Shown:
        level = float(np.asarray(image.convert("L")).mean()) / 255
        return Shown(clothing=level)

    scorer = Through(FakeObserver(read), lambda seen: similarity(seen, references))
    assert faults_of(scorer, [Image.new("RGB", (9, 9), "white")], [picture_of(Shown())]) == []


def test_the_pages_example_conforms() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 4, "tests/scorers/test_regions.py has the other three, of regions"
    assert len(code[0].splitlines()) <= 30
    namespace: dict[str, Any] = {}
    exec(code[0], namespace)
    light, dark = Image.new("RGB", (8, 8), (250, 240, 230)), Image.new("RGB", (8, 8), (20, 30, 10))
    assert faults_of(namespace["Bright"](), [light], [dark]) == []


@dataclass
class Wrong:
    """Breaks one rule, named by `way`."""

    way: str
    calls: int = 0

    def score(self, images: Sequence[Image.Image]) -> list[float]:
        self.calls += 1
        levels = [float(np.asarray(image.convert("L")).mean()) / 255 for image in images]
        if self.way == "range":
            return [2 * level for level in levels]
        if self.way == "direction":
            return [1 - level for level in levels]
        if self.way == "batch":
            return [level / max(1, len(levels)) for level in levels]
        if self.way == "order":
            return sorted(levels)
        if self.way == "tiny" and any(image.width < 2 for image in images):
            raise ValueError("too small")
        if self.way == "mode" and any(image.mode == "RGBA" for image in images):
            return [float("nan")]
        return levels


@pytest.mark.parametrize("way", ["range", "direction", "batch", "order", "tiny", "mode"])
def test_whoever_breaks_a_rule_is_caught(way: str) -> None:
    light, dark = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), (40, 40, 40))
    scorer: ImageScorer = Wrong(way)
    assert faults_of(scorer, [light], [dark])
    assert faults_of(Wrong("none"), [light], [dark]) == []
