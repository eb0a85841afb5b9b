"""Tables of landscapes, and the made-up ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.search.draw_landscapes import lab_now
from models.errors import InputError
from optimizer.testing.fake_landscape import SOUND, fake_landscape, sound_seeds
from optimizer.testing.landscape import Landscape, Problem, read_landscape, stale, write_landscape
from scorers.score.calibration import Calibration

TABLES = Path(__file__).parents[3] / "benchmarks/search/landscapes"


def problem(held: Landscape, require: float = 0.6, drift: float | None = None) -> Problem:
    return Problem(held, dict.fromkeys(held.levels, require), {"hands": 0.3}, {} if drift is None else {"drift": drift})


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    held = replace(fake_landscape(3, 1, levels=4), order=7)
    write_landscape(held, tmp_path / "a.npz")
    back = read_landscape(tmp_path / "a.npz")
    assert (back.seed, back.levels, back.start, back.calibrations, back.made_of, back.order) == (
        held.seed,
        held.levels,
        held.start,
        held.calibrations,
        held.made_of,
        7,
    )
    for name in held.levels:
        np.testing.assert_array_equal(back.raw[name], held.raw[name])
    assert back.whole.keys() == held.whole.keys()
    for name in held.whole:
        np.testing.assert_array_equal(back.whole[name], held.whole[name])


def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"no table")
    with pytest.raises(InputError, match="not a landscape"):
        read_landscape(tmp_path / "a.npz")
    held = fake_landscape(3, 1, levels=4)
    write_landscape(replace(held, whole={**held.whole, "hands": held.whole["hands"][:2]}), tmp_path / "b.npz")
    with pytest.raises(InputError, match="differ in shape"):
        read_landscape(tmp_path / "b.npz")


def test_judging_a_point_is_looking_it_up() -> None:
    held = fake_landscape(3, 1, levels=6)
    asked = problem(held, 0.5, drift=0.4)
    point = asked.space.point({"face": 0.4, "dress": 0.8, "shoes": 0.2})
    judged = asked.judge(point)
    raw = float(held.raw["dress"][2, 4, 1])
    assert judged.cost == pytest.approx(1.4)
    assert judged.violations["dress"] == pytest.approx(0.5 - max(0.0, (raw - 0.1) / 0.7), abs=1e-5)
    assert judged.violations["drift"] == pytest.approx(float(held.whole["drift"][2, 4, 1]) - 0.4, abs=1e-6)
    assert set(judged.violations) == {"face", "dress", "shoes", "hands", "body", "drift"}


def test_the_optimum_is_the_least_cost_of_a_feasible_point() -> None:
    asked = problem(fake_landscape(106, 0, levels=6), 0.4)
    points = [
        asked.judge(asked.space.point({"face": a / 5, "dress": b / 5, "shoes": c / 5}))
        for a in range(6)
        for b in range(6)
        for c in range(6)
    ]
    assert asked.optimum == pytest.approx(min(j.cost for j in points if j.feasible))
    assert any(asked.is_pick(j) for j in points)


def with_hands(held: Landscape, hands: NDArray[np.float32]) -> Landscape:
    return replace(held, whole={**held.whole, "hands": hands})


def with_cfgs(held: Landscape) -> Landscape:
    """Three values of CFG, 2.5 the study's own; at 3.5 the hands are whole everywhere."""
    raw = {n: np.stack([r] * 3, axis=-1) for n, r in held.raw.items()}
    whole = {n: np.stack([scores] * 3, axis=-1) for n, scores in held.whole.items()}
    whole["hands"][..., 2] = 0
    return replace(held, raw=raw, whole=whole, cfg=2.5, cfgs=(1.5, 2.5, 3.5))


def test_cfg_is_an_axis_that_costs(tmp_path: Path) -> None:
    made_up = fake_landscape(106, 0, levels=6)
    broken = np.ones((6, 6, 6), np.float32)
    broken[0, 0, 0] = 0.0
    write_landscape(
        with_cfgs(with_hands(replace(made_up, start=dict.fromkeys(made_up.levels, 0.0)), broken)), tmp_path / "cfg.npz"
    )
    held = read_landscape(tmp_path / "cfg.npz")
    asked = problem(held, 0.4)
    assert problem(held.plane(), 0.4).optimum is None
    assert asked.space.point(held.start, 3.5).cfg == 3.5
    whole = problem(with_hands(held, np.zeros_like(held.whole["hands"])).plane(), 0.4).optimum
    assert whole is not None
    assert asked.optimum == pytest.approx(whole + asked.space.cfg_price)


def test_the_plane_of_a_landscape_without_cfg_is_itself() -> None:
    held = fake_landscape(3, 1, levels=4)
    assert held.plane() is held
    np.testing.assert_array_equal(with_cfgs(held).plane().whole["hands"], held.whole["hands"])


def test_a_lora_that_is_not_measurable_can_never_be_met() -> None:
    held = fake_landscape(106, 0, levels=4)
    blind = replace(held, calibrations={**held.calibrations, "dress": Calibration(0.5, 0.5, 0.02, 0.9)})
    assert problem(blind, 0.4).optimum is None


def test_made_up_seeds_are_sound_at_the_start_the_same_each_time_and_differ() -> None:
    seeds = sound_seeds(5, 3)
    for held in seeds:
        at = held.at(held.space.point(held.start))
        assert held.whole["hands"][at] <= SOUND
        assert held.whole["body"][at] == 0
    assert len({held.seed for held in seeds}) == 3
    again = fake_landscape(5, seeds[0].seed)
    np.testing.assert_array_equal(again.whole["hands"], seeds[0].whole["hands"])
    assert not np.array_equal(seeds[0].raw["dress"], seeds[1].raw["dress"])


def test_raising_one_lora_lowers_the_others_and_hands_break_with_the_total() -> None:
    held = [fake_landscape(study, 0) for study in range(8)]
    assert np.mean([h.raw["dress"][0, 6, 0] - h.raw["dress"][10, 6, 10] for h in held]) > 0.05
    assert np.mean([h.whole["hands"][9, 9, 9] - h.whole["hands"][3, 3, 3] for h in held]) > 0.3


def test_a_table_is_stale_by_the_name_of_what_changed_or_is_gone() -> None:
    held = replace(fake_landscape(3, 1, levels=4), made_of={"base": "a", "loras/x": "b"})
    assert stale(held, {"base": "a", "loras/x": "b", "clip": "c"}) == []
    assert stale(held, {"base": "z"}) == ["base", "loras/x"]


def test_no_table_that_ships_is_stale() -> None:
    now = lab_now()
    for path in TABLES.rglob("*.npz"):
        held = read_landscape(path)
        assert [name for name in stale(held, now) if name != "drawn"] == [], path
