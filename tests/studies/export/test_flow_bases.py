"""No other tool's file is written of a flow-matching base: in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.errors import InputError
from studies.export.export import export_to
from studies.study import Study
from studies.testing.lab_study import study_in


@pytest.mark.parametrize("to", ["a1111", "comfyui", "diffusers", "lora"])
def test_only_the_picture_is_exported(tmp_path: Path, to: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(tmp_path)
    monkeypatch.setattr(Study, "base_facts", replace(study.base_facts, family="flux"))
    with pytest.raises(InputError, match=r"FLUX\.1 is drawn as diffusers draws it") as told:
        export_to(study, SimpleNamespace(pick=object(), seed=7), to)  # type: ignore[arg-type]
    assert "\n" not in str(told.value)
    assert "use --to png" in str(told.value)
