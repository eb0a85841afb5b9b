"""`draw: {with: comfyui}`: ComfyUI draws, by the user's own workflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from models.errors import InputError
from models.language.translate import phrase
from studies.drawing.section import LOCAL_ONLY, ServerDraw

if TYPE_CHECKING:
    from optimizer.render.remote.comfyui.reading.own import OwnSettings
    from optimizer.render.remote.comfyui.workflow import Workflow

DECIDED: Final = (
    "base.vae", "base.clip_skip", "embeddings", "render.width", "render.height", "render.rng", "render.ensd", *LOCAL_ONLY
)  # fmt: skip
ABSENT: Final[Mapping[str, Any]] = {"steps": 1, "cfg": 1.0, "sampler": "the workflow's own"}
"""What stands for a setting that a workflow has no place for: it is shown, and not set."""
SMALLEST, LARGEST = 32, 4096
"""Pixels that a study file may name."""


class ComfyuiDraw(ServerDraw):
    """ComfyUI draws."""

    backend: ClassVar[str] = "studies.backends.comfyui:make"
    title: ClassVar[str] = "ComfyUI"
    largest_seed: ClassVar[int] = 2**64 - 1
    unused: ClassVar[Mapping[str, str]] = dict.fromkeys(DECIDED, phrase("the workflow decides it"))

    with_: Literal["comfyui"] = Field(alias="with")
    """the program that draws"""
    url: str | list[str] = "http://127.0.0.1:8188"
    """the server's address; several draw at the same time"""
    workflow: str
    """workflow saved in API form, or a picture that ComfyUI saved"""
    nodes: dict[str, Annotated[str, Field(coerce_numbers_to_str=True)]] = Field(default={})
    """nodes by id, where several would do: image, sampler, positive, negative, seed, steps, cfg, loras.NAME"""

    @classmethod
    def completed(cls, study: dict[str, Any], root: Path) -> dict[str, Any]:
        """Base, prompts, steps, CFG and sampler of the workflow, where the study file gives none."""
        study = super().completed(study, root)
        draw = study["draw"]
        workflow, nodes = draw.get("workflow"), draw.get("nodes") or {}
        if not isinstance(workflow, str) or not isinstance(nodes, dict):
            return study
        from optimizer.render.remote.comfyui.workflow import open_workflow

        place = (root / workflow).expanduser()
        opened = open_workflow(place, {str(key): str(value) for key, value in nodes.items()})
        own = opened.own
        found: dict[str, Any] = {"prompt": own.prompt, "negative_prompt": own.negative_prompt or ""}
        if found["prompt"] is None and "prompt" not in study:
            raise InputError(
                "the workflow computes its prompt", place, "write prompt in the study file, and name draw.nodes.positive"
            )
        sections = {"base": _base(study.get("base"), own, place), "render": _render(study.get("render"), opened, place)}
        return {**{key: value for key, value in found.items() if value is not None}, **study, **sections}

    def files(self) -> Mapping[str, str]:
        return {"workflow": self.workflow}


DRAWN: Final = (16, 16384)
"""The least and the most pixels of a side of an empty latent image in ComfyUI."""


def _base(given: Any, own: OwnSettings, place: Path) -> Any:
    """The checkpoint that the workflow loads. Raises InputError if the study file names another."""
    if given is not None and not isinstance(given, dict):
        return given
    named = (given or {}).get("checkpoint")
    if own.checkpoint is None and named is None:
        raise InputError("the workflow tells no base", place, "name the file that it loads: base.checkpoint")
    if isinstance(named, str) and own.checkpoint is not None and _name(named) != _name(own.checkpoint):
        raise InputError(
            phrase("the workflow loads {checkpoint}, not {named}", checkpoint=own.checkpoint, named=named),
            place,
            "take base.checkpoint out, or change the workflow",
        )
    return {"checkpoint": own.checkpoint, **(given or {})}


def _render(given: Any, workflow: Workflow, place: Path) -> Any:
    """Raises InputError for a setting that the workflow computes, and for one that is given and that it has no place for."""
    if given is not None and not isinstance(given, dict):
        return given
    given, own, slots = given or {}, workflow.own, workflow.slots
    if own.size is not None and not all(DRAWN[0] <= pixels <= DRAWN[1] for pixels in own.size):
        what = phrase(
            "the workflow draws {size}x{size_2} pixels, and ComfyUI {drawn} to {drawn_2} each way",
            size=own.size[0],
            size_2=own.size[1],
            drawn=DRAWN[0],
            drawn_2=DRAWN[1],
        )
        raise InputError(what, place, "set another size there")
    size = {} if own.size is None else dict(zip(("width", "height"), map(_fitting, own.size), strict=True))
    found: dict[str, Any] = {}
    for name, value, places in (
        ("steps", own.steps, slots.steps),
        ("cfg", own.cfg, slots.cfg),
        ("sampler", own.sampler, slots.sampler),
    ):
        if given.get(name) is not None and not places:
            raise InputError(
                phrase("the workflow has no place for {name}", name=name),
                place,
                phrase("take render.{name} out, or name draw.nodes.{name}", name=name),
            )
        if given.get(name) is None and value is None and places:
            raise InputError(
                phrase("the workflow computes its {name}", name=name),
                place,
                phrase("give render.{name}, which is then set there", name=name),
            )
        found[name] = ABSENT[name] if value is None else value
    return {**found, **size, **{name: value for name, value in given.items() if value is not None}}


def _fitting(pixels: int) -> int:
    """The nearest size that a study file may name: one that only describes what the workflow draws."""
    return min(LARGEST, max(SMALLEST, pixels // 8 * 8))


def _name(checkpoint: str) -> str:
    return PurePosixPath(checkpoint.replace("\\", "/")).name.removesuffix(".safetensors")
