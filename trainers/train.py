"""A training set to a LoRA file: one loop, seeded anew at every step, so that a killed run ends with the same file."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.arithmetic import multiplies_in_bfloat16
from models.errors import InputError
from models.lora import LoraFile, read_metadata, write_lora
from trainers.adapters import adapted, at_rest, text_layers, trained_layers, unet_layers
from trainers.batches import Batch, batches
from trainers.captions import beside, without
from trainers.checkpoint import Checkpoint
from trainers.companions import Companions, drawn_weights
from trainers.dataset import Dataset, Picture, read_dataset
from trainers.encoding import Latent, Texts, encode_pictures
from trainers.loss import Diffusion, denoising_loss, open_diffusion
from trainers.metadata import BESIDE, FINGERPRINT, describe
from trainers.preset import Outside, Precision, Preset
from trainers.region import covered

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.base import Base


@dataclass(frozen=True)
class Progress:
    """Where a training stands. `loss` is a running mean; `seconds_left` is None until a step has been timed.

    `train_steps` and `reg_steps` are the whole training's, counted as pictures x repeats x epochs / batch.
    """

    stage: str
    step: int
    steps: int
    loss: float
    seconds_left: float | None
    train_steps: int
    reg_steps: int


@dataclass(frozen=True)
class Trained:
    """A finished LoRA file. `hash` is its `sshs_model_hash`; `seconds` is this run's time, 0 if the file was there already.

    `advice` is what the tutorial would say about its pictures.
    """

    path: Path
    hash: str
    steps: int
    train_steps: int
    reg_steps: int
    loss: float
    seconds: float
    advice: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    """All that the steps need and that does not change."""

    base: Base
    preset: Preset
    trigger: str
    diffusion: Diffusion
    dataset: Dataset
    latents: list[Latent]
    inside: list[Tensor]
    texts: Texts
    companions: Companions
    bfloat16: bool


def check_out(out: Path) -> None:
    """Raises InputError for a name that says it is no LoRA file."""
    if out.suffix != ".safetensors":
        raise InputError("a LoRA must be a .safetensors file", out, f"name it {out.stem}.safetensors")


def train(
    dataset: Path,
    out: Path,
    base: Base,
    preset: Preset,
    *,
    trigger: str,
    work: Path,
    companions: Sequence[LoraFile] = (),
    progress: Callable[[Progress], None] | None = None,
    save_seconds: float = 30.0,
) -> Trained:
    """Trains on `dataset` (kohya's layout) and writes `out`, a .safetensors file, whole or not at all. `base` is left as it was.

    A checkpoint lies in `work` every `save_seconds`; the same call goes on from it, and does nothing if `out` is already the
    result of this very training. Regularisation pictures without captions are trained under their folder's token, as kohya does.
    `companions` are finished LoRAs of the same base that will be worn together with this one: while it learns, each is on at a
    weight drawn anew for every step, its trigger in the captions, so that this one learns its own part beside theirs.
    Raises InputError for a bad set, an `out` that is there and no safetensors file, and a training that diverges.
    """
    check_out(out)
    began = time.monotonic()
    held = read_dataset(dataset, base.factor)
    plan = batches(
        held.pictures,
        batch=preset.plan.batch,
        epochs=preset.plan.epochs,
        variety=preset.variety,
        seed=preset.seed,
    )
    counts = preset.plan.steps_of(held.train_samples), preset.plan.steps_of(held.reg_samples)
    _check_outside(held, preset, companions)
    fingerprint = _fingerprint(held, base, preset, trigger, companions)
    if out.exists():
        known = read_metadata(out)
        if known.get(FINGERPRINT) == fingerprint:
            return Trained(out, known.get("sshs_model_hash", ""), len(plan), *counts, math.nan, 0.0, held.advice)

    def say(stage: str, step: int, loss: float, left: float | None) -> None:
        if progress is not None:
            progress(Progress(stage, step, len(plan), loss, left, *counts))

    latents = encode_pictures(base, held.pictures, lambda done: say(f"encoding {done}/{len(held.pictures)}", 0, 0.0, None))
    diffusion = open_diffusion(base.schedule)
    texts = Texts(base, trained=preset.text_rank > 0)
    inside = [_inside(picture, base.factor, preset) for picture in held.pictures]
    worn = Companions(base, companions)
    bfloat16 = _uses_bfloat16(preset.precision, base.device)
    task = _Task(base, preset, trigger, diffusion, held, latents, inside, texts, worn, bfloat16)
    checkpoint = Checkpoint(work / f"{out.stem}.checkpoint", fingerprint)
    with (
        worn.worn(),
        adapted(base.unet, unet_layers(base.unet, preset), preset.seed) as unet_parameters,
        adapted(base.text_encoder, text_layers(base.text_encoder, preset), preset.seed + 1) as text_parameters,
        _checkpointed_gradients(base, preset.gradient_checkpointing),
    ):
        loss = _steps(task, plan, unet_parameters, text_parameters, checkpoint, say, save_seconds)
        layers = trained_layers(base.unet), trained_layers(base.text_encoder)
    described = describe(out.stem, trigger, base, diffusion.prediction, preset, held, len(plan), fingerprint)
    described |= {BESIDE: json.dumps({word: lora.hash for word, lora in zip(worn.triggers, companions, strict=True)})}
    digest = write_lora(out, *layers, described)
    checkpoint.remove()
    return Trained(out, digest, len(plan), *counts, loss, time.monotonic() - began, held.advice)


def _steps(
    task: _Task,
    plan: list[Batch],
    unet_parameters: list[Tensor],
    text_parameters: list[Tensor],
    checkpoint: Checkpoint,
    say: Callable[[str, int, float, float | None], None],
    save_seconds: float,
) -> float:
    """Runs the steps that are still to do; returns the running mean of the loss."""
    import torch
    from diffusers.optimization import get_scheduler

    preset = task.preset
    parameters = [*unet_parameters, *text_parameters]
    groups = [{"params": unet_parameters, "lr": preset.learning_rate}]
    if text_parameters:
        groups.append({"params": text_parameters, "lr": preset.text_learning_rate})
    optimizer = torch.optim.AdamW(groups, weight_decay=preset.weight_decay)
    warmup = round(preset.warmup * len(plan))
    schedule = get_scheduler(preset.schedule, optimizer, num_warmup_steps=warmup, num_training_steps=len(plan))
    first, mean = checkpoint.load(parameters, optimizer=optimizer, schedule=schedule)
    began = saved = time.monotonic()
    for step in range(first, len(plan)):
        optimizer.zero_grad(set_to_none=True)
        value = _backward(task, plan[step], step)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if not math.isfinite(value):
            raise InputError(f"the training diverged at step {step + 1}", checkpoint.path.stem, "lower the learning rate")
        mean = value if step == 0 else 0.95 * mean + 0.05 * value
        now = time.monotonic()
        if now - saved >= save_seconds:
            checkpoint.save(step + 1, mean, parameters, optimizer=optimizer, schedule=schedule)
            saved = now
        say("training", step + 1, mean, (now - began) / (step + 1 - first) * (len(plan) - step - 1))
    return mean


def _backward(task: _Task, batch: Batch, step: int) -> float:
    """Adds the gradients of one step and returns its loss; all that is random comes from the seed and the step's number."""
    import numpy as np
    import torch

    device, preset = task.base.device, task.preset
    seed = int(np.random.SeedSequence((preset.seed, step)).generate_state(1)[0])
    generator = torch.Generator().manual_seed(seed)
    x0 = torch.stack([task.latents[i].sample(generator) for i in batch.pictures])
    noise = torch.randn(x0.shape, generator=generator)
    if preset.noise_offset:
        noise = noise + preset.noise_offset * torch.randn((*x0.shape[:2], 1, 1), generator=generator)
    level = torch.rand(len(x0), generator=generator, dtype=torch.float64) ** (1 / preset.noisy)
    t = (level * task.diffusion.steps).long()
    weights = torch.tensor([preset.prior_weight if task.dataset.pictures[i].is_reg else 1.0 for i in batch.pictures])
    kept = torch.rand(len(x0), generator=generator) < preset.preserve
    shown, counted = _regions(torch.stack([task.inside[i] for i in batch.pictures]), kept, preset.outside)
    captions = _beside_companions(task, batch.captions, generator)
    said = [without(c, task.trigger) if keep else c for c, keep in zip(captions, kept.tolist(), strict=True)]
    total, size = 0.0, math.ceil(len(x0) / preset.accumulate)
    for start in range(0, len(x0), size):
        part = slice(start, start + size)
        held = (x.to(device) for x in (x0[part], noise[part], t[part], weights[part], shown[part], counted[part]))
        loss = _loss(task, said[part], *held) * (len(x0[part]) / len(x0))
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return total


def _beside_companions(task: _Task, captions: Sequence[str], generator: torch.Generator) -> list[str]:
    """Puts the companions on at weights of their own and says the triggers of those that are on."""
    import numpy as np
    import torch

    worn = task.companions
    if not worn.triggers:
        return list(captions)
    weights = drawn_weights(len(worn.triggers), generator)
    worn.wear(weights)
    words = [word for word, weight in zip(worn.triggers, weights, strict=True) if weight]
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    return [beside(caption, words, task.preset.variety.keep, rng) for caption in captions]


def _regions(inside: Tensor, kept: Tensor, outside: Outside) -> tuple[Tensor, Tensor]:
    """By picture and cell (N, 1, h, w): the photo's share of the target, the rest being the base's, and how much the cell counts.

    `inside` is the thing's share of each cell; of pictures that are `kept` all shall stay as the base has it."""
    import torch

    whole = torch.ones_like(inside)
    shown = inside if outside == "base" else whole
    counted = inside if outside == "nothing" else whole
    kept = kept.view(-1, 1, 1, 1)
    return torch.where(kept, 0.0, shown), torch.where(kept, 1.0, counted)


def _loss(
    task: _Task, captions: Sequence[str], x0: Tensor, noise: Tensor, t: Tensor, weights: Tensor, shown: Tensor, counted: Tensor
) -> Tensor:
    """The denoising loss of a part of a batch; what is not `shown` has the base's answer without the trigger as its target."""
    gamma = task.preset.min_snr_gamma
    x_t, target = task.diffusion.add_noise(x0, noise, t), task.diffusion.target(x0, noise, t)
    left = (shown < 1).flatten(1).any(dim=1)
    if left.any():
        unsaid = [without(c, task.trigger) for c, leave in zip(captions, left.tolist(), strict=True) if leave]
        target = target.clone()
        target[left] = shown[left] * target[left] + (1 - shown[left]) * _base_says(task, unsaid, x_t[left], t[left])
    predicted = _predict(task, captions, x_t, t)
    if gamma is not None:
        weights = weights * task.diffusion.min_snr_weights(t, gamma)
    return denoising_loss(predicted, target, weights, counted)


def _predict(task: _Task, captions: Sequence[str], x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    unet = task.base.unet
    with torch.autocast(x_t.device.type, torch.bfloat16, enabled=task.bfloat16):
        context = task.texts.embed(captions)
        predicted: Tensor = unet(x_t.to(unet.dtype), t, context.to(unet.dtype), return_dict=False)[0]
    return predicted


def _base_says(task: _Task, captions: Sequence[str], x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    with torch.no_grad(), at_rest(task.base.unet), at_rest(task.base.text_encoder):
        return _predict(task, captions, x_t, t).float()


def _check_outside(dataset: Dataset, preset: Preset, companions: Sequence[LoraFile]) -> None:
    """Raises InputError where it is not known what is the thing and what is not, although that is asked for."""
    if preset.outside == "photo":
        if companions:
            raise InputError(
                "beside other LoRAs, whole photos would teach this one to undo theirs",
                dataset.folder,
                "add --set outside=base",
            )
        return
    unknown = next((picture for picture in dataset.pictures if picture.thing is None), None)
    if unknown is not None:
        raise InputError(
            f"outside={preset.outside} must know where the thing is: no manifest says so",
            unknown.path,
            "make the set with huanhua prepare",
        )


def _inside(picture: Picture, factor: int, preset: Preset) -> Tensor:
    """What share of each latent cell is the thing's (1, h, w); everything where the whole photo is learnt."""
    from torch import ones

    if preset.outside == "photo" or picture.thing is None:
        return ones(1, picture.size[1] // factor, picture.size[0] // factor)
    return covered(picture.thing, picture.size, factor)


def _fingerprint(dataset: Dataset, base: Base, preset: Preset, trigger: str, companions: Sequence[LoraFile]) -> str:
    """Names a training: the same settings, pictures, captions, base and companions give the same file."""
    beside = [lora.digest for lora in companions]
    said = json.dumps([2, asdict(preset), trigger, base.hash, str(base.unet.dtype), dataset.hash, beside])
    return hashlib.sha256(said.encode()).hexdigest()


def _uses_bfloat16(precision: Precision, device: torch.device) -> bool:
    return multiplies_in_bfloat16(device) if precision == "auto" else precision == "bfloat16"


@contextmanager
def _checkpointed_gradients(base: Base, wanted: bool) -> Iterator[None]:
    """Recomputes activations instead of keeping them, while it lasts."""
    if not wanted:
        yield
        return
    base.unet.enable_gradient_checkpointing()
    base.unet.train()
    try:
        yield
    finally:
        base.unet.eval()
        base.unet.disable_gradient_checkpointing()
