"""The seam to what observes images: the Observer protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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
