"""Settings as ten tools write them, each by its published format; nothing here knows the readers."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.studies.picture_settings.drawings import Drawn, png, with_comment, with_xmp

A1111_SAMPLERS = (("Euler a", "Automatic"), ("DPM++ 2M", "Karras"), ("DPM++ SDE", "Karras"), ("DPM++ 2M SDE", "Exponential"))
OLD_SAMPLERS = ("Euler a", "DPM++ 2M Karras", "DPM++ SDE Karras", "DPM++ 2M SDE Exponential")
STUDY_SAMPLERS = ("Euler a", "DPM++ 2M Karras", "DPM++ SDE Karras", "DPM++ 2M SDE Exponential")
COMFY_SAMPLERS = (
    ("euler_ancestral", "normal"), ("dpmpp_2m", "karras"), ("dpmpp_sde_gpu", "karras"), ("dpmpp_2m_sde", "exponential"),
)  # fmt: skip


def quoted(value: object) -> str:
    """A1111's rule for values."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(letter in text for letter in ",:\n") else text


def line(pairs: Mapping[str, object], separator: str = ", ") -> str:
    return separator.join(f"{key}: {quoted(value)}" for key, value in pairs.items())


def tagged(it: Drawn) -> str:
    return " ".join([it.prompt, *(f"<lora:{name}:{weight:g}>" for name, weight in it.loras.items())])


def lora_hashes(it: Drawn) -> str:
    return ", ".join(f"{name}: {digest}" for name, digest in it.hashes.items())


def infotext(it: Drawn, pairs: Mapping[str, object], prompt: str | None = None, separator: str = ", ") -> str:
    negative = f"\nNegative prompt: {it.negative}" if it.negative else ""
    return f"{tagged(it) if prompt is None else prompt}{negative}\n{line(pairs, separator)}"


def a1111(it: Drawn, random: Random) -> bytes:
    sampler, schedule = A1111_SAMPLERS[it.sampler]
    skip = {"Clip skip": it.clip_skip} if it.clip_skip > 1 else {}
    pairs = {
        "Steps": it.steps,
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": it.cfg,
        "Seed": it.seed,
        "Size": f"{it.width}x{it.height}",
        "Model hash": "fc2511737a",
        "Model": it.model,
        **skip,
        "RNG": "CPU",
        "Lora hashes": lora_hashes(it),
        "Version": "v1.10.1",
    }
    return png({"parameters": infotext(it, pairs)}, random.choice(["tEXt", "iTXt"]))


def forge(it: Drawn, random: Random) -> bytes:
    sampler, schedule = A1111_SAMPLERS[it.sampler]
    pairs = {
        "Steps": it.steps,
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": it.cfg,
        "Seed": it.seed,
        "Size": f"{it.width}x{it.height}",
        "Model hash": "fc2511737a",
        "Model": it.model,
        "Clip skip": it.clip_skip,
        "RNG": "CPU",
        "Lora hashes": lora_hashes(it),
        "Version": "f2.0.1v1.10.1-previous-224-g900196889",
    }
    text = infotext(it, pairs).encode("utf-16-be")
    return with_comment(b"UNICODE\0" + text, random.choice(["JPEG", "WEBP"]))


def sdnext(it: Drawn, random: Random) -> bytes:
    pairs = {
        "Steps": it.steps,
        "Size": f"{it.width}x{it.height}",
        "Sampler": OLD_SAMPLERS[it.sampler],
        "Seed": it.seed,
        "CFG scale": it.cfg,
        "Clip skip": it.clip_skip,
        "App": "SD.Next",
        "Version": "0c7038e",
        "Pipeline": "StableDiffusionPipeline",
        "Operations": "txt2img",
        "Model": it.model,
        "Model hash": "0123456789",
        "LoRA networks": ":".join(it.loras),
    }
    if random.random() < 0.5:
        return png({"parameters": "prompt: " + infotext(it, pairs, separator=" | ")})
    return png({"parameters": infotext(it, pairs)})


def swarmui(it: Drawn, random: Random) -> bytes:
    sampler, scheduler = COMFY_SAMPLERS[it.sampler]
    names = [f"folder/{name}" for name in it.loras]
    weights = [f"{weight:g}" for weight in it.loras.values()]
    parameters = {
        "prompt": it.prompt,
        "negativeprompt": it.negative,
        "model": f"OfficialStableDiffusion/{it.model}",
        "seed": it.seed,
        "steps": it.steps,
        "cfgscale": it.cfg,
        "aspectratio": "Custom",
        "width": it.width,
        "height": it.height,
        "sampler": sampler,
        "scheduler": scheduler,
        "automaticvae": True,
        "clipstopatlayer": -it.clip_skip,
        "loras": names,
        "loraweights": weights,
        "swarm_version": "0.9.5.2",
    }
    if random.random() < 0.3:
        parameters |= {"loras": ",".join(names), "loraweights": ",".join(weights), "seed": str(it.seed)}
    models = [{"name": f"folder/{n}.safetensors", "param": "loras", "hash": f"0x{d}{'0' * 52}"} for n, d in it.hashes.items()]
    text = json.dumps(
        {"sui_image_params": parameters, "sui_extra_data": {"date": "2025-03-15"}, "sui_models": models}, indent=2
    )  # fmt: skip
    if random.random() < 0.5:
        return png({"parameters": text}, "iTXt")
    return with_comment(b"UNICODE\0" + text.encode("utf-16-le"))


def fooocus(it: Drawn, random: Random) -> bytes:
    sampler, scheduler = COMFY_SAMPLERS[it.sampler]
    document = {
        "adm_guidance": "(1.5, 0.8, 0.3)",
        "base_model": it.model,
        "base_model_hash": "aeb7e9e689",
        "clip_skip": it.clip_skip,
        "full_negative_prompt": [it.negative],
        "full_prompt": [it.prompt],
        "guidance_scale": it.cfg,
        **{f"lora_combined_{i + 1}": f"{name} : {weight:g}" for i, (name, weight) in enumerate(it.loras.items())},
        "loras": [[name, weight, it.hashes[name]] for name, weight in it.loras.items()],
        "metadata_scheme": "fooocus",
        "negative_prompt": it.negative,
        "performance": "Speed",
        "prompt": it.prompt,
        "refiner_model": "None",
        "resolution": f"({it.width}, {it.height})",
        "sampler": sampler,
        "scheduler": scheduler,
        "seed": str(it.seed),
        "sharpness": 2,
        "steps": it.steps,
        "styles": "[]",
        "vae": "Default (model)",
        "version": "Fooocus v2.5.5",
    }
    text = json.dumps(document)
    if random.random() < 0.5:
        return png({"parameters": text, "fooocus_scheme": "fooocus"})
    return with_comment(b"UNICODE\0" + text.encode("utf-16-be"))


def fooocus_infotext(it: Drawn, random: Random) -> bytes:
    sampler, schedule = A1111_SAMPLERS[it.sampler]
    named = f"{sampler} Karras" if schedule == "Karras" else sampler
    pairs = {
        "Steps": it.steps,
        "Sampler": named,
        "Seed": it.seed,
        "Size": f"{it.width}x{it.height}",
        "CFG scale": it.cfg,
        "Sharpness": 2,
        "ADM Guidance": "(1.5, 0.8, 0.3)",
        "Model": it.model,
        "Model hash": "aeb7e9e689",
        "Performance": "Speed",
        "Scheduler": COMFY_SAMPLERS[it.sampler][1],
        "VAE": "Default (model)",
        "Raw prompt": it.prompt,
        "Raw negative prompt": it.negative,
        "Lora hashes": lora_hashes(it),
        "Lora weights": ", ".join(f"{name}: {weight:g}" for name, weight in it.loras.items()),
        "Version": "Fooocus v2.5.5",
    }
    styled = f"cinematic still {it.prompt} . emotional, {it.prompt}" if random.random() < 0.5 else it.prompt
    return png({"parameters": infotext(it, pairs, styled)})


INVOKE_SAMPLERS = ("euler_a", "dpmpp_2m_k", "dpmpp_sde_k", "dpmpp_2m_sde_k")


def invokeai(it: Drawn, random: Random) -> bytes:
    old = random.random() < 0.5

    def model(name: str) -> dict[str, Any]:
        if old:
            return {"model_name": name, "base_model": "sd-1"}
        return {"key": "5f2b", "hash": f"sha256:{it.hashes.get(name, 'ab')}", "name": name, "base": "sd-1", "type": "lora"}

    document = {
        "generation_mode": "txt2img",
        "positive_prompt": it.prompt,
        "negative_prompt": it.negative,
        "width": it.width,
        "height": it.height,
        "seed": it.seed,
        "rand_device": random.choice(["cpu", "cuda"]),
        "cfg_scale": it.cfg,
        "cfg_rescale_multiplier": 0,
        "steps": it.steps,
        "scheduler": INVOKE_SAMPLERS[it.sampler],
        "clip_skip": it.clip_skip - 1,
        "model": model(it.model),
        "app_version": "3.7.0" if old else "5.4.0",
        "loras": [{"lora" if old else "model": model(name), "weight": weight} for name, weight in it.loras.items()],
    }
    return png({"invokeai_metadata": json.dumps(document)}, random.choice(["tEXt", "zTXt"]))


EASY_SAMPLERS = ("euler_a", "dpmpp_2m", "dpmpp_sde", "dpmpp_2m_sde")
EASY_LABELS = {
    "prompt": "Prompt",
    "negative_prompt": "Negative Prompt",
    "seed": "Seed",
    "width": "Width",
    "height": "Height",
    "use_stable_diffusion_model": "Stable Diffusion model",
    "clip_skip": "Clip Skip",
    "sampler_name": "Sampler",
    "scheduler_name": "Scheduler",
    "num_inference_steps": "Steps",
    "guidance_scale": "Guidance Scale",
    "use_lora_model": "LoRA model",
    "lora_alpha": "LoRA Strength",
    "use_vae_model": "VAE model",
    "use_embeddings_model": "Embedding models",
}


def easy_diffusion(it: Drawn, random: Random) -> bytes:
    values: dict[str, Any] = {
        "prompt": it.prompt,
        "seed": it.seed,
        "use_stable_diffusion_model": it.model,
        "clip_skip": it.clip_skip > 1,
        "use_vae_model": None,
        "sampler_name": EASY_SAMPLERS[it.sampler],
        "width": it.width,
        "height": it.height,
        "scheduler_name": (None, "karras", "karras", "exponential")[it.sampler],
        "num_inference_steps": it.steps,
        "guidance_scale": it.cfg,
        "use_lora_model": list(it.loras),
        "lora_alpha": list(it.loras.values()),
        "use_embeddings_model": None,
        "negative_prompt": it.negative,
    }
    kind = random.choice(["chunks", "json", "text"])
    if kind == "chunks":
        return png({key: str(value) for key, value in values.items()}, "iTXt")
    if kind == "json":
        return with_comment(b"UNICODE\0" + json.dumps(values).encode("utf-16-be"))
    lists = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in values.items()}
    return "\n".join(f"{EASY_LABELS[key]}: {value}" for key, value in lists.items()).encode()


DRAW_THINGS_SAMPLERS = ("Euler A", "DPM++ 2M Karras", "DPM++ SDE Karras", "DPM++ 2M SDE Exponential")


def draw_things(it: Drawn, random: Random) -> bytes:
    loras = [{"file": f"{name}.ckpt", "mode": "all", "weight": weight} for name, weight in it.loras.items()]
    document = {
        "c": it.prompt,
        "uc": it.negative,
        "model": f"{it.model}.ckpt",
        "sampler": DRAW_THINGS_SAMPLERS[it.sampler],
        "scale": it.cfg,
        "seed": it.seed,
        "seed_mode": "Torch CPU Compatible",
        "size": f"{it.width}x{it.height}",
        "steps": it.steps,
        "strength": 1,
        "v2": {"loras": loras, "clipSkip": it.clip_skip, "steps": it.steps},
    }
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description rdf:about=""><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{html.escape(it.prompt, quote=False)}</rdf:li></rdf:Alt></dc:description>'
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt><rdf:li xml:lang="
        f'"x-default">{html.escape(json.dumps(document, ensure_ascii=random.random() < 0.5), quote=False)}</rdf:li>'
        "</rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return with_xmp(packet)


def civitai(it: Drawn, random: Random) -> bytes:
    resources = [{"type": "checkpoint", "modelVersionId": 1, "modelName": it.model, "modelVersionName": "v1"}]
    resources += [
        {"type": "lora", "weight": weight, "modelVersionId": i + 2, "modelName": name, "modelVersionName": "v1, final"}
        for i, (name, weight) in enumerate(it.loras.items())
    ]
    first = {
        "Steps": it.steps,
        "Sampler": OLD_SAMPLERS[it.sampler],
        "CFG scale": it.cfg,
        "Seed": it.seed,
        "Size": f"{it.width}x{it.height}",
        "Clip skip": it.clip_skip,
    }
    last = f", Created Date: 2025-01-01T00:00:00.0Z, Civitai resources: {json.dumps(resources)}, Civitai metadata: {{}}"
    text = infotext(it, first, it.prompt) + last
    if random.random() < 0.5:
        return png({"parameters": text})
    return with_comment(b"UNICODE\0" + text.encode("utf-16-be"))


def comfyui_saver(it: Drawn, random: Random) -> bytes:
    sampler, scheduler = COMFY_SAMPLERS[it.sampler]
    joined = sampler if scheduler == "normal" else f"{sampler}_{scheduler}"
    first = {
        "Steps": it.steps,
        "Sampler": joined,
        "CFG Scale": it.cfg,
        "Seed": it.seed,
        "Size": f"{it.width}x{it.height}",
        "Clip skip": it.clip_skip,
        "Model hash": "0123456789",
        "Model": it.model,
    }
    hashes = {"model": "0123456789", **{f"lora:{name}": digest for name, digest in it.hashes.items()}}
    text = f"{infotext(it, first)}, Hashes: {json.dumps(hashes)}, Version: ComfyUI"
    return png({"parameters": text}, random.choice(["tEXt", "iTXt"]))


def comfyui(it: Drawn, random: Random) -> bytes:
    sampler, scheduler = COMFY_SAMPLERS[it.sampler]
    graph: dict[str, Any] = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": f"sd15/{it.model}.safetensors"}}
    }
    model, clip = ["1", 0], ["1", 1]
    for i, (name, weight) in enumerate(it.loras.items()):
        inputs = {"model": model, "clip": clip, "lora_name": f"sub\\{name}.safetensors"}
        graph[f"1{i}"] = {"class_type": "LoraLoader", "inputs": {**inputs, "strength_model": weight, "strength_clip": weight}}
        model, clip = [f"1{i}", 0], [f"1{i}", 1]
    graph["9"] = {"class_type": "CLIPSetLastLayer", "inputs": {"clip": clip, "stop_at_clip_layer": -it.clip_skip}}
    graph["2"] = {"class_type": "CLIPTextEncode", "inputs": {"text": it.prompt, "clip": ["9", 0]}}
    graph["3"] = {"class_type": "CLIPTextEncode", "inputs": {"text": it.negative, "clip": ["9", 0]}}
    graph["4"] = {"class_type": "EmptyLatentImage", "inputs": {"width": it.width, "height": it.height, "batch_size": 1}}
    sampling: dict[str, Any] = {
        "model": model,
        "positive": ["2", 0],
        "negative": ["3", 0],
        "latent_image": ["4", 0],
        "denoise": 1.0,
    }
    sampling |= {"seed": it.seed, "steps": it.steps, "cfg": it.cfg, "sampler_name": sampler, "scheduler": scheduler}
    graph["5"] = {"class_type": "KSampler", "inputs": sampling}
    graph["6"] = {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}}
    saving = {"images": ["6", 0], "filename_prefix": "ComfyUI"}
    graph["7"] = {"class_type": "SaveImage", "inputs": saving, "is_changed": [float("nan")]}
    text = json.dumps(graph)
    if random.random() < 0.3:
        return text.encode()
    return png({"prompt": text, "workflow": json.dumps({"nodes": [], "links": []})})


@dataclass(frozen=True)
class Tool:
    """A writer, and what is true of all that it writes."""

    write: Callable[[Drawn, Random], bytes]
    named: str = ""
    """What the reader calls the tool."""
    rng: str | None = "CPU"
    hashes: bool = True
    clip_skips: int = 4
    """The most that it writes."""
    samplers: tuple[str, ...] = STUDY_SAMPLERS


TOOLS: Mapping[str, Tool] = {
    "A1111": Tool(a1111),
    "Forge": Tool(forge),
    "SD.Next": Tool(sdnext, "SD.Next", rng="GPU", hashes=False),
    "SwarmUI": Tool(swarmui, "SwarmUI"),
    "Fooocus": Tool(fooocus, "Fooocus"),
    "Fooocus's infotext": Tool(fooocus_infotext, "Fooocus", clip_skips=1),
    "InvokeAI": Tool(invokeai, "InvokeAI", rng=None, hashes=False, samplers=(*STUDY_SAMPLERS[:3], "DPM++ 2M SDE Karras")),
    "Easy Diffusion": Tool(easy_diffusion, "Easy Diffusion", rng="GPU", hashes=False, clip_skips=2),
    "Draw Things": Tool(draw_things, "Draw Things", hashes=False),
    "Civitai": Tool(civitai, "Civitai", hashes=False),
    "ComfyUI's savers": Tool(comfyui_saver, "ComfyUI"),
    "ComfyUI": Tool(comfyui, "ComfyUI", hashes=False),
}
