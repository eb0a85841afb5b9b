"""LoRAs are not trained on flow-matching bases: refused in one line before anything is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from models.testing.flow.folders import FOLDERS
from studies.training.train import train_request


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("family", "title"), [("z-image", "Z-Image"), ("flux", r"FLUX\.1"), ("flux2", r"FLUX\.2 \[klein\]")])
def test_in_one_line(tmp_path: Path, family: str, title: str) -> None:
    folder = FOLDERS[family](tmp_path / family)
    with pytest.raises(InputError, match=rf"trained on SD1\.5 or SDXL bases here, and this is {title}") as told:
        train_request(tmp_path / "data", tmp_path / "out.safetensors", "clothing", base=folder)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out.safetensors").exists()
