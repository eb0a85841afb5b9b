"""ControlNets as ComfyUI has them: "Apply ControlNet" on both conditionings, with an end in percent of the base's time steps.

ComfyUI lets a ControlNet act on calls of the UNet whose noise level is not below that of its end, so that the end becomes the
percent between the levels of the two calls that it parts, as for hooks (`studies.schedules.comfyui_hooks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase
from studies.export.comfyui_graph import Graph, Output
from studies.export.picture import png_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from optimizer.control.control import Control
    from optimizer.point import Job
    from studies.study import Study

NOTE: Final = (
    "Copy the ControlNet {model} to models/controlnet/{file}, and {picture}, which it is told, into ComfyUI's folder input."
)
COPY: Final = "Copy the ControlNet {model} to models/controlnet/{file}."
ENDS: Final = "Ends of ControlNets hold for this sampler and {steps} steps alone."


@dataclass(frozen=True)
class Applied:
    """A ControlNet that acts on a picture."""

    file: str
    """Its name in models/controlnet."""
    picture: str
    """That of its hint in the folder input."""
    control: Control
    model: str = ""
    """What to copy there: a file, or that in a diffusers folder."""


def applied_at(study: Study, job: Job, graph: Graph, stem: str) -> list[Applied]:
    """The ControlNets that act on a job's image. Their hints go with the graph's pictures, by names that begin with `stem` and
    tell the content: another picture of that name in ComfyUI's folder is not taken for it."""
    from PIL import Image

    found, files = [], _files(study)
    for name, control in job.point.acting_controls().items():
        assert job.hints is not None
        png = png_bytes(Image.fromarray(job.hints.by_net[name].picture), {})
        picture, place = f"{stem}-{name}-{sha256(png).hexdigest()[:8]}.png", study.path(study.spec.control[name].model)
        graph.pictures[picture] = png
        found.append(Applied(files[name], picture, control, place.name if place.is_file() else _weights_in(place)))
    return found


def _files(study: Study) -> dict[str, str]:
    """By ControlNet its name in models/controlnet: that of its file or folder; where another one has that, the study's name for
    it stands before."""
    found: dict[str, str] = {}
    places: dict[str, Path] = {}
    for name, section in study.spec.control.items():
        place = study.path(section.model).resolve()
        file = place.name if place.is_file() else f"{place.name}.safetensors"
        found[name] = file if places.setdefault(file, place) == place else f"{name}-{file}"
    return found


def _weights_in(folder: Path) -> str:
    weights = sorted(folder.glob("*.safetensors"))
    return f"{folder.name}/{weights[0].name if weights else '*.safetensors'}"


def copies_of(applied: Sequence[Applied]) -> list[str]:
    """Where a person copies them; their hints are told elsewhere."""
    return [phrase(COPY, model=one.model, file=one.file) for one in applied]


def note_of(applied: Sequence[Applied], steps: int) -> list[str]:
    """What a person is told of them; nothing where there are none."""
    told = [phrase(NOTE, model=one.model, file=one.file, picture=one.picture) for one in applied]
    return [*told, *([phrase(ENDS, steps=steps)] if any(one.control.end < 1 for one in applied) else [])]


def add_controls(
    graph: Graph, both: tuple[Output, Output], applied: Sequence[Applied], percents: Sequence[float]
) -> tuple[Output, Output]:
    """The positive and the negative conditioning, on which ControlNets act. `percents` are those of
    `studies.schedules.comfyui_hooks.start_percents`, and not looked at where each acts in all steps."""
    positive, negative = both
    for one in applied:
        (net,) = graph.add("ControlNetLoader", {"control_net_name": one.file})
        picture, _ = graph.add("LoadImage", {"image": one.picture})
        settings = {"strength": one.control.strength, "start_percent": 0.0, "end_percent": _end(one.control, percents)}
        links = {"positive": positive, "negative": negative, "control_net": net, "image": picture}
        positive, negative = graph.add("ControlNetApplyAdvanced", settings, **links)
    return positive, negative


def _end(control: Control, percents: Sequence[float]) -> float:
    if control.end >= 1:
        return 1.0
    stop = control.window.steps(len(percents)).stop
    return percents[stop] if stop < len(percents) else 1.0
