"""The head of a seed: the pick next to the start and the plain image, with its weights and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.lookbook.book import JudgedImage, Requirement, SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.marks import class_of
from dashboards.lookbook.words import first_capital, limit_text, number, slider_value, text, verdict, weights
from models.counted import counted


@dataclass(frozen=True)
class _Column:
    """One of the three images next to each other."""

    title: str
    name: str
    judged: JudgedImage


def opening(seed: SeedPage, sliders: Sequence[Slider], framer: Framer, *, first: bool) -> str:
    """`first` marks the seed that is seen when the page opens."""
    chosen = _chosen(seed)
    columns = (chosen, _Column("Start", "start", seed.start), _Column("Plain", "plain", seed.plain))
    shots = "".join(_shot(seed, column, sliders, framer, eager=first) for column in columns)
    return (
        f'<header class="verdict"><p class="eyebrow">Seed {seed.seed}</p>{_headline(seed)}<p>{_sentence(seed)}</p>'
        f"{_weights(chosen.judged, sliders)}</header>"
        f'<div class="triptych">{shots}{_scores(seed.requirements, columns)}</div>'
        f"{_parts(chosen)}{_ratings(seed)}"
    )


def _chosen(seed: SeedPage) -> _Column:
    if seed.pick is None:
        return _Column("Nearest", "nearest", seed.trials[seed.nearest])
    return _Column("Pick", "pick", seed.trials[seed.pick])


def _headline(seed: SeedPage) -> str:
    """In the colour of the pick's verdict."""
    headline = text(first_capital(seed.claim))
    if seed.pick is None:
        return f"<h2>{headline}</h2>"
    pick = seed.trials[seed.pick]
    tone = "" if pick.mark is None else f' class="{class_of(pick.mark)}"'
    return f'<h2{tone}>{headline}: <span class="total">total {number(pick.cost)}</span></h2>'


def _sentence(seed: SeedPage) -> str:
    return f"{counted(len(seed.trials), 'trial')}. {text(seed.reason)}"


def _parts(column: _Column) -> str:
    """What the pick shows of each LoRA."""
    rows = "".join(f"<li>{text(name)}: {text(', '.join(words))}</li>" for name, words in column.judged.parts.items() if words)
    return f'<div class="rated parts"><h3>What the {column.name} shows</h3><ul>{rows}</ul></div>' if rows else ""


def _ratings(seed: SeedPage) -> str:
    items = "".join(f"<li>Trial {trial.number}: {text(trial.rating)}</li>" for trial in seed.trials if trial.rating)
    return f'<div class="rated"><h3>What people said</h3><ul>{items}</ul></div>' if items else ""


def _weights(judged: JudgedImage, sliders: Sequence[Slider]) -> str:
    tiles = "".join(
        f"<div><dt>{text(slider.name)}</dt><dd>{slider_value(slider, value)}</dd>"
        f'<dd class="soft">start {slider_value(slider, slider.start)}</dd></div>'
        for slider, value in zip(sliders, judged.at, strict=True)
    )
    return f'<dl class="weights">{tiles}</dl>'


def _shot(seed: SeedPage, column: _Column, sliders: Sequence[Slider], framer: Framer, *, eager: bool) -> str:
    judged = column.judged
    shown = framer.place(judged, f"seed-{seed.seed}-{column.name}", large=True)
    if column.name == "plain":
        caption_text = "no LoRA, no trigger words"
    else:
        trial = f"trial {judged.number}: " if isinstance(judged, Trial) else ""
        rated = f"; rated {judged.rating}" if isinstance(judged, Trial) and judged.rating else ""
        caption_text = f"{trial}{weights(sliders, judged.at)}; {verdict(judged)}{rated}"
    caption = f"<strong>{column.title}</strong> {text(caption_text)}"
    return framer.figure(
        judged,
        shown,
        alt=f"{column.title} of seed {seed.seed}: {caption_text}",
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
        '<div class="scores"><table><caption>Scores <span class="soft">calibrated: 0 is the plain image, 1 the best of the LoRA '
        'alone; raw below</span></caption><thead><tr><th scope="col">Requirement</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _score(requirement: Requirement, judged: JudgedImage, *, required: bool) -> str:
    """`required` is False for the plain image, which is only the requirements' zero."""
    if requirement.counted:
        shown = text(", ".join(judged.faults.get(requirement.name, ()))) or "sound"
    else:
        score = judged.scores.get(requirement.name)
        shown = "not measurable" if score is None else number(score)
    raw = judged.raw.get(requirement.name)
    below = "" if raw is None else f'<span class="soft">raw {raw:.3f}</span>'
    if not required or (requirement.limit is None and not requirement.counted):
        return f"<td>{shown}{below}</td>"
    met = requirement.name not in judged.breaks
    mark = _mark(met, "" if met else f"missed by {judged.breaks[requirement.name]:.2f}")
    return f'<td class="{"met" if met else "unmet"}">{shown} {mark}{below}</td>'


def _mark(met: bool, why: str) -> str:
    return '<b class="mark" role="img" aria-label="met">✓</b>' if met else (
        f'<b class="mark" role="img" aria-label="{text(why)}" title="{text(why)}">✗</b>'
    )  # fmt: skip
