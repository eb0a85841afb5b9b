"""A training set to a LoRA file: one loop, seeded anew at every step, so that a killed run ends with the same file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.io.disk import check_writable, writing
from models.language.translate import phrase
from models.lora.file import LoraFile, read_metadata, write_lora
from models.lora.sites import DENOISER, Site
from models.precision import multiplies_in_bfloat16
from trainers.train.callback import TrainingCallback
from trainers.train.checkpoint import Checkpoint
from trainers.train.data.batches import Batch, batches
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.encoding import Texts, encode_pictures, longer_captions
from trainers.train.data.masks import mask_share, masks_of
from trainers.train.data.region import check_boxes, thing_share
from trainers.train.data.report import describe_dataset, describe_sizes
from trainers.train.epoch_files import EpochCallback, EpochFiles, epoch_identity
from trainers.train.fingerprint import fingerprint
from trainers.train.layers.adapters import adapted, part_layers, trained_layers
from trainers.train.layers.companion_loras import Companions
from trainers.train.loop import Report, run_steps
from trainers.train.loss import open_diffusion
from trainers.train.metadata import COMPANIONS, FINGERPRINT, describe
from trainers.train.optimizer import check_optimizer
from trainers.train.progress import Progress, Trained
from trainers.train.settings.preset import Precision
from trainers.train.settings.request import TrainRequest
from trainers.train.step import StepContext

if TYPE_CHECKING:
    import torch

    from models.base.family import Base


def train(
    request: TrainRequest,
    base: Base,
    companions: Sequence[LoraFile] = (),
    *,
    progress: Callable[[Progress], None] | None = None,
    callback: TrainingCallback | None = None,
    message: Callable[[str], None] | None = None,
) -> Trained:
    """Trains on `request.dataset` and writes `request.out`, whole or not at all. `base` is afterwards as it was.

    The same call resumes from the checkpoint of a killed run, and does nothing if `out` is already the result of this training.
    Regularisation images without captions are trained under their folder's token, as in kohya's scripts. `companions` are
    finished LoRAs of the same base that will be active together with this one: each is active at a random weight in every step,
    its trigger in the captions, so that this LoRA learns its own part next to theirs.
    Calls `progress` for every encoded chunk and step, from this thread, and `message` with each line about the set before that.
    Raises InputError for a bad set, an `out` that exists and is no safetensors file or cannot be written, a damaged checkpoint,
    and a training that diverges.
    """
    started, preset = time.monotonic(), request.preset
    check_optimizer(preset)
    step = base.family.picture_step(base)
    dataset = read_dataset(request.dataset, step, preset.size, renamed=preset.outside != "photo")
    plan = batches(dataset.pictures, batch=preset.plan.batch, epochs=preset.plan.epochs, variety=preset.variety, seed=preset.seed)
    counts = preset.plan.steps_of(dataset.train_samples), preset.plan.steps_of(dataset.reg_samples)
    check_boxes(dataset, preset, has_companions=bool(companions))
    masks = masks_of(dataset, preset.masks)
    weights = [mask_share(picture, masks.get(picture.path), base.factor) for picture in dataset.pictures]
    if message is not None:
        longer = longer_captions(base, [picture.caption for picture in dataset.pictures])
        knows_sizes = bool(base.family.picture_conditioning(base, [dataset.pictures[0].frame]))
        for line in [
            *describe_dataset(dataset, request.trigger, longer, masks),
            *(describe_sizes(dataset, preset.size) if knows_sizes else []),
        ]:
            message(line)
    identity = fingerprint(request, dataset, base, companions, masks)
    files = None if request.save_every is None else EpochFiles(request.out, request.save_every, preset.plan.epochs, len(plan))
    stored = read_metadata(request.out) if request.out.exists() else {}
    done = stored.get(FINGERPRINT) == identity
    if files is not None:
        files.check(identity, done=done)
    if done:
        digest = stored.get("sshs_model_hash", "")
        return Trained(request.out, digest, len(plan), *counts, math.nan, 0.0, dataset.advice)

    def report(stage: str, step: int, loss: float, seconds_left: float | None) -> None:
        if progress is not None:
            progress(Progress(stage, step, len(plan), loss, seconds_left, *counts))

    # Before hours are spent on a file that cannot be written.
    check_writable(request.out.parent)
    context = _encoded(request, base, dataset, weights, companions, report)
    checkpoint = Checkpoint(request.checkpoints / f"{request.out.stem}.checkpoint", identity)
    run = _Run(request, context, len(plan), checkpoint, companions, files, base.family.file_names(base))
    digest, loss = _trained(run, plan, report, callback)
    checkpoint.remove()
    return Trained(request.out, digest, len(plan), *counts, loss, time.monotonic() - started, dataset.advice)


def _encoded(
    request: TrainRequest,
    base: Base,
    dataset: Dataset,
    masks: list[torch.Tensor],
    companions: Sequence[LoraFile],
    report: Report,
) -> StepContext:
    """Encodes the images and prepares what all steps share."""

    def on_encoded(done: int) -> None:
        report(phrase("encoding {done}/{all}", done=done, all=len(dataset.pictures)), 0, 0.0, None)

    on_encoded(0)
    return StepContext(
        base=base,
        preset=request.preset,
        trigger=request.trigger,
        latents=encode_pictures(base, dataset.pictures, on_encoded),
        diffusion=open_diffusion(base.schedule),
        dataset=dataset,
        things=[thing_share(picture, base.factor, request.preset) for picture in dataset.pictures],
        masks=masks,
        texts=Texts(base, trained=request.preset.text_rank > 0),
        frames=[picture.frame for picture in dataset.pictures],
        companions=Companions(base, companions),
        bfloat16=_autocasts(request.preset.precision, base),
    )


@dataclass(frozen=True)
class _Run:
    """What the files of one training are made of."""

    request: TrainRequest
    context: StepContext
    steps: int
    checkpoint: Checkpoint
    companions: Sequence[LoraFile]
    files: EpochFiles | None
    names: Callable[[Site], str]
    """Of the family's files: asked for before the layers are adapted, which changes what it reads."""

    def write_epoch(self, epoch: int, path: Path) -> None:
        self.write(path, epoch)

    def write(self, path: Path, epoch: int | None = None) -> str:
        """The LoRA as it is now, after `epoch` epochs or, for None, all of them; returns its model hash."""
        base, preset = self.context.base, self.request.preset
        layers = {part: trained_layers(model, preset.stored) for part, model in base.modules.items()}
        identity = self.checkpoint.fingerprint
        told, steps, request = identity, self.steps, self.request
        if epoch is not None:
            plan = replace(preset.plan, epochs=epoch)
            request = replace(request, preset=replace(preset, plan=plan), save_every=None)
            told, steps = epoch_identity(identity, epoch), self.steps // preset.plan.epochs * epoch
        metadata = describe(request, base, self.context.diffusion.prediction, self.context.dataset, steps, told)
        hashes = {trigger: lora.hash for trigger, lora in zip(self.context.companions.triggers, self.companions, strict=True)}
        with writing(path):
            return write_lora(path, layers, metadata | {COMPANIONS: json.dumps(hashes)}, name=self.names)


def _trained(run: _Run, plan: list[Batch], report: Report, callback: TrainingCallback | None) -> tuple[str, float]:
    """Runs the steps and writes the files; returns the model hash of the last and the running mean of the loss."""
    base, preset, request = run.context.base, run.request.preset, run.request
    if run.files is not None:
        callback = EpochCallback(run.files, run.write_epoch, callback)
    with ExitStack() as stack:
        stack.enter_context(run.context.companions.restored())
        parameters = {
            part: stack.enter_context(adapted(model, part_layers(part, model, preset), preset.seed + i, preset.init))
            for i, (part, model) in enumerate(base.modules.items())
        }
        stack.enter_context(_gradient_checkpointing(base, preset.gradient_checkpointing))
        of_denoiser = parameters.pop(DENOISER)
        trainable = of_denoiser, [parameter for found in parameters.values() for parameter in found]
        loss = run_steps(run.context, plan, trainable, run.checkpoint, request.checkpoint_seconds, report, callback)
        return run.write(request.out), loss


def _autocasts(precision: Precision, base: Base) -> bool:
    """Whether the base computes in bfloat16 and its weights are of another type."""
    import torch

    if base.dtype == torch.bfloat16:
        return False
    return multiplies_in_bfloat16(base.device) if precision == "auto" else precision == "bfloat16"


@contextmanager
def _gradient_checkpointing(base: Base, enabled: bool) -> Iterator[None]:
    """Within it, if enabled, activations are recomputed instead of stored."""
    if not enabled:
        yield
        return
    base.denoiser.enable_gradient_checkpointing()
    base.denoiser.train()
    try:
        yield
    finally:
        base.denoiser.eval()
        base.denoiser.disable_gradient_checkpointing()
