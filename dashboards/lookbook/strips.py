"""Rows of images: the proof, each weight one step lower, and each LoRA's own ladder."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.lookbook.book import Dial, Ladder, Lower, SeedStory
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.words import dial_value, number, text, verdict

PROOF_LEAD = (
    "Each image has one weight a single step lower than the pick. What it breaks is why the pick cannot be lower there. This "
    "shows a coordinate minimum: lowering several weights at once, or lowering one while raising another, is another question."
)
LADDER_LEAD = (
    "Each LoRA alone at rising weights, with its own trigger word. The best image of a row is its 1; choose by eye how much you "
    "need, and click its number: what to write into the study file is said below."
)
ASKED = '<p class="lead asked" role="status" hidden></p>'


def proof_strip(story: SeedStory, dials: Sequence[Dial], framer: Framer) -> str:
    """Empty for a seed without a pick."""
    if story.proof is None:
        return ""
    cards = "".join(_lower(story.seed, lower, dials, framer) for lower in story.proof.steps)
    cards += "".join(
        f'<p class="note"><strong>{text(name)}</strong> is as low as its bounds let it be.</p>' for name in story.proof.at_bound
    )
    title = "Why no weight can be lower" if story.proof.complete else "One step lower, as far as it was drawn"
    return f'<section class="proof"><h3>{title}</h3><p class="lead">{PROOF_LEAD}</p><div class="strip">{cards}</div></section>'


def _lower(seed: int, lower: Lower, dials: Sequence[Dial], framer: Framer) -> str:
    trial = lower.trial
    if trial is None:
        return f'<p class="note"><strong>{text(lower.name)}</strong> one step lower was not drawn: the budget ended.</p>'
    shown = framer.place(trial, trial_name(seed, trial.number), large=True)
    value = next((dial_value(dial, at) for dial, at in zip(dials, trial.at, strict=True) if dial.name == lower.name), "")
    caption = f"<strong>{text(lower.name)} {value}</strong> <em>{text(verdict(trial))}</em>"
    caption += f'<span class="soft">trial {trial.number}</span>'
    return framer.figure(trial, shown, alt=f"{lower.name} at {value}: {verdict(trial)}", caption=caption)


def ladder_strips(story: SeedStory, framer: Framer) -> str:
    rows = "".join(_ladder(place, ladder, story.seed, framer) for place, ladder in enumerate(story.ladders))
    return f'<section class="ladders"><h3>Each LoRA alone</h3><p class="lead">{LADDER_LEAD}</p>{rows}{ASKED}</section>'


def _ladder(place: int, ladder: Ladder, seed: int, framer: Framer) -> str:
    cards = ""
    for step, (weight, look) in enumerate(ladder.steps):
        shown = framer.place(look, f"seed-{seed}-ladder-{place}-{step}", large=True)
        score = look.scores.get(ladder.lora)
        told = "not measurable" if score is None else number(score)
        alt = f"{ladder.lora} alone at {weight:g}: {told}"
        if score is not None and 0 < score <= 1:
            told = _askable(ladder.lora, number(score))
        caption = f'<strong>{weight:g}</strong> {told}<span class="soft">raw {look.raw[ladder.lora]:.3f}</span>'
        cards += framer.figure(look, shown, alt=alt, caption=caption)
    return f'<h4>{text(ladder.lora)}</h4><div class="strip">{cards}</div>'


def _askable(lora: str, least: str) -> str:
    """A score that can be clicked to become the requirement."""
    marks = f'data-lora="{text(lora)}" data-least="{least}" aria-label="require {least} of {text(lora)}"'
    return f'<button class="ask" {marks}>{least}</button>'


def trial_name(seed: int, number: int) -> str:
    """What the image of a trial is called."""
    return f"seed-{seed}-trial-{number:04}"
