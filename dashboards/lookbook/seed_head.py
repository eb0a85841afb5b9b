"""The head of a seed: the pick next to the start and the plain image, with its weights and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.lookbook.book import JudgedImage, Requirement, SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.marks import class_of
from dashboards.lookbook.words import first_capital, limit_text, number, slider_value, text, verdict, weights
from models.counted import counted
from models.language.translate import joined, said, translated

CALIBRATED: Final = "calibrated: 0 is the plain image, 1 the best sound image of the LoRA alone or the start image; raw below"


@dataclass(frozen=True)
class _Column:
    """One of the three images next to each other."""

    title: str
    name: str
    judged: JudgedImage


def opening(seed: SeedPage, sliders: Sequence[Slider], framer: Framer, *, first: bool) -> str:
    """`first` marks the seed that is seen when the page opens."""
    chosen = _chosen(seed)
    columns = (chosen, _Column(said("Start"), "start", seed.start), _Column(said("Plain"), "plain", seed.plain))
    shots = "".join(_shot(seed, column, sliders, framer, eager=first) for column in columns)
    title = said("Seed {seed}", seed=seed.seed)
    return (
        f'<header class="verdict"><p class="eyebrow">{title}</p>{_headline(seed)}<p>{_sentence(seed)}</p>{_note(seed)}'
        f"{_weights(chosen.judged, sliders)}</header>"
        f'<div class="triptych">{shots}{_scores(seed.requirements, columns)}</div>'
        f"{_parts(chosen)}{_ratings(seed)}"
    )


def _chosen(seed: SeedPage) -> _Column:
    if seed.pick is None:
        return _Column(said("Nearest"), "nearest", seed.trials[seed.nearest])
    return _Column(said("Pick"), "pick", seed.trials[seed.pick])


def _headline(seed: SeedPage) -> str:
    """In the colour of the pick's verdict."""
    headline = text(first_capital(translated(seed.claim)))
    if seed.pick is None:
        return f"<h2>{headline}</h2>"
    pick = seed.trials[seed.pick]
    tone = "" if pick.mark is None else f' class="{class_of(pick.mark)}"'
    total = said("total {number}", number=number(pick.cost))
    return f'<h2{tone}>{headline}{said(": ")}<span class="total">{total}</span></h2>'


def _sentence(seed: SeedPage) -> str:
    return said("{trials}. {reason}", trials=text(counted(len(seed.trials), "trial")), reason=text(seed.reason))


def _note(seed: SeedPage) -> str:
    return f'<p class="note">{text(first_capital(translated(seed.start_note)))}</p>' if seed.start_note else ""


def _parts(column: _Column) -> str:
    """What the pick shows of each LoRA."""
    shown = {name: joined(", ", words) for name, words in column.judged.parts.items() if words}
    rows = "".join(f"<li>{text(name)}{said(': ')}{text(words)}</li>" for name, words in shown.items())
    title = said("What the pick shows" if column.name == "pick" else "What the nearest shows")
    return f'<div class="rated parts"><h3>{title}</h3><ul>{rows}</ul></div>' if rows else ""


def _ratings(seed: SeedPage) -> str:
    rated = [said("Trial {number}: {rating}", number=t.number, rating=text(t.rating)) for t in seed.trials if t.rating]
    items = "".join(f"<li>{line}</li>" for line in rated)
    return f'<div class="rated"><h3>{said("What people said")}</h3><ul>{items}</ul></div>' if items else ""


def _weights(judged: JudgedImage, sliders: Sequence[Slider]) -> str:
    tiles = "".join(
        f"<div><dt>{text(slider.name)}</dt><dd>{slider_value(slider, value)}</dd>"
        f'<dd class="soft">{said("start {value}", value=slider_value(slider, slider.start))}</dd></div>'
        for slider, value in zip(sliders, judged.at, strict=True)
    )
    return f'<dl class="weights">{tiles}</dl>'


def _shot(seed: SeedPage, column: _Column, sliders: Sequence[Slider], framer: Framer, *, eager: bool) -> str:
    judged = column.judged
    shown = framer.place(judged, f"seed-{seed.seed}-{column.name}", large=True)
    if column.name == "plain":
        caption_text = said("no LoRA, no trigger words")
    else:
        trial = said("trial {number}", number=judged.number) + said(": ") if isinstance(judged, Trial) else ""
        rated = said("; rated {rating}", rating=judged.rating) if isinstance(judged, Trial) and judged.rating else ""
        caption_text = f"{trial}{weights(sliders, judged.at)}{said('; ')}{verdict(judged)}{rated}"
    caption = f"<strong>{column.title}</strong> {text(caption_text)}"
    return framer.figure(
        judged,
        shown,
        alt=said("{title} of seed {seed}: {caption}", title=column.title, seed=seed.seed, caption=caption_text),
        caption=caption,
        tone=column.name,
        eager=eager,
    )


def _scores(requirements: Sequence[Requirement], columns: Sequence[_Column]) -> str:
    heads = "".join(f'<th scope="col">{column.title}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row">{text(requirement.name)}<span class="soft">{limit_text(requirement)}</span></th>'
        f"{''.join(_score(requirement, column.judged, required=column.name != 'plain') for column in columns)}</tr>"
        for requirement in requirements
    )
    return (
        f'<div class="scores"><table><caption>{said("Scores")} <span class="soft">{said(CALIBRATED)}</span></caption>'
        f'<thead><tr><th scope="col">{said("Requirement")}</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _score(requirement: Requirement, judged: JudgedImage, *, required: bool) -> str:
    """`required` is False for the plain image, which is only the requirements' zero."""
    if requirement.counted:
        shown = text(joined(", ", judged.faults.get(requirement.name, ()))) or said("sound")
    else:
        score = judged.scores.get(requirement.name)
        shown = said("not measurable") if score is None else number(score)
    raw = judged.raw.get(requirement.name)
    below = "" if raw is None else f'<span class="soft">{said("raw {raw:.3f}", raw=raw)}</span>'
    if not required or (requirement.limit is None and not requirement.counted):
        return f"<td>{shown}{below}</td>"
    met = requirement.name not in judged.breaks
    mark = _mark(met, "" if met else said("missed by {by:.2f}", by=judged.breaks[requirement.name]))
    return f'<td class="{"met" if met else "unmet"}">{shown} {mark}{below}</td>'


def _mark(met: bool, why: str) -> str:
    return f'<b class="mark" role="img" aria-label="{said("met")}">✓</b>' if met else (
        f'<b class="mark" role="img" aria-label="{text(why)}" title="{text(why)}">✗</b>'
    )  # fmt: skip
