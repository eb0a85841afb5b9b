"""The lab's tagger, in the file form of the WD14 family: a small convolutional network that reads the world's own tags."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.vision.tagger import GENERAL, MODEL, TABLE
from studies.paperdoll.make.training.corruption import corrupted
from studies.paperdoll.make.training.export import export_onnx
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.make.training.pool import SIZE, drawn_pool
from studies.paperdoll.world.captions import tags

STEPS = 2000
BATCH = 48
COUNT = 9000
RARE = 15
"""A tag that fewer figures have is not learnt."""
SIDE = 128


class Tagger(nn.Module):
    """(N, 3, 128, 128) in [0, 1], RGB, to logits (N, tags)."""

    def __init__(self, count: int) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 144)
        blocks: list[nn.Module] = []
        for a, b in pairwise(widths):
            blocks += [nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
            blocks += [nn.Conv2d(b, b, 3, padding=1, groups=b, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
        self.body = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(widths[-1] * 64, 192), nn.ReLU(), nn.Linear(192, count))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body((x - 0.5) * 2))
        return logits


class Shipped(nn.Module):
    """The tagger as its family takes pictures: (N, 128, 128, 3) BGR in 0..255 to probabilities."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.tagger(x.flip(-1).permute(0, 3, 1, 2) / 255)
        return logits.sigmoid()


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out`/model.onnx and `out`/selected_tags.csv."""
    torch.manual_seed(46)
    pool = drawn_pool(COUNT, 1, work)
    truths = [set(tags(f)) for f in pool.figures]
    counted = Counter(tag for own in truths for tag in own)
    names = [tag for tag, count in counted.most_common() if count >= RARE]
    truth = torch.tensor([[float(name in own) for name in names] for own in truths])
    model = Tagger(len(names))

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((47, step))
        rows = rng.integers(len(truth), size=BATCH)
        x = torch.from_numpy(pool.images[rows]).permute(0, 3, 1, 2).float() / 255
        return F.binary_cross_entropy_with_logits(model(squared(corrupted(x, rng, 0.3))), truth[torch.from_numpy(rows)])

    trained = train(model, loss, steps=steps, rate=3e-3, state=work / "tagger.pt", ema=0.99)
    assert isinstance(trained, Tagger)
    export_onnx(Shipped(trained), torch.zeros(2, SIDE, SIDE, 3), out / MODEL, ["probabilities"])
    with (out / TABLE).open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("tag_id", "name", "category", "count"))
        rows.writerows((i, name.replace(" ", "_"), GENERAL, counted[name]) for i, name in enumerate(names))


def squared(x: Tensor) -> Tensor:
    """(N, 3, 192, 128) padded with white to squares and resized to the side the tagger takes."""
    left = (SIZE[1] - SIZE[0]) // 2
    padded = F.pad(x, (left, SIZE[1] - SIZE[0] - left, 0, 0), value=1.0)
    return F.interpolate(padded, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
