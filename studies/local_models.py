"""The models that a study file names, opened on this machine on first use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layout import inversion_words
from optimizer.point import lora_of_key
from studies.devices import best_device, check_device
from studies.lora_files.checks import check_different, check_earlier
from studies.model_facts import BaseFacts, LoraFacts, ModelFacts, trigger_metadata
from studies.observers.opening import open_observer
from studies.observers.region_photos import region_photos
from studies.prompts import trigger_of, without_triggers
from studies.render_settings import render_settings_of
from studies.schedules.words import fixed_schedules
from studies.spec import StudySpec

if TYPE_CHECKING:
    from models.base.family import Base
    from models.base.textual_inversion import Embedding
    from models.control_net.opening import ControlNet
    from models.lora.file import LoraFile
    from optimizer.render.base import Renderer
    from optimizer.render.diffusers_renderer import DiffusionRenderer
    from scorers.observe.base import Observer, PartSource


class LocalModels:
    """Each model is opened once. Raises InputError for a file that is missing or does not open."""

    def __init__(self, spec: StudySpec, root: Path, base: Base | None = None) -> None:
        """`root` is the folder that relative names start from; `base` is one that is open already."""
        self.spec, self.root, self._base = spec, root, base

    @cached_property
    def base(self) -> Base:
        from models.base.opening import open_base

        if self._base is not None:
            return self._base
        section = self.spec.base
        local = self._path(section.checkpoint)
        return open_base(
            local if local.exists() else section.checkpoint,
            config=section.config,
            vae=self._path(section.vae) if section.vae else None,
            dtype=section.dtype if self.device != "cpu" else "float32",
            allow_pickle=section.allow_pickle,
        )

    @cached_property
    def device(self) -> str:
        """The device that renders. The renderer moves the base there, all of it or what it needs at the time."""
        return best_device(self.spec.render.device)

    @cached_property
    def loras(self) -> dict[str, LoraFile]:
        """All files by `optimizer.point.file_key`: the last one of a LoRA, which most have alone, by its name."""
        from models.lora.file import open_lora

        found = {key: open_lora(self._path(file), self.base.modules) for key, file in self.spec.lora_files().items()}
        check_different(found)
        check_earlier(found)
        return found

    @property
    def last_loras(self) -> dict[str, LoraFile]:
        """The last file of each LoRA, by its name."""
        return {name: self.loras[name] for name in self.spec.loras}

    @cached_property
    def embeddings(self) -> dict[str, Embedding]:
        """Textual inversions by the names that stand in prompts: the study's files and, of other names, those in LoRA files."""
        from models.base.textual_inversion import check_width, open_embedding

        found = [open_embedding(self._path(name)) for name in self.spec.embeddings]
        for embedding in found:
            check_width(embedding, self.base.text_widths)
        names = [embedding.name.lower() for embedding in found]
        for name in names:
            if names.count(name) > 1:
                raise InputError(
                    phrase("two textual inversions are called {name}", name=name), "embeddings", "rename one of the files"
                )
        own = dict(zip(names, found, strict=True))
        return own | self._bundled(own)

    def _bundled(self, own: Mapping[str, Embedding]) -> dict[str, Embedding]:
        """Those in LoRA files that `own` does not have; as in A1111, a file of its own comes first."""
        from models.base.textual_inversion import embedding_of

        found: dict[str, Embedding] = {}
        if not any(inversion_words(self._path(file)) for file in self.spec.lora_files().values()):
            return found
        for lora, file in self.loras.items():
            for name, vectors in file.inversions.items():
                if name.lower() in own:
                    continue
                one = embedding_of(name, vectors, lora)
                other = found.setdefault(name.lower(), one)
                if other.digest != one.digest:
                    what = phrase(
                        "the LoRAs {lora} and {lora_2} hold two textual inversions of one name, {name}",
                        lora=other.lora,
                        lora_2=lora,
                        name=name[:60],
                    )
                    raise InputError(
                        what, "loras", phrase("save one as {name}.safetensors, and name it at embeddings", name=name[:60])
                    )
        return found

    @cached_property
    def renderer(self) -> Renderer:
        from optimizer.render.epochs.files_renderer import FilesRenderer

        check_device(self.device, "render.device")
        if len(self.loras) == len(self.spec.loras):
            return self._renderer_of(self.loras)
        if self.spec.render.compile:
            what = "a compiled model is folded from one file a LoRA, and a LoRA here has several"
            raise InputError(what, "render.compile", "set it to false, or name one file for each LoRA")
        return FilesRenderer(self.loras, self._renderer_of)

    def _renderer_of(self, loras: Mapping[str, LoraFile]) -> DiffusionRenderer:
        from optimizer.render.diffusers_renderer import DiffusionRenderer

        fixed = {name: section.fixed for name, section in self.spec.loras.items() if section.fixed is not None}
        render = self.spec.render
        return DiffusionRenderer(
            self.base,
            loras,
            render_settings_of(self.spec),
            fixed,
            embeddings=self.embeddings,
            prompts=self._other_prompts(),
            device=self.device,
            max_batch=render.batch,
            compiled=render.compile,
            schedules=fixed_schedules(self.spec),
            control_nets=self.control_nets,
        )

    @cached_property
    def control_nets(self) -> dict[str, ControlNet]:
        """By the study's names."""
        from models.control_net.opening import open_control_net

        return {name: open_control_net(self._path(section.model), self.base) for name, section in self.spec.control.items()}

    @cached_property
    def observer(self) -> Observer:
        photos = region_photos(self.spec.loras, self.root)
        return open_observer(self.spec.scorers, self.root, photos, list(self.spec.figures))

    @property
    def parser(self) -> PartSource:
        """What finds the parts of a figure. Raises InputError for a study whose scorers name none."""
        from scorers.observe.figures.observer import FiguresObserver
        from scorers.observe.parser_observer import ParserObserver

        if not isinstance(self.observer, (FiguresObserver, ParserObserver)):
            raise InputError("no part parser finds a figure's regions", "scorers.parts", "name scorers.parts.model")
        return self.observer.parser

    def check_prompts(self, prompts: Iterable[str]) -> None:
        """Encodes each with the negative prompt as the renderer does. Raises InputError for one that cannot be drawn."""
        from optimizer.render.conditioning import ConditioningEncoder

        size = self.spec.render.width, self.spec.render.height
        encoder = ConditioningEncoder(self.base, {}, size, self.spec.base.clip_skip, self.embeddings)
        for prompt in prompts:
            encoder.of(prompt, self.spec.negative_prompt, {})

    def check_folds(self) -> None:
        """Folds all LoRAs at their largest weights, each of a LoRA's files in its place. Raises InputError if a weight is not
        finite in the base's dtype then."""
        self._check_folds(self.last_loras)
        for key, file in self.loras.items():
            if key not in self.spec.loras:
                self._check_folds(self.last_loras | {lora_of_key(key): file})

    def _check_folds(self, loras: Mapping[str, LoraFile]) -> None:
        from models.lora.fold import Folded

        largest = {name: s.bounds[1] if s.fixed is None else s.fixed for name, s in self.spec.loras.items()}
        for part in dict.fromkeys(part for file in loras.values() for part, layers in file.layers.items() if layers):
            model = self.base.modules[part]
            layers = {name: file.layers.get(part, {}) for name, file in loras.items()}
            folded = Folded(model, layers, self.spec.render.like)
            broken = folded.overflows(largest)
            if broken:
                dtype = str(self.base.dtype).removeprefix("torch.")
                what = phrase(
                    "the LoRAs at their largest weights make {count} layers infinite in {dtype}, {broken} first",
                    count=len(broken),
                    dtype=dtype,
                    broken=broken[0],
                )
                raise InputError(what, "loras", "lower bounds or fixed, or set base.dtype to bfloat16 or float32")

    def facts(self) -> ModelFacts:
        """What is stored of the base and the LoRAs; opens them."""
        base = BaseFacts(self.base.name, self.base.hash, self.base.family.name, self.base.schedule)
        return ModelFacts(
            base,
            {n: LoraFacts(file.hash, trigger_metadata(file.metadata), self._words(n)) for n, file in self.loras.items()},
        )

    def _words(self, lora: str) -> tuple[str, ...]:
        """The words that stand for textual inversions in the LoRA's file."""
        return tuple(name for name, embedding in self.embeddings.items() if embedding.lora == lora)

    def _other_prompts(self) -> list[str]:
        """The prompt without triggers, with each prompt edit, with all of them, and what figures' places read."""
        prompt, levers = self.spec.prompt, self.spec.search.levers
        triggers = [trigger_of(section.trigger, self.loras[name].metadata) for name, section in self.spec.loras.items()]
        words = [*triggers, *(word for name in self.loras for word in self._words(name))]
        found, edited = [without_triggers(prompt, [word for word in words if word])], prompt
        for edit in levers.all() if levers else ():
            found.append(edit.apply(prompt))
            edited = edit.apply(edited)
        return [*found, edited, *self.spec.figure_words().values()]

    def _path(self, name: str) -> Path:
        return (self.root / name).expanduser()
