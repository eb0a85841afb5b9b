"""What pictures show part by part, in words, against truth: drawn figures that lack features, and the labelled pictures.

    python -m benchmarks.scores.parts_shown [--drawn N]

Parts are named by the tags of the product's own captions. Prints for each product which features are told, and precision and
recall of "yes" over all of them, parts called unsure left out, and the share that is; as its last line one JSON object. Features
that no part is named for are counted as not told, not as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.scores.figures import SEED, lab_observer, spread
from benchmarks.scores.labelled.agreement import HERE, drawings, labels_of, photos
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.references import References
from scorers.score.parts.shown import Answer, shown_parts
from studies.paperdoll.world.captions import groups
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.figure import Garment, Identity
from studies.paperdoll.world.products import FEATURES, WORN, Product, wear

TAGS: Final = {
    "pink": "pink dress",
    "blue": "blue dress",
    "green": "green coat",
    "stripes": "striped",
    "blue sleeves": "long sleeves",
    "blue dot": "blue dots",
    "red dot": "red dots",
    "teal twintails": "teal hair",
    "lime bun": "lime hair",
    "star pin": "yellow star pin",
    "heart pin": "red heart pin",
}
"""Features whose tag is another word."""

ANSWERS: Final[tuple[Answer, ...]] = ("yes", "unsure", "no")


@dataclass(frozen=True)
class Told:
    """One feature of one picture."""

    product: Product
    feature: str
    answer: Answer | None
    """None where no part is named for it."""
    shown: bool


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--drawn", type=int, default=60, help="drawn figures of each product")
    count = options.parse_args().drawn
    observer = lab_observer()
    references = {product: with_tags(observer, product) for product in WORN}
    result: dict[str, float] = {}
    for name, told in (("drawn", list(drawn(observer, references, count))), ("labelled", list(labelled(observer, references)))):
        for product in WORN:
            _print(name, product, [one for one in told if one.product == product])
        result |= {f"{name}_{key}": value for key, value in measured(told).items()}
    print(json.dumps({name: round(value, 4) for name, value in result.items()}))
    return 0


def measured(told: Sequence[Told]) -> dict[str, float]:
    """Precision and recall of "yes" among those that are sure, and the shares that are unsure and not told."""
    listed = [one for one in told if one.answer is not None]
    sure = [one for one in listed if one.answer != "unsure"]
    yes, right = sum(one.answer == "yes" for one in sure), sum(one.answer == "yes" and one.shown for one in sure)
    return {
        "precision": right / yes,
        "recall": right / sum(one.shown for one in sure),
        "unsure": 1 - len(sure) / len(listed),
        "not_told": 1 - len(listed) / len(told),
    }


def with_tags(observer: ParserObserver, product: Product) -> References:
    """References under the names that captions of the product have."""
    kind, words = kind_of(product), groups(wear(spread(0), product))
    group = {"face": "person", "clothing": "garment", "shoes": "shoes"}[kind]
    return replace(observer.references_of(photos(product), kind), tags=tuple(words[group]))


def kind_of(product: Product) -> ScoredKind:
    worn = WORN[product]
    return "face" if isinstance(worn, Identity) else "clothing" if isinstance(worn, Garment) else "shoes"


def drawn(observer: ParserObserver, references: dict[Product, References], count: int) -> Iterator[Told]:
    for product in WORN:
        names, rng = FEATURES[product], np.random.default_rng(SEED)
        gone = [frozenset(str(n) for n in rng.permutation(names)[: i % (len(names) + 1)]) for i in range(count)]
        figures = [wear(spread(i), product, without=lost) for i, lost in enumerate(gone)]
        seen = observer.observe([draw(figure, seed=i).image for i, figure in enumerate(figures)])
        for one, lost in zip(seen, gone, strict=True):
            yield from _told(product, references[product], one, [name not in lost for name in names])


def labelled(observer: ParserObserver, references: dict[Product, References]) -> Iterator[Told]:
    rows, labels = drawings(), labels_of("labels.csv")
    for row, label in zip(rows, labels, strict=True):
        with Image.open(HERE / "images" / f"{row['image']:03d}.webp") as image:
            [seen] = observer.observe([image.convert("RGB")])
        for product in row["weights"]:
            yield from _told(product, references[product], seen, [digit == "1" for digit in label[kind_of(product)]])


def _told(product: Product, references: References, seen: Observation, truth: Sequence[bool]) -> Iterator[Told]:
    answers = {part.name: part.answer for part in shown_parts(seen, references)}
    for feature, shown in zip(FEATURES[product], truth, strict=True):
        yield Told(product, feature, answers.get(TAGS.get(feature, feature)), shown)


def _print(name: str, product: Product, told: Sequence[Told]) -> None:
    for feature in FEATURES[product]:
        here = [one for one in told if one.feature == feature]
        if here[0].answer is None:
            print(f"{name:<9} {product:<12} {feature:<15} not told")
            continue
        yes, no = ([sum(o.answer == a and o.shown == shown for o in here) for a in ANSWERS] for shown in (True, False))
        print(f"{name:<9} {product:<12} {feature:<15} shown {yes}  not shown {no}  as yes, unsure, no")


if __name__ == "__main__":
    sys.exit(main())
