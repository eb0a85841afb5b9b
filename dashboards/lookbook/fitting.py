"""The parts of a seed that a script fills: the fitting room with its sliders, and the trade-off plot."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.lookbook.book import SeedPage, Slider, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Shown
from dashboards.lookbook.marks import legend
from dashboards.lookbook.words import limit_text, slider_value, text, verdict, weights
from models.language.translate import said

FITTING_LEAD = (
    "Move the weights. You see the nearest image that was drawn, by distance in steps over all sliders, and its scores. The "
    "estimate is what the scores may be exactly where the sliders stand: the mean of all drawn trials, each weighted by one over "
    "its squared distance. Nothing is drawn for it."
)
PLOT_LEAD = "One point for each trial. The best lie to the left, beyond the dashed line."


def fitting_room(seed: SeedPage, sliders: Sequence[Slider], trial: Trial, shown: Shown, framer: Framer) -> str:
    """`trial` is where the sliders stand before anybody moves them."""
    inputs = "".join(_slider(seed.seed, place, slider, trial.at[place]) for place, slider in enumerate(sliders))
    rows = "".join(
        f'<tr><th scope="row">{text(requirement.name)}<span class="soft">{limit_text(requirement)}</span></th>'
        '<td class="seen">–</td><td class="guess">–</td></tr>'
        for requirement in seed.requirements
    )
    chosen = said("Pick") if seed.pick is not None else said("Nearest")
    frame = framer.frame(trial, shown, said("nearest drawn image of seed {seed}", seed=seed.seed), veil=framer.blurred)
    return (
        f'<section class="fitting"><h3>{said("Fitting room")}</h3><p class="lead">{said(FITTING_LEAD)}</p><div class="room">'
        f'<figure class="shot">{frame}<figcaption class="caption" aria-live="polite">'
        f"{text(_at(sliders, trial))}</figcaption></figure>"
        f'<div class="controls"><fieldset><legend>{said("Weights")}</legend>{inputs}</fieldset><p class="moves">'
        f'<button type="button" data-move="chosen">{chosen}</button>'
        f'<button type="button" data-move="start">{said("Start")}</button>'
        f'<button type="button" data-move="nearest">{said("To the nearest image")}</button></p>'
        f'<table><thead><tr><th scope="col">{said("Requirement")}</th><th scope="col">{said("Nearest image")}</th>'
        f'<th scope="col">{said("Estimate")}</th></tr>'
        f'</thead><tbody>{rows}</tbody></table><p class="guessed soft" aria-live="polite">{_not_estimated(seed)}</p>'
        "</div></div></section>"
    )


def _not_estimated(seed: SeedPage) -> str:
    """Names the counted requirements, whose faults have no mean."""
    counted = [text(need.name) for need in seed.requirements if need.counted]
    return "".join(said(" The {name} is not estimated.", name=name) for name in counted).strip()


def _at(sliders: Sequence[Slider], trial: Trial) -> str:
    at, number = weights(sliders, trial.at), trial.number
    return said("Trial {number}: {weights}; {verdict}", number=number, weights=at, verdict=verdict(trial))


def _slider(seed: int, place: int, slider: Slider, value: float) -> str:
    name = f"seed-{seed}-dial-{place}"
    return (
        f'<div class="dial"><label for="{name}">{text(slider.name)}</label><input type="range" id="{name}" min="{slider.low:g}" '
        f'max="{slider.high:g}" step="{slider.step:g}" value="{value:g}">'
        f'<output for="{name}">{slider_value(slider, value)}</output></div>'
    )


def trade_offs(seed: SeedPage, trial: Trial, shown: Shown, framer: Framer, picture: str | None) -> str:
    """`picture` is the plot as a file, from the page's folder."""
    buttons = "".join(
        f'<button type="button" data-view="{text(view.measure)}" aria-pressed="{"false" if place else "true"}">'
        f"{text(said(view.label))}</button>"
        for place, view in enumerate(seed.views)
    )
    link = "" if picture is None else f' <a href="{text(picture)}">{said("The same as a picture")}</a>'
    frame = framer.frame(trial, shown, said("image of a trial of seed {seed}", seed=seed.seed), veil=framer.blurred)
    keys = said("Trials of seed {seed} by cost: arrow keys move, Enter moves the sliders there", seed=seed.seed)
    return (
        f'<section class="trade"><h3>{said("Weight against what it buys")}</h3><p class="lead">{said(PLOT_LEAD)}{link}</p>'
        f'<p class="views" role="group" aria-label="{said("What the plot shows")}">{buttons}</p><div class="board">'
        f'<div class="chart"><svg role="listbox" aria-label="{keys}"></svg>{legend(seed)}</div><figure class="shot">{frame}'
        f'<figcaption class="caption" aria-live="polite">{said("Point at a trial to see it.")}</figcaption></figure>'
        "</div></section>"
    )
