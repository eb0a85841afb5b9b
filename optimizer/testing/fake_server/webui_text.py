"""What a fake A1111 states of a picture: infotext and info, written as version 1.10 writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

TAG: Final = re.compile(r"<(\w+):([^>]+)>")
VERSIONS: Final[Mapping[str, str]] = {
    "webui": "v1.10.1",
    "forge": "f2.0.1v1.10.1",
    "reforge": "f1.0.0v2-v1.10.1RC",
    "sdnext": "058a7f0",
}
SAMPLERS: Final[Mapping[str, Mapping[str, str]]] = {
    "DPM++ 2M": {"scheduler": "karras"},
    "DPM++ SDE": {"scheduler": "karras", "second_order": "True", "brownian_noise": "True"},
    "DPM++ 2M SDE": {"scheduler": "exponential", "brownian_noise": "True"},
    "Euler a": {"uses_ensd": "True"},
    "Euler": {},
    "DDIM": {},
}
"""Names and options; the first stands in for an unknown one."""
SCHEDULERS: Final = ("Automatic", "Uniform", "Karras", "Exponential", "SGM Uniform", "Beta")


def parsed(prompt: str) -> tuple[str, list[tuple[str, float]]]:
    """The prompt without its tags, and the LoRAs with their weights; other networks are dropped."""
    loras = []
    for kind, rest in TAG.findall(prompt):
        if kind == "lora":
            name, _, weight = rest.partition(":")
            loras.append((name, float(weight or 1.0)))
    return TAG.sub("", prompt), loras


def corrected(sampler: str, scheduler: str | None) -> tuple[str, str]:
    """What the program draws with: it replaces names that it does not know, and says nothing."""
    label = scheduler if scheduler in SCHEDULERS else SCHEDULERS[0]
    for known in SCHEDULERS:
        if sampler.endswith(f" {known}"):
            sampler, label = sampler.removesuffix(f" {known}"), known
            break
    return sampler if sampler in SAMPLERS else next(iter(SAMPLERS)), label


def infotext(request: Mapping[str, Any], options: Mapping[str, Any], stated: Mapping[str, Any]) -> str:
    """Prompt, negative prompt, and the line of values. `stated`: kind, names of the checkpoint, hashes of the LoRAs."""
    values = _sdnext(request, options, stated) if stated["kind"] == "sdnext" else _a1111(request, options, stated)
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in values.items() if value is not None)
    negative = f"\nNegative prompt: {request['negative_prompt']}" if request["negative_prompt"] else ""
    return f"{request['prompt']}{negative}\n{line}".strip()


def _sdnext(request: Mapping[str, Any], options: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    sigma = options.get("schedulers_sigma", "default")
    return {
        "Steps": request["steps"],
        "Size": f"{request['width']}x{request['height']}",
        "Sampler": request["sampler_name"],
        "Seed": request["seed"],
        "CFG scale": request["cfg_scale"],
        "CLiP-skip": request["clip_skip"] if request.get("clip_skip", 1) > 1 else None,
        "App": "SD.Next",
        "Version": VERSIONS["sdnext"],
        "Model": stated["model"],
        "Model hash": stated["hash"],
        "Sampler sigma": None if sigma == "default" else sigma,
        "LoRA networks": ", ".join(stated["loras"]) or None,
        "LoRA hashes": ", ".join(stated["loras"].values()) or None,
    }


def _a1111(request: Mapping[str, Any], options: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    ensd = options["eta_noise_seed_delta"]
    modules = options.get("forge_additional_modules") or []
    return {
        "Steps": request["steps"],
        "Sampler": request["sampler_name"],
        "Schedule type": request["scheduler"],
        "CFG scale": request["cfg_scale"],
        "Seed": request["seed"],
        "Size": f"{request['width']}x{request['height']}",
        "Model hash": stated["hash"] if options["add_model_hash_to_info"] else None,
        "Model": stated["model"],
        "VAE": None if options["sd_vae"] in ("None", "Automatic") else options["sd_vae"],
        **{f"Module {n}": name.rpartition(".")[0] for n, name in enumerate(modules, 1)},
        "Clip skip": options["CLIP_stop_at_last_layers"] if options["CLIP_stop_at_last_layers"] > 1 else None,
        "ENSD": ensd if ensd and "uses_ensd" in SAMPLERS[request["sampler_name"]] else None,
        "Token merging ratio": options["token_merging_ratio"] or None,
        "RNG": options["randn_source"] if options["randn_source"] != "GPU" else None,
        "NGMS": options["s_min_uncond"] or None,
        "Lora hashes": ", ".join(f"{name}: {digest}" for name, digest in stated["loras"].items()) or None,
        "Version": VERSIONS[stated["kind"]] if options["add_version_to_infotext"] else None,
    }


def info(request: Mapping[str, Any], options: Mapping[str, Any], stated: Mapping[str, Any], texts: list[str]) -> dict[str, Any]:
    """What `info` holds, before it is written as a string."""
    sdnext = stated["kind"] == "sdnext"
    found = {
        "prompt": request["prompt"],
        "all_prompts": [request["prompt"]],
        "negative_prompt": request["negative_prompt"],
        "seed": request["seed"],
        "all_seeds": [request["seed"]],
        "subseed_strength": request.get("subseed_strength", 0),
        "width": request["width"],
        "height": request["height"],
        "sampler_name": request["sampler_name"],
        "cfg_scale": request["cfg_scale"],
        "steps": request["steps"],
        "batch_size": 1,
        "sd_model_name": stated["model"],
        "sd_model_hash": stated["hash"],
        "index_of_first_image": 0,
        "infotexts": texts,
        "styles": request.get("styles") or [],
        "clip_skip": request.get("clip_skip", 1) if sdnext else options["CLIP_stop_at_last_layers"],
        "version": VERSIONS[stated["kind"]],
    }
    return {key: value for key, value in found.items() if not (sdnext and key in ("version", "sd_model_name"))}


def _quoted(value: Any) -> Any:
    text = str(value)
    return json.dumps(text) if any(letter in text for letter in ",:\n") else value
