"""One study: its file's settings, its workspace, and the backend that draws for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.sqlite_url import placed_in
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import ImageCache
from optimizer.point import Point, file_key
from optimizer.search.space import Space
from scorers.observe.base import Observer
from studies.backends.base import Backend
from studies.backends.opened import OpenedModels
from studies.backends.registry import DrawnStudy, make_backend
from studies.control.section import TIME_SHARE
from studies.file_hashes import cached_hash
from studies.local_models import LocalModels
from studies.model_facts import BaseFacts, LoraFacts
from studies.observers.opening import observer_id, scorer_models
from studies.observers.region_photos import region_photos
from studies.project.folder import names_start
from studies.prompts import trigger_of, without_triggers
from studies.render_settings import render_settings_of
from studies.spec import StudySpec, read_spec, study_file
from studies.workspace import Workspace, workspace_of

if TYPE_CHECKING:
    from optimizer.evaluate.regional_evaluator import SeedRegions
    from optimizer.render.base import RenderSettings
    from studies.control.seed_hints import StudyHints
    from studies.regions.figure_places import FigurePlaces
    from studies.regions.seed_regions import StudyRegions


def open_study(path: Path | str, workspace: Path | str | None = None) -> Study:
    """Reads and checks a study file, given by its name or its folder; opens no model.

    `workspace` is the folder of everything that the study makes, `workspace` next to the file by default. Raises InputError.
    """
    if not isinstance(path, (str, Path)):
        raise InputError("no path of a study", repr(path)[:80], "give the place of a study.yaml, or of its folder")
    file = study_file(Path(path))
    return Study(
        read_spec(file),
        names_start(file.parent),
        workspace_of(file, None if workspace is None else Path(workspace)),
        folder=file.parent,
    )


def check_study(study: object) -> None:
    """Raises InputError for what is no open study, such as its path."""
    if not isinstance(study, Study):
        raise InputError("no open study", repr(study)[:80], "open it first: huanhua.open_study(path)")


class Study:
    """A study file, opened. Creating one opens no model.

    What an earlier run stored is answered without opening any either: facts about the base and the LoRAs, seconds per image, and
    evaluations of points that were drawn.
    """

    def __init__(
        self,
        spec: StudySpec,
        root: Path,
        workspace: Workspace,
        backend: Backend | None = None,
        models: LocalModels | None = None,
        folder: Path | None = None,
    ) -> None:
        """`root` is where relative names in the study file start: its folder, or the project's; `folder` is that of the file, by
        default `root`. By default `models` are the files that it names, and `backend` is what its `draw` section asks for."""
        self.spec, self.root, self.workspace, self.folder = spec, root, workspace, folder or root
        self.models = models or LocalModels(spec, root)
        """The study's files on this machine, for what needs the weights themselves: validation, a merged LoRA."""
        self.backend = backend or make_backend(DrawnStudy(spec, root, workspace, self.models))
        self._opened = OpenedModels(spec, root, workspace, self.backend)

    def on(self, backend: Backend) -> Study:
        """The same study and workspace, drawn by another backend."""
        return Study(self.spec, self.root, self.workspace, backend, self.models, self.folder)

    def path(self, name: str) -> Path:
        """The file that the study file names `name`."""
        return (self.root / name).expanduser()

    @property
    def storage_url(self) -> str:
        """Of Optuna's storage: a shared one, or SQLite in the workspace."""
        url = self.spec.tracking.storage
        return self.workspace.storage_url() if url is None else placed_in(self.root, url)

    @property
    def tracking_url(self) -> str | None:
        """The tracking server that the study file names; None for MLflow in the workspace."""
        url = self.spec.tracking.mlflow
        return None if url is None else placed_in(self.root, url)

    @property
    def base_facts(self) -> BaseFacts:
        return self._opened.models.base

    @property
    def lora_facts(self) -> Mapping[str, LoraFacts]:
        return self._opened.models.loras

    def lora_file(self, name: str, point: Point | None = None) -> Path:
        """The file that draws a LoRA at a point; its last one where no point chooses another."""
        return self.path(self.spec.file_at(name, point))

    def lora_facts_at(self, name: str, point: Point) -> LoraFacts:
        """Of the file that draws a LoRA at a point."""
        return self.lora_facts[file_key(name, point.files.get(name, ""))]

    @cached_property
    def triggers(self) -> dict[str, str]:
        """Trigger words by LoRA; a LoRA without one is left out."""
        found = {n: trigger_of(s.trigger, self.lora_facts[n].metadata) for n, s in self.spec.loras.items()}
        return {name: word for name, word in found.items() if word}

    def plain_prompt(self, keep: str | None = None) -> str:
        """The prompt without the searched LoRAs' words, but for `keep`'s."""
        return self.prompt_without(self.spec.prompt, [name for name in self.spec.searched() if name != keep])

    def prompt_without(self, prompt: str, loras: Collection[str]) -> str:
        """A prompt without the words of these LoRAs: triggers, and textual inversions in their files."""
        words = [*self.triggers.items(), *((name, word) for name, lora in self.lora_facts.items() for word in lora.words)]
        return without_triggers(prompt, [word for name, word in words if name in loras])

    @property
    def render_settings(self) -> RenderSettings:
        return render_settings_of(self.spec)

    @cached_property
    def observer(self) -> Observer:
        return self.backend.observer()

    @cached_property
    def evaluator(self) -> Evaluator:
        """Draws and observes, each LoRA in its region, as ControlNets hold it; answers what is stored without opening a model."""
        regions, hints = self.regions, self.hints
        parted = regions is not None and any(lora.region is not None for lora in self.spec.loras.values())
        drawn = self._in_regions(regions) if regions is not None and parted else self.everywhere
        if hints is None:
            return drawn
        from optimizer.evaluate.controlled_evaluator import ControlledEvaluator

        return ControlledEvaluator(drawn, hints)

    @cached_property
    def everywhere(self) -> Evaluator:
        """As `evaluator`, but LoRAs act everywhere, or in all of their figure's place, whatever their regions, and no ControlNet
        does: for scouting, calibration, the locked image."""
        return self._whole if self.figure_places is None else self._in_regions(self.figure_places)

    @cached_property
    def figure_places(self) -> FigurePlaces | None:
        """Where each of several people is; None where the picture shows one."""
        if not self.spec.figures:
            return None
        from studies.regions.figure_places import FigurePlaces

        parser, _ = self.scorer_models["parts"]
        return FigurePlaces(
            self.spec,
            self.workspace,
            lambda: self._whole,
            lambda: Point({}, self.spec.render.cfg, self.plain_prompt()),
            self.prompt_without,
            parser,
            lambda: self.models.parser,
        )

    @cached_property
    def regions(self) -> StudyRegions | None:
        """Where LoRAs act; None where all act everywhere."""
        if self.figure_places is None and all(lora.region is None for lora in self.spec.loras.values()):
            return None
        from studies.regions.seed_regions import StudyRegions

        parser, _ = self.scorer_models["parts"]
        return StudyRegions(
            self.spec,
            self.root,
            self.workspace,
            lambda: self.everywhere,
            parser,
            lambda: self.models.parser,
            self.figure_places,
        )

    @cached_property
    def hints(self) -> StudyHints | None:
        """What ControlNets are told; None where there is none."""
        if not self.spec.control:
            return None
        from studies.control.seed_hints import StudyHints

        places = self.figure_places
        people = None if places is None else places.masks
        return StudyHints(self.spec, self.root, self.workspace, lambda: self.everywhere, people)

    @cached_property
    def _whole(self) -> Evaluator:
        """What draws LoRAs everywhere, or where a job says."""
        facts = self._opened.facts()
        images = ImageCache(self.workspace.images, facts.identity, int(self.spec.render.cache_gb * 10**9))
        cache = EvaluationCache(images, self.observer_id)
        return self.backend.evaluator(cache, partial(self._opened.check_identity, facts.identity))

    def _in_regions(self, regions: SeedRegions) -> Evaluator:
        from optimizer.evaluate.regional_evaluator import RegionalEvaluator

        fixed = frozenset(name for name, lora in self.spec.loras.items() if lora.fixed)
        return RegionalEvaluator(self._whole, regions, fixed)

    @property
    def rows(self) -> int:
        """Predictions a step of an image with all LoRAs on: one, and one more for each region."""
        return 1 if self.regions is None else self.regions.rows

    @property
    def times(self) -> float:
        """By how much a trial's image takes longer than one of a base without regions and ControlNets."""
        return self.rows * (1 + TIME_SHARE * len(self.spec.control))

    @property
    def rows_everywhere(self) -> int:
        """Likewise, of an image of scouting or calibration: one for each of several people."""
        return 1 if self.figure_places is None else self.figure_places.rows

    def was_opened(self) -> bool:
        """Whether facts about its models are stored: without them nothing was drawn yet, and answering would open them."""
        return self._opened.were_opened()

    def seconds_per_image(self) -> float:
        """Of an image without regions and ControlNets. Measured once a device and stored; measuring opens the models and draws,
        and leaves scoring out. Ask before `evaluator` is used."""
        return self._opened.seconds_per_image()

    @cached_property
    def scorer_models(self) -> dict[str, tuple[str, str]]:
        photos = region_photos(self.spec.loras, self.root)
        return scorer_models(self.spec.scorers, self.root, self._hash, photos, list(self.spec.figures))

    @cached_property
    def observer_id(self) -> str:
        return observer_id(self.scorer_models)

    @property
    def space(self) -> Space:
        """The weights, CFG and prompt edits that are searched, with their prices."""
        return self.spec.space()

    @property
    def start(self) -> Point:
        """The start weights, on the grid of the search."""
        return self.spec.start()

    @property
    def locked(self) -> Point:
        """As `StudySpec.locked`: what scouting and calibration draw on `everywhere`."""
        return self.spec.locked()

    def require(self) -> Mapping[str, float]:
        """The calibrated score that each searched LoRA must reach."""
        return {name: self.spec.required(name) for name in self.spec.searched()}

    def _hash(self, path: Path) -> str:
        return cached_hash(self.workspace, path)
