"""The same cases drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.parity.case import Case
from benchmarks.parity.programs import Models
from models.base.opening import open_base
from models.base.textual_inversion import open_embedding
from models.control_net.opening import open_control_net
from models.errors import InputError
from models.lora.file import open_lora
from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.point import Job, Point
from optimizer.render import decode
from optimizer.render.base import RenderSettings
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.inpainting.base import Redrawing
from optimizer.schedules.schedule import Schedule

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from models.base.family import Base
    from models.program import Program


@contextmanager
def both_roundings() -> Iterator[list[Image]]:
    """The pictures that are decoded meanwhile, with their levels cut off."""
    cut: list[Image] = []
    plain = decode._picture

    def picture(pixels: Tensor, cut_off: bool) -> Image:
        cut.append(plain(pixels, True))
        return plain(pixels, cut_off)

    decode._picture = picture
    try:
        yield cut
    finally:
        decode._picture = plain


class Renderer:
    """Keeps one base open."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._base: tuple[Path, Base] | None = None

    def draw(self, case: Case, like: Program) -> tuple[Image, Image] | str:
        """The picture as it is stored, and with its levels cut off to whole numbers; or in a few words why there is none."""
        try:
            renderer, jobs = self._renderer(case, like)
        except InputError as error:
            return f"refused: {error.what}"
        if case.redrawn:
            drawn = _redrawn(renderer, jobs[0], case) if like == case.like else None
            return "other steps" if drawn is None else (drawn, drawn)
        with both_roundings() as cut:
            stored = pictures(renderer.render(jobs))[0]
        return stored, cut[0]

    def _renderer(self, case: Case, like: Program) -> tuple[DiffusionRenderer, list[Job]]:
        base = self._opened(self._models.checkpoint(case))
        folder = self._models.folder
        loras = {name: open_lora(folder / "loras" / f"{name}.safetensors", base.modules) for name in case.loras}
        names = [folder / "embeddings" / "myinv.safetensors"] if case.inversion else []
        settings = RenderSettings(
            case.prompt,
            case.negative,
            *case.size,
            case.steps,
            case.sampler,
            case.clip_skip,
            like=like,
            pad_conds=case.pad_conds,
        )
        embeddings = {embedding.name.lower(): embedding for embedding in map(open_embedding, names)}
        nets = {name: open_control_net(folder / "controlnet" / f"{name}.safetensors", base) for name in case.control}
        renderer = DiffusionRenderer(base, loras, settings, embeddings=embeddings, control_nets=nets)
        schedules = {name: Schedule(*ends) for name, ends in case.schedules.items()}
        controls = {name: Control(*told) for name, told in case.control.items()}
        hints = Hints({name: Hint(nets[name].digest, np.asarray(picture)) for name, picture in case.hints().items()})
        point = Point(case.loras, case.cfg, schedules=schedules, controls=controls)
        jobs = [Job(case.seed, point, case.regions(), hints)]
        jobs += [Job(seed, Point({n: w * 0.5 for n, w in case.loras.items()}, case.cfg + 1)) for seed in case.extra_seeds]
        return renderer, jobs

    def _opened(self, file: Path) -> Base:
        if self._base is None or self._base[0] != file:
            self._base = None
            folder = file.with_suffix("")
            self._base = file, open_base(folder if folder.is_dir() else file)
        return self._base[1]


def _redrawn(renderer: DiffusionRenderer, job: Job, case: Case) -> Image:
    """The case's picture with its parts drawn again."""
    picture = case.picture()
    for crop, one in zip(case.crops(), case.redrawn, strict=True):
        hints = crop.enlarged_hints(job.hints)
        again = replace(job, seed=one.seed, regions=crop.enlarged_regions(case.regions()), hints=hints)
        redrawing = Redrawing(again, crop.enlarged(picture), crop.enlarged_mask(), one.strength)
        (drawn,) = pictures(renderer.inpaint([redrawing]))
        picture = crop.pasted(picture, drawn)
    return picture
