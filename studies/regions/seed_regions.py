"""The regions of a study's seeds: those a person wrote, and those found on the figure of the seed's locked image.

The locked image is drawn with all LoRAs everywhere, as scouting drew it: before there is a figure there is nothing to place them
on. What the parser saw in it is kept in the workspace, so that regions stay what they were and are known without opening models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.images import open_drawn
from models.language.translate import phrase
from optimizer.evaluate.base import Evaluator
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from studies.file_hashes import cached_hash
from studies.regions.drawn import written_regions
from studies.regions.figure import OTHER, VERSION, part_map, regions_of_parts
from studies.regions.section import WrittenRegion
from studies.regions.stored_map import FOLDER, read_map, store_map
from studies.regions.words import region_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.lora_kinds import ScoredKind
    from optimizer.regions.regions import Mask
    from scorers.observe.base import PartSource
    from studies.regions.figure_places import FigurePlaces
    from studies.regions.section import RegionSection
    from studies.spec import StudySpec
    from studies.workspace import Workspace


@dataclass
class StudyRegions:
    """An `optimizer.evaluate.regional_evaluator.SeedRegions`."""

    spec: StudySpec
    root: Path
    workspace: Workspace
    everywhere: Callable[[], Evaluator]
    """What draws the locked image."""
    parser_id: str
    """Of what finds the parts of a figure."""
    parser: Callable[[], PartSource]
    """Opens it."""
    places: FigurePlaces | None = None
    """Of a study of several people: each LoRA acts within its figure's place."""
    _found: dict[int, Regions] = field(default_factory=dict)

    @property
    def loras(self) -> frozenset[str]:
        return frozenset(self._sections) | (frozenset() if self.places is None else self.places.loras)

    def described(self) -> Mapping[str, str]:
        # A mask that does not open is said to be so before it is hashed.
        _ = self.written
        found: dict[str, str] = {} if self.places is None else dict(self.places.described())
        for lora, region in self._sections.items():
            own = f"{found[lora]}: " if lora in found else ""
            words = own + region_words(region, self.spec.loras[lora].kind)
            if not isinstance(region, WrittenRegion):
                at = ", ".join(f"{name} {weight:g}" for name, weight in sorted(self._start.weights.items()))
                found[lora] = f"{words} of the locked image ({at})" + (f", found as {VERSION}" if VERSION > 1 else "")
            elif region.mask is not None:
                found[lora] = f"{words} ({cached_hash(self.workspace, (self.root / region.mask).expanduser())[:12]})"
            elif region.box is not None:
                found[lora] = f"{words} ({', '.join(f'{side:g}' for side in region.box)})"
        return found

    @property
    def worded(self) -> bool:
        return self.places is not None and self.places.worded

    def where(self, regions: Regions, on: Collection[str]) -> Regions | None:
        return regions.of(on) if self.places is None else self.places.where(regions, on)

    def find(self, seed: int) -> Regions | None:
        if self.places is not None and self.places.masks(seed) is None:
            return None
        if seed not in self._found:
            parts = self._stored_parts(seed) if self._figures else None
            if self._figures and parts is None:
                return None
            self._found[seed] = self._regions(seed, parts)
        return self._found[seed]

    def of(self, seed: int) -> Regions:
        if self.places is not None:
            self.places.of(seed)
        if self.find(seed) is None:
            store_map(self._place(seed), self._seen_parts(seed))
        found = self.find(seed)
        assert found is not None
        return found

    @cached_property
    def written(self) -> dict[str, Mask]:
        """Those of boxes and mask files, the same at every seed. Raises InputError as `written_regions` does."""
        return written_regions(self._sections, self._size, self.root)

    @property
    def rows(self) -> int:
        """Predictions a step of an image with all LoRAs on, where no regions overlap and some of it lies in none."""
        if self.places is not None:
            return self.places.rows + len(self._sections)
        return 1 + len(set(self._figures.values())) + len(self._sections) - len(self._figures)

    @cached_property
    def _sections(self) -> dict[str, RegionSection]:
        return {name: lora.region for name, lora in self.spec.loras.items() if lora.region is not None}

    @cached_property
    def _figures(self) -> dict[str, ScoredKind]:
        """Kinds of the LoRAs whose region is found on the figure."""
        kinds = {name: self.spec.loras[name].kind for name, region in self._sections.items() if region == "auto"}
        return {name: kind for name, kind in kinds.items() if kind != "other"}

    @property
    def _size(self) -> tuple[int, int]:
        return self.spec.render.width, self.spec.render.height

    @property
    def _start(self) -> Point:
        return self.spec.locked()

    def _regions(self, seed: int, parts: NDArray[np.uint8] | None) -> Regions:
        if self.places is None:
            return Regions({**self.written, **({} if parts is None else regions_of_parts(parts, self._figures, seed))})
        places, found = self.places.masks(seed) or {}, dict(self.written)
        for figure, place in places.items():
            kinds = {name: kind for name, kind in self._figures.items() if self.spec.loras[name].figure == figure}
            if parts is not None and kinds:
                found |= regions_of_parts(parts * place, kinds, seed)
        for name, figure in self.places.figures.items():
            found[name] = found[name] & places[figure] if name in found else places[figure]
            if not found[name].any():
                what = phrase(
                    "{name} would act in no pixel of {figure}'s place at seed {seed}", name=name, figure=figure, seed=seed
                )
                raise InputError(what, phrase("loras.{lora}.region", lora=name), "write it where that figure is, or leave it out")
        return Regions(found, self.places.words(places))

    def _seen_parts(self, seed: int) -> NDArray[np.uint8]:
        locked = self.everywhere().evaluate(seed, self._start)
        return part_map(self.parser(), open_drawn(locked.image))

    def _place(self, seed: int) -> Path:
        """Named by all that decides the locked image and what is seen in it."""
        image = self.everywhere().place(Job(seed, self._start)).stem
        parser = hashlib.sha256(self.parser_id.encode()).hexdigest()[:12]
        return self.workspace.root / FOLDER / f"{image}.{parser}.png"

    def _stored_parts(self, seed: int) -> NDArray[np.uint8] | None:
        return read_map(self._place(seed), self._size, OTHER)
