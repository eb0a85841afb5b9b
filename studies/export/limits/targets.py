"""What the files of other tools cannot tell of a pick: such an export is refused in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from models.errors import InputError
from models.language.translate import joined, phrase
from studies.control.words import controls_at
from studies.drawing.comfyui import ComfyuiDraw
from studies.drawing.section import HuanhuaDraw
from studies.export.foreign_files import as_diffusers_draws
from studies.regions.words import words_of_regions
from studies.schedules.comfyui_hooks import check_hooks
from studies.schedules.words import words_at

if TYPE_CHECKING:
    from optimizer.point import Point
    from optimizer.search.judged_point import Judged
    from studies.study import Study

Target = Literal["png", "a1111", "comfyui", "diffusers", "lora"]


def check_expressible(study: Study, pick: Judged, to: Target) -> None:
    """Raises InputError where a file of this kind cannot tell how the pick is drawn."""
    _check_drawn_here(study, to)
    _check_everywhere(study, to)
    _check_in_all_steps(study, pick.point, to)
    _check_free(study, pick.point, to)


def _check_drawn_here(study: Study, to: Target) -> None:
    """Raises InputError for what needs the base's file, or words that A1111 does not have."""
    draw, where = study.spec.draw, f"export --to {to}"
    if not isinstance(draw, HuanhuaDraw) and to in ("diffusers", "lora"):
        what = phrase(
            "{title} draws this study: --to {to} needs its base and LoRAs opened here, and would draw another picture",
            title=draw.title,
            to=to,
        )
        raise InputError(what, where, phrase("use --to {value}", value="comfyui" if isinstance(draw, ComfyuiDraw) else "a1111"))
    family = as_diffusers_draws(study)
    if isinstance(draw, HuanhuaDraw) and family is not None and to != "png":
        what = phrase(
            "{family} is drawn as diffusers draws it, and no other tool's file of it is written here", family=family.title
        )
        raise InputError(what, where, "use --to png; weights and seed are in `huanhua show`")
    if not draw.in_a1111_words and to == "a1111":
        raise InputError(
            phrase("A1111's text cannot tell what {title} draws", title=draw.title), where, "use --to comfyui or --to png"
        )


def _check_everywhere(study: Study, to: Target) -> None:
    """Raises InputError for what cannot tell that LoRAs act in regions."""
    words = words_of_regions(study.spec)
    if words and to not in ("png", "comfyui"):
        where = joined(", ", [phrase("{name} in {where}", name=name, where=region) for name, region in words.items()])
        what = phrase("the LoRAs act in regions ({where}), which --to {to} does not express", where=where, to=to)
        mend = "use --to comfyui, or --to png: the picture itself, with what acts where"
        raise InputError(what, phrase("export --to {to}", to=to), mend)


def _check_in_all_steps(study: Study, point: Point, to: Target) -> None:
    """Raises InputError for what cannot tell that LoRAs act in some of the steps only."""
    words = words_at(study.spec, point)
    if words and to == "comfyui":
        check_hooks(point.sampler or study.spec.render.sampler)
    if words and to not in ("png", "comfyui"):
        where = joined(", ", [phrase("{name} in {where}", name=name, where=steps) for name, steps in words.items()])
        what = phrase("LoRAs act in some of the steps only ({where}), which --to {to} does not express", where=where, to=to)
        raise InputError(what, phrase("export --to {to}", to=to), "use --to png: the picture itself, with what acts when")


def _check_free(study: Study, point: Point, to: Target) -> None:
    """Raises InputError for what cannot tell of ControlNets."""
    words = controls_at(study.spec, point)
    if to == "comfyui" and any(control.end < 1 for control in point.acting_controls().values()):
        check_hooks(point.sampler or study.spec.render.sampler)
    if words and to not in ("png", "comfyui"):
        told = joined(", ", [phrase("{name}: {note}", name=name, note=hint) for name, hint in words.items()])
        what = phrase("ControlNets act on the picture ({told}), which --to {to} does not express", told=told, to=to)
        mend = "use --to comfyui, or --to png: the picture itself, with what acted on it"
        raise InputError(what, phrase("export --to {to}", to=to), mend)
