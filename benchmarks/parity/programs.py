"""The two programs, started from the folders where they are installed, and one picture of either."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from benchmarks.parity.cases import Case
from benchmarks.real_programs import Program, WebuiModels, comfyui, webui
from models.base.family import CONFIGS
from models.base.prompt.comfyui import marked
from optimizer.render.remote.comfyui.sampler_names import comfyui_sampler
from optimizer.render.sampling.comfyui_sampling import ABSENT
from optimizer.schedules.schedule import Schedule
from studies.export.comfyui_graph import Graph, Output
from studies.picture_settings.sampler_names import split_sampler
from studies.schedules.comfyui_hooks import add_hooks, start_percents

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
    names = {name: name for name in ("checkpoints", "loras", "embeddings")}
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
            name = history["outputs"]["save"]["images"][0]["filename"]
            picture: bytes = program.ask(f"/view?filename={name}&type=temp")
            return picture
        time.sleep(0.2)
    raise RuntimeError("ComfyUI did not finish")


def comfyui_request(models: Models, case: Case) -> Mapping[str, Any]:
    """A workflow in the API's form, as `huanhua export --to comfyui` writes it."""
    assert case.sampler not in ABSENT
    sampler, scheduler = comfyui_sampler(case.sampler)
    graph: dict[str, Any] = {"base": _node("CheckpointLoaderSimple", ckpt_name=models.checkpoint(case).name)}
    model, clip = ["base", 0], ["base", 1]
    for name, weight in case.loras.items():
        if name in case.schedules:
            continue
        graph[name] = _node(
            "LoraLoader", model=model, clip=clip, lora_name=f"{name}.safetensors", strength_model=weight, strength_clip=weight
        )
        model, clip = [name, 0], [name, 1]
    if case.v_prediction or case.sampler == "LCM":
        kind = "v_prediction" if case.v_prediction else "lcm"
        graph["sampling"] = _node("ModelSamplingDiscrete", model=model, sampling=kind, zsnr=case.v_prediction)
        model = ["sampling", 0]
    if case.clip_skip > 1:
        graph["skip"] = _node("CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-case.clip_skip)
        clip = ["skip", 0]
    if case.schedules:
        clip = _hooked(graph, case, clip)
    names = ["myinv"] if case.inversion else []
    for side, text in (("positive", case.prompt), ("negative", case.negative)):
        graph[side] = _node("CLIPTextEncode", clip=clip, text=marked(text, names))
    graph["empty"] = _node("EmptyLatentImage", width=case.size[0], height=case.size[1], batch_size=1)
    settings = {"seed": case.seed, "steps": case.steps, "cfg": case.cfg, "sampler_name": sampler, "scheduler": scheduler}
    links = {"model": model, "positive": ["positive", 0], "negative": ["negative", 0], "latent_image": ["empty", 0]}
    graph["drawn"] = _node("KSampler", **settings, **links, denoise=1.0)
    graph["decoded"] = _node("VAEDecode", samples=["drawn", 0], vae=["base", 2])
    # PreviewImage stores as SaveImage does, in the folder of what is temporary.
    graph["save"] = _node("PreviewImage", images=["decoded", 0])
    return graph


def _hooked(graph: dict[str, Any], case: Case, clip: list[Any]) -> list[Any]:
    """The export's own nodes for LoRAs that act in some of the steps."""
    hooks = Graph()
    given = Output(0, 0, "CLIP")
    names = [f"{name}.safetensors" for name in case.schedules]
    widgets = [
        {"lora_name": file, "strength_model": case.loras[name], "strength_clip": case.loras[name]}
        for name, file in zip(case.schedules, names, strict=True)
    ]
    schedules = [Schedule(*ends) for ends in case.schedules.values()]
    base = json.loads((CONFIGS / "sd15" / "scheduler" / "scheduler_config.json").read_text())
    percents = start_percents(case.sampler, case.steps, base)
    made = add_hooks(hooks, list(zip(widgets, schedules, strict=True)), given, percents)
    places = {str(given.node): clip}
    for number, node in hooks.api().items():
        inputs = {
            name: places.get(value[0], [f"hooks {value[0]}", value[1]]) if isinstance(value, list) else value
            for name, value in node["inputs"].items()
        }
        graph[f"hooks {number}"] = {**node, "inputs": inputs}
    return [f"hooks {made.node}", made.slot]


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
