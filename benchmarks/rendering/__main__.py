"""What LoRA weights cost: three rank-32 LoRAs folded per image against the untouched UNet, and against peft's unfolded ways.

    python benchmarks/rendering/__main__.py [--quick] [--device cuda] [--dtype float16]

All sides take turns in one process; medians. UNet calls hold two rows an image (guidance), as in drawing. The SD1.5-shaped UNet
has the published architecture with random weights, at 256x256 pixels on a processor (128x128 with `--quick`), at 512x768 on
other devices. The lab is always drawn in float32; `--dtype` is that of the SD1.5-shaped UNet. Prints a table for people and, as
its last line, one JSON object. A ratio of 1 is the speed of the other side, 2 twice its speed.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor, nn

from models.base.opening import CONFIGS, Base, open_base
from models.lora.file import LoraFile
from models.lora.fold import Folded
from models.lora.methods import LoraLayer
from optimizer.point import Job, Point
from optimizer.render.base import Frame
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.schedulers import make_scheduler
from scorers.observe.observation import Observation
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.study import CFG, PROMPT, SAMPLER, SIZE
from studies.scorer_models import open_observer

RANK = 32
NAMES = ("face", "dress", "shoes")
STEPS = 20
Layers = dict[str, LoraLayer]


@dataclass(frozen=True)
class Way:
    """One way to draw: `enter` is entered around every call."""

    name: str
    unet: Callable[..., Any]
    enter: Callable[[], AbstractContextManager[None]] = nullcontext


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--device", default="cpu")
    options.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    asked = options.parse_args()
    quick, on_processor = asked.quick, asked.device == "cpu"
    rounds = 3 if quick else 5 if on_processor else 20
    found: dict[str, float] = {}
    lab = open_base(WEIGHTS / "base", device=asked.device)
    found |= bare_and_folded("lab_b1", lab.unet, (SIZE[1] // lab.factor, SIZE[0] // lab.factor), 1, rounds * 9)
    found |= batch_and_alone(lab, 5 if quick else STEPS)
    found |= study_of(lab, images=4 if quick else 40 if on_processor else 12, steps=5 if quick else STEPS)
    del lab
    gc.collect()
    size = (96, 64) if not on_processor else (16, 16) if quick else (32, 32)
    with torch.device(asked.device):
        unet = shaped_like("sd15").to(getattr(torch, asked.dtype))
    for batch in (1, 4):
        found |= bare_and_folded(f"sd15_b{batch}", unet, size, batch, rounds)
    for batch in (4,) if on_processor else (1, 4):
        found |= against_peft(unet, size, batch, rounds)
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))
    return 0


def bare_and_folded(name: str, unet: nn.Module, size: tuple[int, int], batch: int, rounds: int) -> dict[str, float]:
    """Speed beside the bare UNet, the share of a render that changing weights takes, and memory in MB."""
    loras = three_loras(unet)
    folded = Folded(unet, loras)
    arguments = inputs(unet, size, batch)
    ways = [Way("bare", unet), Way("folded", unet, lambda: folded.at(different(batch)))]
    seconds = turns(ways, arguments, rounds)
    change = statistics.median(timed(lambda b=b: refold(folded, b)) for b in range(3)) if batch == 1 else 0.0
    ratio = seconds["bare"] / seconds["folded"]
    held = sum(layer.up.nbytes + layer.down.nbytes for lora in loras.values() for layer in lora.values())
    print(f"{name:<10} bare {seconds['bare']:.3f} s, folded {seconds['folded']:.3f} s a call: {ratio:.3f} of its speed;", end=" ")
    print(f"LoRAs {held / 1e6:.0f} MB, one copy {folded.copy_bytes / 1e6:.0f} MB")
    found = {f"vs_bare_{name}": ratio, f"lora_mb_{name}": held / 1e6, f"copy_mb_{name}": folded.copy_bytes / 1e6}
    if batch == 1:
        share = change / (STEPS * seconds["folded"])
        print(f"{'':<10} changing all three weights {change:.3f} s: {share:.2%} of a render of {STEPS} steps")
        found[f"change_share_{name}"] = share
    return found


def against_peft(unet: UNet2DConditionModel, size: tuple[int, int], batch: int, rounds: int) -> dict[str, float]:
    """Speed of a batch of different weights beside peft's layers, at one weight for all and scaled by tensors."""
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
    loras = {n: lora_file(n, layers) for n, layers in three_loras(base.unet).items()}
    renderer = DiffusionRenderer(base, loras, Frame(PROMPT, "", *SIZE, steps, SAMPLER))
    jobs = [Job(seed, Point(weights, CFG)) for seed, weights in enumerate(different(4))]
    together = renderer.render(jobs)
    alone = [renderer.render([job])[0] for job in jobs]
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
    loras = {n: lora_file(n, layers) for n, layers in three_loras(base.unet).items()}
    frame = Frame(PROMPT, "", *SIZE, steps, SAMPLER)
    points = [Point({n: 0.3 + 0.01 * k + 0.1 * i for i, n in enumerate(NAMES)}, CFG) for k in range(images)]
    renderer = DiffusionRenderer(base, loras, frame)
    renderer.render([Job(1, points[0])])
    unet = copy.deepcopy(base.unet)
    adapted(unet, {n: file.unet for n, file in loras.items()})
    pipe = StableDiffusionPipeline(
        vae=base.vae, text_encoder=base.text_encoder, tokenizer=base.tokenizer, unet=unet,
        scheduler=make_scheduler(SAMPLER, base.schedule, [1]), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    ours, plain = 0.0, 0.0
    for point in points:
        ours += timed(lambda point=point: renderer.render([Job(1, point)]))
        plain += timed(lambda point=point: plain_image(pipe, base, point, steps))
    print(f"study      {images} images {ours:.1f} s, by a plain diffusers loop {plain:.1f} s: {plain / ours:.2f} times as fast")
    return {"study_images": images, "vs_plain_loop": plain / ours}


def plain_image(pipe: Any, base: Base, point: Point, steps: int) -> None:
    pipe.unet.set_adapters(list(point.weights), list(point.weights.values()))
    pipe.scheduler = make_scheduler(SAMPLER, base.schedule, [1])
    generator = torch.Generator().manual_seed(1)
    pipe(PROMPT, guidance_scale=point.cfg, num_inference_steps=steps, width=SIZE[0], height=SIZE[1], generator=generator)


def turns(ways: Sequence[Way], arguments: tuple[Tensor, Tensor, Tensor], rounds: int) -> dict[str, float]:
    """Median seconds of a call, all ways taking turns, the first call of each not counted."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds + 1):
        for way in ways:
            with torch.no_grad(), way.enter():
                seconds[way.name].append(timed(lambda way=way: way.unet(*arguments, return_dict=False)))
    return {name: statistics.median(held[1:]) for name, held in seconds.items()}


def timed(call: Callable[[], object]) -> float:
    wait()
    began = time.perf_counter()
    call()
    wait()
    return time.perf_counter() - began


def wait() -> None:
    """Until the device has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def refold(folded: Folded, k: int) -> None:
    with folded.at([{name: 0.11 * (k + 1) + 0.1 * i for i, name in enumerate(NAMES)}]):
        pass


def different(batch: int) -> list[dict[str, float]]:
    return [{name: round(0.2 + 0.1 * b + 0.15 * i, 3) for i, name in enumerate(NAMES)} for b in range(batch)]


def inputs(unet: Any, size: tuple[int, int], batch: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    rows = 2 * batch
    latents = torch.randn(rows, unet.config["in_channels"], *size, generator=generator)
    context = torch.randn(rows, 77, unet.config["cross_attention_dim"], generator=generator)
    return latents.to(unet.device, unet.dtype), torch.full((rows,), 500, device=unet.device), context.to(unet.device, unet.dtype)


def three_loras(unet: nn.Module) -> dict[str, Layers]:
    """On what kohya's scripts train: every projection of the attention blocks."""
    generator = torch.Generator().manual_seed(0)
    places = {
        name: layer
        for name, layer in unet.named_modules()
        if ".attentions." in name and isinstance(layer, (nn.Linear, nn.Conv2d))
    }
    return {name: {place: random_layer(layer, generator) for place, layer in places.items()} for name in NAMES}


def random_layer(layer: nn.Module, generator: torch.Generator) -> LoraLayer:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    ones = (1, 1) if weight.ndim == 4 else ()
    down = torch.randn(RANK, *weight.shape[1:], generator=generator) * 0.02
    up = torch.randn(weight.shape[0], RANK, *ones, generator=generator) * 0.02
    return LoraLayer(down.half().to(weight.device), up.half().to(weight.device), float(RANK))


def lora_file(name: str, layers: Layers) -> LoraFile:
    return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name, layers, {}, {})


def adapted(unet: Any, loras: Mapping[str, Layers]) -> None:
    """Loads the LoRAs into diffusers' own model as its users do, from files' contents."""
    from peft import LoraConfig

    for name, layers in loras.items():
        unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(layers)), adapter_name=name)
        for place, layer in layers.items():
            module = unet.get_submodule(place)
            module.lora_A[name].weight.data.copy_(layer.down)
            module.lora_B[name].weight.data.copy_(layer.up)
    unet.requires_grad_(False)


@contextmanager
def at_one_weight(unet: Any) -> Iterator[None]:
    unet.set_adapters(list(NAMES), [0.65, 0.4, 0.8])
    yield


@contextmanager
def scaled_by_tensors(unet: nn.Module, weights: Sequence[Mapping[str, float]]) -> Iterator[None]:
    """Each image its own weights with peft's layers: their scaling becomes a tensor that broadcasts over the batch."""
    for module in unet.modules():
        if hasattr(module, "lora_A") and hasattr(module, "scaling"):
            convolution = isinstance(module.get_base_layer(), nn.Conv2d)
            for name in NAMES:
                each = torch.tensor([w[name] for w in weights]).repeat_interleave(2)
                each = each.to(module.lora_A[name].weight)
                module.scaling[name] = each.view(-1, 1, 1, 1) if convolution else each.view(-1, 1, 1)
    yield


def shaped_like(family: str) -> UNet2DConditionModel:
    config = UNet2DConditionModel.load_config(CONFIGS / family / "unet")
    unet: UNet2DConditionModel = UNet2DConditionModel.from_config(config)
    return unet.requires_grad_(False).eval()


if __name__ == "__main__":
    sys.exit(main())
