"""The studies whose landscapes searches are replayed on, with the LoRAs that ship.

    python -m benchmarks.search.lab_studies FOLDER [--hidden | --five]

Writes FOLDER/paper-doll, which is the demo's study, and FOLDER/paper-doll-other; with `--hidden` the studies that nothing
was tuned on; with `--five` two of five LoRAs each. Each has photos, training sets and LoRAs; what is there already is left.
`python -m benchmarks.search.draw_landscapes FOLDER/paper-doll` draws.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from models.io.files import write_whole
from studies.paperdoll.study import DEMO, OTHER, OTHERS, OUTFITS, PROMPT, LabStudy, Outfit, study_text
from studies.paperdoll.trained_loras import shipped_lora_of, training_set_of

OPEN: Final = (DEMO, OTHER)
HIDDEN: Final = (
    LabStudy("hidden-sitting", OUTFITS, PROMPT.replace("standing, arms spread", "sitting, arms down")),
    LabStudy(
        "hidden-coat",
        (OUTFITS[0], Outfit("coat", "clothing", "mycoat", 0.8, most=1.25), OTHERS[2]),
        "1girl, full body, standing, one arm raised, open mouth, pale skin, myface, green coat, mycoat, yellow sandals, "
        "mysandals, peach background",
    ),
    LabStudy(
        "hidden-mixed",
        (OTHERS[0], OUTFITS[1], OUTFITS[2]),
        "1girl, full body, standing, arms down, smile, tan skin, newface, pink dress, testdress, white boots, myshoes, floor",
    ),
    LabStudy(
        "hidden-half",
        (OUTFITS[0], OTHERS[1]),
        "1girl, upper body, arms down, smile, pale skin, myface, blue dress, sleevedress, lilac background",
    ),
)
"""Other outfits, prompts and poses than those of OPEN, two LoRAs in the half body. Their figures are for reports alone."""
FIVE: Final = (
    LabStudy(
        "five-arms-spread",
        (*OUTFITS, Outfit("sleeves", "clothing", "sleevedress", 0.5), Outfit("sandals", "shoes", "mysandals", 0.5)),
        "1girl, full body, standing, arms spread, smile, pale skin, myface, pink dress, testdress, sleevedress, white boots, "
        "myshoes, mysandals, lilac background",
    ),
    LabStudy(
        "five-arms-down",
        (*OTHERS, Outfit("coat", "clothing", "mycoat", 0.5), Outfit("boots", "shoes", "myshoes", 0.5)),
        "1girl, full body, standing, arms down, smile, pale skin, newface, blue dress, sleevedress, mycoat, yellow sandals, "
        "mysandals, myshoes, peach background",
    ),
)
"""Five LoRAs at once: a face, two garments and two pairs of shoes that are blended. For reports alone, too."""
STUDIES: Final = {"open": OPEN, "hidden": HIDDEN, "five": FIVE}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    which = options.add_mutually_exclusive_group()
    which.add_argument(
        "--hidden", dest="which", action="store_const", const="hidden", help="the studies that nothing was tuned on"
    )
    which.add_argument("--five", dest="which", action="store_const", const="five", help="studies of five LoRAs each")
    options.set_defaults(which="open")
    given = options.parse_args()
    for study in STUDIES[given.which]:
        place: Path = given.folder / study.name
        for outfit in study.outfits:
            training_set_of(outfit, place)
            shipped_lora_of(outfit, place)
        write_whole(place / "study.yaml", study_text(place, study).encode())
        print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
