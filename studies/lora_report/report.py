"""`huanhua lora report`: LoRA files on their base, measured. Draws what is missing, and nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from scorers.score.calibration import similarity
from studies.callback import Callback, SilentCallback
from studies.file_hashes import hash_cache
from studies.lora_report.causes import Causes, causes_of
from studies.lora_report.drawing import Drawing, Ladders, announce_report, draw_ladders, ladder_jobs, sound_seeds
from studies.lora_report.epochs import Training, trainings_of
from studies.lora_report.levels import Rungs, Wanted, told_epoch
from studies.lora_report.measures import AtWeight, Seen, Thing, calibrations_of, hands_of
from studies.lora_report.models import ReportModels, ReportStudy
from studies.lora_report.quarrels import Quarrel, quarrel_of, spaces_of
from studies.lora_report.setting import Reported, Told, alone, of_study, spec_for_base, spec_from_study
from studies.lora_report.sight import Sight, sight_of
from studies.project.folder import names_start
from studies.references.references import references_for
from studies.run.scouting import locked_seeds
from studies.workspace import Workspace

if TYPE_CHECKING:
    from optimizer.evaluate.base import Evaluation
    from studies.spec import StudySpec
    from studies.study import Study

SEEDS: Final = 2
"""Seeds where a person names none."""
SHARES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Of the greatest weight, where a person names none."""


@dataclass(frozen=True)
class Asked:
    """What a person asks for."""

    files: Sequence[Path]
    study: Study | None = None
    base: Path | str | None = None
    """Where there is no study."""
    told: Told = field(default_factory=Told)
    seeds: Sequence[int] = ()
    weights: Sequence[float] = ()
    """Above 0."""
    workspace: Path | None = None
    """Of the images; by default `lora-report` in the study's workspace or, without a study, in the current folder."""

    @property
    def place(self) -> Path:
        """The folder of the images."""
        if self.workspace is not None:
            return self.workspace
        return (Path() if self.study is None else self.study.workspace.root) / "lora-report"


@dataclass(frozen=True)
class Member:
    """One file of a training, measured."""

    reported: Reported
    label: str
    name: str
    """By its content, as images name it."""
    rungs: Rungs


@dataclass(frozen=True)
class Measured:
    """One LoRA: all of its files."""

    name: str
    members: tuple[Member, ...]
    told: int
    """The place of the file that is told: the one that is good enough at the least weight, or shows most."""
    thing: Thing
    causes: Causes
    photos: int

    @property
    def member(self) -> Member:
        return self.members[self.told]


@dataclass(frozen=True)
class Report:
    """All that a page or a program reads."""

    spec: StudySpec
    place: Path
    """The folder of the report's images."""
    seeds: tuple[int, ...]
    plain: Mapping[int, Evaluation]
    loras: tuple[Measured, ...]
    quarrels: tuple[Quarrel, ...]


def lora_report(asked: Asked, callback: Callback | None = None) -> Report:
    """Raises InputError for files that are no LoRAs, LoRAs for another base, and kinds that nothing scores."""
    callback = callback or SilentCallback()
    trainings = trainings_of(asked.files)
    found = [_reported(training, asked) for training in trainings]
    _check(trainings, found)
    place = asked.place
    hash_of = hash_cache(Workspace(place))
    names = {lora.path: f"lora-{hash_of(lora.path)[:16]}" for loras in found for lora in loras}
    _check_different(names)
    study = _study(asked, {names[lora.path]: lora for loras in found for lora in loras}, place)
    drawing = Drawing(study, _seeds(asked, study, callback))
    weights = {names[lora.path]: _weights(asked, lora.top) for loras in found for lora in loras}
    pairs = list(combinations(range(len(trainings)), 2))
    later = len(drawing.seeds) * (len(trainings) + len(pairs))
    announce_report(drawing, ladder_jobs(drawing, weights), later, callback)
    ladders = draw_ladders(drawing, weights, callback)
    sight = sight_of(study)
    measuring = _Measuring(drawing, ladders, sight, callback)
    measured = tuple(
        measuring.lora(training, loras, [names[lora.path] for lora in loras])
        for training, loras in zip(trainings, found, strict=True)
    )
    quarrels = measuring.quarrels(measured)
    sight.keep()
    return Report(study.spec, place, tuple(drawing.seeds), ladders.plain, measured, quarrels)


@dataclass(frozen=True)
class _Measuring:
    drawing: Drawing
    ladders: Ladders
    sight: Sight
    callback: Callback

    @property
    def study(self) -> ReportStudy:
        return self.drawing.study

    def lora(self, training: Training, loras: Sequence[Reported], names: Sequence[str]) -> Measured:
        # Epochs have one thing: their references are the same photos.
        references = references_for(self.study, names[-1])
        photos = None if loras[-1].references is None else self.sight.photos(names[-1])
        thing = Thing(references, photos, self.sight)
        steps = [self._rungs(name, thing) for name in names]
        plain = {seed: similarity(image.observation, references) for seed, image in self.ladders.plain.items()}
        calibrations = calibrations_of(steps, plain, thing)
        hands = {seed: hands_of(image.observation, image.observation) for seed, image in self.ladders.plain.items()}
        allowed = self.study.spec.search.hands
        members = tuple(
            Member(lora, saved.label, name, Rungs(at, calibrations, hands, Wanted(lora.level, allowed)))
            for lora, saved, name, at in zip(loras, training.files, names, steps, strict=True)
        )
        told = told_epoch([member.rungs for member in members])
        self.sight.keep()
        causes = self._causes(members[told], thing)
        return Measured(training.name, members, told, thing, causes, len(references.embeddings))

    def _rungs(self, name: str, thing: Thing) -> tuple[AtWeight, ...]:
        return tuple(
            AtWeight(weight, tuple(self._seen(image, weight, thing) for image in images))
            for weight, images in self.ladders.steps[name].items()
        )

    def _seen(self, image: Evaluation, weight: float, thing: Thing) -> Seen:
        return thing.seen(image, weight, self.ladders.plain[image.seed])

    def _causes(self, member: Member, thing: Thing) -> Causes:
        chosen, words = member.rungs.chosen, member.rungs.at[0]
        if not self._models.touches_text(member.name):
            return causes_of(chosen, words, None, thing)
        jobs = [self.drawing.without_text(seed, member.name, chosen.weight) for seed in self.drawing.seeds]
        images = self.drawing.draw(phrase("without the text encoders' part"), jobs, self.callback)
        without = AtWeight(chosen.weight, tuple(self._seen(image, chosen.weight, thing) for image in images))
        return causes_of(chosen, words, without, thing)

    def quarrels(self, loras: Sequence[Measured]) -> tuple[Quarrel, ...]:
        """Of every two LoRAs, each by the file that is told of it."""
        pairs = list(combinations(loras, 2))
        if not pairs:
            return ()
        jobs = [
            self.drawing.together(seed, {lora.member.name: lora.member.rungs.chosen.weight for lora in pair})
            for pair in pairs
            for seed in self.drawing.seeds
        ]
        drawn = iter(self.drawing.draw(phrase("LoRAs together"), jobs, self.callback))
        spaces = spaces_of(self._models, [lora.member.name for lora in loras])
        return tuple(
            quarrel_of(
                (one.name, other.name),
                (one.thing, other.thing),
                (one.member.rungs, other.member.rungs),
                [next(drawn) for _ in self.drawing.seeds],
                self.ladders.plain,
                (spaces[one.member.name], spaces[other.member.name]),
            )
            for one, other in pairs
        )

    @property
    def _models(self) -> ReportModels:
        models = self.study.models
        assert isinstance(models, ReportModels)
        return models


def _reported(training: Training, asked: Asked) -> list[Reported]:
    if asked.study is not None:
        return of_study(training, asked.study, asked.told)
    return alone(training, Path(), asked.told)


def _check(trainings: Sequence[Training], found: Sequence[Sequence[Reported]]) -> None:
    """Raises InputError for what cannot be scored."""
    for training, loras in zip(trainings, found, strict=True):
        if loras[0].kind == "other":
            raise InputError(
                "nothing scores a LoRA of kind other", training.name, "say what it shows: --kind face, clothing or shoes"
            )
        if len(loras) > 1 and loras[-1].references is None:
            raise InputError("epochs are compared by photos, and none are named", training.name, "name them: --photos DIR")
        photos = loras[-1].references
        if photos is not None and not photos.is_dir():
            raise InputError("no such folder of photos", photos, "check the path: --photos")


def _check_different(names: Mapping[Path, str]) -> None:
    seen: dict[str, Path] = {}
    for path, name in names.items():
        other = seen.setdefault(name, path)
        if other != path:
            raise InputError(phrase("the same LoRA as {other}", other=other.name), path, "leave one out")


def _study(asked: Asked, loras: Mapping[str, Reported], place: Path) -> ReportStudy:
    if asked.study is not None:
        spec, root = spec_from_study(asked.study, loras), asked.study.root
    else:
        assert asked.base is not None
        root = names_start(Path().resolve())
        spec = spec_for_base(asked.base, loras, root)
    return ReportStudy(spec, root, Workspace(place), models=ReportModels(spec, root))


def _seeds(asked: Asked, study: ReportStudy, callback: Callback) -> list[int]:
    """Those that were asked for; else the study's locked ones, which a person accepted; else ones whose plain image is sound."""
    if asked.seeds:
        return list(dict.fromkeys(asked.seeds))
    locked = [] if asked.study is None else locked_seeds(asked.study)
    return locked[:SEEDS] or sound_seeds(Drawing(study, ()), SEEDS, callback)


def _weights(asked: Asked, top: float) -> list[float]:
    if asked.weights:
        return sorted(dict.fromkeys(round(weight, 6) for weight in asked.weights))
    return [round(share * top, 6) for share in SHARES]
