"""The pick as a ComfyUI workflow, twice: as the graph that "Load" and drag-and-drop open, and as the API takes it.

One file cannot be both: the graph has positions and notes, the API's format has neither, and only the latter can be sent to a
server's /prompt. Names of files are the files' own, as they lie in ComfyUI's models folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base.prompt.comfyui import marked
from models.base.registry import FAMILIES, family_named
from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.comfyui.sampler_names import comfyui_sampler
from optimizer.schedules.schedule import Schedule
from studies.export.comfyui_differences import differences
from studies.export.comfyui_graph import Graph, Output
from studies.export.foreign_files import NO_FILES, ForeignFiles
from studies.export.infotext import fixed_weights
from studies.schedules.comfyui_hooks import NOTE, add_hooks, start_percents
from studies.schedules.words import schedules_at

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study


def comfyui_graph(study: Study, outcome: Outcome, files: ForeignFiles = NO_FILES) -> Graph:
    """The nodes that draw the pick, and a note on what ComfyUI does differently. `outcome.pick` must not be None; `files` are
    named in the place of what they were made of.

    Raises InputError for a sampler that ComfyUI has no counterpart of, and for a VAE that is a folder.
    """
    assert outcome.pick is not None
    if study.base_facts.family not in FAMILIES:
        raise InputError(
            "the server does not tell the base's family",
            study.spec.base.checkpoint,
            phrase("name it: base.config, one of {families}", families=", ".join(FAMILIES)),
        )
    spec, point, graph = study.spec, outcome.pick.point, Graph()
    sampler, scheduler = comfyui_sampler(point.sampler or spec.render.sampler)
    weights = {name: weight for name, weight in {**point.weights, **fixed_weights(study)}.items() if weight}
    model, clip, vae = _loaded(study, graph)
    schedules, hooked, told = schedules_at(spec, point), list[tuple[dict[str, Any], Schedule]](), list[str]()
    for name, weight in weights.items():
        widgets: dict[str, Any] = {
            "lora_name": files.loras[name].path.name if name in files.loras else study.lora_file(name, point).name,
            "strength_model": weight,
            "strength_clip": weight,
        }
        if name in schedules:
            hooked.append((widgets, schedules[name]))
            continue
        model, clip = graph.add("LoraLoader", widgets, model=model, clip=clip)
    schedule = study.base_facts.schedule
    sampling = "v_prediction" if schedule.get("prediction_type") == "v_prediction" else "eps"
    if sampler == "lcm":
        # Without it ComfyUI takes its steps at levels that no latent consistency model learnt.
        sampling = "lcm"
    zero_snr = bool(schedule.get("rescale_betas_zero_snr"))
    if sampling != "eps" or zero_snr:
        (model,) = graph.add("ModelSamplingDiscrete", {"sampling": sampling, "zsnr": zero_snr}, model=model)
    if spec.base.clip_skip > 1 and family_named(study.base_facts.family).honours_clip_skip:
        (clip,) = graph.add("CLIPSetLastLayer", {"stop_at_clip_layer": -spec.base.clip_skip}, clip=clip)
    if hooked:
        percents = start_percents(point.sampler or spec.render.sampler, point.steps or spec.render.steps, schedule)
        clip = add_hooks(graph, hooked, clip, percents)
        told = [phrase(NOTE, steps=point.steps or spec.render.steps)]
    texts = (point.prompt or spec.prompt, spec.negative_prompt)
    inversions = [*spec.embeddings, *(file.name for file in files.inversions.values())]
    positive, negative = (graph.add("CLIPTextEncode", {"text": marked(text, inversions)}, clip=clip)[0] for text in texts)
    size = {"width": spec.render.width, "height": spec.render.height, "batch_size": 1}
    (latents,) = graph.add("EmptyLatentImage", size)
    if spec.base.vae:
        (vae,) = graph.add("VAELoader", {"vae_name": _vae_file(study.path(spec.base.vae))})
    settings: dict[str, Any] = {"seed": outcome.seed, "steps": point.steps or spec.render.steps, "cfg": point.cfg}
    settings |= {"sampler_name": sampler, "scheduler": scheduler, "denoise": 1.0}
    (drawn,) = graph.add("KSampler", settings, model=model, positive=positive, negative=negative, latent_image=latents)
    (picture,) = graph.add("VAEDecode", {}, samples=drawn, vae=vae)
    graph.add("SaveImage", {"filename_prefix": f"{spec.name}-seed-{outcome.seed}"}, images=picture)
    graph.note(*differences(study, sampler, texts), *told, *files.notes, _places(study))
    return graph


def _places(study: Study) -> str:
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
