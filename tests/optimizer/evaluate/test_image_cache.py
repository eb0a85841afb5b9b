"""Nothing is drawn twice, whoever asks; the folder is bounded and may be shared."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.testing.fake_renderer import FakeRenderer

POINT = Point({"a": 0.5, "b": 0.0}, 5.0)


def size_of(place: Path) -> tuple[int, int]:
    with Image.open(place) as image:
        return image.size


def test_nothing_is_drawn_twice(tmp_path: Path) -> None:
    inner = FakeRenderer()
    cached = CachedRenderer(inner, tmp_path)
    ((place, first),) = cached.render([Job(1, POINT)])
    ((_, same),) = CachedRenderer(inner, tmp_path).render([Job(1, Point({"a": 0.5}, 5.0))])
    assert np.array_equal(first, same)  # type: ignore[arg-type]
    assert len(inner.calls) == 1
    assert size_of(place) == (64, 96)
    assert cached.find(Job(2, POINT), alone=False) is None


def test_only_what_is_missing_is_drawn_and_all_comes_in_order(tmp_path: Path) -> None:
    inner = FakeRenderer(most=4)
    cached = CachedRenderer(inner, tmp_path)
    points = [Point({"a": level}, 5.0) for level in (0.1, 0.9, 0.5)]
    cached.render([Job(1, points[1])])
    found = cached.render([Job(1, point) for point in points])
    assert [image.getpixel((0, 0))[0] for _, image in found] == [26, 230, 128]  # type: ignore[union-attr, index]
    assert [point.weights["a"] for _, point in inner.calls] == [0.9, 0.1, 0.5]


def test_an_image_drawn_in_a_batch_never_stands_for_one_drawn_alone(tmp_path: Path) -> None:
    inner = FakeRenderer(most=2)
    cached = CachedRenderer(inner, tmp_path)
    jobs = [Job(1, POINT), Job(2, POINT)]
    together = [place for place, _ in cached.render(jobs)]
    assert cached.find(jobs[0], alone=True) is None
    alone = [place for place, _ in cached.render(jobs, alone=True)]
    assert not set(together) & set(alone)
    assert [place for place, _ in cached.render(jobs)] == alone
    assert len(inner.calls) == 4


def test_what_came_out_as_nothing_is_kept_with_its_reason(tmp_path: Path) -> None:
    inner = FakeRenderer(fails=frozenset([3]))
    for _ in range(2):
        ((place, nothing),) = CachedRenderer(inner, tmp_path).render([Job(3, POINT)])
        assert nothing == NotDrawn("the fake was told to fail")
    assert size_of(place) == (128, 192)
    assert len(inner.calls) == 1


def test_a_black_image_is_an_image(tmp_path: Path) -> None:
    cached = CachedRenderer(FakeRenderer(), tmp_path)
    for _ in range(2):
        ((_, image),) = cached.render([Job(1, Point({"a": 0.0}, 5.0))])
        assert isinstance(image, Image.Image)
        assert image.getextrema() == ((0, 0), (0, 0), (0, 0))


def test_the_folder_stays_within_its_limit_and_the_last_asked_for_stay(tmp_path: Path) -> None:
    one = CachedRenderer(FakeRenderer(), tmp_path / "one")
    size = one.render([Job(0, POINT)])[0][0].stat().st_size
    cached = CachedRenderer(FakeRenderer(), tmp_path / "many", limit=5 * size)
    for seed in range(20):
        place, _ = cached.render([Job(seed, POINT)])[0]
        # Coarse clocks would give several files one time.
        os.utime(place, ns=(seed, seed))
        if seed:
            kept = cached.find(Job(0, POINT), alone=True)
            assert kept is not None
            os.utime(kept, ns=(seed * 10, seed * 10))
        assert sum(file.stat().st_size for file in (tmp_path / "many").glob("*.png")) <= 5 * size
    assert cached.find(Job(0, POINT), alone=True) is not None
    assert cached.find(Job(1, POINT), alone=True) is None


def test_an_image_that_another_process_removed_meanwhile_is_drawn_again(tmp_path: Path) -> None:
    inner = FakeRenderer()
    cached = CachedRenderer(inner, tmp_path)
    job = Job(1, POINT)
    place, _ = cached.render([job])[0]
    place.unlink()
    cached.find = lambda _, alone: place  # type: ignore[method-assign]
    again, image = cached.render([job])[0]
    assert again == place
    assert isinstance(image, Image.Image)
    assert place.exists()
    assert len(inner.calls) == 2
