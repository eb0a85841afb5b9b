"""Notes in optuna-dashboard: the image of a trial, its verdict, and a link to its run in MLflow."""

from __future__ import annotations

from urllib.parse import quote

from models.counted import counted
from optimizer.trial_store.store import TrialStore
from studies.run.dashboard.ratings import with_rating
from studies.run.outcome import Outcome, TrialRecord
from studies.run.verdicts.words import reason, trial_words


def trial_note(study: str, seed: int, record: TrialRecord, picture: str, run_id: str = "") -> str:
    """Markdown. `picture` is the image's address in the dashboard, `run_id` the id of the seed's trials."""
    weights = record.weights_line(" · ")
    scores: dict[str, float | None] = {**record.scores.expression, **_graded(record)}
    rows = "\n".join(f"| {name} | {'not measurable' if value is None else f'{value:.2f}'} |" for name, value in scores.items())
    link = mlflow_link(study, seed, record.number, run_id)
    return (
        f"![trial {record.number}]({picture})\n\n**{trial_words(record)}** · total {record.judged.cost:.2f} · {record.phase}\n\n"
        f"{weights}\n\n| | score |\n| --- | --- |\n{rows}\n\n[Its run in MLflow]({link})"
    )


def _graded(record: TrialRecord) -> dict[str, float]:
    """The scores of the whole image, with what 0 means."""
    whole = record.scores.whole
    zeros = {name: f" (0 is {value.score.zero})" if value.score.zero else "" for name, value in whole.items()}
    return {f"{name}{zeros[name]}": value for name, value in record.scores.graded.items()}


def study_note(study: str, outcome: Outcome, run_id: str = "") -> str:
    """Markdown: the pick, or what blocks one."""
    lines = [f"**{study}**, seed {outcome.seed}: {counted(len(outcome.trials), 'trial')}."]
    if outcome.pick is not None:
        record = outcome.record(outcome.pick)
        lines.append(f"Pick: **trial {record.number}**, total {record.judged.cost:.2f}, {outcome.claim}.")
    lines.append(reason(outcome))
    lines.append(
        f"[The seed's run in MLflow]({mlflow_link(study, outcome.seed, run_id=run_id)}), with sheets, ladders and calibration."
    )
    lines.append("To rate a trial, edit the last line of its note; `huanhua show` and the look-book show it.")
    return "\n\n".join(lines)


def mlflow_link(study: str, seed: int, number: int | None = None, run_id: str = "") -> str:
    """A path that `huanhua dashboards` redirects to the run's page in MLflow, whatever its port."""
    path = "/".join(["/mlflow", quote(study, safe=""), str(seed), *([] if number is None else [str(number)])])
    return f"{path}?run={run_id}" if run_id else path


def write_notes(trial_store: TrialStore, study: str, outcome: Outcome) -> None:
    """Updates the notes to the present verdicts; ratings, and notes that a person rewrote, stay."""
    stored, run_id = trial_store.attributes.notes(), trial_store.attributes.run_id()
    for record in outcome.trials:
        old = stored.get(record.number, "")
        note = with_rating(trial_note(study, outcome.seed, record, trial_store.picture(record.number), run_id), old)
        if note != old:
            trial_store.attributes.write_note(record.number, note)
    note = study_note(study, outcome, run_id)
    if note != stored.get(None):
        trial_store.attributes.write_note(None, note)
