"""Pictures of flow-matching bases are those of diffusers' own pipelines with `set_adapters`: several LoRAs, weights per image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import diffusers
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from models.lora.file import open_lora
from models.lora.sites import layer_names
from models.testing.flow.folders import FOLDERS
from models.testing.flow.loras import save_lora
from optimizer.point import Job, Point
from optimizer.render import diffusers_renderer
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
Pixels = NDArray[np.float32]
PROMPT, NEGATIVE, SEED, STEPS = "a red hat, a cat", "dog", 11, 4
SIZES: Final = ((64, 96), (96, 64))
NEAR: Final = 1e-4
"""Of pixels from 0 to 1, in float32."""
CFG: Final[Mapping[str, tuple[float, ...]]] = {"z-image": (1.0, 4.0), "flux": (3.5, 6.0), "flux2": (1.0, 4.0)}
OWN: Final[Mapping[str, Any]] = {
    "z-image": lambda cfg: {"guidance_scale": cfg - 1, "negative_prompt": NEGATIVE},
    "flux": lambda cfg: {"guidance_scale": cfg},
    "flux2": lambda cfg: {"guidance_scale": cfg},
}
"""How a pipeline is asked for a CFG: Z-Image's counts what is added to the guided prediction."""
KOHYA = "kohya, original layout"
NAMINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "z-image": {"face": "diffusers", "dress": "ai-toolkit", "shoes": "kohya"},
    "flux": {"face": "diffusers", "dress": KOHYA, "shoes": "diffusers"},
    "flux2": {"face": "diffusers", "dress": KOHYA, "shoes": "ComfyUI"},
}
"""Of files that diffusers' own loader takes, too."""
UNREAD: Final[Mapping[tuple[str, str], str]] = {
    ("flux", KOHYA): r"embedder$|single_transformer_blocks\.\d+\.(attn|proj_mlp)|time_text|norm_out|proj_out",
    ("flux2", KOHYA): r"norm_out|modulation|time_guid",
    ("flux2", "ComfyUI"): r"norm_out",
}
"""Layers that it does not read under these names, or for the published widths alone, or (FLUX.2's last norm) as ComfyUI does."""


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FOLDERS[request.param](tmp_path_factory.mktemp("folder") / request.param)


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    return open_base(folder)


@pytest.fixture(scope="module")
def files(base: Base, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("loras")

    def saved(name: str, naming: str, seed: int) -> Path:
        unread = UNREAD.get((base.family.name, naming), "^$")
        modules = [module for module in layer_names(base.denoiser) if not re.search(unread, module)]
        return save_lora(place / f"{name}.safetensors", base.denoiser, naming, modules, seed=seed, size=0.2)

    return {name: saved(name, naming, seed) for seed, (name, naming) in enumerate(NAMINGS[base.family.name].items())}


def by_renderer(
    base: Base, files: Mapping[str, Path], jobs: Sequence[Job], monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = SIZES[0]
) -> list[Pixels]:
    """What the renderer turns into pictures, before it rounds to whole levels."""
    found: list[Pixels] = []

    def kept(base: Base, latents: torch.Tensor, **_: Any) -> Image.Image:
        pixels = base.family.decode(base, latents[None])[0]
        found.append((pixels / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy())
        return Image.new("RGB", size)

    monkeypatch.setattr(diffusers_renderer, "decode", kept)
    # FLUX.2's pipeline has no other negative prompt.
    negative = "" if base.family.name == "flux2" else NEGATIVE
    loras = {name: open_lora(path, base.modules) for name, path in files.items()}
    DiffusionRenderer(base, loras, RenderSettings(PROMPT, negative, *size, STEPS, "Euler"), max_batch=8).render(jobs)
    return found


def by_pipeline(folder: Path, files: Mapping[str, Path], job: Job, size: tuple[int, int] = SIZES[0]) -> Pixels:
    pipe = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    if files:
        for name, path in files.items():
            pipe.load_lora_weights(str(path), adapter_name=name)
        pipe.set_adapters(list(files), [job.point.weights.get(name, 0.0) for name in files])
    made = pipe(
        prompt=PROMPT, width=size[0], height=size[1], num_inference_steps=STEPS, output_type="np",
        generator=torch.Generator().manual_seed(job.seed), **OWN[folder.name](job.point.cfg),
    )  # fmt: skip
    pixels: Pixels = made.images[0]
    return pixels


def apart(one: Pixels, other: Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("size", SIZES)
def test_bare_at_each_guidance(base: Base, folder: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    pictures = []
    for cfg in CFG[folder.name]:
        job = Job(SEED, Point({}, cfg))
        (picture,) = by_renderer(base, {}, [job], monkeypatch, size)
        assert apart(picture, by_pipeline(folder, {}, job, size)) <= NEAR
        pictures.append(picture)
    assert len(pictures) == 1 or apart(*pictures[:2]) > 10 * NEAR


def test_several_loras_at_weights_of_their_own_in_one_batch(
    base: Base, folder: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = CFG[folder.name][-1]
    weights = [{"face": 0.7, "dress": 0.4, "shoes": -0.3}, {"face": 0.2, "dress": 0.9}, {}]
    jobs = [Job(SEED + i, Point(one, cfg)) for i, one in enumerate(weights)]
    together = by_renderer(base, files, jobs, monkeypatch)
    for picture, job in zip(together, jobs, strict=True):
        assert apart(picture, by_pipeline(folder, files, job)) <= NEAR
    (alone,) = by_renderer(base, files, [Job(SEED, Point({}, cfg))], monkeypatch)
    assert apart(together[0], alone) > 100 * NEAR
