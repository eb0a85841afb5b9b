"""Writes the pick for other tools: as A1111's text or PNG, a ComfyUI workflow, a diffusers script, one combined LoRA."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.errors import InputError
from models.io.files import write_whole
from optimizer.point import Job
from studies.export.infotext import fixed_weights, point_infotext
from studies.picture_settings.infotext import write
from studies.picture_settings.settings import PictureSettings
from studies.run.outcome import Outcome
from studies.study import Study

if TYPE_CHECKING:
    from models.vision.upscaler import Upscaler

Target = Literal["png", "a1111", "comfyui", "diffusers", "lora"]


@dataclass(frozen=True)
class Exported:
    """What an export wrote."""

    paths: tuple[Path, ...]
    """The files; the one to use first."""
    notes: tuple[str, ...] = ()
    """Lines for a person: how to use them, and what differs in the other tool."""


def export_to(study: Study, outcome: Outcome, to: Target, upscaler: Upscaler | None = None) -> Exported:
    """Writes the pick for another tool into the workspace's `exports`, each file whole or not at all.

    `upscaler` enlarges the PNG. Raises InputError if there is no pick at this seed, and for what the tool cannot do.
    """
    if outcome.pick is None:
        raise InputError(
            "there is no pick", f"seed {outcome.seed}", "run the seed first, or see `huanhua show STUDY` for what blocks it"
        )
    folder, name = study.workspace.exports, f"seed-{outcome.seed}"
    if to == "png":
        return _picture(study, outcome, folder, upscaler)
    if to == "comfyui":
        return _workflow(study, outcome, folder / f"{name}.comfyui.json", folder / f"{name}.comfyui-api.json")
    if to == "lora":
        return _lora(study, outcome, folder / f"{study.spec.name}-{name}.safetensors")
    if to == "diffusers":
        return _script(study, outcome, folder / f"{name}.py")
    path = folder / f"{name}.txt"
    write_whole(path, (write(pick_infotext(study, outcome)) + "\n").encode())
    return Exported((path,))


def pick_infotext(study: Study, outcome: Outcome) -> PictureSettings:
    """Prompt, LoRA weights, seed and settings of the pick. `outcome.pick` must not be None."""
    assert outcome.pick is not None
    point = outcome.pick.point
    weights = {name: weight for name, weight in {**point.weights, **fixed_weights(study)}.items() if weight}
    info = point_infotext(study, Job(outcome.seed, point), weights, {**_inversions(study, point.prompt), **_vae(study)})
    # A1111 hashes checkpoints that are files; a folder has no hash that it would know.
    return info if study.path(study.spec.base.checkpoint).is_file() else replace(info, model_hash=None)


def _inversions(study: Study, prompt: str) -> dict[str, str]:
    """Hashes of the textual inversions that the prompts name: SHA-256 of the file, 12 digits, as A1111 computes them."""
    from models.io.hashing import hash_path

    text, found = f"{prompt or study.spec.prompt} {study.spec.negative_prompt}".lower(), []
    for file in study.spec.embeddings:
        stem = Path(file).stem
        if re.search(rf"(?<!\w){re.escape(stem.lower())}(?!\w)", text):
            found.append(f"{stem}: {hash_path(study.path(file))[:12]}")
    return {"TI hashes": ", ".join(found)} if found else {}


def _vae(study: Study) -> dict[str, str]:
    from models.io.hashing import hash_path

    if not study.spec.base.vae or not study.path(study.spec.base.vae).is_file():
        return {}
    path = study.path(study.spec.base.vae)
    return {"VAE hash": hash_path(path)[:10], "VAE": path.name}


def _picture(study: Study, outcome: Outcome, folder: Path, upscaler: Upscaler | None) -> Exported:
    from PIL import Image

    from studies.export.picture import enlarged, png_bytes

    assert outcome.pick is not None
    drawn, info, name = outcome.record(outcome.pick).image, pick_infotext(study, outcome), f"seed-{outcome.seed}"
    with Image.open(drawn) as stored:
        image = stored.convert("RGB")
    if upscaler is None:
        path = folder / f"{name}.png"
        write_whole(path, png_bytes(image, info))
        return Exported((path,))
    large, info = enlarged(image, info, upscaler)
    path = folder / f"{name}-x{upscaler.scale}.png"
    write_whole(path, png_bytes(large, info))
    return Exported((path,), (f"{image.width}x{image.height} enlarged by {upscaler.name} to {large.width}x{large.height}",))


def _workflow(study: Study, outcome: Outcome, ui: Path, api: Path) -> Exported:
    from studies.export.comfyui import comfyui_graph

    graph = comfyui_graph(study, outcome)
    for path, content in ((ui, graph.ui()), (api, graph.api())):
        write_whole(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return Exported((ui, api), (f"drag {ui.name} into ComfyUI; {api.name} is for its server's /prompt",))


def _script(study: Study, outcome: Outcome, path: Path) -> Exported:
    from studies.export.diffusers_script import diffusers_script

    write_whole(path, diffusers_script(study, outcome, path.name).encode())
    return Exported((path,))


def _lora(study: Study, outcome: Outcome, path: Path) -> Exported:
    from studies.export.lora import write_pick_lora

    return Exported((path,), tuple(write_pick_lora(study, outcome, path)))
