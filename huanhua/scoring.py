"""Scores of any image by a study's references and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError

if TYPE_CHECKING:
    from studies.report.explain import ScoredImage
    from studies.study import Study


def score(study: Study, images: Sequence[Path | str] | Path | str, *, seed: int | None = None) -> list[ScoredImage]:
    """Scores image files, or one; the models are opened once for all of them.

    With a `seed` that an earlier run calibrated, scores are calibrated and compared with its locked image; without, they are raw
    similarities in [0, 1]. Raises InputError for a file that is no image, and for a seed that was not calibrated.
    """
    from studies.report.explain import open_images, score_images
    from studies.run.calibration import load_calibration
    from studies.study import check_study

    check_study(study)
    files = [images] if isinstance(images, (str, Path)) else images
    if not isinstance(files, Sequence) or not all(isinstance(file, (str, Path)) for file in files):
        raise InputError("no list of image files", repr(images)[:80], "give paths, or one")
    found, wrong = open_images([Path(file) for file in files])
    if wrong:
        raise wrong[0]
    if seed is not None and study.workspace.read("calibration") is None:
        raise InputError("no seed of this study was calibrated", seed, "run the study first, or name no seed")
    return score_images(study, found, load_calibration(study, seed).judge if seed is not None else None)
