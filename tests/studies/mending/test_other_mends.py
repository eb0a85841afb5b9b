"""Mends of the face and the feet that succeed, in regions, and with an epoch that is not the last one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from optimizer.point import Job, Point
from optimizer.render.inpainting.crop import Crop
from optimizer.search.verdict import own_image
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of, read_picture
from studies.mending.job import mend_study
from studies.mending.parts import PARTS
from studies.mending.tries import Tries
from studies.pipeline import pick_trial, run_study
from studies.run.outcome import Outcome
from studies.run.stored_results import stored
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.testing.fake_study import fake_study, shown_at
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace
from tests.studies.mending.test_mending import World as Redrawing

SEED = 7
SIZE = 64, 96
KINDS = {"face": "face", "feet": "shoes"}
"""By part, the LoRA that it shows."""


def seen(picture: Image.Image) -> Shown:
    """As it was drawn; what was redrawn in its middle is blue, red as much as it shows of the face, green of the shoes."""
    shown = read_picture(picture)
    red, green, blue = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))  # type: ignore[misc]
    return shown if blue != 255 else replace(shown, face=red / 255, shoes=green / 255)


def contended(point: Point) -> Shown:
    """Beside the dress, face and shoes show half of what they show alone."""
    shown = shown_at(point)
    if not point.weights.get("dress"):
        return shown
    assert shown.face is not None
    assert shown.shoes is not None
    return replace(shown, face=shown.face / 2, shoes=shown.shoes / 2, hands=0.0)


@dataclass
class World(Redrawing):
    shows: Callable[[Point], Shown] = contended

    def _draw(self, job: Job) -> Image.Image:
        self.drawn.append(job)
        return picture_of(self.shows(job.point), self.size)


def study_of(folder: Path, world: World, require: Mapping[str, float], **loras: Mapping[str, Any]) -> Study:
    """The fake study with these requirements, and with more at some of its LoRAs."""
    fake_study(folder, size=SIZE)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["search"]["require"] = dict(require)
    for name, changes in loras.items():
        content["loras"][name] |= changes
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    for label in ("dress-000004.safetensors",):
        (folder / label).write_text(label)
    spec = read_spec(folder / "study.yaml")
    facts = facts_of(spec.lora_files(), fake_study(folder / "facts").base_facts, first=1)
    return Study(spec, folder, Workspace(folder / "workspace"), FakeBackend(world, FakeObserver(seen), facts))


def run(study: Study, trials: int = 20) -> Outcome:
    (found,) = run_study(study, [SEED], trials=trials, tracker=MemoryTracker())
    return found


def mended(study: Study, part: str) -> Outcome:
    (found,) = mend_study(study, [PARTS[part]], [SEED], Tries(count=2), tracker=MemoryTracker())
    return found.outcome


@pytest.mark.parametrize("part", KINDS)
def test_a_part_that_alone_blocks_a_seed_is_mended(tmp_path: Path, part: str) -> None:
    lora = KINDS[part]
    world = World(SIZE, colours=((255, 255, 255),))
    study = study_of(tmp_path, world, {"face": 0.1, "dress": 0.1, "shoes": 0.1, lora: 0.8})
    assert run(study).pick is None
    found = mended(study, part)
    assert found.mended is not None
    assert found.mended.feasible
    assert found.mended.parts == (part,)
    assert len(world.asked) == 1, "what meets its requirement ends the tries"
    assert found.mended.scores.expression[lora] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("part", KINDS)
def test_a_part_that_shows_no_more_than_before_is_not_kept(tmp_path: Path, part: str) -> None:
    lora = KINDS[part]
    world = World(SIZE, colours=((0, 0, 255),))
    study = study_of(tmp_path, world, {"face": 0.1, "dress": 0.1, "shoes": 0.1, lora: 0.8})
    assert run(study).pick is None
    assert mended(study, part).mended is None
    assert len(world.asked) == 2


def test_a_face_that_costs_the_shoes_is_not_kept(tmp_path: Path) -> None:
    world = World(SIZE, colours=((255, 0, 255),))
    study = study_of(tmp_path, world, {"face": 0.8, "dress": 0.1, "shoes": 0.1})
    assert run(study).pick is None
    assert mended(study, "face").mended is None
    assert stored(study, SEED).outcome.mended is None


def test_the_face_of_a_pick_is_redrawn_in_its_regions(tmp_path: Path) -> None:
    world = World(SIZE, colours=((255, 255, 255),))
    boxes = {"face": {"region": {"box": [0.0, 0.0, 1.0, 0.5]}}, "dress": {"region": {"box": [0.25, 0.3, 0.75, 0.9]}}}
    study = study_of(tmp_path, world, {"face": 0.8, "dress": 0.1, "shoes": 0.1}, **boxes)
    run(study)
    found = mended(study, "face")
    assert found.mended is not None
    assert study.regions is not None
    whole = study.regions.of(SEED)
    (asked,), (redrawn,) = world.asked, found.mended.redrawn
    regions = asked.job.regions
    assert regions is not None
    assert set(regions.masks) == {"face", "dress"}
    assert found.shown is not None
    assert asked.job.point == own_image(found.shown.judged).point
    left, top, right, bottom = redrawn.box
    assert Crop(redrawn.box, redrawn.mask, redrawn.blur, SIZE).enlarged_regions(whole) == regions
    for name, mask in whole.masks.items():
        share = mask[top:bottom, left:right].mean()
        assert regions.masks[name].mean() == pytest.approx(share, abs=0.05)
    assert 0 < np.mean(regions.masks["face"]) < 1


def test_the_epoch_of_the_pick_redraws_it(tmp_path: Path) -> None:
    world = World(SIZE, colours=((255, 255, 255),))
    files = {"file": ["dress-000004.safetensors", "dress.safetensors"]}
    study = study_of(tmp_path, world, {"face": 0.8, "dress": 0.1, "shoes": 0.1}, dress=files)
    run(study)
    trials = stored(study, SEED).outcome.trials
    early = [one for one in trials if own_image(one.judged).point.files.get("dress") == "dress-000004"]
    assert early
    pick_trial(study, SEED, early[0].number)
    found = mended(study, "face")
    assert found.mended is not None
    (asked,) = world.asked
    assert asked.job.point == own_image(early[0].judged).point
    assert asked.job.point.files == {"dress": "dress-000004"}
    with Image.open(found.mended.image) as image:
        assert "dress-000004" in str(image.info["parameters"])
