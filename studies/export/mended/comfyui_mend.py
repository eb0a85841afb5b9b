"""The mend of a pick as a ComfyUI workflow: each redrawing one after the other, from the pick's picture on.

A crop is enlarged, encoded, drawn again under a latent noise mask, decoded, shrunk and laid over the picture by a feathered
mask: what `optimizer.render.inpainting` does, in ComfyUI's own nodes. Where the edge is feathered levels are cut off there and
rounded here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.io.images import read_drawn
from models.language.translate import joined, phrase
from optimizer.regions.rows import rows_of
from optimizer.render.inpainting.crop import Crop
from optimizer.render.inpainting.img2img_steps import steps_of_strength
from optimizer.search.verdict import own_image
from studies.control.comfyui_nodes import add_controls, applied_at, copies_of
from studies.drawing.told_job import told_job
from studies.export.comfyui import add_models, places_of_files, sampling_at, texts_of
from studies.export.comfyui_differences import differences
from studies.export.comfyui_graph import Graph
from studies.export.infotext import weights_at
from studies.export.picture import png_bytes
from studies.regions.comfyui_pieces import CELL, mask_png, pieces_of
from studies.run.mended.leading import led_again
from studies.run.mended.mended import PART_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.program import Program
    from studies.export.comfyui_graph import Output
    from studies.export.foreign_files import ForeignFiles
    from studies.run.mended.mended import Redrawn
    from studies.run.outcome import Outcome
    from studies.study import Study

NOTE: Final = (
    "{parts} of the pick's picture drawn again, as huanhua mend drew them. Put the {count} pictures whose names begin with "
    "{stem} into ComfyUI's folder input. Outside of the masks the picture stays the pick's."
)


@dataclass(frozen=True)
class Sampling:
    """What all redrawings are sampled by."""

    model: Output
    vae: Output
    widgets: dict[str, Any]
    """CFG, sampler and scheduler."""
    steps: int
    like: Program

    def laid(self, redrawn: Redrawn) -> tuple[int, int]:
        """How many steps are laid, and the first that is taken."""
        return steps_of_strength(redrawn.strength, self.steps, self.like)


def mended_graph(study: Study, outcome: Outcome, files: ForeignFiles) -> Graph:
    """The nodes that draw the mended picture again from the pick's, which `graph.pictures` holds with all masks. Neither pick nor
    mended picture may be None. Raises InputError as `comfyui_graph` does."""
    record, mended, graph = outcome.shown, outcome.mended, Graph()
    assert record is not None
    assert mended is not None
    spec, point, stem = study.spec, own_image(record.judged).point, f"{study.spec.name}-seed-{outcome.seed}-mended"
    size, cells = (spec.render.width, spec.render.height), (spec.render.height // CELL, spec.render.width // CELL)
    drawn = led_again(study, mended.held)
    job = told_job(drawn.study, outcome.seed, drawn.led(point))
    weights, regions = weights_at(study, point), job.regions
    crops = [Crop(one.box, one.mask, one.blur, size) for one in mended.redrawn]
    rows = [rows_of(weights, crop.enlarged_regions(regions), cells) for crop in crops]
    loaded = add_models(study, graph, point, [row for some in rows for row in some], files)
    texts, widgets = texts_of(study, point, files), sampling_at(study, point)
    sampling = Sampling(loaded.model, loaded.vae, widgets, point.steps or spec.render.steps, spec.render.like)
    picture = opened(graph, "LoadImage", read_drawn(record.image), f"{stem}-pick")
    for number, (crop, drawn_in, redrawn) in enumerate(zip(crops, rows, mended.redrawn, strict=True), 1):
        pieces, masks = pieces_of(drawn_in, f"{stem}-{number}")
        graph.pictures |= masks
        steps = sampling.laid(redrawn)[0]
        held = applied_at(drawn.study, replace(job, hints=crop.enlarged_hints(job.hints)), graph, f"{stem}-{number}")
        both = add_controls(graph, loaded.conditionings(pieces, texts, steps), held, loaded.percents(steps, held))
        picture = add_redrawing(graph, sampling, both, picture, crop, redrawn, f"{stem}-{number}")
    graph.add("SaveImage", {"filename_prefix": stem}, images=picture)
    parts = joined(", ", [phrase(PART_WORDS[part]) for part in mended.parts])
    told = phrase(NOTE, parts=parts, count=len(graph.pictures), stem=stem)
    read = [texts.prompt, texts.negative]
    graph.note(
        told,
        *copies_of(held),
        *differences(study, widgets["sampler_name"], read),
        *loaded.notes(),
        *files.notes,
        places_of_files(study),
    )
    return graph


def add_redrawing(
    graph: Graph,
    sampling: Sampling,
    conditionings: tuple[Output, Output],
    picture: Output,
    crop: Crop,
    redrawn: Redrawn,
    stem: str,
) -> Output:
    """The picture with a part drawn again."""
    left, top, right, bottom = crop.box
    (cut,) = graph.add("ImageCrop", {"width": right - left, "height": bottom - top, "x": left, "y": top}, image=picture)
    (large,) = graph.add("ImageScale", _scaled(*crop.size), image=cut)
    (latents,) = graph.add("VAEEncode", {}, pixels=large, vae=sampling.vae)
    cells = opened(graph, "LoadImageMask", mask_png(_cells(crop)), f"{stem}-cells")
    (latents,) = graph.add("SetLatentNoiseMask", {}, samples=latents, mask=cells)
    kind, widgets = _sampler(sampling, redrawn)
    positive, negative = conditionings
    links = {"model": sampling.model, "positive": positive, "negative": negative, "latent_image": latents}
    (drawn,) = graph.add(kind, widgets, **links)
    (decoded,) = graph.add("VAEDecode", {}, samples=drawn, vae=sampling.vae)
    (small,) = graph.add("ImageScale", _scaled(right - left, bottom - top), image=decoded)
    edge = opened(graph, "LoadImageMask", png_bytes(crop.feathered(), {}), f"{stem}-edge")
    place = {"x": left, "y": top, "resize_source": False}
    (picture,) = graph.add("ImageCompositeMasked", place, destination=picture, source=small, mask=edge)
    return picture


def opened(graph: Graph, kind: str, content: bytes, stem: str) -> Output:
    """A picture that ComfyUI looks for by a name that tells its content: another one of the same name is not taken for it."""
    name = f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.png"
    graph.pictures[name] = content
    channel = {"channel": "red"} if kind == "LoadImageMask" else {}
    return graph.add(kind, {"image": name, **channel})[0]


def _scaled(width: int, height: int) -> dict[str, Any]:
    return {"upscale_method": "lanczos", "width": width, "height": height, "crop": "disabled"}


def _cells(crop: Crop) -> NDArray[np.float32]:
    """(h, w), 1 where a latent cell is redrawn, as `optimizer.render.inpainting.kept_picture` has them."""
    mask = crop.enlarged_mask()
    height, width = mask.shape
    shares: NDArray[np.float64] = mask.reshape(height // CELL, CELL, width // CELL, CELL).mean(axis=(1, 3))
    return (shares >= 0.5).astype(np.float32)


def _sampler(sampling: Sampling, redrawn: Redrawn) -> tuple[str, dict[str, Any]]:
    """A1111 takes the last steps of as many as are asked for, ComfyUI's denoise as many as are asked for at the end of more."""
    if sampling.like == "comfyui":
        first = {"seed": redrawn.seed, "steps": sampling.steps}
        return "KSampler", {**first, **sampling.widgets, "denoise": redrawn.strength}
    laid, begin = sampling.laid(redrawn)
    return "KSamplerAdvanced", {
        "add_noise": "enable",
        "noise_seed": redrawn.seed,
        "steps": laid,
        **sampling.widgets,
        "start_at_step": begin,
        "end_at_step": laid,
        "return_with_leftover_noise": "disable",
    }
