"""Arguments that mean nothing, and devices that this machine lacks, are one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huanhua.scoring import score
from models.errors import InputError
from studies.devices import check_device, scorers_device
from studies.pipeline import run_study, scout_study
from studies.study import open_study
from studies.testing.lab_study import study_in

ABSENT = "cuda:99"
CALLS: dict[str, tuple[Callable[[Any], object], str]] = {
    "run": (lambda study: run_study("a/study.yaml", trials=4), "no open study: 'a/study.yaml'; open it first"),  # type: ignore[arg-type]
    "scout": (lambda study: scout_study(Path("a"), 1), "no open study"),  # type: ignore[arg-type]
    "score": (lambda study: score("a", "b.png"), "no open study: 'a'"),  # type: ignore[arg-type]
    "score a number": (lambda study: score(study, 5), "no list of image files: 5"),  # type: ignore[arg-type]
    "score numbers": (lambda study: score(study, [5]), "no list of image files"),  # type: ignore[list-item]
    "open a number": (lambda study: open_study(5), "no path of a study: 5"),  # type: ignore[arg-type]
    "open nothing": (lambda study: open_study(None), "no path of a study: None"),  # type: ignore[arg-type]
    "a device": (lambda study: check_device(ABSENT, "render.device"), "this machine has no device cuda:99: render.device"),
    "another": (lambda study: check_device("gpu please", "x"), "this machine has no device gpu please"),
    "no device": (lambda study: check_device("meta", "x"), "this machine has no device meta"),
    "scorers'": (lambda study: scorers_device(ABSENT), "this machine has no device cuda:99: scorers.device"),
}


@pytest.mark.parametrize("call", CALLS)
def test_it_is_one_line(tmp_path: Path, call: str) -> None:
    act, line = CALLS[call]
    study = study_in(tmp_path)
    with pytest.raises(InputError) as refused:
        act(study)
    assert line in str(refused.value)


def test_what_is_here_passes() -> None:
    check_device("cpu", "render.device")
    assert scorers_device("cpu") == "cpu"
