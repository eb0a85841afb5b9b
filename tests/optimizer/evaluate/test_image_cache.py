"""Images under their content keys; the folder is bounded and may be shared."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from optimizer.evaluate.image_cache import ImageCache, as_png
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.testing.fake_renderer import FakeRenderer

POINT = Point({"a": 0.5, "b": 0.0}, 5.0)
PNG = as_png(Image.new("RGB", (64, 96), (128, 0, 0)))


def cache(folder: Path, limit: int = 10**9) -> ImageCache:
    return ImageCache(folder, FakeRenderer().identity(), limit)


def size_of(place: Path) -> tuple[int, int]:
    with Image.open(place) as image:
        return image.size


def test_a_stored_image_is_found_by_an_equal_job(tmp_path: Path) -> None:
    images = cache(tmp_path)
    images.store(images.path(Job(1, POINT)), PNG)
    found = cache(tmp_path).load(Job(1, Point({"a": 0.5}, 5.0)), alone=True)
    assert found is not None
    place, image = found
    assert isinstance(image, Image.Image)
    assert image.getpixel((0, 0)) == (128, 0, 0)
    assert size_of(place) == (64, 96)
    assert images.find(Job(2, POINT), alone=False) is None


def test_the_names_of_files_are_those_of_earlier_versions(tmp_path: Path) -> None:
    images = cache(tmp_path)
    assert images.path(Job(1, POINT)).name == "e17818cc7597276dcac0d211900cf84b.png"
    assert images.path(Job(1, POINT), together=True).name == "9e943f02dc9d7a0e8733a6d9108eab52.png"


def test_images_of_another_renderer_are_other_files(tmp_path: Path) -> None:
    other = ImageCache(tmp_path, FakeRenderer(width=8).identity())
    assert other.path(Job(1, POINT)) != cache(tmp_path).path(Job(1, POINT))


def test_an_image_drawn_in_a_batch_never_stands_for_one_drawn_alone(tmp_path: Path) -> None:
    images, job = cache(tmp_path), Job(1, POINT)
    together = images.path(job, together=True)
    images.store(together, PNG)
    assert images.find(job, alone=True) is None
    assert images.load(job, alone=True) is None
    assert images.find(job, alone=False) == together
    images.store(images.path(job), PNG)
    assert images.find(job, alone=False) == images.path(job) != together


def test_what_was_not_drawn_is_a_card_that_keeps_the_reason(tmp_path: Path) -> None:
    images = cache(tmp_path)
    images.store(images.path(Job(3, POINT)), as_png(NotDrawn("out of luck")))
    assert images.load(Job(3, POINT), alone=True) == (images.path(Job(3, POINT)), NotDrawn("out of luck"))
    assert size_of(images.path(Job(3, POINT))) == (128, 192)


def test_the_folder_stays_within_its_limit_and_the_last_used_stay(tmp_path: Path) -> None:
    images = cache(tmp_path, limit=5 * len(PNG))
    for seed in range(20):
        place = images.path(Job(seed, POINT))
        images.store(place, PNG)
        # Coarse clocks would give several files one time.
        os.utime(place, ns=(seed, seed))
        if seed:
            kept = images.find(Job(0, POINT), alone=True)
            assert kept is not None
            os.utime(kept, ns=(seed * 10, seed * 10))
        assert sum(file.stat().st_size for file in tmp_path.glob("*.png")) <= 5 * len(PNG)
    assert images.find(Job(0, POINT), alone=True) is not None
    assert images.find(Job(1, POINT), alone=True) is None


def test_loading_marks_an_image_as_used(tmp_path: Path) -> None:
    images, job = cache(tmp_path), Job(1, POINT)
    images.store(images.path(job), PNG)
    os.utime(images.path(job), ns=(1, 1))
    images.load(job, alone=True)
    assert images.path(job).stat().st_mtime_ns > 1
