"""Nodes of a fake ComfyUI: what they are worth, found by really following a graph's links, and what the server lists of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from optimizer.testing.fake_server.scene import Paint, Scene

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLERS: Final = ("euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "res_multistep", "lms")
SCHEDULERS: Final = ("normal", "karras", "simple", "exponential")
LISTS: Final = {
    "ckpt_name": "checkpoints",
    "unet_name": "checkpoints",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "image": "pictures",
    "sampler_name": "samplers",
    "scheduler": "schedulers",
}
"""Inputs that take a name of a list."""
IMAGES: Final = (("ControlNetApplyAdvanced", "image"),)
CLASSES: Final[Mapping[str, str]] = {
    "CheckpointLoaderSimple": "ckpt_name",
    "UNETLoader": "unet_name weight_dtype",
    "CLIPLoader": "clip_name type",
    "DualCLIPLoader": "clip_name1 clip_name2 type",
    "VAELoader": "vae_name",
    "LoraLoader": "model clip lora_name strength_model strength_clip",
    "LoraLoaderModelOnly": "model lora_name strength_model",
    "CLIPTextEncode": "text clip",
    "CLIPTextEncodeSDXL": "text_g text_l clip width height",
    "CLIPTextEncodeSDXLRefiner": "text clip ascore width height",
    "ConditioningZeroOut": "conditioning",
    "FluxGuidance": "conditioning guidance",
    "ControlNetLoader": "control_net_name",
    "LoadImage": "image",
    "ControlNetApplyAdvanced": "positive negative control_net image strength start_percent end_percent",
    "ModelSamplingFlux": "model max_shift base_shift width height",
    "ModelSamplingAuraFlow": "model shift",
    "BasicGuider": "model conditioning",
    "KSamplerSelect": "sampler_name",
    "BasicScheduler": "model scheduler steps denoise",
    "RandomNoise": "noise_seed",
    "EmptyLatentImage": "width height batch_size",
    "EmptySD3LatentImage": "width height batch_size",
    "EmptyImage": "width height batch_size color",
    "LatentUpscaleBy": "samples upscale_method scale_by",
    "KSampler": "model seed steps cfg sampler_name scheduler positive negative latent_image denoise",
    "KSamplerAdvanced": "model add_noise noise_seed steps cfg sampler_name scheduler positive negative latent_image "
    "start_at_step end_at_step return_with_leftover_noise",
    "SamplerCustomAdvanced": "noise guider sampler sigmas latent_image",
    "VAEDecode": "samples vae",
    "SaveImage": "images filename_prefix",
    "PreviewImage": "images",
    "SaveImageWebsocket": "images",
}
"""Required inputs of each class."""
OUTPUTS: Final = ("SaveImage", "PreviewImage", "SaveImageWebsocket")
SAMPLING: Final = ("KSampler", "KSamplerAdvanced", "SamplerCustomAdvanced")


@dataclass(frozen=True)
class Latents:
    width: int
    height: int
    batch: int
    scenes: tuple[Scene, ...] = field(default=())
    """What each sampler so far drew."""


class Evaluation:
    """The outputs of a graph's nodes."""

    def __init__(self, nodes: Mapping[str, Any], paint: Paint, dead: frozenset[str]) -> None:
        self._nodes, self._paint, self._dead = nodes, paint, dead
        self._kept: dict[str, Sequence[Any]] = {}

    def order(self, id_: str) -> list[str]:
        """The node and all that it needs, each after what it needs itself."""
        found: list[str] = []
        for value in self._nodes[id_]["inputs"].values():
            if _is_link(value):
                found += [each for each in self.order(value[0]) if each not in found]
        return [*found, id_]

    def key(self, id_: str) -> str:
        """Equal for nodes with equal results, as the real server's cache sees it: by names of files."""
        node = self._nodes[id_]
        inputs = {name: [self.key(v[0]), v[1]] if _is_link(v) else v for name, v in sorted(node["inputs"].items())}
        return hashlib.sha256(json.dumps([node["class_type"], inputs]).encode()).hexdigest()

    def value(self, id_: str) -> Sequence[Any]:
        """All outputs of a node."""
        if id_ not in self._kept:
            node = self._nodes[id_]
            inputs = {name: self.value(v[0])[v[1]] if _is_link(v) else v for name, v in node["inputs"].items()}
            self._kept[id_] = self._outputs(node["class_type"], inputs)
        return self._kept[id_]

    def _outputs(self, kind: str, at: Mapping[str, Any]) -> Sequence[Any]:
        match kind:
            case "CheckpointLoaderSimple":
                return {}, {}, "vae"
            case "LoraLoader" | "LoraLoaderModelOnly":
                name = PurePath(at["lora_name"]).stem
                weight = 0.0 if name in self._dead else at["strength_model"]
                return {**at["model"], name: at["model"].get(name, 0.0) + weight}, at.get("clip")
            case "CLIPTextEncode" | "CLIPTextEncodeSDXL" | "CLIPTextEncodeSDXLRefiner":
                return ((at.get("text", at.get("text_g")), None),)
            case "ConditioningZeroOut":
                return (("", None),)
            case "FluxGuidance":
                return ((at["conditioning"][0], at["guidance"]),)
            case "ControlNetApplyAdvanced":
                return at["positive"], at["negative"]
            case "ModelSamplingFlux" | "ModelSamplingAuraFlow":
                return (at["model"],)
            case "EmptyLatentImage" | "EmptySD3LatentImage":
                return (Latents(at["width"], at["height"], at["batch_size"]),)
            case "LatentUpscaleBy":
                old, by = at["samples"], at["scale_by"]
                return (replace(old, width=round(old.width * by), height=round(old.height * by)),)
            case "KSampler" | "KSamplerAdvanced":
                seed = at.get("seed", at.get("noise_seed"))
                texts = at["positive"][0], at["negative"][0]
                return (self._sampled(at["latent_image"], at["model"], seed, texts, at),)
            case "SamplerCustomAdvanced":
                model, (text, guidance) = at["guider"]
                settings = {"cfg": guidance, **at["sampler"], **at["sigmas"]}
                return (self._sampled(at["latent_image"], model, at["noise"], (text, ""), settings),)
            case "BasicGuider":
                return ((at["model"], at["conditioning"]),)
            case "KSamplerSelect" | "BasicScheduler":
                return (at,)
            case "RandomNoise":
                return (at["noise_seed"],)
            case "VAEDecode":
                return (self._pictures(at["samples"]),)
            case "EmptyImage":
                from PIL import Image as Images

                return ([Images.new("RGB", (at["width"], at["height"]), at["color"])],)
            case "SaveImage" | "PreviewImage" | "SaveImageWebsocket":
                return (at["images"],)
        return ({},)

    def _sampled(self, latents: Latents, model: Mapping[str, float], seed: int, texts: tuple[str, str], at: Any) -> Latents:
        sampler = f"{at['sampler_name']} {at['scheduler']}"
        size = latents.width, latents.height
        scene = Scene(seed, *texts, at["cfg"], at["steps"], sampler, *size, dict(model))
        return replace(latents, scenes=(*latents.scenes, scene))

    def _pictures(self, latents: Latents) -> list[Image]:
        """The last sampler's scene, or a blend where they differ in more than steps and size."""
        from PIL import Image as Images

        size = (latents.width, latents.height)
        scenes = [replace(scene, width=size[0], height=size[1], steps=0) for scene in latents.scenes]
        image = self._paint(replace(scenes[-1], steps=latents.scenes[-1].steps))
        if any(scene != scenes[-1] for scene in scenes):
            image = Images.blend(image, self._paint(scenes[0]), 0.3)
        return [image] * latents.batch


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def object_info(kind: str, lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What /object_info states of a class."""
    config: dict[str, Any] = {}
    for name in CLASSES[kind].split():
        config[name] = (
            [list(lists[LISTS[name]]), {"image_upload": True} if name == "image" else {}] if name in LISTS else ["*", {}]
        )
    return {"input": {"required": config}, "output_node": kind in OUTPUTS, "name": kind}


def validated(nodes: Mapping[str, Any], known: Sequence[str], lists: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    """The body of a refusal, as the real server words it; None if it takes the graph."""
    for node in nodes.values():
        if node["class_type"] not in known:
            message = f"Cannot execute because node {node['class_type']} does not exist."
            return {"error": {"type": "invalid_prompt", "message": message, "details": "", "extra_info": {}}, "node_errors": {}}
    if not any(node["class_type"] in OUTPUTS for node in nodes.values()):
        message = "Prompt has no outputs"
        return {"error": {"type": "prompt_no_outputs", "message": message, "details": "", "extra_info": {}}, "node_errors": {}}
    errors = {}
    for id_, node in nodes.items():
        found = [error for name in CLASSES[node["class_type"]].split() if (error := _fault(name, node["inputs"], lists))]
        if found:
            errors[id_] = {"errors": found, "dependent_outputs": [], "class_type": node["class_type"]}
    stated = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""}
    return {"error": {**stated, "extra_info": {}}, "node_errors": errors} if errors else None


def _fault(name: str, inputs: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    if name not in inputs:
        about = {"details": name, "extra_info": {"input_name": name}}
        return {"type": "required_input_missing", "message": "Required input is missing", **about}
    listed, value = lists.get(LISTS.get(name, "")), inputs[name]
    if listed is None or _is_link(value) or value in listed:
        return None
    extra = {"input_name": name, "input_config": [list(listed), {}], "received_value": value}
    details = f"{name}: '{value}' not in {list(listed)}"
    return {"type": "value_not_in_list", "message": "Value not in list", "details": details, "extra_info": extra}
