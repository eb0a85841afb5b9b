"""From a study file's words to the things that work: base, LoRAs, renderer, observer, references."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluator import LocalEvaluator
from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.point import Point
from optimizer.search.space import Axis, Space
from scorers.observe.references import References
from studies.devices import best_device
from studies.file_hashes import cached_hash
from studies.lazy import LazyObserver, LazyRenderer
from studies.opened import BaseFacts, LoraFacts, OpenedFacts, store_facts, stored_facts
from studies.prompts import trigger_of, without_triggers
from studies.references.look import look_of
from studies.references.source import preview_of, source_of
from studies.spec import StudySpec, read_spec, study_file
from studies.workspace import Workspace, workspace_of

if TYPE_CHECKING:
    from models.base.opening import Base
    from models.base.textual_inversion import Embedding
    from models.lora.file import LoraFile
    from optimizer.render.base import Frame
    from optimizer.render.diffusers_renderer import DiffusionRenderer
    from scorers.observe.base import Observer
from studies.scorer_models import observer_id, open_observer, scorer_models

CFG_STEP = 0.5


def open_study(path: Path, workspace: Path | None = None) -> Study:
    """Reads and checks a study file, given by its name or its folder; opens no model.

    `workspace` is the folder of everything that the study makes, `workspace` beside the file by default. Raises InputError.
    """
    file = study_file(path)
    return Study(read_spec(file), file.parent, workspace_of(file, workspace))


@dataclass
class Study:
    """One study on one machine. Everything heavy is opened on first use and kept.

    What an earlier run stored is answered without opening any model: `base_facts`, `lora_facts`, and `evaluator` for images that
    were drawn.
    """

    spec: StudySpec
    root: Path
    """The folder of the study file: relative names in it start here."""
    workspace: Workspace

    def path(self, name: str) -> Path:
        return (self.root / name).expanduser()

    @property
    def storage_url(self) -> str:
        """Of Optuna's storage: a shared one, or SQLite in the workspace."""
        return self.spec.tracking.storage or self.workspace.storage_url()

    @cached_property
    def base(self) -> Base:
        from models.base.opening import open_base

        section = self.spec.base
        local = self.path(section.checkpoint)
        return open_base(
            local if local.exists() else section.checkpoint,
            config=section.config,
            vae=self.path(section.vae) if section.vae else None,
            dtype=section.dtype if self.device != "cpu" else "float32",
            allow_pickle=section.allow_pickle,
        )

    @cached_property
    def known(self) -> OpenedFacts | None:
        """What an earlier run learned of base, LoRAs and renderer; None where there was none, or it is true no more."""
        return stored_facts(self)

    @property
    def base_facts(self) -> Base | BaseFacts:
        return self.known.base if self.known else self.base

    @property
    def lora_facts(self) -> Mapping[str, LoraFile] | Mapping[str, LoraFacts]:
        return self.known.loras if self.known else self.loras

    @cached_property
    def device(self) -> str:
        """Where images are drawn. The renderer brings the base there, all of it or what it needs at the time."""
        return best_device(self.spec.render.device)

    @cached_property
    def loras(self) -> dict[str, LoraFile]:
        from models.lora.file import open_lora

        second = self.base.second.text_encoder if self.base.second else None
        parts = self.base.unet, self.base.text_encoder, second
        return {name: open_lora(self.path(section.file), *parts) for name, section in self.spec.loras.items()}

    @cached_property
    def embeddings(self) -> dict[str, Embedding]:
        """Textual inversions by the names that stand in prompts."""
        from models.base.textual_inversion import fits, open_embedding

        found = [open_embedding(self.path(name)) for name in self.spec.embeddings]
        for held in found:
            fits(held, self.base)
        names = [held.name.lower() for held in found]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two textual inversions are called {name}", "embeddings", "rename one of the files")
        return dict(zip(names, found, strict=True))

    @cached_property
    def triggers(self) -> dict[str, str]:
        """Trigger words by LoRA; a LoRA without one is left out."""
        found = {n: trigger_of(s.trigger, self.lora_facts[n].metadata) for n, s in self.spec.loras.items()}
        return {name: word for name, word in found.items() if word}

    def plain_prompt(self, keep: str | None = None) -> str:
        """The prompt without the trigger words of the searched LoRAs, but for that of `keep`."""
        gone = [word for name, word in self.triggers.items() if name in self.spec.searched() and name != keep]
        return without_triggers(self.spec.prompt, gone)

    @property
    def frame(self) -> Frame:
        from optimizer.render.base import Frame

        r = self.spec.render
        return Frame(
            prompt=self.spec.prompt,
            negative_prompt=self.spec.negative_prompt,
            width=r.width,
            height=r.height,
            steps=r.steps,
            sampler=r.sampler,
            clip_skip=self.spec.base.clip_skip,
            rng=r.rng,
            ensd=r.ensd,
        )

    @cached_property
    def renderer(self) -> DiffusionRenderer:
        made = self.open_renderer()
        self.known = store_facts(self, made.identity())
        return made

    def open_renderer(self) -> DiffusionRenderer:
        """Opens base, LoRAs and embeddings, and writes nothing."""
        from optimizer.render.diffusers_renderer import DiffusionRenderer

        fixed = {n: s.fixed for n, s in self.spec.loras.items() if s.fixed is not None}
        render = self.spec.render
        return DiffusionRenderer(
            self.base,
            self.loras,
            self.frame,
            fixed,
            embeddings=self.embeddings,
            device=self.device,
            most=render.batch,
            compiled=render.compile,
        )

    @cached_property
    def observer(self) -> Observer:
        return open_observer(self.spec.scorers, self.root)

    @cached_property
    def evaluator(self) -> Evaluator:
        renderer = LazyRenderer(self.known.identity, lambda: self.renderer) if self.known else self.renderer
        cached = CachedRenderer(renderer, self.workspace.images, int(self.spec.render.cache_gb * 10**9))
        return LocalEvaluator(cached, LazyObserver(lambda: self.observer), self.observer_id)

    @cached_property
    def scorer_models(self) -> dict[str, tuple[str, str]]:
        return scorer_models(self.spec.scorers, self.root, self._content_of)

    @cached_property
    def observer_id(self) -> str:
        return observer_id(self.spec.scorers, self.root, self._content_of)

    def _content_of(self, path: Path) -> str:
        return cached_hash(self.workspace, path)

    @cached_property
    def references(self) -> dict[str, References]:
        """What the references of each searched LoRA look like (studies.references.source); observed once and kept in the
        workspace."""
        return {name: self.references_for(name) for name in self.spec.searched()}

    def references_for(self, name: str) -> References:
        """Of one searched LoRA. Raises InputError if they are not there or do not show it."""
        kind = self.spec.loras[name].kind
        assert kind != "other"
        look = look_of(self, name)
        held_name = hashlib.sha256(f"{self.observer_id} {kind} {look.content}".encode()).hexdigest()
        held_name = f"references-{held_name[:16]}"
        held = self.workspace.read(held_name)
        if held is not None:
            return References.from_json(held)
        photos = [photo for _, photo in look.pictures()]
        try:
            found = self.observer.references_of(photos, kind, look.boxes())
        except InputError as error:
            if source_of(self, name) == "photos":
                raise
            raise self._look_without_it(name) from error
        self.workspace.write(held_name, found.to_json())
        return found

    def _look_without_it(self, name: str) -> InputError:
        section = self.spec.loras[name]
        preview = preview_of(self.path(section.file))
        mend = f"name photos: loras.{name}.references"
        if preview is None:
            return InputError(f"none of its images alone at full weight shows a {section.kind}", f"loras.{name}", mend)
        mend += ", or move the preview away: images of the LoRA alone then take its place"
        return InputError(f"no {section.kind} found in the preview picture", preview, mend)

    @property
    def space(self) -> Space:
        search, given = self.spec.search, self.spec.render.cfg
        weights = {n: Axis(*s.bounds, search.step) for n, s in self.spec.searched().items()}
        prices = {n: s.price for n, s in self.spec.searched().items()}
        cfg = Axis(*search.cfg, CFG_STEP) if search.cfg else None
        levers = tuple(search.levers.all()) if search.levers else ()
        return Space(weights, given, cfg, prices, search.cfg_price, levers, self.spec.prompt, search.lever_price)

    @property
    def start(self) -> Point:
        return self.space.point({n: s.start for n, s in self.spec.searched().items()}, self.spec.render.cfg)

    def require(self) -> Mapping[str, float]:
        return {name: self.spec.required(name) for name in self.spec.searched()}
