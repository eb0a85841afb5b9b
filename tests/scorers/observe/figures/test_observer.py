"""Each of several people is looked at by herself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from scorers.observe.figures.observer import FiguresObserver
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.testing.fake_observer import Shown, observation_of, references_of

LABELS = {0: "background", 1: "face", 2: "dress"}
GROUND, FACE, RED, BLUE = (10, 200, 10), (250, 220, 200), (200, 0, 0), (0, 0, 200)


def picture(*dresses: tuple[int, int, int]) -> Image.Image:
    """A person in each dress, from left to right."""
    found = np.full((60, 40 * max(1, len(dresses)), 3), GROUND, np.uint8)
    for i, dress in enumerate(dresses):
        found[5:20, 40 * i + 10 : 40 * i + 30] = FACE
        found[20:55, 40 * i + 10 : 40 * i + 30] = dress
    return Image.fromarray(found)


class ByColour:
    labels = LABELS

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        pixels = [np.asarray(image) for image in images]
        return [np.where((p == FACE).all(-1), 1, np.where((p == GROUND).all(-1), 0, 2)).astype(np.uint8) for p in pixels]


class Reds:
    """Sees as much of clothing as there is red, and keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Image.Image] = []

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        self.seen += images
        shares = [float((np.asarray(image) == RED).all(-1).mean()) for image in images]
        return [observation_of(Shown(clothing=share), image.size) for share, image in zip(shares, images, strict=True)]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        return references_of(kind)


def test_each_figure_is_seen_with_the_others_painted_over() -> None:
    wide = Reds()
    observer = FiguresObserver(Reds(), wide, ByColour(), ("anna", "bea"))
    both, alone, flat = observer.observe([picture(RED, BLUE), picture(BLUE), Image.new("RGB", (80, 60))])
    assert list(both.figures) == ["anna", "bea"]
    assert both.of("anna").regions == both.regions
    assert both.of("bea").regions != both.regions
    left, right = (np.asarray(image) for image in wide.seen[3:5])
    assert (left[:, 40:] == GROUND).all()
    assert (right[:, :40] == GROUND).all()
    assert alone.of("anna").heads == 1
    assert alone.of("bea") == Observation((40, 60))
    assert flat.of("anna").heads == flat.of("bea").heads == 0


def test_an_observation_of_figures_is_stored_and_read() -> None:
    (both,) = FiguresObserver(Reds(), Reds(), ByColour(), ("anna", "bea")).observe([picture(RED, BLUE)])
    assert Observation.from_json(both.to_json()) == both
    assert both.of(None) == both
    assert both.of("nobody") == both
