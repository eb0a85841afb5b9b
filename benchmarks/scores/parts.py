"""Parts and tags of pictures, and what an observation costs."""

from __future__ import annotations

import time

import numpy as np
from PIL import Image

from scorers.observe.parser_observer import ParserObserver
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.training.pool import Pool
from studies.paperdoll.world.captions import tags
from studies.paperdoll.world.pen import PARTS
from studies.training.taggers import open_tagger


def mean_iou(observer: ParserObserver, pool: Pool) -> float:
    """Over the parts that the pool has, tops and skirts counted as dresses: all of them are clothing."""
    found = np.stack(observer.parser.parse([Image.fromarray(x) for x in pool.images]))
    clothing = [PARTS.index(name) for name in ("top", "skirt")]
    found, true = (np.where(np.isin(x, clothing), PARTS.index("dress"), x) for x in (found, pool.parts))
    scores = []
    for part in np.unique(true):
        both, either = (found == part) & (true == part), (found == part) | (true == part)
        scores.append(both.sum() / either.sum())
    return float(np.mean(scores))


def tags_found(pool: Pool) -> dict[str, float]:
    """Of the tags that are true of a picture the share that the tagger gives, and of its tags the share that is true."""
    tagger = open_tagger(str(WEIGHTS / "tagger"), None)
    assert tagger is not None
    given = [set(row) for row in tagger.tag([Image.fromarray(x) for x in pool.images])]
    true = [set(tags(figure)) for figure in pool.figures]
    right = sum(len(a & b) for a, b in zip(given, true, strict=True))
    return {"tags_found": right / sum(map(len, true)), "tags_right": right / sum(map(len, given))}


def milliseconds(observer: ParserObserver, pool: Pool) -> float:
    """An image's share of a batch of 32, the median of 5 batches after one to warm up."""
    images = [Image.fromarray(x) for x in pool.images[:32]]
    observer.observe(images)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        observer.observe(images)
        took.append(time.perf_counter() - began)
    return float(np.median(took)) * 1000 / len(images)
