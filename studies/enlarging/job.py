"""Enlarging as a job: `huanhua enlarge STUDY`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.control.control import Control
from optimizer.point import Job
from optimizer.render.inpainting.img2img_steps import steps_of_strength
from optimizer.render.tiling.redraw import TiledRedraw, TileNet
from optimizer.search.verdict import own_image
from studies.announce import announce, report_licences
from studies.callback import SilentCallback, image_counter
from studies.control.beside import study_with
from studies.control.section import ControlSection
from studies.drawing.told_job import told_job
from studies.enlarging.enlarge import enlarged
from studies.enlarging.infotext import large_infotext
from studies.enlarging.redraw import Look, redrawn
from studies.enlarging.settings import TILE, Enlarging
from studies.export.picture import png_bytes
from studies.file_hashes import cached_hash
from studies.report.log import log_large
from studies.report.sheets.style import open_image
from studies.run.large.large import LANCZOS, Making
from studies.run.large.stored import source_of, store_large, stored_large

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.inpainting.base import Inpainter
    from studies.callback import Callback
    from studies.enlarging.redraw import Seen
    from studies.run.beside.judged_picture import JudgedPicture
    from studies.run.large.large import Large
    from studies.run.outcome import Outcome
    from studies.run.stored_results import Stored
    from studies.study import Study
    from studies.tracking.base import Tracker

BYTES: Final = 8
"""Of a pixel on disk, at most: its three channels in the workspace and in an export, and sheets of it."""


@dataclass(frozen=True)
class LargeSeed:
    """What enlarging a seed's pick came to."""

    outcome: Outcome
    """With the large picture in it."""
    large: Large
    before: JudgedPicture
    """The picture that was enlarged."""
    after: JudgedPicture


@dataclass(frozen=True)
class _Enlarging:
    """What all seeds share."""

    study: Study
    settings: Enlarging
    inpainter: Inpainter | None
    """None where nothing is redrawn."""
    net: TileNet | None
    tracker: Tracker
    callback: Callback
    blurred: bool


def enlarge_study(
    study: Study,
    seeds: Sequence[int] = (),
    settings: Enlarging | None = None,
    *,
    tracker: Tracker | None = None,
    callback: Callback | None = None,
    blurred: bool = True,
) -> list[LargeSeed]:
    """Enlarges the picture of each seed's pick, the mended one where it was mended; all seeds with a pick by default. What is
    made lies beside the trial's picture, which stays as it is, in the place of an earlier one.

    Raises InputError, before anything is drawn, for a seed without a pick, what cannot redraw where that is asked for, a picture
    too large, a disk without room for it, and a study that another process runs.
    """
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.shared_storage.ownership import claim
    from studies.run.stored_results import seeds_run, stored
    from studies.tracking.study_tracker import study_tracker

    callback, settings = callback or SilentCallback(), settings or Enlarging()
    drawn, net = _tiled(study, settings)
    inpainter = drawn.backend.inpainter() if settings.redraw else None
    found = [stored(study, seed) for seed in dict.fromkeys(seeds or seeds_run(study))]
    chosen = with_picks(found, callback, named=bool(seeds))
    _check_room(study, [settings.size(_source(one).size) for one in chosen])
    claim(study)
    logged = study_tracker(study, callback) if tracker is None else nullcontext(tracker)
    with one_line(), only_runner(study.storage_url, study.spec.name, callback.message), logged as opened:
        if inpainter is not None:
            # What cannot redraw says so here, before an upscaler works for minutes.
            inpainter.inpaint([])
        work = _Enlarging(study, settings, inpainter, net, opened, callback, blurred)
        return [_large_seed(work, one) for one in chosen]


def with_picks(found: Sequence[Stored], callback: Callback, *, named: bool) -> list[Stored]:
    """Those that have a pick, or a mended picture that meets everything; which have neither is said.

    Raises InputError where a named one has neither, or none has.
    """
    picked = [one for one in found if one.outcome.pick is not None or (one.outcome.mended and one.outcome.mended.feasible)]
    missing = [one.outcome.seed for one in found if one not in picked]
    if missing and (named or not picked):
        where = phrase("seed {seed}", seed=", ".join(map(str, missing)))
        raise InputError("there is no pick", where, "run the seed first, or see `huanhua show STUDY` for what blocks it")
    if missing:
        callback.message(phrase("no pick at seed {seeds}: see `huanhua show STUDY`", seeds=", ".join(map(str, missing))))
    return picked


def _source(found: Stored) -> Image:
    """What is enlarged."""
    assert found.outcome.shown is not None
    return open_image(source_of(found.outcome.shown, found.outcome.mended))


def _check_room(study: Study, sizes: Sequence[tuple[int, int]]) -> None:
    root = study.workspace.root
    needed, free = BYTES * sum(width * height for width, height in sizes), shutil.disk_usage(root).free
    if free < needed:
        what = phrase("{free} MB are free, and large pictures may take {needed}", free=free // 10**6, needed=-(-needed // 10**6))
        raise InputError(what, root, "make room, or give a smaller --by")


def _large_seed(work: _Enlarging, found: Stored) -> LargeSeed:
    study, outcome, settings = work.study, found.outcome, work.settings
    record = outcome.shown
    assert record is not None
    source, picture = source_of(record, outcome.mended), _source(found)
    size, point = settings.size(picture.size), own_image(record.judged).point
    drawing = _drawing(work, Job(outcome.seed, point), picture.size)
    tiles = 0 if drawing is None else drawing.tiles(size)
    stage, images = phrase("enlarging seed {seed}", seed=outcome.seed), tiles * len(settings.strengths)
    look = Look(study.observer, found.judge.images, picture.size)
    with _stage(work, stage, images, point.steps or study.spec.render.steps) as on_tile:
        before = look.at(picture)
        large = enlarged(picture, size, settings.upscaler)
        drawing = None if drawing is None else replace(drawing, on_tile=on_tile)
        seen = redrawn(large, before, look, drawing, settings.strengths)
    making = _making(settings, seen, outcome, drawing)
    png = png_bytes(seen.picture, {"parameters": large_infotext(study, outcome.seed, point, making)})
    store_large(study, outcome.seed, record, source, png, seen.judged.observation, making)
    kept = stored_large(study, outcome.seed, found.judge, record, outcome.mended)
    assert kept is not None
    outcome = replace(outcome, large=kept)
    log_large(work.tracker, study, outcome, blurred=work.blurred)
    return LargeSeed(outcome, kept, before, seen.judged)


@contextmanager
def _stage(work: _Enlarging, stage: str, images: int, steps: int) -> Iterator[Callable[[], None]]:
    """What is called after each tile, an image of `steps` steps of which few are taken; without tiles the stage is only named."""
    if images == 0:
        report_licences(work.study, work.callback)
        work.callback.message(stage)
        yield lambda: None
        return
    laid = [steps_of_strength(strength, steps, work.study.spec.render.like) for strength in work.settings.strengths]
    taken = fmean((count - first) / steps for count, first in laid)
    announce(work.study, work.callback, stage, images, steps=taken)
    with work.callback.progress(stage) as advance:
        yield image_counter(advance, images)


def _drawing(work: _Enlarging, job: Job, drawn: tuple[int, int]) -> TiledRedraw | None:
    """None where nothing is redrawn."""
    study = work.study
    if work.inpainter is None:
        return None
    largest = study.spec.draw.largest_seed
    return TiledRedraw(work.inpainter, told_job(study, job.seed, job.point), drawn, largest, tile_net=work.net)


def _tiled(study: Study, settings: Enlarging) -> tuple[Study, TileNet | None]:
    """What draws, and the ControlNet that is told each tile, if there is one. Raises InputError as `study_with` does."""
    if settings.tile is None:
        return study, None
    model = settings.tile.resolve()
    drawn = study_with(study, TILE, ControlSection(model=str(model), hint="tile"), "--tile")
    return drawn, TileNet(TILE, cached_hash(study.workspace, model), Control())


def _held(settings: Enlarging, drawing: TiledRedraw | None) -> str:
    if drawing is None or drawing.tile_net is None or settings.tile is None:
        return ""
    return f"{settings.tile.stem} ({drawing.tile_net.digest[:12]})"


def _making(settings: Enlarging, seen: Seen, outcome: Outcome, drawing: TiledRedraw | None) -> Making:
    upscaler, size = LANCZOS if settings.upscaler is None else settings.upscaler.name, seen.picture.size
    making = Making(settings.by, size, upscaler, outcome.mended is not None, seen.tries, held=_held(settings, drawing))
    if drawing is None:
        return making
    first = (outcome.seed + 1) % (drawing.largest_seed + 1)
    return replace(making, seed=first, tile=drawing.size, tiles=drawing.tiles(size), overlap=drawing.overlap)
