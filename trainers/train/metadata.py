"""The metadata of a LoRA file: kohya's `ss_*` keys, which A1111 shows, and Stability's `modelspec.*`.

No times are written, so that the same training gives the same file.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from models.base.prompt.chunks import CHUNK, plain_chunks_of
from models.lora.layout import KIND_KEY
from models.lora.sites import TEXT
from trainers.train.data.dataset import Dataset
from trainers.train.optimizer import MAX_GRADIENT_NORM, optimizer_name, warmup_steps
from trainers.train.settings.request import TrainRequest

if TYPE_CHECKING:
    from models.base.family import Base
    from trainers.prepare.cutting.crops import Size
    from trainers.train.settings.preset import Preset

FINGERPRINT: Final = "huanhua_training"
"""Key of the training's fingerprint."""
COMPANIONS: Final = "huanhua_beside"
"""Key of the companion LoRAs: JSON, hash by trigger."""


def describe(
    request: TrainRequest, base: Base, prediction: str, dataset: Dataset, steps: int, fingerprint: str
) -> dict[str, str]:
    """The metadata of one LoRA; every value is text, as safetensors requires."""
    name, preset = request.out.stem, request.preset
    width, height = max((p.size for p in dataset.pictures), key=lambda size: size[0] * size[1])
    ss: dict[str, object] = {
        "output_name": name,
        "network_module": "networks.lora",
        "network_dim": preset.rank,
        "network_alpha": preset.alpha,
        "base_model_version": base.family.kohya_version,
        "sd_model_name": base.name,
        "new_sd_model_hash": base.hash,
        "v2": False,
        "clip_skip": 1 if base.family.honours_clip_skip else None,
        "resolution": f"({width}, {height})",
        "learning_rate": preset.learning_rate,
        "unet_lr": preset.learning_rate,
        "text_encoder_lr": preset.text_learning_rate if preset.text_rank else None,
        "lr_scheduler": preset.schedule,
        "lr_warmup_steps": warmup_steps(preset, steps),
        "optimizer": optimizer_name(preset),
        "num_epochs": preset.plan.epochs,
        "batch_size_per_device": preset.plan.batch // preset.accumulate,
        "gradient_accumulation_steps": preset.accumulate,
        "max_train_steps": steps,
        "steps": steps,
        "num_train_images": dataset.train_samples,
        "num_reg_images": dataset.reg_samples,
        "prior_loss_weight": preset.prior_weight,
        "min_snr_gamma": preset.min_snr_gamma,
        "noise_offset": preset.noise_offset,
        "caption_dropout_rate": preset.variety.dropout,
        "caption_tag_dropout_rate": preset.variety.tag_dropout,
        "shuffle_caption": preset.variety.shuffle,
        "keep_tokens": preset.variety.keep,
        "mixed_precision": preset.precision,
        "seed": preset.seed,
        "tag_frequency": json.dumps(_tags(dataset), ensure_ascii=False),
        "dataset_dirs": json.dumps(_folders(dataset, reg=False), ensure_ascii=False),
        "reg_dataset_dirs": json.dumps(_folders(dataset, reg=True), ensure_ascii=False),
    }
    # As kohya's scripts name them; only where they tell something, since all other trainings give the same file as before.
    if preset.masks != "unused":
        ss["masked_loss"] = True
    if (chunks := max(len(plain_chunks_of(base.tokenizers[TEXT], p.caption)) for p in dataset.pictures)) > 1:
        ss["max_token_length"] = CHUNK * chunks
    if preset.conv_rank:
        ss["network_args"] = json.dumps({"conv_dim": preset.conv_rank, "conv_alpha": preset.conv_alpha})
    spec = {
        "sai_model_spec": "1.0.0",
        "architecture": f"{base.family.architecture}/lora",
        "implementation": "https://github.com/Stability-AI/generative-models",
        "title": name,
        "resolution": f"{width}x{height}",
        "prediction_type": "v" if prediction == "v_prediction" else prediction,
        "trigger_phrase": request.trigger,
    }
    return {
        **{f"ss_{key}": str(value) for key, value in (ss | _viewed(preset, dataset, steps)).items()},
        **{f"modelspec.{key}": value for key, value in spec.items()},
        **({KIND_KEY: request.kind} if request.kind is not None else {}),
        FINGERPRINT: fingerprint,
        "huanhua_preset": json.dumps(preset.described()),
    }


def _viewed(preset: Preset, dataset: Dataset, steps: int) -> dict[str, object]:
    """What viewers of metadata show besides: A1111's card of a LoRA shows sizes from `bucket_info` alone."""
    return {
        "epoch": preset.plan.epochs,
        "total_batch_size": preset.plan.batch,
        "num_batches_per_epoch": steps // preset.plan.epochs,
        "max_grad_norm": MAX_GRADIENT_NORM,
        "loss_type": "l2",
        "gradient_checkpointing": preset.gradient_checkpointing,
        "cache_latents": True,
        "color_aug": False,
        "flip_aug": False,
        "random_crop": False,
        "enable_bucket": True,
        "bucket_info": json.dumps(_buckets(dataset)),
    }


def _buckets(dataset: Dataset) -> dict[str, object]:
    """Pictures by size, repeats and regularisation included as kohya counts, and how far from its own shape one is on average."""
    counted: Counter[Size] = Counter()
    errors = []
    for picture in dataset.pictures:
        counted[picture.size] += picture.repeats
        width, height = picture.original or picture.size
        errors.append(abs(width / height - picture.size[0] / picture.size[1]))
    buckets = {str(i): {"resolution": size, "count": counted[size]} for i, size in enumerate(sorted(counted))}
    return {"buckets": buckets, "mean_img_ar_error": sum(errors) / len(errors)}


def _tags(dataset: Dataset) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for picture in dataset.pictures:
        tags = (tag.strip() for tag in picture.caption.split(","))
        found.setdefault(picture.path.parent.name, Counter()).update(tag for tag in tags if tag)
    return {folder: dict(counted.most_common()) for folder, counted in found.items()}


def _folders(dataset: Dataset, *, reg: bool) -> dict[str, dict[str, int]]:
    chosen = [p for p in dataset.pictures if p.is_reg == reg]
    counted = Counter(p.path.parent.name for p in chosen)
    repeats = {p.path.parent.name: p.repeats for p in chosen}
    return {folder: {"n_repeats": repeats[folder], "img_count": count} for folder, count in counted.items()}
