"""The head of a seed: the pick beside the start image and the plain one, what it weighs and what it scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.lookbook.book import Dial, Look, Need, SeedStory, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.words import breaks, dial_value, number, requirement, text, verdict, weights

NEXT = "Try another seed, a colour word in the prompt, a half-body pose, or a smaller requirement."

UNSEEN = "Try its trigger word in the prompt, other reference photos, a LoRA of this base, or another seed."


@dataclass(frozen=True)
class _Column:
    """One of the three images that stand beside each other."""

    title: str
    name: str
    look: Look


def opening(story: SeedStory, dials: Sequence[Dial], framer: Framer, *, first: bool) -> str:
    """`first` marks the seed that is seen when the page opens."""
    chosen = _chosen(story)
    columns = (chosen, _Column("Start", "start", story.start), _Column("Plain", "plain", story.plain))
    shots = "".join(_shot(story, column, dials, framer, eager=first) for column in columns)
    return (
        f'<header class="verdict"><p class="eyebrow">Seed {story.seed}</p><h2>{_headline(story)}</h2><p>{_sentence(story)}</p>'
        f"{_weights(chosen.look, dials)}</header>"
        f'<div class="triptych">{shots}{_scores(story.needs, columns)}</div>{_ratings(story)}'
    )


def _chosen(story: SeedStory) -> _Column:
    if story.pick is None:
        return _Column("Nearest", "nearest", story.trials[story.nearest])
    return _Column("Pick", "pick", story.trials[story.pick])


def _headline(story: SeedStory) -> str:
    if story.pick is None:
        return "No weights meet every requirement"
    total = number(story.trials[story.pick].cost)
    if story.by_hand:
        return f'Chosen by hand: <span class="total">total {total}</span>'
    return f'The least that works: <span class="total">total {total}</span>'


def _sentence(story: SeedStory) -> str:
    count = f"{len(story.trials)} trials."
    if story.pick is None and story.unmeasurable:
        names = text(", ".join(story.unmeasurable))
        return (
            f"{count} Nothing can: no weight of {names} alone shows more than noise at this seed. See the ladder below. {UNSEEN}"
        )
    if story.pick is None:
        nearest = story.trials[story.nearest]
        by = nearest.breaks.get(story.blocked_by)
        missed = "" if by is None else f", which it misses by {by:.2f}"
        return f"{count} The nearest is trial {nearest.number}, blocked by {text(story.blocked_by)}{missed}. {NEXT}"
    if story.by_hand:
        return f"{count} {_by_hand(story, story.trials[story.pick])}"
    if story.proof is not None and story.proof.complete:
        return f"{count} No single weight can go a step lower: each such image was drawn, and each breaks a requirement."
    return f"{count} Not every single step down was drawn yet, so a lower weight may still work: give the run more trials."


def _by_hand(story: SeedStory, pick: Trial) -> str:
    """What a person's pick gives up against the search's own, as HTML."""
    chosen = f"A person chose trial {pick.number}, which {text(verdict(pick))}"
    if story.found is None:
        return f"{chosen}; the search found nothing that meets them all."
    found = story.trials[story.found]
    return f"{chosen}. The search's own is trial {found.number}, total {number(found.cost)}."


def _ratings(story: SeedStory) -> str:
    said = "".join(f"<li>Trial {trial.number}: {text(trial.rating)}</li>" for trial in story.trials if trial.rating)
    return f'<div class="rated"><h3>What people said</h3><ul>{said}</ul></div>' if said else ""


def _weights(look: Look, dials: Sequence[Dial]) -> str:
    tiles = "".join(
        f"<div><dt>{text(dial.name)}</dt><dd>{dial_value(dial, value)}</dd>"
        f'<dd class="soft">start {dial_value(dial, dial.start)}</dd></div>'
        for dial, value in zip(dials, look.at, strict=True)
    )
    return f'<dl class="weights">{tiles}</dl>'


def _shot(story: SeedStory, column: _Column, dials: Sequence[Dial], framer: Framer, *, eager: bool) -> str:
    look = column.look
    shown = framer.place(look, f"seed-{story.seed}-{column.name}", large=True)
    if column.name == "plain":
        says = "no LoRA, no trigger words"
    else:
        trial = f"trial {look.number}: " if isinstance(look, Trial) else ""
        rated = f"; rated {look.rating}" if isinstance(look, Trial) and look.rating else ""
        says = f"{trial}{weights(dials, look.at)}; {verdict(look)}{rated}"
    caption = f"<strong>{column.title}</strong> {text(says)}"
    return framer.figure(
        look,
        shown,
        alt=f"{column.title} of seed {story.seed}: {says}",
        caption=caption,
        tone=column.name,
        eager=eager,
    )


def _scores(needs: Sequence[Need], columns: Sequence[_Column]) -> str:
    heads = "".join(f'<th scope="col">{column.title}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row">{text(need.name)}<span class="soft">{requirement(need)}</span></th>'
        f"{''.join(_score(need, column.look, told=column.name != 'plain') for column in columns)}</tr>"
        for need in needs
    )
    return (
        '<div class="scores"><table><caption>Scores <span class="soft">calibrated: 0 is the plain image, 1 the best of the LoRA '
        'alone; raw below</span></caption><thead><tr><th scope="col">Requirement</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _score(need: Need, look: Look, *, told: bool) -> str:
    """`told` says whether the image is one that the requirements are for: the plain one is only their zero."""
    if need.measure == "body":
        shown = text(", ".join(look.faults)) or "sound"
    else:
        score = look.scores.get(need.name)
        shown = "not measurable" if score is None else number(score)
    raw = look.raw.get(need.name)
    below = "" if raw is None else f'<span class="soft">raw {raw:.3f}</span>'
    if not told or (need.limit is None and need.measure != "body"):
        return f"<td>{shown}{below}</td>"
    met = need.name not in look.breaks
    mark = _mark(met, "" if met else breaks({need.name: look.breaks[need.name]}))
    return f'<td class="{"met" if met else "unmet"}">{shown} {mark}{below}</td>'


def _mark(met: bool, why: str) -> str:
    return '<b class="mark" role="img" aria-label="met">✓</b>' if met else (
        f'<b class="mark" role="img" aria-label="{text(why)}" title="{text(why)}">✗</b>'
    )  # fmt: skip
