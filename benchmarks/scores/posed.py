"""What telling parts from poses costs against the lab's part parser: parts, garments, hands, on the same drawn figures.

    python -m benchmarks.scores.posed [--count 60]

Poses are the world's own points (studies/paperdoll/world/whole_body.py), exact and with an error of each point: how well a pose
model finds them is not part of this. Prints one row a source of parts, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from benchmarks.scores.figures import SEED, lab_observer, spread
from scorers.observe.base import PartSource
from scorers.observe.observation import RegionKind
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.parts import Group, groups_of
from scorers.observe.posed.pose_parts import PoseParts
from scorers.score.garment import garment_similarity
from studies.paperdoll.make.training.pool import drawn_pool
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.pen import PARTS
from studies.paperdoll.world.products import FEATURES, Product, wear
from studies.paperdoll.world.whole_body import KnownPoses, whole_body

GROUPS: tuple[Group, ...] = ("clothing", "shoes", "head", "face", "hands", "arms", "legs")
PRODUCTS: dict[Product, RegionKind] = {"testdress": "clothing", "myshoes": "shoes"}
ERRORS = (0.0, 1.0, 2.0)
"""Standard deviations in pixels of pictures of 128 x 192, in which shoulders are 26 wide."""
Opened = Callable[[list[Figure], list[Image.Image]], ParserObserver]


def iou(parts: PartSource, images: list[Image.Image], true: np.ndarray) -> dict[str, float]:
    found = np.stack(parts.parse(images))
    ours, theirs = groups_of(parts.labels), groups_of(dict(enumerate(PARTS)))
    scores = {}
    for group in GROUPS:
        a, b = np.isin(found, ours[group]), np.isin(true, theirs[group])
        scores[group] = float((a & b).sum() / (a | b).sum())
    return scores | {"mean": float(np.mean(list(scores.values())))}


def spearman(opened: Opened, product: Product, count: int) -> float:
    """As `benchmarks.scores.likeness.garment_spearman`."""
    names, rng = FEATURES[product], np.random.default_rng(SEED)
    gone = [frozenset(str(n) for n in rng.permutation(names)[: i % (len(names) + 1)]) for i in range(count)]
    photos = [wear(spread(5000 + i), product) for i in range(8)]
    figures = [wear(spread(i), product, without=g) for i, g in enumerate(gone)]
    images = [draw(f, seed=i).image for i, f in enumerate([*photos, *figures])]
    observer = opened([*photos, *figures], images)
    references = observer.references_of(images[:8], PRODUCTS[product])
    scores = [garment_similarity(o.regions.get(PRODUCTS[product]), references) for o in observer.observe(images[8:])]
    return float(spearmanr([1 - len(g) / len(names) for g in gone], scores).statistic)


def hands_right(opened: Opened, count: int) -> float:
    """The share of pictures whose hands are counted right: two of spread arms, none of hidden ones."""
    shown = [spread(i) for i in range(count // 2)]
    hidden = [replace(f, pose=replace(f.pose, arms="arms behind back")) for f in shown]
    images = [draw(f).image for f in (*shown, *hidden)]
    seen = opened([*shown, *hidden], images).observe(images)
    return float(np.mean([len(o.hands) == (2 if i < len(shown) else 0) for i, o in enumerate(seen)]))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=60)
    count = options.parse_args().count
    lab, pool = lab_observer(simple=True), drawn_pool(count, SEED)
    images = [Image.fromarray(x) for x in pool.images]

    def posed(error: float) -> Opened:
        def opened(figures: list[Figure], pictures: list[Image.Image]) -> ParserObserver:
            poses = [whole_body(f, jitter=error, seed=i) for i, f in enumerate(figures)]
            known = KnownPoses(pictures, poses)
            return ParserObserver(PoseParts(known), lab.garments, None, None, known)  # type: ignore[arg-type]

        return opened

    sources: dict[str, Opened] = {"parser": lambda *_: replace(lab, faces=None)}
    sources |= {f"pose, error {error}": posed(error) for error in ERRORS}
    result = {}
    for name, opened in sources.items():
        row = iou(opened(pool.figures, images).parser, images, pool.parts)
        row |= {product: spearman(opened, product, count) for product in PRODUCTS}
        row["hands_counted"] = hands_right(opened, count)
        result[name] = {key: round(value, 3) for key, value in row.items()}
        print(name, result[name], flush=True)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
