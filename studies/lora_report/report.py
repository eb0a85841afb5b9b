"""`huanhua lora report`: LoRA files on their base, measured. Draws what is missing, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layout import lora_files
from studies.callback import Callback, SilentCallback
from studies.file_hashes import hash_cache
from studies.lora_report.drawing import Drawing, announce_report, draw_ladders, ladder_jobs, sound_seeds
from studies.lora_report.epochs import Training, trainings_of
from studies.lora_report.measuring import Measured, Measuring
from studies.lora_report.models import ReportModels, ReportStudy
from studies.lora_report.quarrels import Quarrel
from studies.lora_report.setting import Reported, Told, alone, of_study, spec_for_base, spec_from_study
from studies.lora_report.sight import sight_of
from studies.project.folder import absolute, names_start
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
    names = {lora.path: f"lora-{_content(lora.path, hash_of)[:16]}" for loras in found for lora in loras}
    _check_different(names)
    study = _study(asked, {names[lora.path]: lora for loras in found for lora in loras}, place)
    # What cannot be scored need not be drawn: the scorers are opened first.
    sight = sight_of(study)
    drawing = Drawing(study, _seeds(asked, study, callback))
    # The last file of each training at all weights; its other epochs at those that halving asks for.
    weights = {names[loras[-1].path]: _weights(asked, loras[-1].top) for loras in found}
    later = len(drawing.seeds) * _later(found, [len(grid) for grid in weights.values()])
    announce_report(drawing, ladder_jobs(drawing, weights), later, callback)
    ladders = draw_ladders(drawing, weights, callback)
    measuring = Measuring(drawing, ladders, sight, callback)
    measured = tuple(
        measuring.lora(training, loras, [names[lora.path] for lora in loras])
        for training, loras in zip(trainings, found, strict=True)
    )
    quarrels = measuring.quarrels(measured)
    sight.keep()
    return Report(study.spec, place, tuple(drawing.seeds), ladders.plain, measured, quarrels)


def _later(found: Sequence[Sequence[Reported]], weights: Sequence[int]) -> int:
    """Images at most at one seed once the ladders are drawn: epochs, LoRAs without their text encoders' part, and pairs."""
    epochs = sum(len(loras[:-1]) * grid for loras, grid in zip(found, weights, strict=True))
    return epochs + len(found) + len(found) * (len(found) - 1) // 2


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


def _content(path: Path, hash_of: Callable[[Path], str]) -> str:
    """A hash of all files that decide what a LoRA is: peft's settings next to it among them."""
    hashes = [hash_of(file) for file in lora_files(path)]
    return hashes[0] if len(hashes) == 1 else sha256(" ".join(hashes).encode()).hexdigest()


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
        base = absolute(Path(asked.base)) if Path(asked.base).exists() else asked.base
        spec = spec_for_base(base, loras, root)
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
