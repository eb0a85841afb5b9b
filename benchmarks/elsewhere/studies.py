"""The lab's demo study, to be drawn here, in ComfyUI, or in Stable Diffusion WebUI: the same file but for who draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.elsewhere.lab_files import BASE
from studies.paperdoll.study import CFG, OUTFITS, PROMPT, SAMPLER, SIZE, STEPS, study_text

WORKFLOW: Final = "workflow_api.json"


def write_study(folder: Path, photos: Path, draw: dict[str, Any], loras: Path, checkpoint: str | None) -> None:
    """study.yaml in `folder`. `photos` holds the demo's training sets, `checkpoint` is the base as the program names it."""
    folder.mkdir(parents=True, exist_ok=True)
    values = yaml.safe_load(study_text(folder))
    for outfit in OUTFITS:
        section = values["loras"][outfit.name]
        section["file"] = str(loras / f"{outfit.product}.safetensors")
        section["references"] = str(photos / "data" / outfit.name)
    if draw["with"] != "huanhua":
        values["draw"] = draw
    if draw["with"] == "comfyui":
        # The workflow has them, but for the base: what a node of one's own loads is not known by its kind.
        del values["prompt"], values["render"]
        values["base"] = {"checkpoint": str(BASE)}
    elif checkpoint is not None:
        values["base"] = {"checkpoint": checkpoint}
    (folder / "study.yaml").write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


def write_workflow(folder: Path) -> Path:
    """As a person would save it from ComfyUI's page: the three LoRAs in a chain, a picture saved at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    method, _, schedule = SAMPLER.rpartition(" ")
    assert (method, schedule) == ("DPM++ 2M", "Karras")
    graph: dict[str, Any] = {"1": _node("PaperDollBase", "Paper-doll base", folder=BASE.name)}
    model: list[Any] = ["1", 0]
    clip: list[Any] = ["1", 1]
    for number, outfit in enumerate(OUTFITS, 10):
        settings = {"lora_name": f"{outfit.product}.safetensors", "strength_model": outfit.start, "strength_clip": outfit.start}
        graph[str(number)] = _node(
            "LoraLoader",
            f"Load LoRA: {outfit.name}",
            model=model,
            clip=clip,
            **settings,
        )
        model, clip = [str(number), 0], [str(number), 1]
    width, height = SIZE
    graph |= {
        "2": _node("CLIPTextEncode", "Positive", text=PROMPT, clip=clip),
        "3": _node("CLIPTextEncode", "Negative", text="", clip=clip),
        "4": _node("EmptyLatentImage", "Empty latent", width=width, height=height, batch_size=1),
        "5": _node(
            "KSampler",
            "KSampler",
            model=model,
            seed=7,
            steps=STEPS,
            cfg=CFG,
            sampler_name="dpmpp_2m",
            scheduler="karras",
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            denoise=1.0,
        ),
        "6": _node("VAEDecode", "VAE decode", samples=["5", 0], vae=["1", 2]),
        "7": _node("SaveImage", "Save image", images=["6", 0], filename_prefix="paper-doll"),
    }
    path = folder / WORKFLOW
    path.write_text(json.dumps(graph, indent=1), encoding="utf-8")
    return path


def _node(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}
