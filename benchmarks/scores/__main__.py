"""How well the lab's scores agree with the world's truth, on held-out figures.

    python -m benchmarks.scores [--quick] [--simple]

Drawn figures, and the same ones painted by the lab's base a part of the way. Prints a table for people and, as its last line, one
JSON object. `--quick` measures a third of the figures, `--simple` compares
garments as one and faces without hair, and judges hands by one view.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks.scores.bodies import body_auc, drift_auc
from benchmarks.scores.figures import (
    SEED,
    lab_observer,
)
from benchmarks.scores.hands import hand_aucs, hands_gone
from benchmarks.scores.likeness import face_over_hair, garment_spearman, product_auc
from benchmarks.scores.parts import mean_iou, milliseconds, tags_found
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.training.painting import painted
from studies.paperdoll.make.training.pool import drawn_pool


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--simple", action="store_true")
    chosen = options.parse_args()
    count = 60 if chosen.quick else 180
    observer = lab_observer(simple=chosen.simple)
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
    result |= tags_found(pool)
    result["ms_per_image"] = milliseconds(observer, pool)
    for name, value in result.items():
        print(f"{name:<20} {value:8.3f}")
    print(json.dumps({name: round(float(value), 4) for name, value in result.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
