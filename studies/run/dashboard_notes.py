"""What optuna-dashboard shows beside its plots: notes with the image of a trial, its verdict and its run in MLflow."""

from __future__ import annotations

from urllib.parse import quote

from optimizer.trial_store.store import TrialStore
from studies.run.outcome import Outcome, TrialRecord
from studies.run.ratings import with_rating


def trial_note(study: str, seed: int, record: TrialRecord, picture: str) -> str:
    """Markdown. `picture` is the image's address in the dashboard."""
    weights = " · ".join(f"{name} {weight:.2f}" for name, weight in record.judged.point.weights.items())
    scores = {**record.scores.expression, "hands (0 is whole)": record.scores.hands, "drift": record.scores.drift}
    rows = "\n".join(f"| {name} | {'not measurable' if value is None else f'{value:.2f}'} |" for name, value in scores.items())
    broken = "; ".join(f"{name} by {record.judged.violations[name]:.2f}" for name in record.breaks())
    verdict = f"breaks {broken}" if broken else "meets every requirement"
    return (
        f"![trial {record.number}]({picture})\n\n**{verdict}** · total {record.judged.cost:.2f} · {record.phase}\n\n"
        f"{weights}\n\n| | score |\n| --- | --- |\n{rows}\n\n[Its run in MLflow]({mlflow_link(study, seed, record.number)})"
    )


def study_note(study: str, outcome: Outcome) -> str:
    """Markdown: the pick, or what blocks one."""
    told = [f"**{study}**, seed {outcome.seed}: {len(outcome.trials)} trials."]
    if outcome.pick is not None:
        record = outcome.record(outcome.pick)
        how = "chosen by hand" if outcome.by_hand else "the least total weight that meets every requirement"
        told.append(f"Pick: **trial {record.number}**, total {record.judged.cost:.2f}, {how}.")
    elif outcome.nearest is not None:
        told.append(f"Nothing is feasible; trial {outcome.record(outcome.nearest).number} is the nearest.")
    told.append(f"[The seed's run in MLflow]({mlflow_link(study, outcome.seed)}), with sheets, ladders and calibration.")
    told.append("To rate a trial, edit the last line of its note; `huanhua show` and the look-book tell it.")
    return "\n\n".join(told)


def mlflow_link(study: str, seed: int, number: int | None = None) -> str:
    """Where `huanhua dashboards` sends a reader on to MLflow, whatever port it has there."""
    return "/".join(["/mlflow", quote(study, safe=""), str(seed), *([] if number is None else [str(number)])])


def write_notes(trial_store: TrialStore, study: str, outcome: Outcome) -> None:
    """Brings the notes up to the verdicts as they stand now; ratings, and notes that a person wrote anew, stay."""
    held = trial_store.notes()
    for record in outcome.trials:
        old = held.get(record.number, "")
        note = with_rating(trial_note(study, outcome.seed, record, trial_store.picture(record.number)), old)
        if note != old:
            trial_store.write_note(record.number, note)
    note = study_note(study, outcome)
    if note != held.get(None):
        trial_store.write_note(None, note)
