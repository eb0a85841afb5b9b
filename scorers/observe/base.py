"""The seams to what observes images, and to what names the parts of a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.references import References


class Observer(Protocol):
    """Turns images into raw observations. It judges nothing: scorers.score does, from stored observations.

    Evaluators call `observe` once for each new image, workers and `huanhua score` likewise; studies call `references_of` once
    for each set of reference photos. Calls come from one thread at a time.

    An observer is a pure function of the image: the same image gives the same observation, alone or in a batch, up to the
    rounding of the models. It accepts images of any mode and size from one pixel on, and leaves them as they are.
    `scorers.testing.observer_conformance` checks all of this.
    """

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        """One observation an image, in order. What an image does not show is absent from its observation, never an error."""

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        """What reference photos show of a LoRA of `kind`, comparable with observations of the same observer.

        `boxes` are where the thing is in each photo, where that is recorded; an observer that finds it itself may ignore them.
        Raises InputError if no photo shows it.
        """


class PartSource(Protocol):
    """Names the part of a figure that each pixel shows: a part parser, or a whole-body pose with what can be told from it.

    The names are those of `scorers.observe.parts`. It is a pure function of the image.
    """

    @property
    def labels(self) -> Mapping[int, str]:
        """The name of each label index; 0 is the background."""

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        """For each RGB image, in order, a map (height, width) of label indices at the image's own size."""
