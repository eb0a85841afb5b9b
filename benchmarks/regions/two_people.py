"""Two people in one picture, each with a face, a dress and shoes of her own: does anyone wear the other's face?

    python -m benchmarks.regions.two_people FOLDER [--words] [--pictures 40] [--seed N --picture OUT.webp]

Writes FOLDER/two-people, a study of the lab on a picture twice as wide, and draws the start image of as many seeds as asked, as
`huanhua scout` does; what is drawn already is left as it is. A figure is right if her face looks more like the photos of her own
face LoRA than like those of the other's. Prints a table for people and, as its last line, one JSON object. `--picture` shows a
seed that `huanhua run` has found a pick of: the plain image, the locked one, the pick. With `--words` each reads words of her own
instead of one prompt for both, in FOLDER/two-people-words.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml
from PIL import Image

from dashboards.sheet import Cell, sheet
from models.io.files import write_whole
from scorers.score.other_faces import other_faces
from studies.paperdoll.study import OTHERS, OUTFITS, SIZE, LabStudy, study_text
from studies.paperdoll.trained_loras import shipped_lora_of, training_set_of
from studies.references.references import references_of
from studies.run.ladders import plain_point
from studies.run.scouting import scout
from studies.run.stored_results import stored
from studies.study import Study, open_study

FIGURES: Final = ("anna", "bea")
STUDY: Final = LabStudy(
    "two-people",
    (*OUTFITS, *(replace(outfit, name=f"{outfit.name}2") for outfit in OTHERS)),
    "1girl, full body, standing, arms down, smile, pale skin, myface, newface, testdress, sleevedress, myshoes, mysandals, "
    "lilac background",
)
WORDS: Final = {
    "anna": "pink dress, white boots, myface, testdress, myshoes",
    "bea": "blue dress, yellow sandals, newface, sleevedress, mysandals",
}
WORDED: Final = LabStudy(
    "two-people-words", STUDY.outfits, "1girl, full body, standing, arms down, smile, pale skin, lilac background"
)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--words", action="store_true", help="each reads words of her own")
    options.add_argument("--pictures", type=int, default=40)
    options.add_argument("--seed", type=int)
    options.add_argument("--picture", type=Path, help="where the seed's picture goes; nothing else is done")
    given = options.parse_args()
    place = written(given.folder, words=given.words)
    if given.picture is not None and given.seed is not None:
        shown(open_study(place), given.seed).save(given.picture, quality=88)
        return 0
    found = measured(place, given.pictures)
    print(
        f"{found['pictures']} pictures, {found['both_seen']} of which show both faces, {found['sound']} are sound by themselves"
    )
    print(f"faces that are seen: {found['faces']}, of the right figure {found['right']}")
    print(json.dumps({"identity_right": found["right"] / max(1, found["faces"]), **found}))
    return 0


def written(folder: Path, *, words: bool) -> Path:
    """The study's folder, with photos and LoRAs."""
    study = WORDED if words else STUDY
    place = folder / study.name
    for outfit in study.outfits:
        training_set_of(outfit, place)
        shipped_lora_of(outfit, place)
    content: dict[str, Any] = yaml.safe_load(study_text(place, study))
    content["figures"] = dict(WORDS) if words else list(FIGURES)
    content["render"]["width"] = 2 * SIZE[0]
    for name, lora in content["loras"].items():
        lora["figure"] = FIGURES[name.endswith("2")]
    write_whole(place / "study.yaml", yaml.safe_dump(content, sort_keys=False).encode())
    return place


def measured(place: Path, pictures: int) -> dict[str, int]:
    study = open_study(place)
    references = references_of(study)
    kinds = {name: lora.kind for name, lora in study.spec.searched().items() if lora.kind != "other"}
    counts = {"pictures": 0, "both_seen": 0, "sound": 0, "faces": 0, "right": 0}
    for one in scout(study, pictures, lambda: None):
        seen = one.evaluation.observation
        mistaken = other_faces(seen, references, kinds)
        faces = {name: seen.of(references[name].figure).face is not None for name in mistaken}
        counts["pictures"] += 1
        counts["both_seen"] += all(faces.values())
        counts["sound"] += not one.soundness.faults
        counts["faces"] += sum(faces.values())
        counts["right"] += sum(mistaken[name] < 0 for name, found in faces.items() if found)
    return counts


def shown(study: Study, seed: int) -> Image.Image:
    """The base alone, the locked image and the pick side by side."""
    found = stored(study, seed).outcome
    assert found.pick is not None
    record, locked = found.record(found.pick), study.everywhere.evaluate(seed, study.start)
    plain = study.everywhere.evaluate(seed, plain_point(study))
    whose = {figure: [n for n, lora in study.spec.loras.items() if lora.figure == figure] for figure in FIGURES}
    weights = record.judged.point.weights
    lines = [f"{figure} " + "  ".join(f"{n} {weights[n]:.2f}" for n in names) for figure, names in whose.items()]
    cells = [
        Cell(opened(plain.image), ("the plain image: all LoRAs at 0",)),
        Cell(opened(locked.image), ("the locked image, start weights", f"total {study.space.cost(study.start):.2f}")),
        Cell(opened(record.image), (f"the pick, total {record.judged.cost:.2f}", *lines)),
    ]
    return sheet([cells], title="Two people: anna wears myface, testdress, myshoes; bea newface, sleevedress, mysandals")


def opened(path: Path) -> Image.Image:
    with Image.open(path) as stored_image:
        image = stored_image.convert("RGB")
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main())
