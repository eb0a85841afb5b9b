"""The two studies whose landscapes searches are replayed on, with the LoRAs that ship.

    python -m benchmarks.search.lab_studies FOLDER

Writes FOLDER/paper-doll, which is the demo's study, and FOLDER/paper-doll-other, each with photos, training sets and LoRAs; what
is there already is left as it is. `python -m benchmarks.search.draw_landscapes FOLDER/paper-doll` draws.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.io.files import write_whole
from studies.paperdoll.study import OTHERS, OUTFITS, study_text
from studies.paperdoll.trained_loras import shipped_lora_of, training_set_of


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    folder: Path = options.parse_args().folder
    for name, outfits in {"paper-doll": OUTFITS, "paper-doll-other": OTHERS}.items():
        study = folder / name
        for outfit in outfits:
            training_set_of(outfit, study)
            shipped_lora_of(outfit, study)
        write_whole(study / "study.yaml", study_text(study, other=outfits is OTHERS).encode())
        print(study)
    return 0


if __name__ == "__main__":
    sys.exit(main())
