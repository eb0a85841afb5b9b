"""The head of a seed: the pick next to the start and the plain image, with its weights and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.lookbook.book import JudgedImage, Requirement, SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.words import breaks, limit_text, number, slider_value, text, verdict, weights

NEXT = "Try another seed, a colour word in the prompt, a half-body pose, or a smaller requirement."

UNSEEN = "Try its trigger word in the prompt, other reference photos, a LoRA of this base, or another seed."


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
        f'<header class="verdict"><p class="eyebrow">Seed {seed.seed}</p><h2>{_headline(seed)}</h2><p>{_sentence(seed)}</p>'
        f"{_weights(chosen.judged, sliders)}</header>"
        f'<div class="triptych">{shots}{_scores(seed.requirements, columns)}</div>{_ratings(seed)}'
    )


def _chosen(seed: SeedPage) -> _Column:
    if seed.pick is None:
        return _Column("Nearest", "nearest", seed.trials[seed.nearest])
    return _Column("Pick", "pick", seed.trials[seed.pick])


def _headline(seed: SeedPage) -> str:
    if seed.pick is None:
        return "No weights meet every requirement"
    total = number(seed.trials[seed.pick].cost)
    if seed.by_hand:
        return f'Chosen by hand: <span class="total">total {total}</span>'
    return f'The least that works: <span class="total">total {total}</span>'


def _sentence(seed: SeedPage) -> str:
    count = f"{len(seed.trials)} trials."
    if seed.pick is None and seed.unmeasurable:
        names = text(", ".join(seed.unmeasurable))
        return (
            f"{count} Nothing can: no weight of {names} alone shows more than noise at this seed. See the ladder below. {UNSEEN}"
        )
    if seed.pick is None:
        nearest = seed.trials[seed.nearest]
        by = nearest.breaks.get(seed.blocked_by)
        missed = "" if by is None else f", which it misses by {by:.2f}"
        return f"{count} The nearest is trial {nearest.number}, blocked by {text(seed.blocked_by)}{missed}. {NEXT}"
    if seed.by_hand:
        return f"{count} {_by_hand(seed, seed.trials[seed.pick])}"
    if seed.proof is not None and seed.proof.complete:
        return f"{count} No single weight can go a step lower: each such image was drawn, and each breaks a requirement."
    return f"{count} Not every single step down was drawn yet, so a lower weight may still work: give the run more trials."


def _by_hand(seed: SeedPage, pick: Trial) -> str:
    """What a person's pick gives up against the search's own, as HTML."""
    chosen = f"A person chose trial {pick.number}, which {text(verdict(pick))}"
    if seed.found is None:
        return f"{chosen}; the search found nothing that meets them all."
    found = seed.trials[seed.found]
    return f"{chosen}. The search's own is trial {found.number}, total {number(found.cost)}."


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
    mark = _mark(met, "" if met else breaks({requirement.name: judged.breaks[requirement.name]}))
    return f'<td class="{"met" if met else "unmet"}">{shown} {mark}{below}</td>'


def _mark(met: bool, why: str) -> str:
    return '<b class="mark" role="img" aria-label="met">✓</b>' if met else (
        f'<b class="mark" role="img" aria-label="{text(why)}" title="{text(why)}">✗</b>'
    )  # fmt: skip
