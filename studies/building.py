"""From a study file's words to the things that work: base, LoRAs, renderer, observer, references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.hashing import hash_path
from optimizer.evaluate import Evaluates, Evaluator
from optimizer.image_cache import CachedRenderer
from optimizer.point import Point
from optimizer.space import Axis, Space
from scorers.references import References
from studies.devices import best_device, scorers_device
from studies.prompts import trigger_of, without_triggers
from studies.references import reference_photos
from studies.spec import LoraSection, ScorersSection, StudySpec
from studies.workspace import Workspace

if TYPE_CHECKING:
    from models.base import Base
    from models.embedding import Embedding
    from models.lora import LoraFile
    from optimizer.render import DiffusionRenderer, Frame
    from scorers.observe import Observer

CFG_STEP = 0.5


@dataclass
class Study:
    """One study on one machine. Everything heavy is opened on first use and kept."""

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
        from models.base import open_base

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
    def device(self) -> str:
        """Where images are drawn. The renderer brings the base there, all of it or what it needs at the time."""
        return best_device(self.spec.render.device)

    @cached_property
    def loras(self) -> dict[str, LoraFile]:
        from models.lora import open_lora

        second = self.base.second.text_encoder if self.base.second else None
        parts = self.base.unet, self.base.text_encoder, second
        return {name: open_lora(self.path(section.file), *parts) for name, section in self.spec.loras.items()}

    @cached_property
    def embeddings(self) -> dict[str, Embedding]:
        """Textual inversions by the names that stand in prompts."""
        from models.embedding import fits, open_embedding

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
        found = {n: trigger_of(s.trigger, self.loras[n].metadata) for n, s in self.spec.loras.items()}
        return {name: word for name, word in found.items() if word}

    def plain_prompt(self, keep: str | None = None) -> str:
        """The prompt without the trigger words of the searched LoRAs, but for that of `keep`."""
        gone = [word for name, word in self.triggers.items() if name in self.spec.searched() and name != keep]
        return without_triggers(self.spec.prompt, gone)

    @property
    def frame(self) -> Frame:
        from optimizer.render import Frame

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
        from optimizer.render import DiffusionRenderer

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
    def scorer_models(self) -> dict[str, tuple[str, str]]:
        return scorer_models(self.spec.scorers, self.root)

    @cached_property
    def evaluator(self) -> Evaluates:
        cached = CachedRenderer(self.renderer, self.workspace.images, int(self.spec.render.cache_gb * 10**9))
        return Evaluator(cached, self.observer, observer_id(self.spec.scorers, self.root))

    @cached_property
    def references(self) -> dict[str, References]:
        """What the reference photos of each searched LoRA look like; observed once and kept in the workspace."""
        key = observer_id(self.spec.scorers, self.root)
        return {name: self._references(name, section, key) for name, section in self.spec.searched().items()}

    def _references(self, name: str, section: LoraSection, key: str) -> References:
        assert section.references is not None
        assert section.kind != "other"
        folder = self.path(section.references)
        if not folder.is_dir():
            raise InputError("no such folder of reference photos", folder, f"mend loras.{name}.references")
        held_name = f"references-{hashlib.sha256(f'{key} {section.kind} {hash_path(folder)}'.encode()).hexdigest()[:16]}"
        held = self.workspace.read(held_name)
        if held is not None:
            return References.from_json(held)
        found = self.observer.references_of(reference_photos(folder), section.kind)
        self.workspace.write(held_name, found.to_json())
        return found

    @property
    def space(self) -> Space:
        search, given = self.spec.search, self.spec.render.cfg
        weights = {n: Axis(*s.bounds, search.step) for n, s in self.spec.searched().items()}
        prices = {n: s.price for n, s in self.spec.searched().items()}
        cfg = Axis(*search.cfg, CFG_STEP) if search.cfg else None
        return Space(weights, given, cfg, prices)

    @property
    def start(self) -> Point:
        return self.space.point({n: s.start for n, s in self.spec.searched().items()}, self.spec.render.cfg)

    def require(self) -> Mapping[str, float]:
        return {name: self.spec.required(name) for name in self.spec.searched()}


def open_observer(scorers: ScorersSection, root: Path) -> Observer:
    """Opens the four models that look at images. Raises InputError for the first that is missing or does not open."""
    from models.clip import open_clip_model
    from models.faces import open_faces
    from models.parser import open_parser
    from scorers.hands import open_hand_judge
    from scorers.observe import Observer

    device = scorers_device(scorers.device)
    return Observer(
        parser=open_parser(local_name(scorers.parts.model, root), device),
        clip=open_clip_model(local_clip_name(scorers.garment.model, root), scorers.garment.pretrained, device),
        faces=open_faces(local_name(scorers.face.pack, root), scorers.face.det_size),
        hand_judge=open_hand_judge(root / scorers.hands.judge),
    )


def scorer_models(scorers: ScorersSection, root: Path) -> dict[str, tuple[str, str]]:
    """By scorer: what decides its observations (the hash of a local file, else the name), and what a person knows it by."""
    garment, face = scorers.garment, scorers.face
    weights, size = garment.pretrained or "", str(face.det_size)
    return {
        "parts": _content(local_name(scorers.parts.model, root), ""),
        "garment": _content(local_clip_name(garment.model, root), weights),
        "face": _content(local_name(face.pack, root), size),
        "hands": _content(str(root / scorers.hands.judge), ""),
    }


def observer_id(scorers: ScorersSection, root: Path) -> str:
    """Hash of the scorers' names and, where they are local, of their files: what stored observations depend on."""
    held = scorer_models(scorers, root)
    return hashlib.sha256(json.dumps([content for content, _ in held.values()]).encode()).hexdigest()


def _content(name: str, setting: str) -> tuple[str, str]:
    place = Path(name.removeprefix("local-dir:"))
    content = hash_path(place) if place.exists() else name
    shown = f"{place.name} ({content[:12]})" if place.exists() else name
    return f"{content} {setting}".strip(), f"{shown} {setting}".strip()


def local_name(name: str, root: Path) -> str:
    """The path beside the study file if there is one, else the name as it is (a hub or pack name)."""
    beside = (root / name).expanduser()
    return str(beside) if beside.exists() else name


def local_clip_name(name: str, root: Path) -> str:
    prefix = "local-dir:"
    return prefix + local_name(name.removeprefix(prefix), root) if name.startswith(prefix) else name
