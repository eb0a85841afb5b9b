"""What regions are worth to LoRAs that were trained apart, as those are that people download.

    python -m benchmarks.regions.apart --folder DIR [--seeds N] [--study NAME]

The lab's own LoRAs learn beside each other: the dress with the face on, the shoes with both. Here each of the six is trained
alone, with the settings of those that ship, once a folder. Then both studies, or one (`require` 0.7, hands 0.3, budget 20), are
searched at the seeds whose landscapes ship, N of each (4), with LoRAs everywhere and with each in its region. What 1 means is
the same on both sides: calibration is drawn without regions. What is drawn in the folder is not drawn again.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.regions.__main__ import STUDIES, lab_study, least, searched
from benchmarks.search.draw_landscapes import TABLES
from studies.paperdoll.make.loras import EPOCHS, OWN
from studies.paperdoll.study import LabStudy
from studies.paperdoll.trained_loras import lora_of, training_set_of


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--seeds", type=int, default=4)
    options.add_argument("--study", choices=[study.name for study in STUDIES])
    asked = options.parse_args()
    found: list[tuple[float | None, float | None]] = []
    for study in STUDIES:
        if asked.study in (None, study.name):
            train_apart(asked.folder / study.name, study)
            found += totals(asked.folder, study, asked.seeds)
    both = [regional / everywhere for everywhere, regional in found if everywhere and regional]
    print(
        json.dumps(
            {
                "total_ratio": round(statistics.median(both), 4) if both else None,
                "both_feasible": len(both),
                "feasible_everywhere": sum(everywhere is not None for everywhere, _ in found),
                "feasible_in_regions": sum(regional is not None for _, regional in found),
                "seeds": len(found),
            }
        )
    )
    return 0


def train_apart(place: Path, study: LabStudy) -> None:
    """Each LoRA of a study by itself, where `lab_study` looks for it; one that lies there is left as it is."""
    for outfit in study.outfits:
        training_set_of(outfit, place, caption_reg=True)
        lora_of(outfit, place, [f"plan.epochs={EPOCHS}", *OWN.get(outfit.product, ())])


def totals(folder: Path, study: LabStudy, seeds: int) -> Iterator[tuple[float | None, float | None]]:
    """Of each seed the least total with LoRAs everywhere, and in regions; None where nothing is feasible."""
    stems = [path.stem.removeprefix(f"{study.name}-") for path in TABLES.glob(f"{study.name}-*.npz")]
    for seed in sorted(int(stem) for stem in stems if stem.isdigit())[:seeds]:
        everywhere, regional = (least(searched(lab_study(folder, study, regions=on), seed)) for on in (False, True))
        print(f"{study.name} {seed}: everywhere {_said(everywhere)}, in regions {_said(regional)}", flush=True)
        yield everywhere, regional


def _said(total: float | None) -> str:
    return "nothing feasible" if total is None else f"{total:.2f}"


if __name__ == "__main__":
    sys.exit(main())
