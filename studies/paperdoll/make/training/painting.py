"""Drawings as the lab's own base paints them: a part of the way into noise and back, so that scorers learn its strokes.

The truth about a figure stays valid, since so little noise moves no hand: a hand that was drawn broken is painted broken.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline
from PIL import Image

from studies.paperdoll.make.training.pool import Pool
from studies.paperdoll.world.captions import caption

BATCH = 16
STEPS = 20
STRENGTHS = (0.1, 0.3)
GUIDANCE = 3.0


def painted(pool: Pool, base: Path, seed: int, count: int) -> Pool:
    """The first `count` figures of the pool, painted by the diffusers folder `base`, each batch with its own strength."""
    pipe = StableDiffusionImg2ImgPipeline.from_pretrained(base, dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    rng = np.random.default_rng(seed)
    found = []
    for start in range(0, count, BATCH):
        images = [Image.fromarray(x) for x in pool.images[start : min(start + BATCH, count)]]
        captions = [caption(f) for f in pool.figures[start : start + len(images)]]
        made = pipe(
            captions,
            image=images,
            strength=float(rng.uniform(*STRENGTHS)),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=[torch.Generator().manual_seed(int(s)) for s in rng.integers(2**31, size=len(images))],
        ).images
        found += [np.asarray(image) for image in made]
    return Pool(pool.figures[:count], np.stack(found), pool.parts[:count], pool.keypoints[:count])
