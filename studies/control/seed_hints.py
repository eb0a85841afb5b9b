"""What the ControlNets of a study are told at each seed: pictures made of its locked image, or that a person made.

The locked image is drawn without any ControlNet, as scouting drew it. What was made of it is kept in the workspace, so that hints
stay what they were and are known without opening models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from models.errors import InputError
from models.io.images import DAMAGES, open_drawn, open_map
from models.language.translate import phrase
from optimizer.control.hints import Hint, Hints
from optimizer.evaluate.base import Evaluator
from optimizer.point import Job
from scorers.observe.parts import box_of
from studies.control.detectors import Detect, open_detector
from studies.control.section import WITH_MODEL, Detector, GivenHint
from studies.control.words import hint_words
from studies.file_hashes import cached_hash
from studies.regions.stored_map import store_map

if TYPE_CHECKING:
    from optimizer.control.hints import Levels
    from optimizer.regions.regions import Mask
    from studies.spec import StudySpec
    from studies.workspace import Workspace

FOLDER: Final = "hints"
"""Of the workspace."""
VERSION: Final = 1
"""Of what detectors make of a picture."""
BLANK: Final = 8
"""Levels, of 255, that a hint must differ by in it to say anything."""


@dataclass
class StudyHints:
    """An `optimizer.evaluate.controlled_evaluator.SeedHints`."""

    spec: StudySpec
    root: Path
    workspace: Workspace
    everywhere: Callable[[], Evaluator]
    """What draws the locked image."""
    people: Callable[[int], Mapping[str, Mask] | None] | None = None
    """Where each of several people is at a seed whose locked image is drawn; None where the picture shows one."""
    _found: dict[int, Hints] = field(default_factory=dict)
    _detectors: dict[str, Detect] = field(default_factory=dict)

    def described(self) -> Mapping[str, str]:
        # A picture that does not open is said to be so before it is hashed.
        _ = self.written
        at = ", ".join(f"{name} {weight:g}" for name, weight in sorted(self.spec.locked().weights.items()))
        found = {}
        for name, section in self.spec.control.items():
            given = section.hint.image if isinstance(section.hint, GivenHint) else None
            made = f"{at}; {self._detector_id(name)}" if given is None else self._content(given)
            found[name] = f"{hint_words(section)} ({made}), ControlNet {self._net(name)[:12]}"
        return found

    def check_detectors(self) -> None:
        """Opens those that are models. Raises InputError for one that does not open."""
        for name, section in self.spec.control.items():
            if section.hint in WITH_MODEL and not isinstance(section.hint, GivenHint):
                self._detector(name, section.hint)

    def find(self, seed: int) -> Hints | None:
        if seed not in self._found:
            pictures = {name: self._stored(seed, name) for name in self.spec.control}
            found = {name: picture for name, picture in pictures.items() if picture is not None}
            if len(found) < len(pictures):
                return None
            self._found[seed] = Hints({name: Hint(self._net(name), picture) for name, picture in found.items()})
        return self._found[seed]

    def of(self, seed: int) -> Hints:
        if self.find(seed) is None:
            for name in self.spec.control:
                if self._stored(seed, name) is None:
                    self._make(seed, name)
        found = self.find(seed)
        assert found is not None
        return found

    @cached_property
    def written(self) -> dict[str, Levels]:
        """Those that a person made, the same at every seed. Raises InputError for one that does not open, or of another size."""
        given = {name: section.hint for name, section in self.spec.control.items()}
        return {name: self._opened(hint.image) for name, hint in given.items() if isinstance(hint, GivenHint)}

    def _opened(self, file: str) -> Levels:
        path = self._path(file)
        if path.is_dir():
            raise InputError("a folder, where a hint is one picture", path, "name the picture in it")
        return _told(np.asarray(open_map(path, self._size)), path)

    def _make(self, seed: int, name: str) -> None:
        section = self.spec.control[name]
        assert not isinstance(section.hint, GivenHint)
        locked = self.everywhere().evaluate(seed, self.spec.locked())
        places = (self.people(seed) if self.people is not None else None) or {}
        detect = self._detector(name, section.hint)
        made = detect(open_drawn(locked.image), [box_of(mask) for mask in places.values()])
        told = _told(np.asarray(made), phrase("control.{name} at seed {seed}", name=name, seed=seed))
        store_map(self._place(seed, name), told)

    def _detector(self, name: str, hint: Detector) -> Detect:
        """Opened once."""
        if name not in self._detectors:
            self._detectors[name] = open_detector(hint, self._model_of(name))
        return self._detectors[name]

    def _stored(self, seed: int, name: str) -> Levels | None:
        """None where nothing is stored, or it is damaged: it is then made again."""
        from PIL import Image as Pictures

        if name in self.written:
            return self.written[name]
        with suppress(*DAMAGES), Pictures.open(self._place(seed, name)) as stored:
            stored.load()
            return np.asarray(stored) if stored.mode == "RGB" and stored.size == self._size else None
        return None

    def _place(self, seed: int, name: str) -> Path:
        """Named by all that decides the locked image and what is made of it."""
        image = self.everywhere().place(Job(seed, self.spec.locked())).stem
        detector = hashlib.sha256(self._detector_id(name).encode()).hexdigest()[:12]
        return self.workspace.root / FOLDER / f"{image}.{detector}.png"

    def _detector_id(self, name: str) -> str:
        hint, model = self.spec.control[name].hint, self._model_of(name)
        people = f" of {', '.join(self.spec.figures)}" if hint == "pose" and self.spec.figures else ""
        content = "" if model is None else f" {self._content(str(model))}"
        return f"{hint}{people}{content}" + (f" {VERSION}" if VERSION > 1 else "")

    def _model_of(self, name: str) -> Path | None:
        section = self.spec.control[name]
        if section.hint not in WITH_MODEL:
            return None
        file = section.detector or (self.spec.scorers.hands.pose if section.hint == "pose" else None)
        assert file is not None
        if not self._path(file).exists():
            mend = "name a file or folder that is there"
            raise InputError(phrase("no such detector: {file}", file=file), phrase("control.{name}.detector", name=name), mend)
        return self._path(file)

    def _net(self, name: str) -> str:
        path = self._path(self.spec.control[name].model)
        if not path.exists():
            mend = "name its diffusers folder, or its .safetensors file"
            raise InputError("no such ControlNet", path, mend)
        return cached_hash(self.workspace, path)

    def _content(self, file: str) -> str:
        return cached_hash(self.workspace, self._path(file))[:12]

    def _path(self, name: str) -> Path:
        return (self.root / name).expanduser()

    @property
    def _size(self) -> tuple[int, int]:
        return self.spec.render.width, self.spec.render.height


def _told(levels: Levels, where: str | Path) -> Levels:
    """Raises InputError for a hint that is one colour all over."""
    if int(levels.max()) - int(levels.min()) < BLANK:
        mend = "look at what it is made of, or name another hint"
        raise InputError("an empty hint: it is one colour all over, and says nothing of the picture", where, mend)
    return levels
