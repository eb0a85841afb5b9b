"""From a study file's words to the things that work: base, LoRAs, renderer, observer, references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from optimizer.evaluate import Evaluates, Evaluator
from optimizer.image_cache import CachedRenderer
from optimizer.point import Point
from optimizer.space import Axis, Space
from scorers.observation import FORMAT
from scorers.plugins import versions_of
from scorers.references import References
from studies.devices import best_device, scorers_device
from studies.known import BaseFacts, Known, LoraFacts, known_hash, recalled, remember
from studies.late import LateObserver, LateRenderer
from studies.looks import look_of, preview_of, source_of
from studies.prompts import trigger_of, without_triggers
from studies.spec import GarmentScorer, ScorersSection, StudySpec
from studies.workspace import Workspace

if TYPE_CHECKING:
    from models.base import Base
    from models.embedding import Embedding
    from models.lora import LoraFile
    from optimizer.render import DiffusionRenderer, Frame
    from scorers.embedders import Embeds
    from scorers.observe import Observes

CFG_STEP = 0.5


@dataclass
class Study:
    """One study on one machine. Everything heavy is opened on first use and kept.

    What an earlier run stored is answered without opening any model: `about_base`, `about_loras`, and `evaluator` for images that
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
    def known(self) -> Known | None:
        """What an earlier run learned of base, LoRAs and renderer; None where there was none, or it is true no more."""
        return recalled(self)

    @property
    def about_base(self) -> Base | BaseFacts:
        return self.known.base if self.known else self.base

    @property
    def about_loras(self) -> Mapping[str, LoraFile] | Mapping[str, LoraFacts]:
        return self.known.loras if self.known else self.loras

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
        found = {n: trigger_of(s.trigger, self.about_loras[n].metadata) for n, s in self.spec.loras.items()}
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
        made = self.open_renderer()
        self.known = remember(self, made.identity())
        return made

    def open_renderer(self) -> DiffusionRenderer:
        """Opens base, LoRAs and embeddings, and writes nothing."""
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
    def observer(self) -> Observes:
        return open_observer(self.spec.scorers, self.root)

    @cached_property
    def evaluator(self) -> Evaluates:
        renderer = LateRenderer(self.known.identity, lambda: self.renderer) if self.known else self.renderer
        cached = CachedRenderer(renderer, self.workspace.images, int(self.spec.render.cache_gb * 10**9))
        return Evaluator(cached, LateObserver(lambda: self.observer), self.observer_id)

    @cached_property
    def scorer_models(self) -> dict[str, tuple[str, str]]:
        return scorer_models(self.spec.scorers, self.root, self._content_of)

    @cached_property
    def observer_id(self) -> str:
        return observer_id(self.spec.scorers, self.root, self._content_of)

    def _content_of(self, path: Path) -> str:
        return known_hash(self.workspace, path)

    @cached_property
    def references(self) -> dict[str, References]:
        """What the references of each searched LoRA look like (studies.looks); observed once and kept in the workspace."""
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


def open_observer(scorers: ScorersSection, root: Path) -> Observes:
    """Opens the models that look at images. Raises InputError for the first that is missing or does not open."""
    from models.faces import open_faces
    from models.parser import open_parser
    from models.pose import open_pose
    from scorers.hands import open_hand_judge
    from scorers.observe import Observer
    from scorers.plugins import open_scorers
    from scorers.windowed import WindowObserver

    device, hands = scorers_device(scorers.device), scorers.hands
    parts = scorers.parts.model
    parser = None if parts is None else open_parser(local_name(parts, root), device)
    garments = open_garment_embedder(scorers.garment, root, device)
    faces = open_faces(local_name(scorers.face.pack, root), scorers.face.det_size)
    pose = open_pose(root / hands.pose, device) if hands.pose else None
    extra = open_scorers(list(scorers.extra))
    if parser is None:
        return WindowObserver(garments, faces, pose, extra)
    return Observer(parser, garments, faces, open_hand_judge(root / hands.judge) if hands.judge else None, pose, extra)


def open_garment_embedder(garment: GarmentScorer, root: Path, device: str) -> Embeds:
    """The CLIP model, DINOv2, or both averaged. Raises InputError for the first that is missing or does not open."""
    from models.clip import open_clip_model
    from models.dino import open_dino
    from scorers.embedders import Averaged

    found: list[Embeds] = []
    if garment.model is not None:
        found.append(open_clip_model(local_clip_name(garment.model, root), garment.pretrained, device))
    if garment.dino is not None:
        found.append(open_dino(local_name(garment.dino, root), device))
    return found[0] if len(found) == 1 else Averaged(tuple(found))


def scorer_models(scorers: ScorersSection, root: Path, content_of: Callable[[Path], str]) -> dict[str, tuple[str, str]]:
    """By scorer: what decides its observations, and what a person knows it by.

    The first is the hash of local files, as `content_of` gives it, or the name of what is not here, with the settings.
    """
    garment, face, hands = scorers.garment, scorers.face, scorers.hands

    def told(place: str, setting: str = "") -> tuple[str, str]:
        path = Path(place.removeprefix("local-dir:"))
        content = content_of(path) if path.exists() else place
        known_by = f"{path.name} ({content[:12]})" if path.exists() else place
        return f"{content} {setting}".strip(), f"{known_by} {setting}".strip()

    garments = {}
    if garment.model is not None:
        garments["clip"] = told(local_clip_name(garment.model, root), garment.pretrained or "")
    if garment.dino is not None:
        garments["dino"] = told(local_name(garment.dino, root))
    shown = [known_by for _, known_by in garments.values()]
    seen, model = ("judge", hands.judge) if hands.judge is not None else ("pose", hands.pose or "")
    judged, judged_by = told(local_name(model, root))
    return {
        "parts": ("windows", "none") if scorers.parts.model is None else told(local_name(scorers.parts.model, root)),
        "garment": (json.dumps({kind: held for kind, (held, _) in garments.items()}), " and ".join(shown)),
        "face": told(local_name(face.pack, root), str(face.det_size)),
        "hands": (f"{seen} {judged}", judged_by),
        **{f"extra {name}": (release, release) for name, release in versions_of(list(scorers.extra)).items()},
    }


def observer_id(scorers: ScorersSection, root: Path, content_of: Callable[[Path], str]) -> str:
    """Hash of what decides the observations of each scorer, and of their format: what stored observations depend on."""
    held = scorer_models(scorers, root, content_of)
    return hashlib.sha256(json.dumps([FORMAT, {name: content for name, (content, _) in held.items()}]).encode()).hexdigest()


def local_name(name: str, root: Path) -> str:
    """The path beside the study file if there is one, else the name as it is (a hub or pack name)."""
    beside = (root / name).expanduser()
    return str(beside) if beside.exists() else name


def local_clip_name(name: str, root: Path) -> str:
    prefix = "local-dir:"
    return prefix + local_name(name.removeprefix(prefix), root) if name.startswith(prefix) else name
