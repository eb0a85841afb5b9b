"""The lab's CLIP: a small open_clip model folder, trained on regions and whole figures and their tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from models.boxes import PixelBox
from scorers.observe.crops import masked_crop, square_crop
from scorers.observe.parts import box_of
from studies.paperdoll.make.training.corruption import corrupted
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.make.training.pool import Pool, drawn_pool
from studies.paperdoll.world.captions import garment_tags, person_tags, shoe_tags, tags
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.pen import PART

STEPS = 1500
BATCH = 64
COUNT = 3000
SIDE = 64
MEAN, STD = 0.5, 0.5
CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 128,
        "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 16, "head_width": 32},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
    },
    "preprocess_cfg": {
        "mean": [MEAN] * 3,
        "std": [STD] * 3,
        "interpolation": "bicubic",
        "resize_mode": "longest",
        "fill_color": 127,
    },
}


@dataclass(frozen=True)
class Views:
    """`crops` (N, 64, 64, 3) in 0..255, and for each all the tags that are true of it."""

    crops: NDArray[np.uint8]
    tags: list[list[str]]


TAGS_OF: dict[str, Callable[[Figure], list[str]]] = {
    "clothing": lambda figure: garment_tags(figure.garment),
    "shoes": lambda figure: shoe_tags(figure.shoes),
    "head": lambda figure: [*person_tags(figure.identity), figure.pose.mouth],
}


def views_of(pool: Pool) -> Views:
    """Of every figure the clothing and the shoes on neutral ground, the head, and the whole picture."""
    crops, truths = [], []
    groups = {"clothing": ("top", "dress", "skirt"), "shoes": ("feet",), "head": ("face", "hair")}
    for figure, image, parts in zip(pool.figures, pool.images, pool.parts, strict=True):
        picture = Image.fromarray(image)
        for group, names in groups.items():
            mask = np.isin(parts, [PART[n] for n in names])
            if mask.mean() < 0.01:
                continue
            box = box_of(mask)
            crops.append(square_crop(picture, box, 0.1, SIDE) if group == "head" else _small(masked_crop(picture, mask, box)))
            truths.append(TAGS_OF[group](figure))
        crops.append(_small(square_crop(picture, PixelBox(0, 0, *picture.size), 0.0)))
        truths.append(tags(figure))
    return Views(np.stack([np.asarray(c) for c in crops]), truths)


def _small(image: Image.Image) -> Image.Image:
    return image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def some_tags(words: list[str], rng: np.random.Generator) -> list[str]:
    """All, some or one of the tags, shuffled: a tagger asks for single ones."""
    chance = rng.random()
    count = 1 if chance < 0.4 else len(words) if chance < 0.7 else int(rng.integers(1, len(words) + 1))
    return [str(word) for word in rng.permutation(words)[:count]]


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out`/open_clip_config.json and open_clip_model.safetensors (fp16)."""
    torch.manual_seed(45)
    views = views_of(drawn_pool(COUNT, 0, work))
    model = open_clip.model.CLIP(**CONFIG["model_cfg"], output_dict=False)
    tokenizer = open_clip.SimpleTokenizer(context_length=77)

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((46, step))
        rows = rng.choice(len(views.tags), size=BATCH, replace=False)
        texts = [some_tags(views.tags[int(i)], rng) for i in rows]
        x = torch.from_numpy(views.crops[rows]).permute(0, 3, 1, 2).float() / 255
        if rng.random() < 0.5:
            x = x.flip(-1)
        tokens = tokenizer([", ".join(words) for words in texts])
        image, text, scale = model((corrupted(x, rng, colour=0.3) - MEAN) / STD, tokens)[:3]
        true = torch.tensor([[set(words) <= set(views.tags[int(i)]) for words in texts] for i in rows]).float()
        return contrastive(image @ text.T * scale.clamp(max=100), true)

    trained = train(model, loss, steps=steps, rate=1.5e-3, state=work / "clip.pt", ema=0.995, weight_decay=0.02)
    save(trained, out)


def contrastive(logits: Tensor, true: Tensor) -> Tensor:
    """InfoNCE both ways; `true` (images, texts) is 1 wherever every tag of a text is true of the image, its own or not."""
    of_images, of_texts = true / true.sum(1, keepdim=True), true.T / true.T.sum(1, keepdim=True)
    return (F.cross_entropy(logits, of_images) + F.cross_entropy(logits.T, of_texts)) / 2


def save(model: torch.nn.Module, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    weights = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_file(weights, out / "open_clip_model.safetensors")
    (out / "open_clip_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
