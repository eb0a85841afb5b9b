"""The lab's part parser: a small SegFormer in a transformers folder, trained on drawn figures and their part masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

from studies.paperdoll.make.training.corruption import corrupted, hue_turned
from studies.paperdoll.make.training.device import mixed
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.make.training.pool import SIZE, Pool, drawn_pool
from studies.paperdoll.world.pen import PARTS

STEPS = 1800
BATCH = 12
COUNT = 3000
MEAN, STD = 0.5, 0.5
BORDER = 3.0
"""How much a pixel within two of a border between parts counts: there two feet are one or two."""


def build() -> SegformerForSemanticSegmentation:
    """The first stage cuts the size to a third instead of a quarter: arms are a few pixels wide here."""
    labels = dict(enumerate(PARTS))
    config = SegformerConfig(
        depths=[1, 1, 2, 2],
        hidden_sizes=[16, 40, 64, 112],
        strides=[3, 2, 2, 2],
        patch_sizes=[7, 3, 3, 3],
        num_attention_heads=[1, 2, 4, 7],
        sr_ratios=[8, 4, 2, 1],
        mlp_ratios=[3, 3, 3, 3],
        decoder_hidden_size=48,
        id2label=labels,
        label2id={name: i for i, name in labels.items()},
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
    )
    return SegformerForSemanticSegmentation(config)


def processor() -> SegformerImageProcessor:
    width, height = SIZE
    return SegformerImageProcessor(size={"height": height, "width": width}, image_mean=[MEAN] * 3, image_std=[STD] * 3)


def as_batch(pool: Pool, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Corrupted pictures (N, 3, H, W) in [0, 1] and their parts (N, H, W); half are mirrored, a quarter in other colours."""
    images = torch.from_numpy(pool.images[rows]).permute(0, 3, 1, 2).float() / 255
    parts = torch.from_numpy(pool.parts[rows]).long()
    if rng.random() < 0.5:
        images, parts = images.flip(-1), parts.flip(-1)
    if rng.random() < 0.25:
        images = hue_turned(images, rng)
    return corrupted(images, rng), parts


def near_borders(parts: Tensor, reach: int = 2) -> Tensor:
    """Where another part is within `reach` pixels: (N, H, W) of 0 and 1."""
    x, side = parts[:, None].float(), 2 * reach + 1
    most, least = F.max_pool2d(x, side, 1, reach), -F.max_pool2d(-x, side, 1, reach)
    return (most != least)[:, 0].float()


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out`/config.json, preprocessor_config.json and model.safetensors (fp16)."""
    torch.manual_seed(40)
    pool = drawn_pool(COUNT, 0, work)
    model = build()
    weights = torch.ones(len(PARTS))
    weights[PARTS.index("hands")] = weights[PARTS.index("feet")] = weights[PARTS.index("arms")] = 2.0

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((41, step))
        images, parts = as_batch(pool, rng.integers(len(pool.figures), size=BATCH), rng)
        with mixed():
            logits = model((images - MEAN) / STD).logits
        full = F.interpolate(logits.float(), size=parts.shape[-2:], mode="bilinear", align_corners=False)
        each = F.cross_entropy(full, parts, weights, reduction="none")
        return (each * (1 + (BORDER - 1) * near_borders(parts))).mean()

    trained = train(model, loss, steps=steps, rate=2e-3, state=work / "parser.pt", ema=0.99, weight_decay=0.01)
    save(trained, out)


def save(model: nn.Module, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for weights in (*model.parameters(), *model.buffers()):
        weights.data = weights.data.half() if weights.is_floating_point() else weights.data
    assert isinstance(model, SegformerForSemanticSegmentation)
    model.save_pretrained(out)
    processor().save_pretrained(out)
