from __future__ import annotations

from pathlib import Path

from PIL import Image

from optimizer.point import Point
from optimizer.search.space import Axis, Space
from optimizer.trial_store.other_trials import trials_of_others
from optimizer.trial_store.store import TrialStore

AXIS = Axis(0.0, 1.0, 0.05)


def put(folder: Path, name: str, space: Space, weights: dict[str, float], margin: float) -> None:
    image = folder / "a.png"
    Image.new("RGB", (4, 4)).save(image)
    trial_store = TrialStore(name, f"sqlite:///{folder / 'optuna.db'}", space, folder / "artifacts")
    attrs = {"phase": "search", "scores": {"expression": {"dress": 0.4}}}
    trial_store.add(Point(weights, 7.0), values=(0.5, 0.4, 1.0, 0.0), violations={"dress": margin}, attrs=attrs, image=image)


def test_only_other_seeds_of_this_study_with_these_loras_are_learnt_from(tmp_path: Path) -> None:
    space, other = Space({"dress": AXIS}, 7.0), Space({"coat": AXIS}, 7.0)
    put(tmp_path, "pink-seed-1", space, {"dress": 0.5}, 0.3)
    put(tmp_path, "pink-seed-2", space, {"dress": 0.6}, 0.1)
    put(tmp_path, "pink-seed-3", other, {"coat": 0.6}, 0.1)
    put(tmp_path, "pink-seed-hat-4", space, {"dress": 0.9}, 0.0)
    put(tmp_path, "blue-seed-5", space, {"dress": 0.9}, 0.0)
    found = trials_of_others(f"sqlite:///{tmp_path / 'optuna.db'}", "pink-seed-", "pink-seed-2", space)
    assert [[(j.point.weights, j.violations) for j, _ in trials] for trials in found] == [[({"dress": 0.5}, {"dress": 0.3})]]
