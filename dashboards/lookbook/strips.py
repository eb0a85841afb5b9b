"""Rows of images: the proof, each weight one step lower, and each LoRA's own ladder."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.lookbook.book import BesideSeen, Ladder, ProofStep, SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.marks import class_of
from dashboards.lookbook.words import number, slider_value, text, verdict
from models.language.translate import said, translated

PROOF_LEAD = (
    "Each image has one weight a single step lower than the pick, some of them all weights slightly lower too, since the pick "
    "must hold there. What it breaks is why the pick cannot be lower. This shows a coordinate minimum: lowering several weights "
    "at once, or lowering one while raising another, is another question."
)
LADDER_LEAD = (
    "Each LoRA alone at rising weights, with its own trigger word. The best sound image of a row, or the start image, is its 1; "
    "choose by eye how much you need, and click its number: the line for the study file appears below."
)
REGION_LEAD = (
    "Each LoRA acts in its region alone, with a soft edge; elsewhere only LoRAs without a region act. Regions are found on the "
    "locked image, which is drawn with all LoRAs everywhere, as the ladders are."
)
FIGURES_LEAD = (
    "Each LoRA acts in its figure's place alone, with a soft edge: in the start image and the ladders too. Places are found on "
    "an image of the base with all LoRAs at 0; a region within a place on the locked image."
)
MENDED_LEAD = (
    "What is framed was drawn again with the weights of the pick; the rest is its picture, pixel for pixel. Its robustness and "
    "its proof are of the picture on the left."
)
LARGE_LEAD = (
    "Above the picture of the pick, resized, below the large one: whole, and parts of both as large as they are. Requirements "
    "are judged on the large picture at the size of the first."
)
ASKED = '<p class="lead asked" role="status" hidden></p>'


def proof_strip(seed: SeedPage, sliders: Sequence[Slider], framer: Framer) -> str:
    """Empty for a seed without a pick."""
    if seed.proof is None:
        return ""
    cards = "".join(_lower(seed, lower, sliders, framer) for lower in seed.proof.steps)
    cards += "".join(
        f'<p class="note">{said("{name} is as low as its bounds let it be.", name=f"<strong>{text(name)}</strong>")}</p>'
        for name in seed.proof.at_bound
    )
    title = said("Why no weight can be lower" if seed.proof.complete else "One step lower, as far as it was drawn")
    return (
        f'<section class="proof"><h3>{title}</h3><p class="lead">{said(PROOF_LEAD)}</p><div class="strip">{cards}</div></section>'
    )


def _lower(seed: SeedPage, lower: ProofStep, sliders: Sequence[Slider], framer: Framer) -> str:
    trial = lower.trial
    if trial is None:
        missing, name = said(seed.proof.missing if seed.proof else ""), f"<strong>{text(lower.name)}</strong>"
        return f'<p class="note">{said("{name} one step lower: {why}.", name=name, why=text(missing))}</p>'
    shown = framer.place(trial, trial_name(seed.seed, trial.number), large=True)
    weights = {slider.name: slider_value(slider, at) for slider, at in zip(sliders, trial.at, strict=True)}
    own = next((slider_value(slider, lower.weight) for slider in sliders if slider.name == lower.name and lower.weight), None)
    value = own or weights.get(lower.name, "")
    caption = f"<strong>{text(lower.name)} {value}</strong> {_verdict(trial)}"
    if lower.below:
        caption += f'<span class="soft">{said("all weights {off:g} lower", off=lower.below)}</span>'
    caption += f'<span class="soft">{said("trial {number}", number=trial.number)}</span>'
    alt = said("{name} at {value}: {verdict}", name=lower.name, value=value, verdict=verdict(trial))
    return framer.figure(trial, shown, alt=alt, caption=caption)


def _verdict(trial: Trial) -> str:
    """In the colour of its verdict."""
    tone = "" if trial.mark is None else f' class="{class_of(trial.mark)}"'
    return f"<em{tone}>{text(verdict(trial))}</em>"


def ladder_strips(seed: SeedPage, framer: Framer) -> str:
    """A row for each LoRA."""
    rows = "".join(_ladder(place, ladder, seed.seed, framer) for place, ladder in enumerate(seed.ladders))
    title, lead = said("Each LoRA alone"), said(LADDER_LEAD)
    return f'<section class="ladders"><h3>{title}</h3><p class="lead">{lead}</p>{rows}{ASKED}</section>'


def region_strip(seed: SeedPage, framer: Framer) -> str:
    """Where each LoRA acts; empty where all act everywhere."""
    if seed.regions is None:
        return ""
    shown = framer.place(seed.regions, f"seed-{seed.seed}-regions", large=True)
    words = {name: translated(where) for name, where in seed.regions.words.items()}
    caption = said("; ").join(said("{name} in {where}", name=text(name), where=text(where)) for name, where in words.items())
    alt = said("Where each LoRA acts at seed {seed}", seed=seed.seed)
    figure = framer.figure(seed.regions, shown, alt=alt, caption=caption)
    title, lead = said("Where each LoRA acts"), said(FIGURES_LEAD if seed.regions.figures else REGION_LEAD)
    return f'<section class="regions"><h3>{title}</h3><p class="lead">{lead}</p>{figure}</section>'


def mended_strip(seed: SeedPage, framer: Framer) -> str:
    """The picture of the pick before and after it was mended; empty where it was not."""
    if seed.mended is None:
        return ""
    alt = said("The mended picture of seed {seed}", seed=seed.seed)
    return _beside(seed.mended, f"seed-{seed.seed}-mended", framer, alt, (said("Mended"), said(MENDED_LEAD)))


def large_strip(seed: SeedPage, framer: Framer) -> str:
    """The picture of the pick beside the large one; empty where it was not enlarged."""
    if seed.large is None:
        return ""
    alt = said("The large picture of seed {seed}", seed=seed.seed)
    return _beside(seed.large, f"seed-{seed.seed}-large", framer, alt, (said("Large"), said(LARGE_LEAD)))


def _beside(seen: BesideSeen, name: str, framer: Framer, alt: str, head: tuple[str, str]) -> str:
    shown = framer.place(seen, name, large=True)
    figure = framer.figure(seen, shown, alt=alt, caption=text(translated(seen.words)))
    title, lead = head
    return f'<section class="regions"><h3>{title}</h3><p class="lead">{lead}</p>{figure}</section>'


def _ladder(place: int, ladder: Ladder, seed: int, framer: Framer) -> str:
    cards = ""
    for step, (weight, judged) in enumerate(ladder.steps):
        shown = framer.place(judged, f"seed-{seed}-ladder-{place}-{step}", large=True)
        score = judged.scores.get(ladder.lora)
        shown_score = said("not measurable") if score is None else number(score)
        alt = said("{name} alone at {weight:g}: {score}", name=ladder.lora, weight=weight, score=shown_score)
        if score is not None and 0 < score <= 1:
            shown_score = _askable(ladder.lora, number(score))
        raw = said("raw {raw:.3f}", raw=judged.raw[ladder.lora])
        file = f" {text(judged.files[ladder.lora])}" if ladder.lora in judged.files else ""
        caption = f'<strong>{weight:g}{file}</strong> {shown_score}<span class="soft">{raw}</span>'
        cards += framer.figure(judged, shown, alt=alt, caption=caption)
    return f'<h4>{text(ladder.lora)}</h4><div class="strip">{cards}</div>'


def _askable(lora: str, least: str) -> str:
    """A score that becomes the requirement when it is clicked."""
    label = said("require {least} of {name}", least=least, name=text(lora))
    marks = f'data-lora="{text(lora)}" data-least="{least}" aria-label="{label}"'
    return f'<button class="ask" {marks}>{least}</button>'


def trial_name(seed: int, number: int) -> str:
    """The name of a trial's image."""
    return f"seed-{seed}-trial-{number:04}"
