"""The parts of a seed that a script fills: the fitting room with its sliders, and the trade-off plot."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.lookbook.book import Dial, Measure, SeedStory, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Shown
from dashboards.lookbook.words import dial_value, requirement, text, verdict, weights

FITTING_LEAD = (
    "Move the weights. You see the nearest image that was drawn, by distance in steps over all sliders, and its scores. The "
    "estimate is what the scores may be exactly where the sliders stand: the mean of all drawn trials, each weighted by one over "
    "its squared distance. Nothing is drawn for it."
)
BODY_NOTE = "The body is not estimated."
PLOT_LEAD = "One point for each trial. The best lie to the left, beyond the dashed line."
VIEWS: tuple[tuple[Measure, str], ...] = (("garment", "worst garment"), ("face", "identity"), ("hands", "hands"))


def fitting_room(story: SeedStory, dials: Sequence[Dial], trial: Trial, shown: Shown, framer: Framer) -> str:
    """`trial` is what the sliders stand at before anybody moved them."""
    sliders = "".join(_slider(story.seed, place, dial, trial.at[place]) for place, dial in enumerate(dials))
    rows = "".join(
        f'<tr><th scope="row">{text(need.name)}<span class="soft">{requirement(need)}</span></th><td class="seen">–</td>'
        '<td class="guess">–</td></tr>'
        for need in story.needs
    )
    chosen = "Pick" if story.pick is not None else "Nearest"
    frame = framer.frame(trial, shown, f"nearest drawn image of seed {story.seed}", veil=framer.blurred)
    return (
        f'<section class="fitting"><h3>Fitting room</h3><p class="lead">{FITTING_LEAD}</p><div class="room">'
        f'<figure class="shot">{frame}<figcaption class="says" aria-live="polite">{text(_at(dials, trial))}</figcaption></figure>'
        f'<div class="controls"><fieldset><legend>Weights</legend>{sliders}</fieldset><p class="moves">'
        f'<button type="button" data-move="chosen">{chosen}</button><button type="button" data-move="start">Start</button>'
        '<button type="button" data-move="nearest">To the nearest image</button></p>'
        '<table><thead><tr><th scope="col">Requirement</th><th scope="col">Nearest image</th><th scope="col">Estimate</th></tr>'
        f'</thead><tbody>{rows}</tbody></table><p class="guessed soft" aria-live="polite">{BODY_NOTE}</p></div></div></section>'
    )


def _at(dials: Sequence[Dial], trial: Trial) -> str:
    return f"Trial {trial.number}: {weights(dials, trial.at)}; {verdict(trial)}"


def _slider(seed: int, place: int, dial: Dial, value: float) -> str:
    name = f"seed-{seed}-dial-{place}"
    return (
        f'<div class="dial"><label for="{name}">{text(dial.name)}</label><input type="range" id="{name}" min="{dial.low:g}" '
        f'max="{dial.high:g}" step="{dial.step:g}" value="{value:g}">'
        f'<output for="{name}">{dial_value(dial, value)}</output></div>'
    )


def trade_offs(story: SeedStory, trial: Trial, shown: Shown, framer: Framer, picture: str | None) -> str:
    """`picture` is the plot as a file, from the page's folder."""
    views = [(measure, title) for measure, title in VIEWS if any(need.measure == measure for need in story.needs)]
    buttons = "".join(
        f'<button type="button" data-view="{measure}" aria-pressed="{"false" if place else "true"}">{title}</button>'
        for place, (measure, title) in enumerate(views)
    )
    link = "" if picture is None else f' <a href="{text(picture)}">The same as a picture</a>'
    frame = framer.frame(trial, shown, f"image of a trial of seed {story.seed}", veil=framer.blurred)
    return (
        f'<section class="trade"><h3>Weight against what it buys</h3><p class="lead">{PLOT_LEAD}{link}</p>'
        f'<p class="views" role="group" aria-label="What the plot shows">{buttons}</p><div class="board">'
        f'<div class="chart"><svg role="listbox" aria-label="Trials of seed {story.seed} by cost: arrow keys move, Enter moves '
        f'the sliders there"></svg>{_legend(story)}</div><figure class="shot">{frame}<figcaption class="says" aria-live="polite">'
        "Point at a trial to see it.</figcaption></figure></div></section>"
    )


def _legend(story: SeedStory) -> str:
    pick = '<span class="chosen">the pick</span>' if story.pick is not None else ""
    return f'<p class="legend"><span class="ok">meets every requirement</span><span class="no">breaks one</span>{pick}</p>'
