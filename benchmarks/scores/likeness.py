"""Faces and garments against their reference photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr

from benchmarks.scores.auc import auc
from benchmarks.scores.figures import (
    SEED,
    photos_of,
    see,
    spread,
    with_hair,
)
from scorers.observe.observation import RegionKind
from scorers.observe.parser_observer import ParserObserver
from scorers.score.garment import garment_similarity
from scorers.score.identity import identity_similarity
from studies.paperdoll.world.catalogue import people
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.products import FEATURES, Product, wear


def face_over_hair(observer: ParserObserver, count: int) -> float:
    """The share of pairs in which a person with another's hair is more like the person's photos than another with the person's
    hair. Hairpins go with the hair."""
    persons = list(people().values())[:count]
    won = []
    for index, person in enumerate(persons):
        photos = [draw(replace(spread(5000 + i), identity=person)).image for i in range(8)]
        references = observer.references_of(photos, "face")
        others = [other for other in persons if other != person and (other.hair, other.style) != (person.hair, person.style)]
        here = [replace(spread(100 * index + i), identity=with_hair(person, other)) for i, other in enumerate(others)]
        there = [replace(spread(100 * index + i), identity=with_hair(other, person)) for i, other in enumerate(others)]
        scores = [[identity_similarity(o.face, references) for o in see(observer, group)] for group in (here, there)]
        won += [float(a > b) for a in scores[0] for b in scores[1]]
    return float(np.mean(won))


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
