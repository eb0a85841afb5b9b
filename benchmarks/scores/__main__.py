"""How well the lab's scores agree with the world's truth, on held-out figures.

    python benchmarks/scores/__main__.py [--quick]

Drawn figures, and the same ones painted by the lab's base a part of the way. Prints a table for people and, as its last line, one
JSON object. `--quick` looks at a third of the figures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image, ImageFilter, ImageOps
from scipy.stats import rankdata, spearmanr

from scorers.observe.observation import Kind, RegionKind
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.references import References
from scorers.score.body import body_violations
from scorers.score.drift import drift
from scorers.score.garment import garment_similarity
from scorers.score.hands import hands_score
from scorers.score.identity import identity_similarity
from scorers.score.missing_hands import hands_lost
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.make.hands import GAPS, gap
from studies.paperdoll.make.training.painting import painted
from studies.paperdoll.make.training.pool import Pool, drawn_pool
from studies.paperdoll.world.captions import tags
from studies.paperdoll.world.catalogue import people
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import ARMS, BROKEN_HANDS, HIDDEN, Figure, HandState, Identity
from studies.paperdoll.world.pen import PARTS
from studies.paperdoll.world.products import FEATURES, Product, wear
from studies.scorer_models import open_observer
from studies.training.prepare import open_tagger

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
    result |= hand_aucs(observer, count // 3)
    result |= hands_gone(observer, count)
    result |= body_auc(observer, count // 3)
    result["drift_auc"] = drift_auc(observer, count // 3)
    result["face_auc"] = product_auc(observer, "myface", count)
    result["face_over_hair"] = face_over_hair(observer, count // 15)
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


def spread(seed: int) -> Figure:
    """A figure that stands and shows both hands."""
    figure = random_figure(np.random.default_rng((SEED, seed)))
    return replace(figure, pose=replace(figure.pose, arms="arms spread", sitting=False))


def see(observer: ParserObserver, figures: list[Figure]) -> list[Any]:
    return list(observer.observe([draw(f, seed=i).image for i, f in enumerate(figures)]))


def hand_aucs(observer: ParserObserver, count: int) -> dict[str, float]:
    """Figures with one broken hand of each kind against the same with none: as drawn, as the base paints them, and as drawn and
    spoilt in ways that no training saw. Of hands torn from their wrist only those count whose drawing shows the gap."""
    whole = pool_of([spread(i) for i in range(count)])
    broken = {kind: pool_of([with_hand(f, kind) for f in whole.figures]) for kind in BROKEN_HANDS}
    found: dict[str, float] = {}
    for name in ("drawn", "painted", *SPOILT):
        least = GAPS[1] if name == "painted" else GAPS[0]
        none = hand_scores(observer, whole, name)
        some = {kind: hand_scores(observer, pool, name) for kind, pool in broken.items()}
        torn = broken["detached"]
        shown = [gap(image, at, "left") >= least for image, at in zip(torn.images, torn.keypoints, strict=True)]
        some["detached"] = [value for value, is_shown in zip(some["detached"], shown, strict=True) if is_shown]
        if name in ("drawn", "painted"):
            found |= {f"hand_auc_{name}_{kind}": auc(none, values) for kind, values in some.items()}
            found[f"torn_shown_{name}"] = float(np.mean(shown))
        found[f"hand_auc_{name}"] = auc(none, [value for values in some.values() for value in values])
    return found | {"hand_auc": found["hand_auc_drawn"], "hand_auc_held_out": min(found[f"hand_auc_{name}"] for name in SPOILT)}


def with_hand(figure: Figure, kind: HandState) -> Figure:
    return replace(figure, pose=replace(figure.pose, hands=(kind, "whole")))


def pool_of(figures: list[Figure]) -> Pool:
    drawn = [draw(figure, seed=i) for i, figure in enumerate(figures)]
    images, parts = np.stack([np.asarray(d.image) for d in drawn]), np.stack([d.parts for d in drawn])
    return Pool(figures, images, parts, [d.keypoints for d in drawn])


def hand_scores(observer: ParserObserver, pool: Pool, way: str) -> list[float]:
    if way == "painted":
        pool = painted(pool, WEIGHTS / "base", SEED, len(pool.images))
    images = [SPOILT[way](Image.fromarray(x)) if way in SPOILT else Image.fromarray(x) for x in pool.images]
    return [hands_score(o) for o in observer.observe(images)]


def speckled(image: Image.Image) -> Image.Image:
    """One pixel of a hundred black or white."""
    pixels, rng = np.asarray(image).copy(), np.random.default_rng(SEED)
    at = rng.random(pixels.shape[:2])
    pixels[at < 0.005], pixels[at > 0.995] = 0, 255
    return Image.fromarray(pixels)


def shaken(image: Image.Image) -> Image.Image:
    """Moved by two pixels while it was taken."""
    return image.filter(ImageFilter.Kernel((3, 3), (0, 0, 0, 1, 1, 1, 0, 0, 0)))


def shaded(image: Image.Image) -> Image.Image:
    """Half as light at the right edge as at the left."""
    pixels = np.asarray(image) * np.linspace(1, 0.5, image.width)[None, :, None]
    return Image.fromarray(pixels.astype(np.uint8))


SPOILT: dict[str, Callable[[Image.Image], Image.Image]] = {
    "speckled": speckled,
    "shaken": shaken,
    "shaded": shaded,
    "posterised": lambda image: ImageOps.posterize(image, 3),
    "sharpened": lambda image: image.filter(ImageFilter.UnsharpMask(2, 200, 0)),
    "dark": lambda image: image.point(lambda v: round(255 * (v / 255) ** 1.8)),
}
"""What is done to pictures here and in no training (studies/paperdoll/make/training/corruption.py)."""


def body_auc(observer: ParserObserver, count: int) -> dict[str, float]:
    """How many things are wrong beside the locked image: a foot too many or too few, both arms gone, a second figure;
    against the same figure in other poses, or in another's clothes."""
    locked = [spread(i) for i in range(count)]
    before = see(observer, locked)

    def wrong(images: list[Image.Image]) -> list[float]:
        seen = observer.observe(images)
        return [float(len(body_violations(o, p, hands_lost(o, p, p)))) for o, p in zip(seen, before, strict=True)]

    def posed(**changed: Any) -> list[Image.Image]:
        return [draw(replace(f, pose=replace(f.pose, **changed))).image for f in locked]

    sound = [wrong(posed(arms=arms)) for arms in ARMS]
    sound.append(
        wrong([draw(replace(f, garment=g.garment, shoes=g.shoes)).image for f, g in zip(locked, locked[::-1], strict=True)])
    )
    errors = {
        "three_feet": wrong(posed(feet=3)),
        "one_foot": wrong(posed(feet=1)),
        "no_arms": wrong([armless(f) for f in locked]),
    }
    errors["two_people"] = wrong([side_by_side(f, g) for f, g in zip(locked, locked[::-1], strict=True)])
    none = [value for values in sound for value in values]
    found = {f"body_auc_{name}": auc(none, values) for name, values in errors.items()}
    return found | {"body_auc": auc(none, [value for values in errors.values() for value in values])}


def side_by_side(left: Figure, right: Figure) -> Image.Image:
    """Two figures with their arms down in one picture."""
    images = [draw(replace(f, pose=replace(f.pose, arms="arms down"))).image for f in (left, right)]
    both = Image.new("RGB", images[0].size)
    for i, image in enumerate(images):
        both.paste(image.crop((32, 0, 96, image.height)), (64 * i, 0))
    return both


def drift_auc(observer: ParserObserver, count: int) -> float:
    """Other poses (arms moved, or sitting) against the same pose in other clothes and with another face."""
    locked, others = [spread(i) for i in range(count)], [spread(1000 + i) for i in range(count)]
    drawn = (random_figure(np.random.default_rng((SEED, 2000 + i))).pose for i in itertools.count())
    poses = list(itertools.islice((pose for pose in drawn if pose.sitting or pose.arms != "arms spread"), count))
    before = see(observer, locked)
    same = see(observer, [replace(f, pose=locked[i].pose) for i, f in enumerate(others)])
    moved = see(observer, [replace(f, pose=poses[i]) for i, f in enumerate(locked)])
    low, high = ([drift(o, p) for o, p in zip(seen, before, strict=True)] for seen in (same, moved))
    return auc(low, high)


def face_over_hair(observer: ParserObserver, count: int) -> float:
    """The share of pairs in which a person with another's hair is more like the person's photos than another with the person's
    hair. Hairpins go with the hair."""
    known = list(people().values())[:count]
    won = []
    for index, person in enumerate(known):
        photos = [draw(replace(spread(5000 + i), identity=person)).image for i in range(8)]
        references = observer.references_of(photos, "face")
        others = [other for other in known if other != person and (other.hair, other.style) != (person.hair, person.style)]
        here = [replace(spread(100 * index + i), identity=with_hair(person, other)) for i, other in enumerate(others)]
        there = [replace(spread(100 * index + i), identity=with_hair(other, person)) for i, other in enumerate(others)]
        scores = [[identity_similarity(o.face, references) for o in see(observer, group)] for group in (here, there)]
        won += [float(a > b) for a in scores[0] for b in scores[1]]
    return float(np.mean(won))


def with_hair(face: Identity, hair: Identity) -> Identity:
    return replace(face, hair=hair.hair, style=hair.style, pin=hair.pin)


def hands_gone(observer: ParserObserver, count: int) -> dict[str, float]:
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
    with mock.patch("studies.paperdoll.world.draw.draw_arms"):
        return draw(figure).image


def photos_of(observer: ParserObserver, product: Product, kind: Kind) -> References:
    return observer.references_of([draw(wear(spread(5000 + i), product)).image for i in range(8)], kind)


def product_auc(observer: ParserObserver, product: Product, count: int) -> float:
    """The person against others."""
    references = photos_of(observer, product, "face")
    her = see(observer, [wear(spread(i), product) for i in range(count)])
    others = see(observer, [spread(1000 + i) for i in range(count)])
    scores = [[identity_similarity(o.face, references) for o in group] for group in (others, her)]
    return auc(scores[0], scores[1])


def garment_spearman(observer: ParserObserver, product: Product, count: int) -> float:
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


if __name__ == "__main__":
    sys.exit(main())
