"""Arguments of the Python API: text for paths, one for several, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import huanhua
from models.errors import InputError
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker


def test_a_path_may_be_text(tmp_path: Path) -> None:
    fake_study(tmp_path / "study")
    for path in (str(tmp_path / "study"), str(tmp_path / "study" / "study.yaml")):
        study = huanhua.open_study(path, workspace=str(tmp_path / "elsewhere"))
        assert study.workspace.root == tmp_path / "elsewhere"
    with pytest.raises(InputError, match="no such study"):
        huanhua.open_study(str(tmp_path / "none"))
    with pytest.raises(InputError):
        huanhua.open_lora(str(tmp_path / "none.safetensors"), {})


def test_one_image_or_setting_may_be_given_as_text(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "study")
    with pytest.raises(InputError, match=r"a\.png"):
        huanhua.score(study, "a.png")
    (tmp_path / "set" / "10_dress").mkdir(parents=True)
    out = str(tmp_path / "dress.safetensors")
    one = huanhua.train_request(str(tmp_path / "set"), out, "clothing", trigger="dress", settings="rank=16")
    assert one == huanhua.train_request(
        tmp_path / "set", tmp_path / "dress.safetensors", "clothing", trigger="dress", settings=["rank=16"]
    )
    assert one.preset.rank == 16
    assert one.out == Path(out)


@pytest.mark.parametrize(
    "given",
    [{"trials": 0}, {"trials": -1}, {"trials": 3}, {"trials": 4.5}, {"trials": True}, {"trials": "9"}, {"ray_workers": 0}],
)
def test_a_run_of_no_trials_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    study = fake_study(tmp_path / "study")
    with pytest.raises(InputError, match=f"{next(iter(given))}; give a whole number of at least"):
        huanhua.run_study(study, tracker=MemoryTracker(), **given)
    assert not (study.workspace.root / "optuna.db").exists()


@pytest.mark.parametrize("seed", [-1, 2**32, 7.5, "7", None, True])
def test_a_run_of_no_seed_is_refused(tmp_path: Path, seed: Any) -> None:
    with pytest.raises(InputError, match="is not for seeds"):
        huanhua.run_study(fake_study(tmp_path / "study"), [seed], tracker=MemoryTracker())


@pytest.mark.parametrize("count", [0, -3, 1.5, True, "4"])
def test_scouting_no_seeds_is_refused(tmp_path: Path, count: Any) -> None:
    with pytest.raises(InputError, match="is not for count"):
        huanhua.scout_study(fake_study(tmp_path / "study"), count, tracker=MemoryTracker())


@pytest.mark.parametrize(
    "axis",
    [
        *((1, 0, 0.1), (math.nan, 1, 0.1), (0, math.nan, 0.1), (0, 1, math.nan), (0, math.inf, 0.1), (-math.inf, 0, 0.1)),
        *((0, 1, 0), (0, 1, -0.1), (0, 1, math.inf), ("0", 1, 0.1), (0, None, 0.1), (False, True, 0.1)),
    ],
)
def test_what_is_no_axis_is_refused(axis: tuple[Any, Any, Any]) -> None:
    with pytest.raises(InputError, match="no axis from"):
        huanhua.Axis(*axis)


@pytest.mark.parametrize(
    "given",
    [
        {"given_cfg": math.nan},
        {"given_cfg": 7.0, "cfg_price": -1.0},
        {"given_cfg": 7.0, "edit_price": math.inf},
        {"given_cfg": 7.0, "prices": {"dress": math.nan}},
    ],
)
def test_what_is_no_price_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"no (price|CFG): "):
        huanhua.Space({"dress": huanhua.Axis(0.0, 1.0, 0.05)}, **given)
