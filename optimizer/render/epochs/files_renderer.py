"""The renderer of studies whose LoRAs have several files: one renderer for each choice of them, so that an image is bit for bit
what a study of those files alone draws."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job, lora_of_key
from optimizer.render.decode import NotDrawn
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.numerical_path import ORDER

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.lora.file import LoraFile
    from optimizer.render.inpainting.base import Redrawing

MOST: Final = 8
"""Choices that stay open; one of them has folded weights."""
Choice = tuple[tuple[str, str], ...]
"""LoRAs that another file than their last one draws, each with that file's `optimizer.point.file_key`."""


@dataclass
class FilesRenderer:
    """`optimizer.render.base.Renderer` over the files of LoRAs by `optimizer.point.file_key`. `make` opens a renderer of one file
    a LoRA."""

    loras: Mapping[str, LoraFile]
    make: Callable[[Mapping[str, LoraFile]], DiffusionRenderer]
    _open: OrderedDict[Choice, DiffusionRenderer] = field(default_factory=OrderedDict, init=False)
    _identity: Mapping[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        last = self._of(())
        found = dict(last.identity())
        if any(file.depends_on_order for file in self.loras.values()):
            found[ORDER] = [name for name in self.loras if lora_of_key(name) == name]
        found["loras"] = {key: file.digest for key, file in sorted(self.loras.items())}
        self._identity = found

    def identity(self) -> Mapping[str, Any]:
        """That of the last files, with the digests of the others under their keys."""
        return self._identity

    def batch(self) -> int:
        return self._of(()).batch()

    def seconds_per_image(self) -> float:
        return self._of(()).seconds_per_image()

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        found: dict[int, Image | NotDrawn] = {}
        choices = [tuple(sorted(job.point.file_keys().items())) for job in jobs]
        for choice in dict.fromkeys(choices):
            places = [place for place, other in enumerate(choices) if other == choice]
            found |= dict(zip(places, self._of(choice).render([jobs[place] for place in places]), strict=True))
        return [found[place] for place in range(len(jobs))]

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image | NotDrawn]:
        """As `optimizer.render.inpainting.base.Inpainter`."""
        found: list[Image | NotDrawn] = []
        for one in redrawings:
            found += self._of(tuple(sorted(one.job.point.file_keys().items()))).inpaint([one])
        return found

    def _of(self, choice: Choice) -> DiffusionRenderer:
        """The renderer of a choice; the weights that another one has folded are freed."""
        if next(reversed(self._open), None) != choice:
            for other in self._open.values():
                other.release()
            if choice not in self._open:
                self._open[choice] = self._made(choice)
            self._open.move_to_end(choice)
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return self._open[choice]

    def _made(self, choice: Choice) -> DiffusionRenderer:
        last = {name: file for name, file in self.loras.items() if lora_of_key(name) == name}
        for name, key in choice:
            if key not in self.loras:
                raise InputError(phrase("{name} has no file {label}", name=name, label=key), "loras", "name one of its files")
        made = self.make(last | {name: self.loras[key] for name, key in choice})
        path = self._identity.get("path")
        if path is not None and made.identity()["path"] != path:
            what = phrase(
                "the files of a LoRA would not be drawn alike here ({path}, {path_2})", path=path, path_2=made.identity()["path"]
            )
            raise InputError(what, "loras", "free some of the device's memory, or make the image smaller")
        return made
