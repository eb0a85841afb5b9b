"""A training set to a LoRA file: one loop, seeded anew at every step, so that a killed run ends with the same file."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.disk import check_writable, writing
from models.lora.file import LoraFile, read_metadata, write_lora
from models.precision import multiplies_in_bfloat16
from trainers.train.adapters import adapted, text_layers, trained_layers, unet_layers
from trainers.train.batches import Batch, batches
from trainers.train.callback import TrainingCallback
from trainers.train.checkpoint import Checkpoint
from trainers.train.companion_loras import Companions
from trainers.train.dataset import Dataset, Picture, read_dataset
from trainers.train.encoding import Texts, encode_pictures
from trainers.train.loss import open_diffusion
from trainers.train.metadata import BESIDE, FINGERPRINT, describe
from trainers.train.preset import Precision, Preset
from trainers.train.region import covered
from trainers.train.step import Task, backward

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.base.opening import Base
from trainers.train.progress import Progress, Trained


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
    watcher: TrainingCallback | None = None,
    save_seconds: float = 30.0,
) -> Trained:
    """Trains on `dataset` (kohya's layout) and writes `out`, a .safetensors file, whole or not at all. `base` is left as it was.

    A checkpoint lies in `work` every `save_seconds`; the same call goes on from it, and does nothing if `out` is already the
    result of this very training. Regularisation pictures without captions are trained under their folder's token, as kohya does.
    `companions` are finished LoRAs of the same base that will be worn together with this one: while it learns, each is on at a
    weight drawn anew for every step, its trigger in the captions, so that this one learns its own part beside theirs.
    `watcher` is told each loss and shown the model; nothing of it is told of a file that is there already.
    Raises InputError for a bad set, an `out` that is there and no safetensors file or cannot be written, and a training that
    diverges.
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

    def say_encoded(done: int) -> None:
        say(f"encoding {done}/{len(held.pictures)}", 0, 0.0, None)

    # Before hours are spent on what cannot be kept.
    check_writable(out.parent)
    say_encoded(0)
    latents = encode_pictures(base, held.pictures, say_encoded)
    diffusion = open_diffusion(base.schedule)
    texts = Texts(base, trained=preset.text_rank > 0)
    inside = [_inside(picture, base.factor, preset) for picture in held.pictures]
    worn = Companions(base, companions)
    bfloat16 = _uses_bfloat16(preset.precision, base.device)
    task = Task(base, preset, trigger, diffusion, held, latents, inside, texts, worn, bfloat16)
    checkpoint = Checkpoint(work / f"{out.stem}.checkpoint", fingerprint)
    with (
        worn.worn(),
        adapted(base.unet, unet_layers(base.unet, preset), preset.seed, preset.init) as unet_parameters,
        adapted(base.text_encoder, text_layers(base.text_encoder, preset), preset.seed + 1, preset.init) as text_parameters,
        _checkpointed_gradients(base, preset.gradient_checkpointing),
    ):
        loss = _steps(task, plan, unet_parameters, text_parameters, checkpoint, say, watcher, save_seconds)
        layers = trained_layers(base.unet, preset.stored), trained_layers(base.text_encoder, preset.stored)
    described = describe(out.stem, trigger, base, diffusion.prediction, preset, held, len(plan), fingerprint)
    described |= {BESIDE: json.dumps({word: lora.hash for word, lora in zip(worn.triggers, companions, strict=True)})}
    with writing(out):
        digest = write_lora(out, *layers, described)
    checkpoint.remove()
    return Trained(out, digest, len(plan), *counts, loss, time.monotonic() - began, held.advice)


def _steps(
    task: Task,
    plan: list[Batch],
    unet_parameters: list[Tensor],
    text_parameters: list[Tensor],
    checkpoint: Checkpoint,
    say: Callable[[str, int, float, float | None], None],
    watcher: TrainingCallback | None,
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
    optimizer = torch.optim.AdamW(groups, weight_decay=preset.weight_decay, fused=True)
    warmup = round(preset.warmup * len(plan))
    schedule = get_scheduler(preset.schedule, optimizer, num_warmup_steps=warmup, num_training_steps=len(plan))
    losses = checkpoint.load(parameters, optimizer=optimizer, schedule=schedule)
    first = len(losses)
    mean = _running_mean(losses)
    if watcher is not None:
        watcher.begun(checkpoint.fingerprint, len(plan), tuple(losses))
        _show(task, watcher, first)
    began = saved = time.monotonic()
    for step in range(first, len(plan)):
        optimizer.zero_grad(set_to_none=True)
        loss = backward(task, plan[step], step)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise InputError(f"the training diverged at step {step + 1}", checkpoint.path.stem, "lower the learning rate")
        mean = _running_mean(losses[-1:], mean if step else None)
        if watcher is not None:
            watcher.stepped(step + 1, losses[-1])
            _show(task, watcher, step + 1)
        now = time.monotonic()
        if now - saved >= save_seconds:
            checkpoint.save(losses, parameters, optimizer=optimizer, schedule=schedule)
            saved = now
        say("training", step + 1, mean, (now - began) / (step + 1 - first) * (len(plan) - step - 1))
    return mean


def _running_mean(losses: Sequence[float], mean: float | None = None) -> float:
    """Of losses that come after those of `mean`; 0 if there are none."""
    for loss in losses:
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
    return mean or 0.0


def _show(task: Task, watcher: TrainingCallback, step: int) -> None:
    import torch

    if watcher.looks_at(step):
        # The next step puts the companions on again, at weights of its own.
        task.companions.wear([0.0] * len(task.companions.triggers))
        with torch.no_grad():
            watcher.look(step)


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
    said = json.dumps([3, asdict(preset), trigger, base.hash, str(base.unet.dtype), dataset.hash, beside])
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
