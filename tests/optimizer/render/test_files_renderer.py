"""A LoRA of several files draws, by each of them, to the last bit what a study of that file alone draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from models.base.family import Base
from models.errors import InputError
from models.lora.file import LoraFile
from optimizer.point import Job, Point
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.epochs.files_renderer import MOST, FilesRenderer
from tests.optimizer.render.test_diffusers_renderer import base, drawn, equal, frame, lora

__all__ = ["base"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
WEIGHTS = {"dress": 0.6, "shoes": 0.4}


def files_of(base: Base) -> dict[str, LoraFile]:
    """The last file of each, and two earlier ones of the dress; those of longer names are other LoRAs."""
    earlier = {f"dress@dress-{n}": replace(lora(base, "dress" + "x" * n, text=True), digest=f"{n}" * 64) for n in (1, 2)}
    return {"dress": lora(base, "dress", text=True), **earlier, "shoes": lora(base, "shoes")}


def opened(base: Base, loras: Mapping[str, LoraFile]) -> DiffusionRenderer:
    return DiffusionRenderer(base, loras, frame())


def test_each_file_draws_what_it_draws_alone(base: Base) -> None:
    files = files_of(base)
    together = FilesRenderer(files, lambda loras: opened(base, loras))
    points = [Point(WEIGHTS, 5.0, files=chosen) for chosen in ({}, {"dress": "dress-1"}, {"dress": "dress-2"})]
    # One by one: images of one batch differ by rounding.
    images = [drawn(together, Job(3, point))[0] for point in [*points, points[0]]]
    assert equal(images[0], images[3])
    for image, key in zip(images, ("dress", "dress@dress-1", "dress@dress-2"), strict=False):
        (alone,) = drawn(opened(base, {"dress": files[key], "shoes": files["shoes"]}), Job(3, Point(WEIGHTS, 5.0)))
        assert equal(image, alone)
    assert not equal(images[0], images[1])
    (off,) = drawn(together, Job(3, Point({"dress": 0.0, "shoes": 0.4}, 5.0, files={"dress": "dress-1"})))
    (never,) = drawn(together, Job(3, Point({"shoes": 0.4}, 5.0)))
    assert equal(off, never)


def test_one_choice_at_a_time_has_folded_weights_and_few_stay_open(base: Base) -> None:
    made: list[DiffusionRenderer] = []

    def make(loras: Mapping[str, LoraFile]) -> DiffusionRenderer:
        made.append(opened(base, loras))
        return made[-1]

    files = files_of(base)
    files |= {f"dress@{n}": replace(files["dress"], digest=f"{n:064}") for n in range(MOST + 1)}
    renderer = FilesRenderer(files, make)
    for n in range(MOST + 1):
        drawn(renderer, Job(3, Point(WEIGHTS, 5.0, files={"dress": f"{n}"})))
    folded = [one for one in made if any(p.copies is not None for p in one._folded._parameters)]
    assert folded == made[-1:]
    assert len(renderer._open) == MOST


def test_its_identity_is_that_of_the_last_files_with_the_digests_of_the_others(base: Base) -> None:
    files = files_of(base)
    renderer = FilesRenderer(files, lambda loras: opened(base, loras))
    single = opened(base, {name: files[name] for name in ("dress", "shoes")}).identity()
    assert {**renderer.identity(), "loras": None} == {**single, "loras": None}
    assert renderer.identity()["loras"] == {key: file.digest for key, file in files.items()}
    with pytest.raises(InputError, match="dress has no file dress@dress-9"):
        renderer.render([Job(3, Point(WEIGHTS, 5.0, files={"dress": "dress-9"}))])
