"""The two programs, started from the folders where they are installed, and one picture of either."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

from benchmarks.parity.case import Case
from benchmarks.real_programs import Program, WebuiModels, comfyui, webui
from models.base.family import CONFIGS
from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.regions.regions import Regions
from optimizer.regions.rows import rows_of
from optimizer.render.remote.comfyui.sampler_names import comfyui_sampler
from optimizer.render.sampling.comfyui_sampling import ABSENT
from optimizer.schedules.schedule import WHOLE, Schedule
from studies.control.comfyui_nodes import Applied, add_controls
from studies.export.comfyui_graph import Graph, Output
from studies.export.mended.comfyui_mend import Sampling, add_redrawing, opened
from studies.export.picture import png_bytes
from studies.picture_settings.sampler_names import split_sampler
from studies.regions.comfyui_pieces import CELL, Texts, add_pieces, pieces_of
from studies.schedules.comfyui_hooks import add_hook, start_percents

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.inpainting.crop import Crop

DRAW_S: Final = 1800


@dataclass(frozen=True)
class Server:
    """A program that answers at this address."""

    url: str

    def ask(self, route: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{route}", data, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=DRAW_S) as answer:
                content = answer.read()
        except HTTPError as error:
            raise RuntimeError(f"{route}: {error.code} {error.read()[:2000].decode(errors='replace')}") from error
        except OSError as error:
            raise RuntimeError(f"{route}: {error}; the program may have ended, for want of memory for one") from error
        return json.loads(content) if answer.headers.get_content_type() == "application/json" else content


@dataclass(frozen=True)
class Models:
    """The files that all sides open."""

    folder: Path
    """With `checkpoints`, `loras` and `embeddings`."""
    family: str

    @property
    def inputs(self) -> Path:
        """Where ComfyUI looks for pictures that a workflow opens."""
        return self.folder.parent / "comfyui" / "input"

    def checkpoint(self, case: Case) -> Path:
        """The single file that the programs open."""
        return self.folder / "checkpoints" / ("random-v.safetensors" if case.v_prediction else "random.safetensors")


@contextmanager
def running_webui(program: Program, models: Models, work: Path) -> Iterator[Server]:
    """A1111 with its API alone. CLIP's vocabulary, for which it asks by a hub's name, is laid into its working folder."""
    place = work / "webui"
    vocabulary = place / "openai" / "clip-vit-large-patch14"
    if not vocabulary.exists():
        vocabulary.mkdir(parents=True)
        for file in [*(CONFIGS / "sd15" / "tokenizer").iterdir(), CONFIGS / "sd15" / "text_encoder" / "config.json"]:
            (vocabulary / file.name).write_bytes(file.read_bytes())
    folder = models.folder
    with webui(program, place, WebuiModels(folder / "checkpoints", folder / "loras", folder / "embeddings")) as url:
        yield Server(url)


@contextmanager
def running_comfyui(program: Program, models: Models, work: Path) -> Iterator[Server]:
    """ComfyUI without its page, its text encoder in float32."""
    place = work / "comfyui"
    place.mkdir(parents=True, exist_ok=True)
    names = {name: name for name in ("checkpoints", "loras", "embeddings", "controlnet")}
    paths = place / "paths.yaml"
    paths.write_text(json.dumps({"parity": {"base_path": str(models.folder.resolve()), **names}}))
    with comfyui(program, place, paths) as url:
        yield Server(url)


def draw_in_webui(program: Server, models: Models, case: Case) -> bytes:
    """A PNG."""
    loras = "".join(f" <lora:{name}:{weight}>" for name, weight in case.loras.items())
    sampler, schedule = split_sampler(case.sampler)
    # Among the settings of a request it would be loaded anew for each: A1111 puts the former one back.
    wanted = models.checkpoint(case)
    if Path(program.ask("/sdapi/v1/options")["sd_model_checkpoint"] or "").stem.split(" ")[0] != wanted.stem:
        program.ask("/sdapi/v1/options", {"sd_model_checkpoint": wanted.name})
    settings = {
        "sd_noise_schedule": "Zero Terminal SNR" if case.v_prediction else "Default",
        "CLIP_stop_at_last_layers": case.clip_skip,
        "randn_source": "CPU",
        "eta_noise_seed_delta": 0,
        "pad_cond_uncond": case.pad_conds,
        "emphasis": "Original",
        # SDXL's previews need a model that A1111 would download.
        "live_previews_enable": False,
        # Otherwise A1111 keeps a copy of every weight, changed or not: 13 GB more for SDXL.
        "lora_functional": models.family == "sdxl",
    }
    body = {
        "prompt": case.prompt + loras,
        "negative_prompt": case.negative,
        "seed": case.seed,
        "steps": case.steps,
        "width": case.size[0],
        "height": case.size[1],
        "cfg_scale": case.cfg,
        "sampler_name": sampler,
        "scheduler": schedule or "Uniform",
        "override_settings": settings,
    }
    answer = program.ask("/sdapi/v1/txt2img", body)
    info = json.loads(answer["info"])
    drawn = info["infotexts"][0]
    if f"Sampler: {sampler}" not in drawn or info["sd_model_name"] != wanted.stem:
        raise RuntimeError(f"A1111 drew something else: {drawn}")
    return base64.b64decode(answer["images"][0])


def draw_in_comfyui(program: Server, models: Models, case: Case) -> bytes:
    """A PNG."""
    asked = program.ask("/prompt", {"prompt": comfyui_request(models, case)})["prompt_id"]
    began = time.monotonic()
    while time.monotonic() - began < DRAW_S:
        history = program.ask(f"/history/{asked}").get(asked)
        if history:
            if history["status"]["status_str"] != "success":
                raise RuntimeError(f"ComfyUI: {history['status']['messages'][-1]}")
            ((saved,),) = (output["images"] for output in history["outputs"].values())
            picture: bytes = program.ask(f"/view?filename={saved['filename']}&type=output")
            return picture
        time.sleep(0.2)
    raise RuntimeError("ComfyUI did not finish")


def comfyui_request(models: Models, case: Case) -> Mapping[str, Any]:
    """A workflow in the API's form, of the nodes that `huanhua export --to comfyui` writes; the pictures that it opens are laid
    into ComfyUI's folder."""
    assert case.sampler not in ABSENT
    sampler, scheduler = comfyui_sampler(case.sampler)
    graph = Graph()
    model, clip, vae = graph.add("CheckpointLoaderSimple", {"ckpt_name": models.checkpoint(case).name})
    for name, weight in case.loras.items():
        if name not in case.hooked():
            model, clip = graph.add("LoraLoader", _lora(name, weight), model=model, clip=clip)
    if case.v_prediction or case.sampler == "LCM":
        kind = {"sampling": "v_prediction" if case.v_prediction else "lcm", "zsnr": case.v_prediction}
        (model,) = graph.add("ModelSamplingDiscrete", kind, model=model)
    if case.clip_skip > 1:
        (clip,) = graph.add("CLIPSetLastLayer", {"stop_at_clip_layer": -case.clip_skip}, clip=clip)
    if case.redrawn:
        return _laid(models, _redrawing(graph, case, (model, clip, vae)))
    read = _read(graph, case, clip, _hooks(graph, case, case.steps), case.regions(), case.digest())
    positive, negative = _controlled(graph, case, read, case.hints(), case.digest())
    size = {"width": case.size[0], "height": case.size[1], "batch_size": 1}
    (latents,) = graph.add("EmptyLatentImage", size)
    settings = {"seed": case.seed, "steps": case.steps, "cfg": case.cfg, "sampler_name": sampler, "scheduler": scheduler}
    links = {"model": model, "positive": positive, "negative": negative, "latent_image": latents}
    (drawn,) = graph.add("KSampler", {**settings, "denoise": 1.0}, **links)
    (decoded,) = graph.add("VAEDecode", {}, samples=drawn, vae=vae)
    graph.add("SaveImage", {"filename_prefix": "parity"}, images=decoded)
    return _laid(models, graph)


def _controlled(
    graph: Graph, case: Case, both: tuple[Output, Output], hints: Mapping[str, Image], stem: str
) -> tuple[Output, Output]:
    """The conditionings, with ControlNets by the export's own nodes."""
    graph.pictures |= {f"{stem}-{name}.png": png_bytes(hint, {}) for name, hint in hints.items()}
    nets = case.control.items()
    applied = [Applied(f"{name}.safetensors", f"{stem}-{name}.png", Control(*told)) for name, told in nets]
    return add_controls(graph, both, applied, _percents(case, case.steps) if applied else [])


def _hints_of(case: Case, crop: Crop) -> dict[str, Image]:
    """Those of a crop, enlarged as the export does."""
    from PIL.Image import fromarray

    told = crop.enlarged_hints(Hints({name: Hint("", np.asarray(hint)) for name, hint in case.hints().items()}))
    return {} if told is None else {name: fromarray(hint.picture) for name, hint in told.by_net.items()}


def _percents(case: Case, steps: int) -> list[float]:
    base = json.loads((CONFIGS / "sd15" / "scheduler" / "scheduler_config.json").read_text())
    return start_percents(case.sampler, steps, base)


def _laid(models: Models, graph: Graph) -> Mapping[str, Any]:
    models.inputs.mkdir(parents=True, exist_ok=True)
    for name, content in graph.pictures.items():
        (models.inputs / name).write_bytes(content)
    return graph.api()


def _hooks(graph: Graph, case: Case, steps: int) -> dict[str, Output]:
    schedules = {name: Schedule(*ends) for name, ends in case.schedules.items()}
    percents = _percents(case, steps) if schedules else []
    hooked = {name: weight for name, weight in case.loras.items() if name in case.hooked()}
    return {n: add_hook(graph, _lora(n, weight), schedules.get(n, WHOLE), percents) for n, weight in hooked.items()}


def _read(
    graph: Graph, case: Case, clip: Output, hooks: Mapping[str, Output], regions: Regions | None, stem: str
) -> tuple[Output, Output]:
    """The positive and the negative conditioning by the export's own nodes."""
    rows = rows_of(case.loras, regions, (case.size[1] // CELL, case.size[0] // CELL))
    pieces, masks = pieces_of(rows, stem)
    graph.pictures |= masks
    texts = Texts(case.prompt, case.negative, ["myinv"] if case.inversion else [])
    return add_pieces(graph, clip, pieces, hooks, case.schedules, texts)


def _redrawing(graph: Graph, case: Case, base: tuple[Output, Output, Output]) -> Graph:
    model, clip, vae = base
    sampler, scheduler = comfyui_sampler(case.sampler)
    widgets = {"cfg": case.cfg, "sampler_name": sampler, "scheduler": scheduler}
    sampling = Sampling(model, vae, widgets, case.steps, case.like)
    picture = opened(graph, "LoadImage", png_bytes(case.picture(), {}), case.digest())
    for number, (crop, one) in enumerate(zip(case.crops(), case.redrawn, strict=True), 1):
        stem = f"{case.digest()}-{number}"
        hooks = _hooks(graph, case, sampling.laid(one)[0])
        both = _read(graph, case, clip, hooks, crop.enlarged_regions(case.regions()), stem)
        both = _controlled(graph, case, both, _hints_of(case, crop), stem)
        picture = add_redrawing(graph, sampling, both, picture, crop, one, stem)
    graph.add("SaveImage", {"filename_prefix": "parity"}, images=picture)
    return graph


def _lora(name: str, weight: float) -> dict[str, Any]:
    return {"lora_name": f"{name}.safetensors", "strength_model": weight, "strength_clip": weight}
