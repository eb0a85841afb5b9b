"""What was found at a seed, as the page shows it: the look-book's data, with pictures that the service has."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dashboards.lookbook.data import image_data, seed_data
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.marks import class_of, marks_of
from dashboards.mark import SYMBOLS, Mark
from models.errors import InputError
from models.io.sqlite_url import sqlite_path
from models.language.translate import said, spoken, translated
from optimizer.search.verdict import LEAST
from studies.regions.words import by_place
from studies.report.lookbook import page_of, settings_of, sliders_of
from studies.run.large.stored import FOLDER as LARGE
from studies.run.mended.stored import FOLDER as MENDED
from studies.service.beside.orders import what_can_be_made
from studies.service.beside.told import made_of_pick
from studies.service.rest.pictures import ServedPictures

if TYPE_CHECKING:
    from dashboards.lookbook.book import JudgedImage, SeedPage
    from studies.run.outcome import Outcome
    from studies.study import Study

KEPT: Final = 64
"""Stories that stay in memory: judging a thousand stored images takes seconds."""


@dataclass(frozen=True)
class _Key:
    study: Path
    seed: int
    language: str


class Stories:
    """Made once for what is stored, and anew when that has changed. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[_Key, tuple[object, dict[str, Any]]] = OrderedDict()

    def of(self, study: Study, key: str, seed: int) -> dict[str, Any]:
        """`key` is the study's id. Raises InputError as `studies.run.stored_results.check_stored` does."""
        from studies.report.lookbook_data import seed_result
        from studies.run.stored_results import check_stored

        place, seen = _Key(study.folder, seed, spoken()), _stamps(study)
        with self._lock:
            kept = self._made.get(place)
        if kept is not None and kept[0] == seen and seen is not None:
            return kept[1]
        check_opened(study)
        check_stored(study, seed)
        found = seed_result(study, seed)
        outcome = found.outcome
        page = page_of(study, found)
        made = story(study, key, page) | {"ended": None if outcome.ended is None else outcome.ended.value}
        made |= {
            "proven": outcome.claim == LEAST,
            "by_hand": outcome.by_hand,
            **made_of_pick(outcome, page, Framer(ServedPictures(key), blurred=True)),
            **what_can_be_made(study, found.stored),
            "notes": [*(translated(note) for note in (*outcome.notes, found.start_note) if note), *_notes_of_parts(outcome)],
        }
        with self._lock:
            self._made[place] = seen, made
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        return made


def check_opened(study: Study) -> None:
    """Raises InputError where answering would open gigabytes of models inside the service."""
    if not study.was_opened():
        mend = "run it once more: what still holds is kept, and nothing is drawn twice"
        raise InputError("its base, a LoRA or how it draws is not what it was run with", study.folder, mend)


def story(study: Study, key: str, page: SeedPage) -> dict[str, Any]:
    """One seed as JSON: dials, requirements, trials, pick, proof, ladders, and what may be said of them."""
    framer = Framer(ServedPictures(key), blurred=True)

    def shown(judged: JudgedImage) -> dict[str, Any]:
        return image_data(judged, page.requirements, framer.place(judged, ""), framer)

    return {
        **seed_data(page, sliders_of(study), [framer.place(trial, "") for trial in page.trials], framer),
        "study": study.spec.name,
        "prompt": study.spec.prompt,
        "negative": study.spec.negative_prompt,
        "settings": [[said(name), value] for name, value in settings_of(study)],
        "claim": translated(page.claim),
        "reason": translated(page.reason),
        "views": [{"measure": v.measure, "title": said(v.title), "label": said(v.label)} for v in page.views],
        "legend": [_mark(mark) for mark in reversed(marks_of(page))],
        "plain": shown(page.plain),
        "start": shown(page.start),
        "parts": _parts(page),
        "proof": _proof(page),
        "ladders": [
            {
                "lora": ladder.lora,
                "steps": [{"weight": weight, **shown(step), **_alone(step, ladder.lora)} for weight, step in ladder.steps],
            }
            for ladder in page.ladders
        ],
    }


def _notes_of_parts(outcome: Outcome) -> list[str]:
    return [*_region_notes(outcome), *_schedule_notes(outcome), *_control_notes(outcome)]


def _region_notes(outcome: Outcome) -> list[str]:
    """Where LoRAs act that do not act everywhere."""
    return [
        said("{name} acts in {where} alone", name=name, where=translated(where))
        for name, where in by_place(outcome.regions).items()
    ]


def _schedule_notes(outcome: Outcome) -> list[str]:
    """In which steps LoRAs act that do not act in all."""
    return [said("{name} acts in {steps} alone", name=name, steps=translated(words)) for name, words in outcome.schedules.items()]


def _control_notes(outcome: Outcome) -> list[str]:
    """What ControlNets are told, and how strongly they act."""
    return [said("{name} is told {hint}", name=name, hint=translated(words)) for name, words in outcome.controls.items()]


def _mark(mark: Mark) -> dict[str, str]:
    return {"name": class_of(mark), "letter": SYMBOLS[mark.symbol].letter, "word": said(mark.word)}


def _alone(judged: JudgedImage, lora: str) -> dict[str, Any]:
    score = judged.scores.get(lora)
    return {"score": None if score is None else round(score, 4), "raw": round(judged.raw.get(lora, 0.0), 4)}


def _parts(page: SeedPage) -> dict[str, list[str]]:
    """What the pick, or the nearest, shows of each LoRA."""
    trial = page.trials[page.nearest if page.pick is None else page.pick]
    return {name: [translated(word) for word in words] for name, words in trial.parts.items() if words}


def _proof(page: SeedPage) -> dict[str, Any] | None:
    if page.proof is None:
        return None
    places = {trial.number: place for place, trial in enumerate(page.trials)}
    missing = translated(page.proof.missing)
    return {
        "complete": page.proof.complete,
        "at_bound": list(page.proof.at_bound),
        "steps": [
            {
                "name": step.name,
                "place": None if step.trial is None else places[step.trial.number],
                "weight": step.weight,
                "below": step.below,
                "why": missing,
            }
            for step in page.proof.steps
        ],
    }


def _stamps(study: Study) -> Mapping[str, tuple[int, int]] | None:
    """When what a story is made of was last written; None for a storage that is no file, of which that cannot be seen."""
    database = sqlite_path(study.storage_url)
    if database is None:
        return None
    root = study.workspace.root
    files = [
        study.folder / "study.yaml", Path(database), Path(f"{database}-wal"), root / "calibration.json", root / "opened.json",
        root / "locked.json", *(root / MENDED).glob("*.json"), *(root / LARGE).glob("*.json"),
    ]  # fmt: skip
    found = {}
    for file in files:
        try:
            found[str(file)] = (file.stat().st_mtime_ns, file.stat().st_size)
        except OSError:
            found[str(file)] = (0, 0)
    return found
