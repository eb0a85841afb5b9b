"""What draws a report: the base opened once, and of any number of LoRA files those alone that the image in hand needs.

The key of an image names the content of the LoRAs that act in it and no others, so that an image that one report drew is never
drawn again by another, whatever files that one is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.lora.layout import inversion_words
from models.lora.sites import DENOISER
from studies.devices import check_device
from studies.local_models import LocalModels
from studies.model_facts import BaseFacts, LoraFacts, ModelFacts, trigger_metadata
from studies.prompts import without_triggers
from studies.render_settings import render_settings_of
from studies.study import Study

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.base.textual_inversion import Embedding
    from models.lora.file import LoraFile
    from optimizer.point import Job
    from optimizer.render.base import Renderer
    from optimizer.render.decode import NotDrawn

WITHOUT_TEXT: Final = "-denoiser"
"""After a LoRA's name: what it adds to the text encoders is left out."""


class ReportStudy(Study):
    """A study whose LoRAs may share a trigger word, as the epochs of one training do."""

    def plain_prompt(self, keep: str | None = None) -> str:
        """As `Study.plain_prompt`; a word that the kept LoRA has too stays."""
        return self.prompt_of([] if keep is None else [keep])

    def prompt_of(self, kept: Sequence[str]) -> str:
        """The prompt with the words of these LoRAs and of no others."""
        own = {word for name in kept for word in self._words(name)}
        others = [word for name in self.spec.loras for word in self._words(name) if word not in own]
        return without_triggers(self.spec.prompt, others)

    def _words(self, name: str) -> list[str]:
        trigger = self.triggers.get(name)
        return [*([trigger] if trigger else []), *self.lora_facts[name].words]


class ReportModels(LocalModels):
    """Opens LoRA files as they are drawn, and keeps those of the image in hand."""

    @cached_property
    def renderer(self) -> Renderer:
        check_device(self.device, "render.device")
        return ContentRenderer(self)

    def open_lora(self, name: str) -> LoraFile:
        """`name` is a LoRA's, or with `WITHOUT_TEXT` behind it. Raises InputError for a file that does not open on the base."""
        from models.lora.file import open_lora

        section = self.spec.loras[name.removesuffix(WITHOUT_TEXT)]
        file = open_lora(self._path(section.last), self.base.modules)
        if name in self.spec.loras:
            return file
        return replace(file, layers={part: layers if part == DENOISER else {} for part, layers in file.layers.items()})

    def touches_text(self, name: str) -> bool:
        """Whether the LoRA adds anything to a text encoder."""
        return any(layers for part, layers in self.open_lora(name).layers.items() if part != DENOISER)

    def facts(self) -> ModelFacts:
        """As of `LocalModels`, one file open at a time: every file is tried before anything is drawn."""
        base = BaseFacts(self.base.name, self.base.hash, self.base.family.name, self.base.schedule)
        return ModelFacts(base, {name: self._facts_of(name) for name in self.spec.loras})

    def bundled(self, loras: Mapping[str, LoraFile]) -> dict[str, Embedding]:
        """Textual inversions in these files, those of the study's own names left out."""
        from models.base.textual_inversion import embedding_of

        return {
            word.lower(): embedding_of(word, vectors, name)
            for name, file in loras.items()
            for word, vectors in file.inversions.items()
            if word.lower() not in self.study_embeddings
        }

    @cached_property
    def study_embeddings(self) -> dict[str, Embedding]:
        """Those that the study file names."""
        from models.base.textual_inversion import check_width, open_embedding

        found = [open_embedding(self._path(name)) for name in self.spec.embeddings]
        for embedding in found:
            check_width(embedding, self.base.text_widths)
        return {embedding.name.lower(): embedding for embedding in found}

    def _facts_of(self, name: str) -> LoraFacts:
        path = self._path(self.spec.loras[name].last)
        file = self.open_lora(name)
        return LoraFacts(file.hash, trigger_metadata(file.metadata), inversion_words_of(path))


def inversion_words_of(path: Path) -> tuple[str, ...]:
    """The words of a prompt that stand for textual inversions in a LoRA file, in lower case."""
    return tuple(word.lower() for word in inversion_words(path))


@dataclass
class ContentRenderer:
    """`optimizer.render.base.Renderer` of a report: jobs name LoRAs by their content, and each is drawn with those it names."""

    models: ReportModels
    _open: dict[tuple[str, ...], Renderer] = field(default_factory=dict)

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        found: dict[int, Image | NotDrawn] = {}
        names = [tuple(sorted(name for name, weight in job.point.weights.items() if weight)) for job in jobs]
        for acting in dict.fromkeys(names):
            places = [place for place, name in enumerate(names) if name == acting]
            found |= dict(zip(places, self._renderer(acting).render([jobs[place] for place in places]), strict=True))
        return [found[place] for place in range(len(jobs))]

    def identity(self) -> Mapping[str, Any]:
        """Without LoRAs and prompt: the points of jobs name LoRAs by content, and each has a prompt of its own."""
        whole = self._renderer(()).identity()
        frame = {key: value for key, value in whole["frame"].items() if key != "prompt"}
        return {**{key: value for key, value in whole.items() if key != "loras"}, "frame": frame}

    def batch(self) -> int:
        return self._renderer(()).batch()

    def seconds_per_image(self) -> float:
        return self._renderer(()).seconds_per_image()

    def _renderer(self, acting: tuple[str, ...]) -> Renderer:
        """Of the base alone, which stays, or of the last LoRAs that were asked for."""
        if acting not in self._open:
            self._open = {kept: renderer for kept, renderer in self._open.items() if not kept}
            self._open[acting] = self._opened(acting)
        return self._open[acting]

    def _opened(self, acting: tuple[str, ...]) -> Renderer:
        from optimizer.render.diffusers_renderer import DiffusionRenderer

        models = self.models
        loras = {name: models.open_lora(name) for name in acting}
        return DiffusionRenderer(
            models.base,
            loras,
            render_settings_of(models.spec),
            embeddings=models.study_embeddings | models.bundled(loras),
            device=models.device,
            max_batch=models.spec.render.batch,
        )
