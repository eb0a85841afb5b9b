"""Folded LoRAs against the bare UNet, against peft, and over a whole study."""

from __future__ import annotations

import copy
import statistics
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor, nn

from benchmarks.rendering.loras import (
    NAMES,
    adapted,
    at_one_weight,
    different,
    lora_file,
    scaled_by_tensors,
    three_loras,
)
from benchmarks.rendering.timing import Way, timed, turns
from models.base.family import CONFIGS, Base
from models.lora.fold import Folded
from models.lora.sites import TEXT
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.sampling.schedulers import make_scheduler
from scorers.observe.observation import Observation
from studies.observers.opening import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.study import CFG, PROMPT, SAMPLER, SIZE

STEPS = 20


def bare_and_folded(name: str, unet: nn.Module, size: tuple[int, int], batch: int, rounds: int) -> dict[str, float]:
    """Speed relative to the bare UNet, the share of a render that changing weights takes, and memory in MB."""
    loras = three_loras(unet)
    folded = Folded(unet, loras)
    arguments = inputs(unet, size, batch)
    ways = [Way("bare", unet), Way("folded", unet, lambda: folded.at(different(batch)))]
    seconds = turns(ways, arguments, rounds)
    change = statistics.median(timed(partial(refold, folded, b)) for b in range(3)) if batch == 1 else 0.0
    ratio = seconds["bare"] / seconds["folded"]
    stored_bytes = sum(layer.up.nbytes + layer.down.nbytes for lora in loras.values() for layer in lora.values())
    print(f"{name:<10} bare {seconds['bare']:.3f} s, folded {seconds['folded']:.3f} s a call: {ratio:.3f} of its speed;", end=" ")
    print(f"LoRAs {stored_bytes / 1e6:.0f} MB, one copy {folded.copy_bytes / 1e6:.0f} MB")
    found = {f"vs_bare_{name}": ratio, f"lora_mb_{name}": stored_bytes / 1e6, f"copy_mb_{name}": folded.copy_bytes / 1e6}
    if batch == 1:
        share = change / (STEPS * seconds["folded"])
        print(f"{'':<10} changing all three weights {change:.3f} s: {share:.2%} of a render of {STEPS} steps")
        found[f"change_share_{name}"] = share
    return found


def against_peft(unet: UNet2DConditionModel, size: tuple[int, int], batch: int, rounds: int) -> dict[str, float]:
    """Speed of a batch of different weights relative to peft's layers, at one weight for all and scaled by tensors."""
    loras = three_loras(unet)
    folded = Folded(unet, loras)
    wrapped = copy.deepcopy(unet)
    adapted(wrapped, loras)
    ways = [
        Way("folded", unet, lambda: folded.at(different(batch))),
        Way("set_adapters", wrapped, lambda: at_one_weight(wrapped)),
        Way("tensors", wrapped, lambda: scaled_by_tensors(wrapped, different(batch))),
    ]
    seconds = turns(ways, inputs(unet, size, batch), rounds)
    name, ours = f"sd15_b{batch}", seconds["folded"]
    stock, tensors = seconds["set_adapters"] / ours, seconds["tensors"] / ours
    print(f"{name:<10} folded {ours:.3f} s a call: {stock:.2f} times as fast as set_adapters with one weight for all,", end=" ")
    print(f"{tensors:.2f} times as fast as peft with tensors for scaling")
    return {f"vs_set_adapters_{name}": stock, f"vs_tensor_scaling_{name}": tensors}


def batch_and_alone(base: Base, steps: int) -> dict[str, float]:
    """How far images of a batch, and what is seen in them, are from the same images drawn alone."""
    loras = {n: lora_file(n, layers) for n, layers in three_loras(base.denoiser).items()}
    renderer = DiffusionRenderer(base, loras, RenderSettings(PROMPT, "", *SIZE, steps, SAMPLER))
    jobs = [Job(seed, Point(weights, CFG)) for seed, weights in enumerate(different(4))]
    together = pictures(renderer.render(jobs))
    alone = [image for job in jobs for image in pictures(renderer.render([job]))]
    pixels = max(int(np.abs(np.asarray(a).astype(int) - np.asarray(b)).max()) for a, b in zip(together, alone, strict=True))
    observer = open_observer(scorers(), WEIGHTS)
    seen = zip(observer.observe(together), observer.observe(alone), strict=True)
    scores = max(apart(*pair) for pair in seen)
    print(f"batch of 4 pixels at most {pixels} of 255 from those drawn alone, scores at most {scores:.4f}")
    return {"batch_pixels": pixels, "batch_scores": scores}


def apart(one: Observation, other: Observation) -> float:
    """The largest difference of what scores are made of (cosines of regions and faces, broken hands); 1 if other things are
    seen."""
    kinds = (len(one.hands), one.heads, one.feet, set(one.regions), one.face is None)
    if kinds != (len(other.hands), other.heads, other.feet, set(other.regions), other.face is None):
        return 1.0
    found = [abs(a.broken - b.broken) for a, b in zip(one.hands, other.hands, strict=True)]
    found += [1 - float(np.dot(region.embedding, other.regions[kind].embedding)) for kind, region in one.regions.items()]
    if one.face is not None and other.face is not None:
        found.append(1 - float(np.dot(one.face.embedding, other.face.embedding)))
    return max(found, default=0.0)


def study_of(base: Base, images: int, steps: int) -> dict[str, float]:
    """Seconds for so many images of different weights: the renderer, and a plain diffusers loop with `set_adapters`."""
    layers_of = three_loras(base.denoiser)
    loras = {n: lora_file(n, layers) for n, layers in layers_of.items()}
    frame = RenderSettings(PROMPT, "", *SIZE, steps, SAMPLER)
    points = [Point({n: 0.3 + 0.01 * k + 0.1 * i for i, n in enumerate(NAMES)}, CFG) for k in range(images)]
    renderer = DiffusionRenderer(base, loras, frame)
    renderer.render([Job(1, points[0])])
    unet = copy.deepcopy(base.denoiser)
    adapted(unet, layers_of)
    pipe = StableDiffusionPipeline(
        vae=base.vae, text_encoder=base.text_encoders[TEXT], tokenizer=base.tokenizers[TEXT], unet=unet,
        scheduler=make_scheduler(SAMPLER, base.schedule, [1]), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    ours, plain = 0.0, 0.0
    for point in points:
        ours += timed(partial(renderer.render, [Job(1, point)]))
        plain += timed(partial(plain_image, pipe, base, point, steps))
    print(f"study      {images} images {ours:.1f} s, by a plain diffusers loop {plain:.1f} s: {plain / ours:.2f} times as fast")
    return {"study_images": images, "vs_plain_loop": plain / ours}


def plain_image(pipe: Any, base: Base, point: Point, steps: int) -> None:
    pipe.unet.set_adapters(list(point.weights), list(point.weights.values()))
    pipe.scheduler = make_scheduler(SAMPLER, base.schedule, [1])
    generator = torch.Generator().manual_seed(1)
    pipe(PROMPT, guidance_scale=point.cfg, num_inference_steps=steps, width=SIZE[0], height=SIZE[1], generator=generator)


def refold(folded: Folded, k: int) -> None:
    with folded.at([{name: 0.11 * (k + 1) + 0.1 * i for i, name in enumerate(NAMES)}]):
        pass


def inputs(unet: Any, size: tuple[int, int], batch: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    rows = 2 * batch
    latents = torch.randn(rows, unet.config["in_channels"], *size, generator=generator)
    context = torch.randn(rows, 77, unet.config["cross_attention_dim"], generator=generator)
    return latents.to(unet.device, unet.dtype), torch.full((rows,), 500, device=unet.device), context.to(unet.device, unet.dtype)


def shaped_like(family: str) -> UNet2DConditionModel:
    config = UNet2DConditionModel.load_config(CONFIGS / family / "unet")
    unet: UNet2DConditionModel = UNet2DConditionModel.from_config(config)
    return unet.requires_grad_(False).eval()
