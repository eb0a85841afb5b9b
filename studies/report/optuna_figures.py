"""Hands a seed's figures to its Optuna study, where optuna-dashboard shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study


def show_figures(study: Study, outcome: Outcome) -> None:
    """The trade-off and how the scores went; those of an earlier run are replaced."""
    from dashboards.optuna_figures import course_figure, trade_off_figure
    from dashboards.plots import Point
    from scorers.score.objectives import OBJECTIVES
    from studies.run.trials import trial_store_of

    if not outcome.trials:
        return
    garments = [name for name, lora in study.spec.searched().items() if lora.kind != "face"] or list(outcome.require)
    points = [
        Point(r.number, r.judged.cost, min(r.scores.expression[name] or 0.0 for name in garments), r.verdict)
        for r in outcome.trials
    ]
    limits = {outcome.require[name] for name in garments}
    pick = outcome.record(outcome.pick).number if outcome.pick else None
    title = f"Trade-off of seed {outcome.seed}: {outcome.claim}"
    trial_store, required = trial_store_of(study, outcome.seed), limits.pop() if len(limits) == 1 else None
    trial_store.attributes.show_figure(
        "trade-off",
        trade_off_figure(points, title=title, required=required, pick=pick),
    )
    scores: dict[str, list[float | None]] = {
        name: [r.scores.expression[name] for r in outcome.trials] for name in outcome.require
    }
    graded = outcome.trials[0].scores.graded
    for objective in OBJECTIVES:
        if objective.measure in graded:
            scores[objective.name] = [r.scores.graded[objective.measure] for r in outcome.trials]
    numbers = [r.number for r in outcome.trials]
    trial_store.attributes.show_figure("course", course_figure(scores, numbers, title="Scores, trial by trial"))
