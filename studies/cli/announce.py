"""What is printed before drawing, and after logging."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from studies.cli.progress.console import Advance, minutes, say

if TYPE_CHECKING:
    from studies.study import Study
    from studies.tracking.base import Tracker


AGAIN = "the same command logs them later, and draws nothing again"


def announce(study: Study, what: str, images: int) -> None:
    """Says before any rendering how many images it will take at most, and how long."""
    study.workspace.make()
    _tell_limits_once(study)
    say(f"{what}: at most {images} images, about {minutes(images * study.renderer.seconds_per_image())} to draw")


def _tell_limits_once(study: Study) -> None:
    """What the licences of the scorers' models forbid, said once in a workspace."""
    from models.catalogue import limits_of_use

    found = limits_of_use(study.spec.scorers.face.pack, study.spec.scorers.parts.model or "")
    if found and study.workspace.read("licences-told") != found:
        for line in found:
            say(f"licence: {line}")
        study.workspace.write("licences-told", found)


def counter(advance: Advance) -> Callable[[], None]:
    """A callback that counts images on a bar."""
    done = itertools.count(1)
    return lambda: advance(next(done), "")


def close(tracker: Tracker, wait_s: float = 60.0, later: str = "`huanhua track STUDY` logs them later") -> bool:
    """Waits for what is still being logged and says what could not be, which is true then; `later` says how it can be."""
    missing = tracker.close(wait_s)
    if missing.titles:
        say(f"not logged to MLflow: {len(missing.titles)} records ({missing.reason}); the study itself is whole, and {later}")
    return bool(missing.titles)
