"""The pick as a ComfyUI workflow, twice: as the graph that "Load" and drag-and-drop open, and as the API takes it.

One file cannot be both: the graph has positions and notes, the API's format has neither, and only the latter can be sent to a
server's /prompt. Names of files are the files' own, as they lie in ComfyUI's models folders.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.base.registry import FAMILIES, family_named
from models.errors import InputError
from models.language.translate import phrase
from optimizer.regions.rows import rows_of
from optimizer.render.remote.comfyui.sampler_names import comfyui_sampler
from optimizer.schedules.schedule import WHOLE
from studies.control.comfyui_nodes import Applied, add_controls, applied_at, note_of
from studies.drawing.told_job import told_job
from studies.export.comfyui_differences import differences
from studies.export.comfyui_graph import Graph, Output
from studies.export.foreign_files import NO_FILES, ForeignFiles
from studies.export.infotext import weights_at
from studies.regions.comfyui_pieces import CELL, MERGED, NOTE, Piece, Texts, add_pieces, merged_share, pieces_of
from studies.schedules.comfyui_hooks import NOTE as STEPS_NOTE
from studies.schedules.comfyui_hooks import add_hook, start_percents
from studies.schedules.words import schedules_at

if TYPE_CHECKING:
    from optimizer.point import Point
    from optimizer.regions.rows import Row
    from optimizer.schedules.schedule import Schedules
    from studies.run.outcome import Outcome
    from studies.study import Study

UNSEEN: Final = 1 / 1020
"""A share of predictions that masks do not tell."""


@dataclass
class Loaded:
    """What the nodes that open files give."""

    graph: Graph
    model: Output
    clip: Output
    vae: Output
    hooked: Mapping[str, Mapping[str, Any]]
    """What hooks say of the LoRAs that do not act everywhere, or not in all steps."""
    schedules: Schedules
    """Of those that do not act in all steps."""
    sampler: str
    levels: Mapping[str, Any]
    """The base's noise schedule."""
    _hooks: dict[int, dict[str, Output]] = field(default_factory=dict)

    def conditionings(self, pieces: Sequence[Piece], texts: Texts, steps: int) -> tuple[Output, Output]:
        """Of a sampling that lays so many steps."""
        key = steps if self.schedules else 0
        if key not in self._hooks:
            percents = start_percents(self.sampler, steps, self.levels) if self.schedules else []
            self._hooks[key] = {
                name: add_hook(self.graph, widgets, self.schedules.get(name, WHOLE), percents)
                for name, widgets in self.hooked.items()
            }
        return add_pieces(self.graph, self.clip, pieces, self._hooks[key], self.schedules, texts)

    def percents(self, steps: int, controls: Sequence[Applied]) -> list[float]:
        """Where the ends of ControlNets lie; none where each acts in all steps."""
        return start_percents(self.sampler, steps, self.levels) if any(one.control.end < 1 for one in controls) else []

    def notes(self) -> list[str]:
        return [phrase(STEPS_NOTE, steps=steps) for steps in self._hooks] if self.schedules else []


def comfyui_graph(study: Study, outcome: Outcome, files: ForeignFiles = NO_FILES) -> Graph:
    """The nodes that draw the pick, and a note on what ComfyUI does differently. `outcome.pick` must not be None; `files` are
    named in the place of what they were made of.

    Raises InputError for a sampler that ComfyUI has no counterpart of, and for a VAE that is a folder.
    """
    assert outcome.pick is not None
    spec, point, graph = study.spec, outcome.pick.point, Graph()
    job = told_job(study, outcome.seed, point)
    weights, regions = weights_at(study, point), job.regions
    cells = spec.render.height // CELL, spec.render.width // CELL
    rows = rows_of(weights, regions, cells)
    loaded, texts = add_models(study, graph, point, rows, files), texts_of(study, point, files)
    pieces, graph.pictures = pieces_of(rows, f"{spec.name}-seed-{outcome.seed}")
    steps = point.steps or spec.render.steps
    controls = applied_at(study, job, graph, f"{spec.name}-seed-{outcome.seed}")
    read = loaded.conditionings(pieces, texts, steps)
    positive, negative = add_controls(graph, read, controls, loaded.percents(steps, controls))
    size = {"width": spec.render.width, "height": spec.render.height, "batch_size": 1}
    (latents,) = graph.add("EmptyLatentImage", size)
    settings: dict[str, Any] = {"seed": outcome.seed, "steps": steps, **sampling_at(study, point)}
    links = {"model": loaded.model, "positive": positive, "negative": negative, "latent_image": latents}
    (drawn,) = graph.add("KSampler", {**settings, "denoise": 1.0}, **links)
    (picture,) = graph.add("VAEDecode", {}, samples=drawn, vae=loaded.vae)
    graph.add("SaveImage", {"filename_prefix": f"{spec.name}-seed-{outcome.seed}"}, images=picture)
    merged = merged_share(rows, weights, loaded.schedules, regions, cells)
    masks = ", ".join(f"{piece.mask} ({_what_is_there(piece, loaded.hooked)})" for piece in pieces)
    told = [phrase(NOTE, masks=masks)] if any(piece.mask for piece in pieces) else []
    told += [phrase(MERGED, share=merged)] if merged > UNSEEN else []
    texts_read = [texts.prompt, *(piece.words for piece in pieces), texts.negative]
    differs = differences(study, settings["sampler_name"], texts_read)
    graph.note(*differs, *loaded.notes(), *told, *note_of(controls, steps), *files.notes, places_of_files(study))
    return graph


def _what_is_there(piece: Piece, hooked: Collection[str]) -> str:
    """The LoRAs that act in a piece and not everywhere, and the words of its own."""
    return ", ".join([*(name for name in hooked if name in piece.loras), *([piece.words] if piece.words else [])]) or "-"


def texts_of(study: Study, point: Point, files: ForeignFiles) -> Texts:
    inversions = [*study.spec.embeddings, *(file.name for file in files.inversions.values())]
    return Texts(point.prompt or study.spec.prompt, study.spec.negative_prompt, inversions)


def sampling_at(study: Study, point: Point) -> dict[str, Any]:
    """CFG, sampler and scheduler as "KSampler" has them. Raises InputError for a sampler that ComfyUI has no counterpart of."""
    sampler, scheduler = comfyui_sampler(point.sampler or study.spec.render.sampler)
    return {"cfg": point.cfg, "sampler_name": sampler, "scheduler": scheduler}


def add_models(study: Study, graph: Graph, point: Point, rows: Sequence[Row], files: ForeignFiles) -> Loaded:
    """Opens the base, the VAE and the LoRAs that act in any of the rows. Raises InputError for a VAE that is a folder."""
    if study.base_facts.family not in FAMILIES:
        raise InputError(
            "the server does not tell the base's family",
            study.spec.base.checkpoint,
            phrase("name it: base.config, one of {families}", families=", ".join(FAMILIES)),
        )
    spec, base = study.spec, study.base_facts.schedule
    sampler = point.sampler or spec.render.sampler
    acting = {name: weight for name, weight in weights_at(study, point).items() if any(name in row.weights for row in rows)}
    schedules = {name: schedule for name, schedule in schedules_at(spec, point).items() if name in acting}
    model, clip, vae = _loaded(study, graph)
    hooked: dict[str, Mapping[str, Any]] = {}
    for name, weight in acting.items():
        widgets: dict[str, Any] = {
            "lora_name": files.loras[name].path.name if name in files.loras else study.lora_file(name, point).name,
            "strength_model": weight,
            "strength_clip": weight,
        }
        if name in schedules or any(name not in row.weights for row in rows):
            hooked[name] = widgets
        else:
            model, clip = graph.add("LoraLoader", widgets, model=model, clip=clip)
    sampling = "v_prediction" if base.get("prediction_type") == "v_prediction" else "eps"
    if comfyui_sampler(sampler)[0] == "lcm":
        # Without it ComfyUI takes its steps at levels that no latent consistency model learnt.
        sampling = "lcm"
    zero_snr = bool(base.get("rescale_betas_zero_snr"))
    if sampling != "eps" or zero_snr:
        (model,) = graph.add("ModelSamplingDiscrete", {"sampling": sampling, "zsnr": zero_snr}, model=model)
    if spec.base.clip_skip > 1 and family_named(study.base_facts.family).honours_clip_skip:
        (clip,) = graph.add("CLIPSetLastLayer", {"stop_at_clip_layer": -spec.base.clip_skip}, clip=clip)
    if spec.base.vae:
        (vae,) = graph.add("VAELoader", {"vae_name": _vae_file(study.path(spec.base.vae))})
    return Loaded(graph, model, clip, vae, hooked, schedules, sampler, base)


def places_of_files(study: Study) -> str:
    spec = study.spec
    base = "checkpoints" if _is_file(study) else "diffusers"
    kinds: Mapping[str, bool] = {base: True, "loras": True, "vae": bool(spec.base.vae), "embeddings": bool(spec.embeddings)}
    folders = ", ".join(f"models/{name}" for name, used in kinds.items() if used)
    return phrase(
        "The files are looked for by their names in {folders}; where yours lie in subfolders, choose them in the nodes.",
        folders=folders,
    )


def _vae_file(path: Path) -> str:
    if path.is_dir():
        raise InputError("ComfyUI opens a VAE from a file, and this is a folder", path, "set base.vae to its .safetensors file")
    return path.name


def _loaded(study: Study, graph: Graph) -> tuple[Output, ...]:
    """Model, CLIP and VAE of the base: a file, or a folder in the layout of diffusers."""
    place = study.path(study.spec.base.checkpoint)
    name = place.name if place.exists() else Path(study.spec.base.checkpoint).name
    if _is_file(study):
        return graph.add("CheckpointLoaderSimple", {"ckpt_name": name})
    return graph.add("DiffusersLoader", {"model_path": name})


def _is_file(study: Study) -> bool:
    return study.path(study.spec.base.checkpoint).is_file()
