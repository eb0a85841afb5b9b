"""Mending as a job: `huanhua mend STUDY`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.evaluate.stored_images import load_evaluation
from optimizer.point import Job
from optimizer.search.verdict import own_image
from studies.announce import announce
from studies.callback import SilentCallback, image_counter
from studies.drawing.told_job import told_job
from studies.export.picture import png_bytes
from studies.mending.control import leading
from studies.mending.infotext import mended_infotext
from studies.mending.mend import BETTER, Mender
from studies.mending.parts import check_judged
from studies.mending.tries import Tries
from studies.report.log import log_mended
from studies.report.sheets.style import open_image
from studies.run.beside.beside_run import beside_run
from studies.run.mended.mended import PART_WORDS
from studies.run.mended.stored import store_mended, stored_mended

if TYPE_CHECKING:
    from optimizer.render.inpainting.base import Inpainter
    from scorers.observe.observation import Observation
    from studies.callback import Callback
    from studies.mending.control import MendControl
    from studies.mending.parts import Part
    from studies.run.mended.leading import Leading
    from studies.run.outcome import Outcome, TrialRecord
    from studies.run.stored_results import Stored
    from studies.study import Study
    from studies.tracking.base import Tracker

CELL: Final = 8
"""Pixels of a latent cell of the bases whose pictures are mended."""


@dataclass(frozen=True)
class MendedSeed:
    """What a mend came to."""

    outcome: Outcome
    """With the mended picture in it, where one is kept."""
    kept: bool
    """Whether this mend made one."""
    before: Mapping[str, float]
    """The violations of the trial's own picture."""
    refused: InputError | None = None
    """Why it was not mended, where others are; None where it was tried."""


@dataclass(frozen=True)
class _Mending:
    """What all seeds of a mend share."""

    study: Study
    drawn: Leading
    parts: Sequence[Part]
    tries: Tries
    inpainter: Inpainter
    tracker: Tracker
    callback: Callback
    blurred: bool


def mend_study(
    study: Study,
    parts: Sequence[Part],
    seeds: Sequence[int] = (),
    tries: Tries | None = None,
    *,
    control: MendControl | None = None,
    tracker: Tracker | None = None,
    callback: Callback | None = None,
    blurred: bool = True,
) -> list[MendedSeed]:
    """Mends the picture of each seed's pick, or of its nearest trial where nothing is feasible and the parts are what blocks it;
    all seeds that were run by default, of which those that cannot be are refused one by one. What is kept lies beside the
    trial's picture, which stays as it is, in the place of an earlier mend. `control` leads what is redrawn to the locked image.

    Raises InputError, before anything is drawn, for a named seed, or all, without such a trial, a part that its picture does not
    show or shows whole or that nothing judges, what draws no part of a picture, a ControlNet that is not there, and a study that
    another process runs.
    """
    from studies.run.stored_results import seeds_run, stored

    callback, tries = callback or SilentCallback(), (tries or Tries()).of_mend(led=control is not None)
    drawn = leading(study, control)
    inpainter = drawn.study.backend.inpainter()
    found = [stored(study, seed) for seed in dict.fromkeys(seeds or seeds_run(study))]
    refused = _refused(study, found, parts, led=control is not None)
    if refused and (seeds or len(refused) == len(found)):
        raise next(iter(refused.values()))
    with beside_run(study, tracker, callback) as opened:
        mending = _Mending(study, drawn, parts, tries, inpainter, opened, callback, blurred)
        return [
            MendedSeed(one.outcome, kept=False, before={}, refused=refused[one.outcome.seed])
            if one.outcome.seed in refused
            else _mended_seed(mending, one)
            for one in found
        ]


def _refused(study: Study, found: Sequence[Stored], parts: Sequence[Part], *, led: bool) -> dict[int, InputError]:
    """By seed that cannot be mended, why."""
    why = {}
    for one in found:
        try:
            check_mendable(study, one, parts, led=led)
        except InputError as error:
            why[one.outcome.seed] = error
    return why


def check_mendable(study: Study, found: Stored, parts: Sequence[Part], *, led: bool = False) -> TrialRecord:
    """The trial whose picture is mended. Raises InputError as `mend_study` does."""
    outcome, judge = found.outcome, found.judge.images
    where = phrase("seed {seed}", seed=outcome.seed)
    record = outcome.shown
    if record is None:
        raise InputError("there is no pick, and no trial near one", where, "run the seed first: `huanhua run STUDY`")
    check_judged(parts, judge, outcome.seed)
    names = joined(phrase(" and "), [phrase(PART_WORDS[part.name]) for part in parts])
    if outcome.pick is None:
        blocked = [name for name, by in own_image(record.judged).violations.items() if not by <= 0]
        mended = frozenset().union(*(part.constraints(judge) for part in parts))
        if not mended & set(blocked):
            what = phrase(
                "there is no pick, and its nearest trial is blocked by {blocked}, which mending {parts} does not change",
                blocked=", ".join(blocked),
                parts=names,
            )
            raise InputError(what, where, "see `huanhua show STUDY` for what else may help")
    observation = _observation(study, outcome.seed, record)
    for part in parts:
        if not part.places_in(judge, observation, led=led):
            what = phrase(
                "nothing of {part} is seen in the picture of trial {number}",
                part=phrase(PART_WORDS[part.name]),
                number=record.number,
            )
            raise InputError(what, where, "leave it out of --parts, or name other seeds with --seed")
        bad = part.badness(judge, observation, own_image(record.judged).violations)
        if part.least is not None and bad <= part.least + BETTER:
            what = phrase("{part} of trial {number} are whole already", part=phrase(PART_WORDS[part.name]), number=record.number)
            raise InputError(what, where, "leave it out of --parts, or name other seeds with --seed")
    return record


def _observation(study: Study, seed: int, record: TrialRecord) -> Observation:
    return load_evaluation(study.evaluator, Job(seed, own_image(record.judged).point)).observation


def _mended_seed(mending: _Mending, found: Stored) -> MendedSeed:
    study, outcome, judge = mending.study, found.outcome, found.judge
    record = outcome.shown
    assert record is not None
    point = own_image(record.judged).point
    held, observation = mending.drawn.held, _observation(study, outcome.seed, record)
    job = told_job(mending.drawn.study, outcome.seed, mending.drawn.led(point))
    places = sum(part.most_places(judge.images, observation, led=held is not None) for part in mending.parts)
    stage, images = phrase("mending seed {seed}", seed=outcome.seed), places * mending.tries.count
    if outcome.mended is not None:
        earlier = joined(phrase(" and "), [phrase(PART_WORDS[part]) for part in outcome.mended.parts])
        words = "seed {seed}: what is kept takes the place of the earlier mend of {parts}"
        mending.callback.message(phrase(words, seed=outcome.seed, parts=earlier))
    announce(mending.drawn.study, mending.callback, stage, images)
    with mending.callback.progress(stage) as advance:
        mender = Mender(
            mending.inpainter,
            study.observer,
            judge.images,
            job,
            CELL,
            mending.tries,
            study.spec.draw.largest_seed,
            led=held is not None,
            on_try=image_counter(advance, images),
        )
        before = mender.state(open_image(record.image))
        state = mender.mended(before.picture, mending.parts)
    if state.redrawn:
        text = mended_infotext(study, outcome.seed, point, state.redrawn, held)
        png = png_bytes(state.picture, {"parameters": text})
        store_mended(study, outcome.seed, record, png, state.observation, state.redrawn, held)
        outcome = replace(outcome, mended=stored_mended(study, outcome.seed, judge, record))
        log_mended(mending.tracker, study, outcome, blurred=mending.blurred)
    return MendedSeed(outcome, bool(state.redrawn), before.violations)
