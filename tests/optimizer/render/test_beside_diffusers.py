"""The renderer draws what diffusers' own pipelines draw, on SD1.5 and SDXL, bare and with a LoRA on every model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from PIL import Image

from models.base.family import Base
from models.lora.file import LoraFile
from models.lora.layers.lora import LoraLayer
from models.lora.sites import TEXT, TEXT_2, layer_names
from models.testing.bases import small_base
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.sampling.schedulers import make_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PROMPT, NEGATIVE = "a red hat, a cat", "dog"
SIZE, STEPS, CFG, SEED = (64, 128), 4, 6.0, 11
"""A size that the levels of both UNets divide: at others A1111's order of enlarging is followed, which diffusers' is not."""
SAMPLER = "DPM++ 2M Karras"


@pytest.fixture(scope="module", params=["sd15", "sdxl"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return small_base(tmp_path_factory.mktemp("small") / request.param, request.param)


def lora(base: Base) -> LoraFile:
    generator = torch.Generator().manual_seed(5)

    def layer(weight: torch.Tensor) -> LoraLayer:
        down = torch.randn(2, *weight.shape[1:], generator=generator) * 0.3
        return LoraLayer(down, torch.randn(weight.shape[0], 2, *[1] * (weight.ndim - 2), generator=generator) * 0.3, 1.0)

    def layers(model: Any) -> dict[str, LoraLayer]:
        return {name: layer(model.get_parameter(f"{name}.weight")) for name in layer_names(model) if "conv_in" not in name}

    return LoraFile(Path("x.safetensors"), "x", "0" * 12, "x", {part: layers(m) for part, m in base.modules.items()}, {})


def by_pipeline(base: Base) -> Image.Image:
    parts: dict[str, Any] = {"vae": base.vae, "unet": base.denoiser}
    parts |= {"text_encoder": base.text_encoders[TEXT], "tokenizer": base.tokenizers[TEXT]}
    parts["scheduler"] = make_scheduler(SAMPLER, base.schedule, [SEED])
    if TEXT_2 in base.modules:
        seconds = {"text_encoder_2": base.text_encoders[TEXT_2], "tokenizer_2": base.tokenizers[TEXT_2]}
        pipe = StableDiffusionXLPipeline(**parts, **seconds, add_watermarker=False)
    else:
        nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        pipe = StableDiffusionPipeline(**parts, **nothing)
    pipe.set_progress_bar_config(disable=True)
    image: Image.Image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=CFG, num_inference_steps=STEPS, width=SIZE[0], height=SIZE[1],
        generator=torch.Generator().manual_seed(SEED),
    ).images[0]  # fmt: skip
    return image


def by_renderer(base: Base, loras: dict[str, LoraFile], weight: float) -> Image.Image:
    renderer = DiffusionRenderer(base, loras, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, SAMPLER))
    (image,) = renderer.render([Job(SEED, Point(dict.fromkeys(loras, weight), CFG))])
    assert isinstance(image, Image.Image)
    return image


def off(first: Image.Image, second: Image.Image) -> int:
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())


def test_bare(base: Base) -> None:
    assert off(by_renderer(base, {}, 0.0), by_pipeline(base)) <= 1


def test_with_a_lora_on_every_model(base: Base) -> None:
    file, weight = lora(base), 0.7
    found, bare = by_renderer(base, {"x": file}, weight), by_pipeline(base)
    touched = [(model, file.layers[part]) for part, model in base.modules.items()]
    for model, layers in touched:
        for name, layer in layers.items():
            model.get_parameter(f"{name}.weight").add_(weight * layer.delta())
    try:
        assert off(found, by_pipeline(base)) <= 1
    finally:
        for model, layers in touched:
            for name, layer in layers.items():
                model.get_parameter(f"{name}.weight").sub_(weight * layer.delta())
    assert off(found, bare) > 8
