"""What flow-matching bases take: memory at the published shapes, and speed beside diffusers' own pipelines.

    python -m benchmarks.rendering.families [--quick | --memory]

Memory is counted on the meta device, in bfloat16 at 1024x1024: weights; a folded copy where three LoRAs touch every linear layer;
what one call of the denoiser keeps beside its weights (two rows where a picture is guided, one where it is not), or the LoRAs
while they are folded; what decoding keeps. Then what `optimizer.render.memory` makes of it on cards of several sizes, of which it
leaves a tenth free.

Speed is of denoisers of the published kind but narrow, with random weights, three LoRAs of rank 32 on every linear layer of their
blocks, in float32 on a processor: whole images by the renderer and by the bare pipeline, encoded prompts given to both, in turns,
medians of the process's own seconds; and the share of an image that new weights take. Prints tables for people and, as its last
line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, AutoencoderKLFlux2, Flux2Transformer2DModel, FluxTransformer2DModel, ZImageTransformer2DModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, Qwen3Config, Qwen3ForCausalLM, Qwen3Model, T5Config, T5EncoderModel

from benchmarks.rendering.loras import NAMES, different, lora_file, random_layer
from benchmarks.training.live_memory import LiveMemory
from benchmarks.training.xl.memory import as_on_a_gpu
from models.base.family import GUIDANCE, Base, Conditioning
from models.base.flux import POOLED
from models.base.opening import open_base
from models.base.registry import family_named
from models.lora.sites import layer_names
from models.testing.flow.folders import flux2_pipeline, flux_pipeline, saved, z_image_pipeline
from models.testing.tiny import by_part
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.memory import TRANSFORMER_VALUES, Needs, fit, size_of

GB: Final = 2**30
SIDE: Final = 1024
CARDS: Final = (16, 24, 48, 80)
FREE: Final = 0.96
"""The share of a card that its driver leaves."""
QWEN3_4B: Final[dict[str, Any]] = {
    "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8,
    "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": True,
}  # fmt: skip
T5_XXL: Final[dict[str, Any]] = {
    "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64, "vocab_size": 32128,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
CLIP_L: Final[dict[str, Any]] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
}
VAE: Final[dict[str, Any]] = {
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
}  # fmt: skip
AE: Final[dict[str, Any]] = {"latent_channels": 16, "scaling_factor": 0.3611, "shift_factor": 0.1159} | {
    "use_quant_conv": False, "use_post_quant_conv": False
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """One base at its published shapes."""

    family: str
    make: Callable[[], list[nn.Module]]
    """Denoiser, text encoders and VAE."""
    width: int
    """Of the text."""
    rows: int
    """Of the denoiser, for one picture as it is drawn most."""
    extra: Callable[[int], dict[str, torch.Tensor]] = lambda rows: {}


def _told(rows: int) -> dict[str, torch.Tensor]:
    return {POOLED: torch.empty(rows, 768, dtype=torch.bfloat16), GUIDANCE: torch.empty(rows)}


PUBLISHED: Final = {
    "Z-Image": Published(
        "z-image", lambda: [ZImageTransformer2DModel(), Qwen3Model(Qwen3Config(**QWEN3_4B)), AutoencoderKL(**VAE, **AE)], 2560, 2
    ),
    "FLUX.1 [dev]": Published(
        "flux",
        lambda: [
            FluxTransformer2DModel(guidance_embeds=True), CLIPTextModel(CLIPTextConfig(**CLIP_L)),
            T5EncoderModel(T5Config(**T5_XXL)), AutoencoderKL(**VAE, **AE),
        ],
        4096, 1, _told,
    ),
    "FLUX.2 [klein] 4B": Published(
        "flux2",
        lambda: [
            Flux2Transformer2DModel(
                num_layers=5, num_single_layers=20, num_attention_heads=24, joint_attention_dim=7680, guidance_embeds=False
            ),
            Qwen3ForCausalLM(Qwen3Config(**QWEN3_4B)), AutoencoderKLFlux2(),
        ],
        7680, 1,
    ),
}  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--memory", action="store_true", help="no speed")
    asked = options.parse_args()
    print(f"one picture of {SIDE}x{SIDE} in bfloat16, GB of 2^30 bytes")
    print(f"{'':<20}{'denoiser':>9}{'encoders':>9}{'VAE':>6}{'copy':>7}{'call':>7}{'decoding':>9}")
    found: dict[str, Any] = {}
    for name, published in PUBLISHED.items():
        found[published.family] = memory(name, published)
    for family, pipe in NARROW.items() if not asked.memory else ():
        found[family] |= speed(family, pipe, rounds=3 if asked.quick else 7)
    print(json.dumps(found))
    return 0


def memory(name: str, published: Published) -> dict[str, Any]:
    with torch.device("meta"):
        *models, vae = (one.to(torch.bfloat16).requires_grad_(False).eval() for one in published.make())
        base = Base(family_named(published.family), by_part(*models), {}, vae, {}, name, name)
        hidden = torch.empty(published.rows, 512, published.width, dtype=torch.bfloat16)
        latents = torch.empty(published.rows, *base.family.latent_shape(base, SIDE, SIDE))
        told = Conditioning(hidden, published.extra(published.rows), (512,) * published.rows)
        call = _peak(models[0], lambda: base.family.predict(base.denoiser, latents, torch.tensor(500.0), told))
        decoding = _peak(vae, lambda: base.family.decode(base, latents[:1]))
    copy = sum(base.denoiser.get_parameter(f"{layer}.weight").nbytes for layer in layer_names(base.denoiser))
    sizes = [size_of(one) for one in base.models]
    shown = [sizes[0], sum(sizes[1:-1]), sizes[-1], copy, call, decoding]
    print(f"{name:<20}" + "".join(f"{one / GB:>{width}.2f}" for one, width in zip(shown, (9, 9, 6, 7, 7, 9), strict=True)))
    # Three of rank 32, as stored in bfloat16 and, while they are folded, in float32.
    loras = 3 * 32 * 6 * sum(sum(base.denoiser.get_parameter(f"{layer}.weight").shape) for layer in layer_names(base.denoiser))
    needs = Needs(sum(sizes), max(sizes), copy, 2, sizes[0], sizes[-1], loras, TRANSFORMER_VALUES)
    ways = {}
    for card in CARDS:
        chosen = fit(int(card * GB * FREE), 0, needs, SIDE * SIDE)
        there = (max(sizes[0] - copy, 0) if chosen.lean else sizes[0]) + copy + max(call, loras)
        ways[card] = "does not fit" if there > card * GB * FREE else _in_words(chosen)
        print(f"{'':<20}{card:>3} GB: {there / GB:6.2f} while it is drawn: {ways[card]}")
    return {"gb": [round(one / GB, 3) for one in shown], "cards": ways}


def _in_words(chosen: Any) -> str:
    place = (
        "copies in the place of the weights" if chosen.lean else "models wait in main memory" if chosen.offload else "all there"
    )
    return f"{place}, {chosen.batch} at once{', decoded in tiles' if chosen.tiled else ''}"


def _peak(model: nn.Module, call: Callable[[], object]) -> int:
    """Bytes beside the model's weights."""
    weights = list(model.parameters())
    with torch.no_grad(), as_on_a_gpu(), LiveMemory(weights) as counted:
        kept = call()
        del kept
    return int(counted.peak - sum(weight.nbytes for weight in weights))


NARROW: Final[dict[str, Callable[[], Any]]] = {
    "z-image": lambda: z_image_pipeline(dim=256, n_layers=6, n_heads=2, n_kv_heads=2, axes_dims=[32, 48, 48]),
    "flux": lambda: flux_pipeline(
        num_layers=3, num_single_layers=5, attention_head_dim=128, num_attention_heads=2, axes_dims_rope=(16, 56, 56)
    ),
    "flux2": lambda: flux2_pipeline(
        num_layers=3, num_single_layers=5, attention_head_dim=128, num_attention_heads=2, axes_dims_rope=(32, 32, 32, 32)
    ),
}  # fmt: skip
PROMPT, NEGATIVE, PIXELS, STEPS, CFG = "a red hat, a cat", "", 256, 4, 4.0


def speed(family: str, make: Callable[[], Any], rounds: int) -> dict[str, float]:
    with TemporaryDirectory() as scratch:
        base = open_base(saved(make(), Path(scratch) / family))
        pipe = make().from_pretrained(Path(scratch) / family, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    blocks = [name for name in layer_names(base.denoiser) if "blocks." in name or "layers." in name or "refiner." in name]
    layers = {name: {one: random_layer(base.denoiser.get_submodule(one), generator) for one in blocks} for name in NAMES}
    loras = {name: lora_file(name, found) for name, found in layers.items()}
    renderer = DiffusionRenderer(base, loras, RenderSettings(PROMPT, NEGATIVE, PIXELS, PIXELS, STEPS, "Euler"))
    weights = different(2 * rounds + 2)
    given = _encoded(base, pipe)
    ours: list[float] = []
    bare: list[float] = []
    changed: list[float] = []
    for turn in range(rounds + 1):
        ours.append(_taken(partial(renderer.render, [Job(1, Point(weights[0], CFG))])))
        bare.append(_taken(partial(_piped, pipe, given)))
        with torch.no_grad():
            changed.append(_taken(partial(_refold, renderer, weights[turn + 1])))
    ratio, share = median(bare[1:]) / median(ours[1:]), median(changed[1:]) / median(ours[1:])
    seconds = f"bare {median(bare[1:]):.3f} s, with three LoRAs {median(ours[1:]):.3f} s an image"
    print(f"{family:<12}{seconds}: {ratio:.3f} of its speed; new weights {share:.2%} of an image", flush=True)
    return {f"vs_bare_pipeline_{family}": round(ratio, 4), f"change_share_{family}": round(share, 4)}


def _taken(call: Callable[[], object]) -> float:
    """Seconds of this process on its processor: what else the machine does does not count."""
    began = time.process_time()
    call()
    return time.process_time() - began


def _refold(renderer: DiffusionRenderer, weights: dict[str, float]) -> None:
    with renderer._folded.at([weights]):
        pass


def _encoded(base: Base, pipe: Any) -> dict[str, Any]:
    """What the pipeline is given in the place of prompts, and how it is asked for the same guidance."""
    with torch.no_grad():
        if base.family.name == "z-image":
            positive, negative = pipe.encode_prompt(PROMPT, negative_prompt=NEGATIVE)
            return {"prompt_embeds": positive, "negative_prompt_embeds": negative, "guidance_scale": CFG - 1}
        if base.family.name == "flux":
            hidden, pooled, _ = pipe.encode_prompt(PROMPT, None)
            return {"prompt_embeds": hidden, "pooled_prompt_embeds": pooled, "guidance_scale": CFG}
        texts = [pipe.encode_prompt(text)[0] for text in (PROMPT, NEGATIVE)]
        return {"prompt_embeds": texts[0], "negative_prompt_embeds": texts[1], "guidance_scale": CFG}


def _piped(pipe: Any, given: dict[str, Any]) -> None:
    asked = {key: list(value) if isinstance(value, list) else value for key, value in given.items()}
    pipe(width=PIXELS, height=PIXELS, num_inference_steps=STEPS, generator=torch.Generator().manual_seed(1), **asked)


if __name__ == "__main__":
    sys.exit(main())
