"""The pick as a ComfyUI workflow, twice: as the graph that "Load" and drag-and-drop open, and as the API takes it.

One file cannot be both: the graph has positions and notes, the API's format has neither, and only the latter can be sent to a
server's /prompt. Names of files are the files' own, as they lie in ComfyUI's models folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.base.registry import FAMILIES, family_named
from models.errors import InputError
from optimizer.render.remote.comfyui.sampler_names import NOISY, comfyui_sampler
from studies.export.comfyui_graph import Graph, Output
from studies.export.infotext import fixed_weights

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study

EMPHASIS: Final = (
    "Emphasis: the text stands as it is. (word:1.4) is weighed against an empty prompt here and the mean is not restored, so "
    "that it acts otherwise than in A1111; [word] is no emphasis."
)
LONG: Final = 50
"""Words from which a prompt may fill more than one chunk of 75 tokens."""


def comfyui_graph(study: Study, outcome: Outcome) -> Graph:
    """The nodes that draw the pick, and a note on what ComfyUI does differently. `outcome.pick` must not be None.

    Raises InputError for a sampler that ComfyUI has no counterpart of, and for a VAE that is a folder.
    """
    assert outcome.pick is not None
    if study.base_facts.family not in FAMILIES:
        raise InputError(
            "the server does not tell the base's family",
            study.spec.base.checkpoint,
            f"name it: base.config, one of {', '.join(FAMILIES)}",
        )
    spec, point, graph = study.spec, outcome.pick.point, Graph()
    sampler, scheduler = comfyui_sampler(point.sampler or spec.render.sampler)
    weights = {name: weight for name, weight in {**point.weights, **fixed_weights(study)}.items() if weight}
    model, clip, vae = _loaded(study, graph)
    for name, weight in weights.items():
        widgets: dict[str, Any] = {
            "lora_name": study.path(spec.loras[name].file).name,
            "strength_model": weight,
            "strength_clip": weight,
        }
        model, clip = graph.add("LoraLoader", widgets, model=model, clip=clip)
    schedule = study.base_facts.schedule
    sampling = "v_prediction" if schedule.get("prediction_type") == "v_prediction" else "eps"
    zero_snr = bool(schedule.get("rescale_betas_zero_snr"))
    if sampling == "v_prediction" or zero_snr:
        (model,) = graph.add("ModelSamplingDiscrete", {"sampling": sampling, "zsnr": zero_snr}, model=model)
    if spec.base.clip_skip > 1 and family_named(study.base_facts.family).honours_clip_skip:
        (clip,) = graph.add("CLIPSetLastLayer", {"stop_at_clip_layer": -spec.base.clip_skip}, clip=clip)
    texts = (point.prompt or spec.prompt, spec.negative_prompt)
    positive, negative = (graph.add("CLIPTextEncode", {"text": marked(text, spec.embeddings)}, clip=clip)[0] for text in texts)
    size = {"width": spec.render.width, "height": spec.render.height, "batch_size": 1}
    (latents,) = graph.add("EmptyLatentImage", size)
    if spec.base.vae:
        (vae,) = graph.add("VAELoader", {"vae_name": _vae_file(study.path(spec.base.vae))})
    settings: dict[str, Any] = {"seed": outcome.seed, "steps": point.steps or spec.render.steps, "cfg": point.cfg}
    settings |= {"sampler_name": sampler, "scheduler": scheduler, "denoise": 1.0}
    (drawn,) = graph.add("KSampler", settings, model=model, positive=positive, negative=negative, latent_image=latents)
    (picture,) = graph.add("VAEDecode", {}, samples=drawn, vae=vae)
    graph.add("SaveImage", {"filename_prefix": f"{spec.name}-seed-{outcome.seed}"}, images=picture)
    graph.note("\n\n".join(differences(study, sampler, texts)))
    return graph


def marked(text: str, embeddings: Sequence[str]) -> str:
    """A1111 finds a textual inversion by its bare name; ComfyUI wants `embedding:` before it, and a space before that."""
    stems = {Path(name).stem.lower(): Path(name).stem for name in embeddings}
    if not stems:
        return text
    longest_first = "|".join(re.escape(stem) for stem in sorted(stems, key=len, reverse=True))
    found = re.compile(rf"(^|[\s(\[])?(?<![\w-])({longest_first})(?![\w-])", re.IGNORECASE)
    return found.sub(lambda match: f"{' ' if match[1] is None else match[1]}embedding:{stems[match[2].lower()]}", text)


def differences(study: Study, sampler: str, texts: Sequence[str]) -> list[str]:
    """What ComfyUI does differently from the study, as far as it matters to this picture."""
    render = study.spec.render
    same = "the picture begins with the same noise as in the study (RNG: CPU)."
    other = f"ComfyUI draws it on the CPU, the study as RNG: {render.rng.upper()} says. It is another picture."
    applies = {
        f"Noise: {same if render.rng == 'cpu' else other}": True,
        f"{sampler} draws noise in every step, ComfyUI from other numbers than A1111.": any(part in sampler for part in NOISY),
        f"ENSD {render.ensd} has no counterpart here.": bool(render.ensd),
        EMPHASIS: any(re.search(r"[()\[\]]", text) for text in texts),
        "BREAK is a word like any other here.": any(re.search(r"\bBREAK\b", text) for text in texts),
        "Long prompts are cut into chunks at other places.": any(len(text.split()) > LONG for text in texts),
    }
    first = "These are the settings of the pick. What ComfyUI does otherwise, so that the picture differs:"
    return [first, *(line for line, true in applies.items() if true), _places(study)]


def _places(study: Study) -> str:
    spec = study.spec
    base = "checkpoints" if _is_file(study) else "diffusers"
    kinds: Mapping[str, bool] = {base: True, "loras": True, "vae": bool(spec.base.vae), "embeddings": bool(spec.embeddings)}
    folders = ", ".join(f"models/{name}" for name, used in kinds.items() if used)
    return f"The files are looked for by their names in {folders}; where yours lie in subfolders, choose them in the nodes."


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
