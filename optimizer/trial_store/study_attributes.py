"""What is stored with a seed's Optuna study besides trials: fingerprint, a person's choice, robustness checks, notes, figures."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from optimizer.search.stopping import Ended
from optimizer.trial_store.notes import attributes_of, notes_of
from optimizer.trial_store.optuna_study import SET_ASIDE, OptunaStudy
from optimizer.trial_store.retry import with_retries

RUN_ID: Final = "run id"
CHOSEN: Final = "chosen by hand"
ENDED: Final = "ended"
ENDED_AT: Final = "ended at"
FINGERPRINT: Final = "conditions"
ROBUSTNESS_CHECKED: Final = "tried beside"
"""Keys of user attributes, as earlier versions stored them."""
ROBUSTNESS_SIDES: Final = "robustness sides"


@dataclass(frozen=True)
class StudyAttributes:
    """Attributes of one study. Reading them makes no study."""

    study: OptunaStudy

    def fingerprint(self) -> Mapping[str, Any]:
        """What the trials were made under, as JSON values; empty if nothing was stored."""
        fingerprint: Mapping[str, Any] = self.study.attribute(FINGERPRINT) or {}
        return fingerprint

    def set_fingerprint(self, fingerprint: Mapping[str, Any]) -> None:
        self.study.set_attribute(FINGERPRINT, dict(fingerprint))

    def run_id(self) -> str:
        """Tells these trials from those of a study of this name that was deleted; empty if `give_run_id` was never called."""
        return str(self.study.attribute(RUN_ID) or "")

    def give_run_id(self) -> str:
        """The id, given now if there is none: makes the study."""
        found = self.run_id()
        if not found:
            found = uuid.uuid4().hex
            self.study.set_attribute(RUN_ID, found)
        return found

    def chosen(self) -> int | None:
        """The number of the trial that a person chose over the search's own pick."""
        number = self.study.attribute(CHOSEN)
        return None if number is None else int(number)

    def choose(self, number: int | None) -> None:
        """Stores what a person chose; None leaves the choice to the search again."""
        self.study.set_attribute(CHOSEN, number)

    def ended(self, required: Mapping[str, float]) -> Ended | None:
        """Why the last search ended; None while it goes on, where it was killed, and of searches of earlier versions or of other
        requirements than `required`: those were never searched for."""
        stored, at = self.study.attribute(ENDED), self.study.attribute(ENDED_AT)
        if at is not None and at != dict(required):
            return None
        return Ended(stored) if stored in {ended.value for ended in Ended} else None

    def set_ended(self, ended: Ended | None, required: Mapping[str, float]) -> None:
        if ended is not self.ended(required):
            self.study.set_attribute(ENDED, None if ended is None else ended.value)
            self.study.set_attribute(ENDED_AT, dict(required))

    def robustness_checked(self) -> dict[int, float]:
        """By number of the trials whose robustness was checked, how far off their weights."""
        return {int(number): float(off) for number, off in (self.study.attribute(ROBUSTNESS_CHECKED) or {}).items()}

    def robustness_sides(self, number: int, off: float) -> tuple[str, ...]:
        """The neighbours of a trial that were drawn at this offset. Earlier versions stored no sides, and drew both."""
        if self.robustness_checked().get(number) != off:
            return ()
        sides = (self.study.attribute(ROBUSTNESS_SIDES) or {}).get(str(number), ("lower", "higher"))
        return tuple(str(side) for side in sides)

    def set_robustness_checked(self, number: int, off: float, sides: Sequence[str]) -> None:
        """Stores that a trial was checked: its neighbours are rendered again if they leave the cache."""
        self.study.set_attribute(ROBUSTNESS_SIDES, {**(self.study.attribute(ROBUSTNESS_SIDES) or {}), str(number): list(sides)})
        checked = {str(n): o for n, o in {**self.robustness_checked(), number: off}.items()}
        self.study.set_attribute(ROBUSTNESS_CHECKED, checked)

    def set_aside(self, numbers: Sequence[int]) -> None:
        """From now on these trials count as never drawn. Dashboards go on showing them: Optuna takes back nothing finished."""
        self.study.set_attribute(SET_ASIDE, sorted({*(self.study.attribute(SET_ASIDE) or []), *numbers}))

    def notes(self) -> dict[int | None, str]:
        """optuna-dashboard's notes by trial number, that of the study by None."""
        numbers: dict[int | None, int | None] = {trial._trial_id: trial.number for trial in self.study.finished()}
        numbers[None] = None
        return {numbers[trial]: text for trial, text in notes_of(self.study.system_attributes()).items() if trial in numbers}

    def write_note(self, number: int | None, text: str) -> None:
        """Writes the note of a trial, or of the study."""
        trial = None if number is None else self.study.trial(number)._trial_id
        for key, value in attributes_of(trial, text, self.study.system_attributes()).items():
            self.study.set_system_attribute(key, value)

    def show_figure(self, name: str, figure: Any) -> None:
        """Shows a figure on the study's page of optuna-dashboard, in the place of one of the same name. Its `to_json` gives
        plotly's JSON."""
        from optuna_dashboard import save_plotly_graph_object

        with_retries(lambda: save_plotly_graph_object(self.study.get(), figure, graph_object_id=name))
