"""Where each of several people is at a seed: the parts of the picture in which her LoRAs act.

They are read from an image that the base draws with all LoRAs at 0, the plain image where nobody has words of her own: with
everybody's LoRAs everywhere, nobody would be told from the others. What was seen is kept in the workspace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.io.images import open_drawn
from optimizer.evaluate.base import Evaluator
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions, Words
from scorers.observe.figures.places import VERSION, people_in
from studies.regions.stored_map import FOLDER, read_map, store_map
from studies.regions.words import figure_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from optimizer.regions.regions import Mask
    from scorers.observe.base import PartSource
    from studies.spec import StudySpec
    from studies.workspace import Workspace


@dataclass
class FigurePlaces:
    """An `optimizer.evaluate.regional_evaluator.SeedRegions`: a LoRA that is a figure's acts in her place."""

    spec: StudySpec
    workspace: Workspace
    drawn: Callable[[], Evaluator]
    """What draws the plain image."""
    plain: Callable[[], Point]
    without: Callable[[str, Collection[str]], str]
    """A prompt without the trigger words of these LoRAs."""
    parser_id: str
    parser: Callable[[], PartSource]
    _found: dict[int, dict[str, Mask]] = field(default_factory=dict)

    @property
    def loras(self) -> frozenset[str]:
        return frozenset(self.figures)

    @property
    def figures(self) -> dict[str, str]:
        """By LoRA, whose it is."""
        return {name: lora.figure for name, lora in self.spec.loras.items() if lora.figure is not None}

    @property
    def rows(self) -> int:
        """Predictions a step: one for each figure with LoRAs, and one for those without."""
        dressed = set(self.figures.values())
        return len(dressed) + (len(dressed) < len(self.spec.figures))

    def described(self) -> Mapping[str, str]:
        places = {name: figure_words(figure, list(self.spec.figures)) for name, figure in self.figures.items()}
        found = {name: text + (f", found as {VERSION}" if VERSION > 1 else "") for name, text in places.items()}
        return found | {f"words of {figure}": words for figure, words in self.spec.figure_words().items()}

    def find(self, seed: int) -> Regions | None:
        masks = self.masks(seed)
        return None if masks is None else self._regions(masks)

    def of(self, seed: int) -> Regions:
        if self.masks(seed) is None:
            store_map(self._place(seed), self._seen(seed))
        masks = self.masks(seed)
        assert masks is not None
        return self._regions(masks)

    def masks(self, seed: int) -> dict[str, Mask] | None:
        """By figure, (height, width) of the image, without drawing; together the whole image. None where that is unknown."""
        if seed not in self._found:
            size = self.spec.render.width, self.spec.render.height
            owner = read_map(self._place(seed), size, len(self.spec.figures) - 1)
            if owner is None:
                return None
            self._found[seed] = {name: owner == number for number, name in enumerate(self.spec.figures)}
        return self._found[seed]

    def _regions(self, masks: Mapping[str, Mask]) -> Regions:
        return Regions({name: masks[figure] for name, figure in self.figures.items()}, self.words(masks))

    @property
    def worded(self) -> bool:
        return bool(self.spec.figure_words())

    def where(self, regions: Regions, on: Collection[str]) -> Regions | None:
        """A trigger word is read where its LoRA is on: the plain image reads what is not a LoRA's, as of one person."""
        off = set(self.spec.searched()) - set(on)
        words = {figure: replace(found, text=self.without(found.text, off)) for figure, found in regions.words.items()}
        return Regions(regions.masks, {figure: found for figure, found in words.items() if found.text}).of(on)

    def words(self, masks: Mapping[str, Mask]) -> dict[str, Words]:
        """What is read in each figure's place; `masks` are those of `masks`."""
        return {figure: Words(masks[figure], text) for figure, text in self.spec.figure_words().items()}

    def _seen(self, seed: int) -> NDArray[np.uint8]:
        """The number of the figure that each pixel belongs to. Where fewer people are seen than there are figures, the picture is
        parted evenly: what is then drawn shows whether she comes, and its observation says who does not."""
        image, parser = open_drawn(self.drawn().evaluate(seed, self.plain()).image), self.parser()
        (labels,), count = parser.parse([image]), len(self.spec.figures)
        _, places = people_in(labels, parser.labels, count)
        seen = [place for place in places if place is not None]
        if len(seen) == count:
            return np.asarray(np.argmax(np.stack(seen), axis=0), np.uint8)
        height, width = labels.shape
        return np.broadcast_to((np.arange(width) * count // width).astype(np.uint8), (height, width)).copy()

    def _place(self, seed: int) -> Path:
        """Named by all that decides the plain image and what is seen in it."""
        image = self.drawn().place(Job(seed, self.plain())).stem
        seen = hashlib.sha256(f"{VERSION} {len(self.spec.figures)} {self.parser_id}".encode()).hexdigest()[:12]
        return self.workspace.root / FOLDER / f"{image}.figures-{seen}.png"
