"""ControlNets on a picture that is redrawn in tiles: the pick's own are told their part of its hint, one of tiles each tile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.point import Job, Point
from optimizer.render.tiling.redraw import TiledRedraw, TileNet
from tests.optimizer.render.tiling.test_redraw import SIZE, Draws, noise

EDGES = np.asarray(noise(*SIZE))[::-1].copy()
JOB = Job(7, Point({"dress": 0.5}, 5.0, controls={"edges": Control(0.5, 0.75)}), hints=Hints({"edges": Hint("0" * 64, EDGES)}))
NET = TileNet("tile", "1" * 64, Control(0.8))


def test_each_tile_is_told_itself_and_its_part_of_the_picks_hints() -> None:
    draws, picture = Draws(), noise(64, 96)
    assert isinstance(TiledRedraw(draws, JOB, SIZE, 2**32 - 1, tile_net=NET).redrawn(picture, 0.3), Image.Image)
    assert len(draws.asked) > 1
    for one in draws.asked:
        assert one.job.point.controls == {"edges": Control(0.5, 0.75), "tile": Control(0.8)}
        assert one.job.hints is not None
        assert np.array_equal(one.job.hints.by_net["tile"].picture, np.asarray(one.picture))
        assert one.job.hints.by_net["edges"].picture.shape == (SIZE[1], SIZE[0], 3)
    first = draws.asked[0].job.hints
    assert first is not None
    enlarged = Image.fromarray(EDGES).resize(SIZE, Image.Resampling.BICUBIC, box=(0, 0, SIZE[0] / 2, SIZE[1] / 2))
    assert np.array_equal(first.by_net["edges"].picture, np.asarray(enlarged))


def test_without_one_a_tile_is_told_nothing_more() -> None:
    draws = Draws()
    TiledRedraw(draws, replace(JOB, point=Point({}, 5.0), hints=None), SIZE, 2**32 - 1).redrawn(noise(64, 96), 0.3)
    assert all(one.job.hints is None and not one.job.point.controls for one in draws.asked)
