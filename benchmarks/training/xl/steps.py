"""Steps on SDXL against the arithmetic of diffusers' train_dreambooth_lora_sdxl.py, both in this process, in turns.

SDXL's layers with an eighth of their channels everywhere (UNet, VAE, text encoders), so that the parts keep their shares, in
heads of 40; square pictures of one prompt, LoRA of rank 8 on the attentions, begun alike, float32, AdamW, constant rate, text
encoders frozen. The script's step is written down here as that file has it: the pictures of each batch through the VAE,
embeddings of the one prompt from before the first step, peft's own layers, clipped gradients. Ours counts its caching: the
share of a step in encoding all pictures once. Memory is that of all live tensors at the peak of a step
(benchmarks.training.live_memory).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from peft import LoraConfig
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.training.live_memory import LiveMemory
from benchmarks.training.memory import write_set
from models.base.family import CONFIGS, Base
from models.base.registry import family_named
from models.lora.sites import DENOISER
from models.testing.tiny import by_part
from trainers.step_plan import Plan
from trainers.train.data.batches import Batch
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.encoding import Texts, encode_pictures
from trainers.train.data.fitting import open_fitted
from trainers.train.layers.adapters import adapted, part_layers
from trainers.train.layers.companion_loras import Companions
from trainers.train.loss import open_diffusion
from trainers.train.optimizer import MAX_GRADIENT_NORM, open_optimizer, open_schedule
from trainers.train.settings.preset import Preset
from trainers.train.step import StepContext, backward

CAPTION: Final = "thing, 1girl"
SIDE, BATCH, PICTURES, RANK, PASSES = 256, 1, 8, 8, 16
"""Each picture comes `PASSES` times in a training: the share of caching that a step bears."""
SETTINGS: Final = Preset(
    plan=Plan(PICTURES * PASSES // BATCH, PASSES, BATCH), size=(SIDE, SIDE), rank=RANK, alpha=RANK, layers="attention",
    init="gaussian", schedule="constant", warmup=0.0, min_snr_gamma=None, precision="float32",
)  # fmt: skip
Step = Callable[[], None]


def steps_ratio(turns: int, steps: int) -> dict[str, float]:
    """Both sides' seconds a step, medians of `turns` turns of `steps` steps, and their ratios; prints them.

    Seconds of a processor: on one thread they are those of a quiet machine, and other work moves them less.
    """
    base = narrow_base()
    seconds: dict[str, list[float]] = {"ours": [], "script": []}
    wall: dict[str, list[float]] = {"ours": [], "script": []}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        write_set(Path(scratch), (SIDE, SIDE), PICTURES)
        dataset = read_dataset(Path(scratch), base.family.picture_step(base), SETTINGS.size)
        began = time.process_time()
        latents = encode_pictures(base, dataset.pictures, lambda done: None)
        caching = (time.process_time() - began) / (len(dataset.pictures) * PASSES / BATCH)
        with our_steps(base, dataset, latents) as ours, script_steps(base, dataset) as script:
            for turn in range(turns + 1):
                for name, step in (("ours", ours), ("script", script)):
                    if turn == 0:
                        peaks[name] = peak_of(step)
                        continue
                    began, began_wall = time.process_time(), time.perf_counter()
                    for _ in range(steps):
                        step()
                    seconds[name].append((time.process_time() - began) / steps)
                    wall[name].append((time.perf_counter() - began_wall) / steps)
    elapsed = {name: statistics.median(found) for name, found in wall.items()}
    mine, theirs = (statistics.median(seconds[name]) for name in ("ours", "script"))
    found = {
        "steps_ratio_sdxl": theirs / (mine + caching), "pure_steps_ratio_sdxl": theirs / mine,
        "elapsed_ratio_sdxl": elapsed["script"] / elapsed["ours"],
        "memory_ratio_sdxl": peaks["ours"] / peaks["script"], "sdxl_step_s": mine, "sdxl_script_step_s": theirs,
        "sdxl_caching_s": caching,
    }  # fmt: skip
    print(f"SDXL's layers at an eighth of their width, {SIDE}x{SIDE}, batch {BATCH}, rank {RANK}, medians of {turns} turns")
    print(f"  ours {mine:.3f} s a step and {caching:.3f} of caching; the script's arithmetic {theirs:.3f} s")
    print(f"  steps ratio {found['steps_ratio_sdxl']:.2f}, without caching {found['pure_steps_ratio_sdxl']:.2f};"
          f" live tensors at the peak {peaks['ours'] / 2**20:.0f} and {peaks['script'] / 2**20:.0f} MB", flush=True)  # fmt: skip
    return {name: round(value, 4) for name, value in found.items()}


def peak_of(step: Step) -> float:
    """Bytes of what is made and alive at the same time in a step, after one that made the optimiser's states."""
    step()
    with LiveMemory() as memory:
        step()
    return float(memory.peak)


def narrow_base() -> Base:
    torch.manual_seed(5)
    unet = UNet2DConditionModel(
        block_out_channels=(40, 80, 160), attention_head_dim=[1, 2, 4], norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=[1, 2, 10],
        cross_attention_dim=256, use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=160 + 6 * 32,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(16, 32, 64, 64), down_block_types=("DownEncoderBlock2D",) * 4, norm_num_groups=4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2, latent_channels=4, scaling_factor=0.13025,
    )  # fmt: skip
    kinds = (CLIPTextModel, 96, 12), (CLIPTextModelWithProjection, 160, 32)
    encoders = [
        kind(CLIPTextConfig(
            hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=4, projection_dim=160
        ))
        for kind, width, layers in kinds
    ]  # fmt: skip
    for model in (unet, vae, *encoders):
        model.requires_grad_(False).eval()
    family, modules = family_named("sdxl"), by_part(unet, *encoders)
    tokenizers = dict(zip(list(modules)[1:], family.read_tokenizers(CONFIGS / "sdxl").values(), strict=True))
    schedule = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    return Base(family, modules, tokenizers, vae, schedule, "narrow", "0" * 64)


@contextmanager
def our_steps(base: Base, dataset: Dataset, latents: list[Any]) -> Iterator[Step]:
    ones = [torch.ones(1, SIDE // base.factor, SIDE // base.factor) for _ in dataset.pictures]
    context = StepContext(
        base, SETTINGS, "", open_diffusion(base.schedule), dataset, latents, ones, ones, Texts(base, trained=False),
        [picture.frame for picture in dataset.pictures], Companions(base, []), bfloat16=False,
    )  # fmt: skip
    with adapted(base.denoiser, part_layers(DENOISER, base.denoiser, SETTINGS), 0, SETTINGS.init) as parameters:
        optimizer = open_optimizer(parameters, [], SETTINGS)
        schedule = open_schedule(optimizer, SETTINGS, 10_000)
        done = iter(range(10_000))

        def step() -> None:
            number = next(done)
            chosen = tuple((number * BATCH + i) % len(dataset.pictures) for i in range(BATCH))
            optimizer.zero_grad(set_to_none=True)
            loss = backward(context, Batch(chosen, (CAPTION,) * BATCH), number)
            torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            loss.item()

        yield step


@contextmanager
def script_steps(base: Base, dataset: Dataset) -> Iterator[Step]:
    """What one step of the script computes, with the settings above."""
    # Begun before ours wrapped the model, it would train ours too.
    base = replace(base, modules={**base.modules, DENOISER: _unwrapped(base)})
    unet, vae = base.denoiser, base.vae
    targets = ["to_k", "to_q", "to_v", "to_out.0"]
    unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=targets))
    parameters = [p for p in unet.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=SETTINGS.learning_rate, weight_decay=SETTINGS.weight_decay)
    noising = DDPMScheduler(**base.schedule)
    with torch.no_grad():
        text = base.family.encode_captions(base, [CAPTION])
    pixels = [_pixels(picture.path) for picture in dataset.pictures]
    sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]] * BATCH, dtype=torch.float32)
    done = iter(range(10_000))
    unet.train()

    def step() -> None:
        number = next(done)
        images = torch.stack([pixels[(number * BATCH + i) % len(pixels)] for i in range(BATCH)])
        latents = vae.encode(images).latent_dist.sample() * vae.config.scaling_factor
        noise = torch.randn_like(latents)
        t = torch.randint(0, 1000, (BATCH,))
        told = {"time_ids": sizes, "text_embeds": text.extra["text_embeds"].repeat(BATCH, 1)}
        noised = noising.add_noise(latents, noise, t)
        predicted = unet(noised, t, text.hidden.repeat(BATCH, 1, 1), added_cond_kwargs=told, return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(predicted.float(), noise.float(), reduction="mean")
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad()
        loss.detach().item()

    yield step


def _unwrapped(base: Base) -> Any:
    """A UNet of the same weights without our layers."""
    unet = UNet2DConditionModel.from_config(base.denoiser.config)
    own = {name.replace(".base_layer", ""): value for name, value in base.denoiser.state_dict().items() if ".lora_" not in name}
    unet.load_state_dict(deepcopy(own))
    return unet.requires_grad_(False)


def _pixels(path: Path) -> torch.Tensor:
    import numpy as np

    return torch.from_numpy(np.array(open_fitted(path, (SIDE, SIDE)))).permute(2, 0, 1) / 127.5 - 1


if __name__ == "__main__":
    steps_ratio(5, 4)
