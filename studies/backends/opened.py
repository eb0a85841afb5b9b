"""What is known of a study's opened models, without opening them again: facts, the renderer's identity, seconds per image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.language.translate import joined, phrase
from studies.drawing.identity import identity_differences
from studies.drawing.section import HuanhuaDraw
from studies.model_facts import ModelFacts, OpenedFacts, facts_source, store_facts, stored_facts

if TYPE_CHECKING:
    from studies.backends.base import Backend
    from studies.spec import StudySpec
    from studies.workspace import Workspace


@dataclass
class OpenedModels:
    """Stored in the workspace, and found anew where the study file or a file that it names has changed."""

    spec: StudySpec
    root: Path
    workspace: Workspace
    backend: Backend

    def were_opened(self) -> bool:
        """Whether facts are stored: without them nothing was drawn yet, and answering would open models."""
        return self._stored is not None

    @cached_property
    def models(self) -> ModelFacts:
        return self._stored.models if self._stored else self.backend.models()

    def facts(self) -> OpenedFacts:
        """The stored facts; opens the models and stores them where there are none, or the open renderer is another one."""
        stored = self._stored
        if stored is None or (self.backend.is_open() and self.backend.identity() != stored.identity):
            return self._store({})
        return stored

    def seconds_per_image(self) -> float:
        """Measured once a device and stored; measuring opens the models and draws, and leaves scoring out."""
        device = self.backend.device()
        stored = self.facts().seconds.get(device)
        if stored is not None:
            return stored
        seconds = self.backend.seconds_per_image()
        if device:
            self._store({device: seconds})
        return seconds

    def check_identity(self, cached: Mapping[str, Any], opened: Mapping[str, Any]) -> None:
        """Raises InputError if the renderer that was opened is another than drew the cached images."""
        if opened == cached:
            return
        changed = joined("; ", identity_differences(cached, opened))
        # Stored first: the next run then starts from what this machine draws.
        self._store({})
        who = phrase("this machine") if isinstance(self.spec.draw, HuanhuaDraw) else self.spec.draw.title
        what = phrase("{who} would now draw otherwise than the stored images were drawn ({changed})", who=who, changed=changed)
        raise InputError(what, "workspace", "run `huanhua run STUDY`, which draws them anew or says how to go on")

    @cached_property
    def _source(self) -> dict[str, Any]:
        return facts_source(self.spec, self.root)

    @cached_property
    def _stored(self) -> OpenedFacts | None:
        return stored_facts(self.workspace, self._source)

    def _store(self, seconds: Mapping[str, float]) -> OpenedFacts:
        earlier = self._stored.seconds if self._stored else {}
        facts = OpenedFacts(self.models, self.backend.identity(), {**earlier, **seconds})
        store_facts(self.workspace, self._source, facts)
        self._stored = facts
        return facts
