"""The data of the page's script: a seed's trials as JSON that can stand inside HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from dashboards.lookbook.book import JudgedImage, Requirement, SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Shown
from dashboards.lookbook.marks import class_of, marks_of
from dashboards.lookbook.words import verdict
from dashboards.mark import SYMBOLS, Mark
from models.language.translate import said, translated

UNSAFE: Final = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""Letters that could end a script element or a line of script; JSON holds them only in strings, where escapes mean the same."""


SCRIPT_WORDS: Final = (
    "trial {number}: {weights}; {verdict}",
    "Trial {number}, {steps}: {weights}; {verdict}{rated}",
    "Trial {number}: {weights}; total {total}; {verdict}{rated}",
    "trial {number}, cost {cost}, {title} {score}, {verdict}",
    "; rated {rating}",
    "drawn exactly here",
    "1 step away",
    "{steps} steps away",
    "sound",
    "may break {names}",
    "may meet every requirement",
    "Estimate: {verdict}.",
    " The {name} is not estimated.",
    "cost: total weight →",
    "at least {limit}",
    "at most {limit}",
    "Under search in study.yaml: ",
    ". What is stored is then judged anew; nothing is drawn for it.",
    ", ",
)
"""As the page's script has them in page/*.js."""


def as_script(value: Any) -> str:
    """JSON for a script element. Raises ValueError for NaN and infinities, which are no JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


def seed_data(seed: SeedPage, sliders: Sequence[Slider], shown: Sequence[Shown], framer: Framer) -> dict[str, Any]:
    """Lists in the order of sliders and requirements: names come from strangers and would be poor keys."""
    return {
        "seed": seed.seed,
        "dials": [_dial(slider) for slider in sliders],
        "needs": [_requirement(requirement) for requirement in seed.requirements],
        "views": [{"measure": view.measure, "title": said(view.title)} for view in seed.views],
        "marks": [_mark(mark) for mark in marks_of(seed)],
        "trials": [_trial(trial, seed.requirements, s, framer) for trial, s in zip(seed.trials, shown, strict=True)],
        "pick": seed.pick,
        "nearest": seed.nearest,
    }


def _dial(slider: Slider) -> dict[str, Any]:
    numbers = {"name": slider.name, "low": slider.low, "high": slider.high, "step": slider.step, "start": slider.start}
    return {**numbers, **({"labels": list(slider.labels)} if slider.labels else {})}


def script_words() -> dict[str, str]:
    """What the script writes, in the language of the page, by its English."""
    return {text: said(text) for text in SCRIPT_WORDS}


def _mark(mark: Mark) -> dict[str, Any]:
    drawn = SYMBOLS[mark.symbol]
    return {"name": class_of(mark), "path": drawn.svg, "filled": drawn.filled}


def _requirement(requirement: Requirement) -> dict[str, Any]:
    return {
        "name": requirement.name,
        "measure": requirement.measure,
        "limit": requirement.limit,
        "least": requirement.at_least,
        "counted": requirement.counted,
        **({"whose": requirement.whose} if requirement.whose else {}),
    }


def _trial(trial: Trial, requirements: Sequence[Requirement], shown: Shown, framer: Framer) -> dict[str, Any]:
    return {"number": trial.number, **image_data(trial, requirements, shown, framer), "rating": trial.rating}


def image_data(judged: JudgedImage, requirements: Sequence[Requirement], shown: Shown, framer: Framer) -> dict[str, Any]:
    """One image with its scores, in the order of the requirements."""
    places = {requirement.name: place for place, requirement in enumerate(requirements)}
    return {
        "at": list(judged.at),
        "cost": _short(judged.cost),
        "scores": [_short(judged.scores.get(requirement.name)) for requirement in requirements],
        "breaks": [[places[name], _short(by)] for name, by in judged.breaks.items() if name in places],
        "faults": [list(map(translated, judged.faults.get(requirement.name, ()))) for requirement in requirements],
        "mark": "" if judged.mark is None else class_of(judged.mark),
        "verdict": verdict(judged),
        **({"files": dict(judged.files)} if judged.files else {}),
        "bare": framer.veils(judged),
        "image": shown.file,
        "size": [shown.width, shown.height],
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
