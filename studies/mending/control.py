"""The ControlNet that leads a mend: what a person names, and the study that draws with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from models.errors import InputError
from models.language.translate import phrase
from studies.control.beside import study_with
from studies.control.section import WITH_MODEL, ControlSection, Detector, GivenHint
from studies.file_hashes import cached_hash
from studies.run.mended.held import Held
from studies.run.mended.leading import NAME, Leading

if TYPE_CHECKING:
    from studies.spec import StudySpec
    from studies.study import Study

STRENGTH: Final = 0.75
"""docs/mending.md has what others come to."""
MOST: Final = 2.0


@dataclass(frozen=True)
class MendControl:
    """A ControlNet, and what it is told of the locked image."""

    model: Path
    hint: str
    """A detector's name, or a picture's file."""
    detector: Path | None = None
    strength: float = STRENGTH

    def __post_init__(self) -> None:
        """Raises InputError for what is out of range, and for a hint that is neither."""
        if not 0 < self.strength <= MOST:
            mend = phrase("give a number above 0 and at most {most:g}, such as {usual:g}", most=MOST, usual=STRENGTH)
            what = phrase("a ControlNet's strength of {strength:g}", strength=self.strength)
            raise InputError(what, "--control-strength", mend)
        if not self._is_detector and not Path(self.hint).expanduser().is_file():
            what = phrase("neither a hint nor a picture: {hint}", hint=self.hint[:60])
            raise InputError(what, "--hint", phrase("use {known}, or name a picture", known=", ".join(get_args(Detector))))
        if self.detector is not None and self.hint not in WITH_MODEL:
            raise InputError("a detector belongs to hint depth or pose", "--detector", "leave it out")
        if self.detector is not None and not self.detector.exists():
            what = phrase("no such detector: {file}", file=self.detector)
            raise InputError(what, "--detector", "name a file or folder that is there")
        if self.hint == "depth" and self.detector is None:
            raise InputError("hint depth needs a depth estimator, and none is named", "--hint", "add --detector FOLDER")

    def section(self, spec: StudySpec) -> ControlSection:
        """Raises InputError for a hint that the study has no model for."""
        if self.hint == "pose" and self.detector is None and spec.scorers.hands.pose is None:
            mend = "name it with --detector, or as scorers.hands.pose in study.yaml"
            raise InputError("hint pose needs a pose model, and none is named", "--hint", mend)
        hint = self.hint if self._is_detector else GivenHint(image=str(Path(self.hint).expanduser().resolve()))
        detector = None if self.detector is None else str(self.detector.resolve())
        told = {"model": str(self.model.resolve()), "hint": hint, "detector": detector, "strength": self.strength}
        return ControlSection.model_validate(told)

    @property
    def _is_detector(self) -> bool:
        return self.hint in get_args(Detector)


def control_named(model: Path | None, hint: str | None, detector: Path | None, strength: float | None) -> MendControl | None:
    """What the options name; None without `--control`. Raises InputError for options that need another one."""
    if model is None:
        given = {"--hint": hint, "--detector": detector, "--control-strength": strength}
        for option, value in given.items():
            if value is not None:
                raise InputError("no ControlNet is named", option, "add --control FILE, or leave it out")
        return None
    if hint is None:
        raise InputError("a ControlNet is told something, and nothing is named", "--control", "add --hint, such as --hint canny")
    return MendControl(model, hint, detector, STRENGTH if strength is None else strength)


def leading(study: Study, control: MendControl | None) -> Leading:
    """Raises InputError as `study_with` does, and for a hint that cannot be made."""
    if control is None:
        return Leading(study)
    section = control.section(study.spec)
    drawn = study_with(study, NAME, section, "--control")
    assert drawn.hints is not None
    _ = drawn.hints.written
    return Leading(drawn, Held(section, cached_hash(study.workspace, Path(section.model))))
