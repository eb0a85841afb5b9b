"""How well the lab's scores agree with the world's truth, on held-out figures.

    python benchmarks/scores.py [--quick]

Drawn figures, and the same ones painted by the lab's base a part of the way. Prints a table for people and, as its last line, one
JSON object. `--quick` looks at a third of the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image
from scipy.stats import rankdata, spearmanr

from scorers.expected import hands_lost
from scorers.garment import garment_similarity
from scorers.hands import hands_score
from scorers.identity import identity_similarity
from scorers.observation import Kind, RegionKind
from scorers.observe import Observer
from scorers.references import References
from studies.building import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.captions import tags
from studies.paperdoll.draw import draw
from studies.paperdoll.everyday import random_figure
from studies.paperdoll.figure import ARMS, BROKEN_HANDS, HIDDEN, Figure
from studies.paperdoll.make.painting import painted
from studies.paperdoll.make.pool import Pool, drawn_pool
from studies.paperdoll.pen import PARTS
from studies.paperdoll.products import FEATURES, Product, wear
from studies.preparing import open_tagger

SEED = 991
"""No training saw the figures of this seed."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    count = 60 if options.parse_args().quick else 180
    observer = open_observer(scorers(), WEIGHTS)
    pool = drawn_pool(count, SEED)
    pools = {"drawn": pool, "painted": painted(pool, WEIGHTS / "base", SEED, count)}
    result: dict[str, Any] = {f"part_miou_{name}": mean_iou(observer, p) for name, p in pools.items()}
    result["hand_auc"] = hand_auc(observer, count)
    result |= hands_gone(observer, count)
    result["face_auc"] = product_auc(observer, "myface", count)
    result["garment_spearman"] = garment_spearman(observer, "testdress", count)
    result["shoes_spearman"] = garment_spearman(observer, "myshoes", count)
    result |= tags_told(pool)
    result["ms_per_image"] = milliseconds(observer, pool)
    for name, value in result.items():
        print(f"{name:<20} {value:8.3f}")
    print(json.dumps({name: round(float(value), 4) for name, value in result.items()}))
    return 0


def auc(low: Sequence[float], high: Sequence[float]) -> float:
    """The chance that one of `high` is above one of `low` (Mann and Whitney 1947)."""
    ranks = rankdata([*low, *high])[len(low) :]
    return float((ranks.sum() - len(high) * (len(high) + 1) / 2) / (len(low) * len(high)))


def mean_iou(observer: Observer, pool: Pool) -> float:
    """Over the parts that the pool has, tops and skirts counted as dresses: all of them are clothing."""
    found = np.stack(observer.parser.parse([Image.fromarray(x) for x in pool.images]))
    clothing = [PARTS.index(name) for name in ("top", "skirt")]
    found, true = (np.where(np.isin(x, clothing), PARTS.index("dress"), x) for x in (found, pool.parts))
    scores = []
    for part in np.unique(true):
        both, either = (found == part) & (true == part), (found == part) | (true == part)
        scores.append(both.sum() / either.sum())
    return float(np.mean(scores))


def spread(seed: int) -> Figure:
    """A figure that stands and shows both hands."""
    figure = random_figure(np.random.default_rng((SEED, seed)))
    return replace(figure, pose=replace(figure.pose, arms="arms spread", sitting=False))


def see(observer: Observer, figures: list[Figure]) -> list[Any]:
    return list(observer.observe([draw(f, seed=i).image for i, f in enumerate(figures)]))


def hand_auc(observer: Observer, count: int) -> float:
    """Figures with one broken hand against figures with none."""
    whole = [spread(i) for i in range(count)]
    kinds = [BROKEN_HANDS[i % len(BROKEN_HANDS)] for i in range(count)]
    broken = [replace(f, pose=replace(f.pose, hands=(kind, "whole"))) for f, kind in zip(whole, kinds, strict=True)]
    scores = [[hands_score(o) for o in see(observer, figures)] for figures in (whole, broken)]
    return auc(scores[0], scores[1])


def hands_gone(observer: Observer, count: int) -> dict[str, float]:
    """Shares of figures said to have lost a hand beside their own image with arms spread, bare or in long sleeves: with all arms
    gone, moved, or hidden; and of those that hide them as their plain image does."""
    count //= 3
    found = {}
    for sleeves in ("none", "long"):
        figures = [replace(f, garment=replace(f.garment, sleeves=sleeves)) for f in (spread(i) for i in range(count))]
        seen = {arms: see(observer, [replace(f, pose=replace(f.pose, arms=arms)) for f in figures]) for arms in ARMS}
        gone = list(observer.observe([armless(f) for f in figures]))
        plain, hidden = seen["arms spread"], [seen[arms] for arms in ARMS if arms in HIDDEN]
        found[f"gone_noticed_{sleeves}"] = lost_by(gone, plain)
        found[f"moved_missed_{sleeves}"] = float(np.mean([lost_by(seen[arms], plain) for arms in ARMS if arms not in HIDDEN]))
        found[f"hidden_missed_{sleeves}"] = float(np.mean([lost_by(others, plain) for others in hidden]))
        found[f"hidden_alike_missed_{sleeves}"] = float(np.mean([lost_by(others, others) for others in hidden]))
    return found


def lost_by(seen: list[Any], plain: list[Any]) -> float:
    return float(np.mean([hands_lost(o, p, p) > 0 for o, p in zip(seen, plain, strict=True)]))


def armless(figure: Figure) -> Image.Image:
    """The figure as drawn but for its arms and hands."""
    with mock.patch("studies.paperdoll.draw.draw_arms"):
        return draw(figure).image


def photos_of(observer: Observer, product: Product, kind: Kind) -> References:
    return observer.references_of([draw(wear(spread(5000 + i), product)).image for i in range(8)], kind)


def product_auc(observer: Observer, product: Product, count: int) -> float:
    """The person against others."""
    references = photos_of(observer, product, "face")
    her = see(observer, [wear(spread(i), product) for i in range(count)])
    others = see(observer, [spread(1000 + i) for i in range(count)])
    scores = [[identity_similarity(o.face, references) for o in group] for group in (others, her)]
    return auc(scores[0], scores[1])


def garment_spearman(observer: Observer, product: Product, count: int) -> float:
    """The raw score against the share of the product's features that is drawn."""
    kind: RegionKind = "shoes" if product == "myshoes" else "clothing"
    references = photos_of(observer, product, kind)
    names, rng = FEATURES[product], np.random.default_rng(SEED)
    gone = [frozenset(str(n) for n in rng.permutation(names)[: i % (len(names) + 1)]) for i in range(count)]
    seen = see(observer, [wear(spread(i), product, without=g) for i, g in enumerate(gone)])
    scores = [garment_similarity(o.regions.get(kind), references) for o in seen]
    return float(spearmanr([1 - len(g) / len(names) for g in gone], scores).statistic)


def tags_told(pool: Pool) -> dict[str, float]:
    """Of the tags that are true of a picture the share that the tagger says, and of those it says the share that is true."""
    tagger = open_tagger(str(WEIGHTS / "tagger"), None)
    assert tagger is not None
    said = [set(row) for row in tagger.tag([Image.fromarray(x) for x in pool.images])]
    true = [set(tags(figure)) for figure in pool.figures]
    right = sum(len(a & b) for a, b in zip(said, true, strict=True))
    return {"tags_found": right / sum(map(len, true)), "tags_right": right / sum(map(len, said))}


def milliseconds(observer: Observer, pool: Pool) -> float:
    """An image's share of a batch of 32, the median of 5 batches after one to warm up."""
    images = [Image.fromarray(x) for x in pool.images[:32]]
    observer.observe(images)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        observer.observe(images)
        took.append(time.perf_counter() - began)
    return float(np.median(took)) * 1000 / len(images)


if __name__ == "__main__":
    sys.exit(main())
