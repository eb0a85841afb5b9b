"""ComfyUI workflows of the shapes that people draw with, in the API's form, for tests and benchmarks.

Node classes and inputs are those of ComfyUI 0.3.64; files are named as a caller likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Nodes: TypeAlias = dict[str, dict[str, Any]]

LORAS: Mapping[str, float] = {"dress.safetensors": 0.4, "shoes.safetensors": 0.6}
CHECKPOINT = "base.safetensors"
POSITIVE, NEGATIVE = "1girl, pink dress", "lowres"


def node(kind: str, title: str = "", /, **inputs: Any) -> dict[str, Any]:
    """An entry of a graph in the API's form."""
    return {"class_type": kind, "inputs": inputs, **({"_meta": {"title": title}} if title else {})}


def plain(
    loras: Mapping[str, float] = LORAS, *, checkpoint: str = CHECKPOINT, size: tuple[int, int] = (64, 96), steps: int = 4
) -> Nodes:
    """Text to image with a chain of LoraLoader nodes, as of ComfyUI's default workflow."""
    nodes: Nodes = {"1": node("CheckpointLoaderSimple", ckpt_name=checkpoint)}
    model, clip = _chain(nodes, loras, ["1", 0], ["1", 1])
    nodes["2"] = node("CLIPTextEncode", "Prompt", text=POSITIVE, clip=clip)
    nodes["3"] = node("CLIPTextEncode", "Negative", text=NEGATIVE, clip=clip)
    nodes["4"] = node("EmptyLatentImage", width=size[0], height=size[1], batch_size=1)
    nodes["5"] = _sampler(model, ["2", 0], ["3", 0], ["4", 0], steps=steps)
    nodes["6"] = node("VAEDecode", samples=["5", 0], vae=["1", 2])
    nodes["7"] = node("SaveImage", images=["6", 0], filename_prefix="api")
    return nodes


def hires(loras: Mapping[str, float] = LORAS, **options: Any) -> Nodes:
    """Two samplers: the first's latents are enlarged and drawn on, with the same seed and CFG and fewer steps."""
    nodes = plain(loras, **options)
    model = nodes["5"]["inputs"]["model"]
    nodes["8"] = node("LatentUpscaleBy", samples=["5", 0], upscale_method="nearest-exact", scale_by=1.5)
    nodes["9"] = _sampler(model, ["2", 0], ["3", 0], ["8", 0], steps=3, denoise=0.5)
    nodes["6"]["inputs"]["samples"] = ["9", 0]
    return nodes


def controlnet(
    loras: Mapping[str, float] = LORAS, *, net: str = "net.safetensors", image: str = "pose.png", **options: Any
) -> Nodes:
    """A ControlNet between the texts and the sampler."""
    nodes = plain(loras, **options)
    nodes["20"] = node("ControlNetLoader", control_net_name=net)
    nodes["21"] = node("LoadImage", image=image)
    texts = {"positive": ["2", 0], "negative": ["3", 0]}
    options = {"strength": 0.8, "start_percent": 0.0, "end_percent": 1.0}
    nodes["22"] = node("ControlNetApplyAdvanced", **texts, control_net=["20", 0], image=["21", 0], **options)
    nodes["5"]["inputs"] |= {"positive": ["22", 0], "negative": ["22", 1]}
    return nodes


def refiner(
    loras: Mapping[str, float] = LORAS,
    *,
    base: str = "xl.safetensors",
    second: str = "refiner.safetensors",
    size: tuple[int, int] = (64, 96),
    steps: int = 5,
) -> Nodes:
    """SDXL: the base does four fifths of the steps, the refiner, with a text of its own, the others."""
    nodes: Nodes = {"1": node("CheckpointLoaderSimple", ckpt_name=base), "30": node("CheckpointLoaderSimple", ckpt_name=second)}
    model, clip = _chain(nodes, loras, ["1", 0], ["1", 1])
    sizes = dict.fromkeys(("width", "target_width"), size[0]) | dict.fromkeys(("height", "target_height"), size[1])
    for id_, text in (("2", POSITIVE), ("3", NEGATIVE)):
        nodes[id_] = node("CLIPTextEncodeSDXL", **sizes, crop_w=0, crop_h=0, text_g=text, text_l=text, clip=clip)
    for id_, text, score in (("31", POSITIVE, 6.0), ("32", NEGATIVE, 2.5)):
        shape = {"width": size[0], "height": size[1]}
        nodes[id_] = node("CLIPTextEncodeSDXLRefiner", ascore=score, **shape, text=text, clip=["30", 1])
    nodes["4"] = node("EmptyLatentImage", width=size[0], height=size[1], batch_size=1)
    last = steps * 4 // 5
    shared = {"steps": steps, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal"}
    nodes["5"] = node(
        "KSamplerAdvanced",
        model=model,
        add_noise="enable",
        noise_seed=5,
        positive=["2", 0],
        negative=["3", 0],
        latent_image=["4", 0],
        start_at_step=0,
        end_at_step=last,
        return_with_leftover_noise="enable",
        **shared,
    )
    nodes["33"] = node(
        "KSamplerAdvanced",
        model=["30", 0],
        add_noise="disable",
        noise_seed=0,
        positive=["31", 0],
        negative=["32", 0],
        latent_image=["5", 0],
        start_at_step=last,
        end_at_step=10000,
        return_with_leftover_noise="disable",
        **shared,
    )
    nodes["6"] = node("VAEDecode", samples=["33", 0], vae=["30", 2])
    nodes["7"] = node("SaveImage", images=["6", 0], filename_prefix="xl")
    return nodes


def flux(
    loras: Mapping[str, float] = LORAS,
    *,
    model: str = "flux.safetensors",
    encoders: Sequence[str] = ("t5.safetensors", "clip_l.safetensors"),
    vae: str = "ae.safetensors",
    size: tuple[int, int] = (64, 96),
    steps: int = 3,
) -> Nodes:
    """Flux: the LoRAs change the denoiser alone; noise, guider, sampler and noise levels are nodes of their own."""
    nodes: Nodes = {
        "1": node("UNETLoader", unet_name=model, weight_dtype="default"),
        "2": node("DualCLIPLoader", clip_name1=encoders[0], clip_name2=encoders[1], type="flux", device="default"),
        "3": node("VAELoader", vae_name=vae),
    }
    drawn = _model_chain(nodes, loras, ["1", 0])
    nodes["6"] = node("CLIPTextEncode", text=POSITIVE, clip=["2", 0])
    nodes["26"] = node("FluxGuidance", guidance=3.5, conditioning=["6", 0])
    nodes["30"] = node("ModelSamplingFlux", max_shift=1.15, base_shift=0.5, width=size[0], height=size[1], model=drawn)
    nodes["22"] = node("BasicGuider", model=["30", 0], conditioning=["26", 0])
    nodes["16"] = node("KSamplerSelect", sampler_name="euler")
    nodes["17"] = node("BasicScheduler", scheduler="simple", steps=steps, denoise=1.0, model=["30", 0])
    nodes["25"] = node("RandomNoise", noise_seed=7)
    nodes["27"] = node("EmptySD3LatentImage", width=size[0], height=size[1], batch_size=1)
    parts = {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0]}
    nodes["13"] = node("SamplerCustomAdvanced", **parts, latent_image=["27", 0])
    nodes["8"] = node("VAEDecode", samples=["13", 0], vae=["3", 0])
    nodes["9"] = node("SaveImage", images=["8", 0], filename_prefix="flux")
    return nodes


def z_image(
    loras: Mapping[str, float] = LORAS,
    *,
    model: str = "z_image_turbo.safetensors",
    encoder: str = "qwen_3_4b.safetensors",
    vae: str = "ae.safetensors",
    size: tuple[int, int] = (64, 96),
    steps: int = 4,
) -> Nodes:
    """Z-Image Turbo, after its published workflow: CFG 1, and the positive text zeroed as the negative one."""
    nodes: Nodes = {
        "28": node("UNETLoader", unet_name=model, weight_dtype="default"),
        "30": node("CLIPLoader", clip_name=encoder, type="lumina2", device="default"),
        "29": node("VAELoader", vae_name=vae),
    }
    drawn = _model_chain(nodes, loras, ["28", 0])
    nodes["11"] = node("ModelSamplingAuraFlow", shift=3.0, model=drawn)
    nodes["27"] = node("CLIPTextEncode", text=POSITIVE, clip=["30", 0])
    nodes["33"] = node("ConditioningZeroOut", conditioning=["27", 0])
    nodes["13"] = node("EmptySD3LatentImage", width=size[0], height=size[1], batch_size=1)
    nodes["3"] = _sampler(["11", 0], ["27", 0], ["33", 0], ["13", 0], steps=steps, cfg=1.0) | {"class_type": "KSampler"}
    nodes["3"]["inputs"] |= {"sampler_name": "res_multistep", "scheduler": "simple"}
    nodes["8"] = node("VAEDecode", samples=["3", 0], vae=["29", 0])
    nodes["9"] = node("SaveImage", images=["8", 0], filename_prefix="z-image")
    return nodes


def _chain(nodes: Nodes, loras: Mapping[str, float], model: list[Any], clip: list[Any]) -> tuple[list[Any], list[Any]]:
    for number, (name, weight) in enumerate(loras.items(), 10):
        strengths = {"strength_model": weight, "strength_clip": weight}
        nodes[str(number)] = node("LoraLoader", lora_name=name, **strengths, model=model, clip=clip)
        model, clip = [str(number), 0], [str(number), 1]
    return model, clip


def _model_chain(nodes: Nodes, loras: Mapping[str, float], model: list[Any]) -> list[Any]:
    for number, (name, weight) in enumerate(loras.items(), 40):
        nodes[str(number)] = node("LoraLoaderModelOnly", lora_name=name, strength_model=weight, model=model)
        model = [str(number), 0]
    return model


def _sampler(
    model: list[Any],
    positive: list[Any],
    negative: list[Any],
    latent: list[Any],
    *,
    steps: int,
    cfg: float = 7.5,
    denoise: float = 1.0,
) -> dict[str, Any]:
    settings = {"seed": 5, "steps": steps, "cfg": cfg, "sampler_name": "euler", "scheduler": "normal", "denoise": denoise}
    return node("KSampler", model=model, positive=positive, negative=negative, latent_image=latent, **settings)
