"""How far the scores agree with what was seen by eye on generated images (README.md).

    python -m benchmarks.scores.labelled.agreement [--readers | --simple]

Prints a table for people and, as its last line, one JSON object: Spearman of a LoRA's raw score with the share of its
features that was seen; AUC of the face's score (`trained` against `other`) and Spearman over all three; AUC of the hands'
score (images with a broken hand against those with none broken or gone); how often hands are counted right, and how often
arms are seen to lead away where both hands are hidden. `--readers` compares the two readings instead: how often they agree,
Cohen's kappa, and the Spearman of their shares, which no score can be expected to pass by much. `--simple` compares garments as
one and faces without hair, and judges hands by one view. Hands are told too where both readers call the same one broken.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from benchmarks.scores.auc import auc
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.score.calibration import similarity
from scorers.score.hands import hands_score
from studies.observers.opening import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import Product, wear

HERE = Path(__file__).parent
KINDS: tuple[ScoredKind, ...] = ("face", "clothing", "shoes")
PHOTOS = 8


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--readers", action="store_true")
    options.add_argument("--simple", action="store_true")
    chosen = options.parse_args()
    result = readers() if chosen.readers else agreement(simple=chosen.simple)
    for name, value in result.items():
        print(f"{name:<32} {value:8.3f}")
    print(json.dumps({name: round(value, 4) for name, value in result.items()}))
    return 0


def labels_of(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def drawings() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "drawn.json").read_text(encoding="utf-8").splitlines()]


def readers() -> dict[str, float]:
    """The second reading against the first."""
    first, drawn = labels_of("labels.csv"), drawings()
    pairs = [(first[int(row["image"])], row) for row in labels_of("second.csv")]
    readings = {
        "features": [both for one, other in pairs for kind in KINDS for both in zip(one[kind], other[kind], strict=True)],
        "hands": [(one[side], other[side]) for one, other in pairs for side in ("left_hand", "right_hand")],
        "identity": [(one["identity"], other["identity"]) for one, other in pairs],
    }
    found = {f"{name}_agree_{len(both)}": float(np.mean([a == b for a, b in both])) for name, both in readings.items()}
    found |= {f"{name}_kappa": kappa(both) for name, both in readings.items()}
    for products_drawn in dict.fromkeys(tuple(row["weights"]) for row in drawn):
        here = [(one, other) for one, other in pairs if tuple(drawn[int(one["image"])]["weights"]) == products_drawn]
        for product, kind in zip(products_drawn, KINDS, strict=True):
            shares = [[row[kind].count("1") / len(row[kind]) for row in side] for side in zip(*here, strict=True)]
            found[f"{product}_spearman_{len(here)}"] = float(spearmanr(*shares).statistic)
    return found


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Agreement beyond chance (Cohen 1960)."""
    one, other = (Counter(side) for side in zip(*pairs, strict=True))
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(one[word] * other[word] for word in one) / len(pairs) ** 2
    return (agreed - chance) / (1 - chance)


def agreement(*, simple: bool = False) -> dict[str, float]:
    labels, drawn = labels_of("labels.csv"), drawings()
    observer = open_observer(scorers(simple=simple), WEIGHTS)
    images = [Image.open(HERE / "images" / f"{row['image']:03d}.webp").convert("RGB") for row in drawn]
    seen = [o for first in range(0, len(images), 25) for o in observer.observe(images[first : first + 25])]
    return products(observer, drawn, labels, seen) | hands(labels, seen)


def products(
    observer: Any, drawn: list[dict[str, Any]], labels: list[dict[str, str]], seen: list[Observation]
) -> dict[str, float]:
    found = {}
    for products_drawn in dict.fromkeys(tuple(row["weights"]) for row in drawn):
        rows = [i for i, row in enumerate(drawn) if tuple(row["weights"]) == products_drawn]
        for product, kind in zip(products_drawn, KINDS, strict=True):
            references = observer.references_of(photos(product), kind)
            raw = [similarity(seen[i], references) for i in rows]
            shares = [float(np.mean([int(digit) for digit in labels[i][kind]])) for i in rows]
            found[f"{product}_spearman_{len(rows)}"] = float(spearmanr(raw, shares).statistic)
            if kind == "face":
                groups = [
                    [r for r, i in zip(raw, rows, strict=True) if labels[i]["identity"] == who] for who in ("other", "trained")
                ]
                found[f"{product}_auc_{len(rows)}"] = auc(*groups)
                identity = [("other", "between", "trained").index(labels[i]["identity"]) for i in rows]
                found[f"{product}_identity_spearman_{len(rows)}"] = float(spearmanr(raw, identity).statistic)
    return found


def photos(product: Product) -> list[Image.Image]:
    return [draw(wear(random_figure(np.random.default_rng((991, 5000 + i))), product)).image for i in range(PHOTOS)]


def hands(labels: list[dict[str, str]], seen: list[Observation]) -> dict[str, float]:
    labelled = [(row["left_hand"], row["right_hand"]) for row in labels]
    scores = [hands_score(o) for o in seen]
    broken = [s for s, pair in zip(scores, labelled, strict=True) if "broken" in pair]
    whole = [s for s, pair in zip(scores, labelled, strict=True) if "broken" not in pair and "gone" not in pair]
    counted = [
        (sum(state in ("whole", "broken") for state in pair), len(o.hands)) for pair, o in zip(labelled, seen, strict=True)
    ]
    hidden = [o for o, pair in zip(seen, labelled, strict=True) if pair == ("hidden", "hidden")]
    return both_readers(labelled, scores) | {
        "hands_auc": auc(whole, broken),
        "hands_broken_told": float(np.mean([s > 0.5 for s in broken])),
        "hands_whole_told": float(np.mean([s <= 0.5 for s in whole])),
        "hands_counted": float(np.mean([a == b for a, b in counted])),
        "hidden_led_away": float(np.mean([sum(arm.end == "hidden" for arm in o.arms) >= 2 - len(o.hands) for o in hidden])),
    }


def both_readers(labelled: Sequence[tuple[str, str]], scores: Sequence[float]) -> dict[str, float]:
    """Of the images read twice, those of which both readers say which hand is broken, or that none is."""
    again = {int(row["image"]): (row["left_hand"], row["right_hand"]) for row in labels_of("second.csv")}
    alike = [i for i, pair in again.items() if broken_sides(pair) == broken_sides(labelled[i])]
    broken = [scores[i] for i in alike if any(broken_sides(labelled[i]))]
    whole = [scores[i] for i in alike if not any(broken_sides(labelled[i])) and "gone" not in labelled[i]]
    return {
        f"hands_auc_both_readers_{len(broken)}_{len(whole)}": auc(whole, broken),
        "hands_broken_told_both_readers": float(np.mean([s > 0.5 for s in broken])),
        "hands_whole_told_both_readers": float(np.mean([s <= 0.5 for s in whole])),
    }


def broken_sides(pair: tuple[str, str]) -> tuple[bool, bool]:
    return pair[0] == "broken", pair[1] == "broken"


if __name__ == "__main__":
    sys.exit(main())
