"""What the observer sees in moved copies of a stored image, stored beside it: looked at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from models.errors import InputError
from models.io.files import write_whole
from models.io.images import open_drawn
from scorers.noise.copies import moved_copies
from scorers.observe.observation import Observation
from studies.study import Study

LooksAtCopies: TypeAlias = Callable[[Study, Path], Sequence[Observation]]
"""Of an image in the study's workspace."""


def observe_copies(study: Study, image: Path) -> Sequence[Observation]:
    """Those of scorers.noise.copies, in their order; opens the scorers unless they are stored."""
    stored = stored_copies(study, image)
    if stored or not image.exists():
        return stored
    seen = study.observer.observe(moved_copies(open_drawn(image)))
    write_whole(_place(study, image), json.dumps([one.to_json() for one in seen]).encode())
    return seen


def stored_copies(study: Study, image: Path) -> Sequence[Observation]:
    """Opens no model; none where they were not looked at by the scorers as they are now."""
    try:
        return [Observation.from_json(one) for one in json.loads(_place(study, image).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, InputError):
        return []


def _place(study: Study, image: Path) -> Path:
    return image.with_suffix(f".copies.{study.observer_id[:12]}.json")
