"""A ControlNet that acts beside a study's own: in a mend, in a large picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from models.testing.control.nets import write_named
from studies.control.beside import study_with
from studies.control.section import ControlSection
from studies.study import Study
from studies.testing.fake_study import fake_study


def section(folder: Path) -> ControlSection:
    return ControlSection(model=str(folder / "net.safetensors"), hint="tile")


def test_a_control_net_must_be_there(tmp_path: Path) -> None:
    study = fake_study(tmp_path)
    with pytest.raises(InputError, match=r"no such ControlNet.*net.safetensors"):
        study_with(study, "tile", section(tmp_path), "--tile")
    (tmp_path / "net.safetensors").write_text("net")
    with pytest.raises(InputError, match=r"net.safetensors"):
        study_with(study, "tile", section(tmp_path), "--tile")
    write_named(tmp_path / "net.safetensors")
    drawn = study_with(study, "tile", section(tmp_path), "--tile")
    assert set(drawn.spec.control) == {"tile"}
    assert study.spec.control == {}, "the study stays what it is"
    assert drawn.workspace is study.workspace


@pytest.mark.parametrize("taken", ["loras", "control"])
def test_a_name_of_the_studys_own_is_refused(tmp_path: Path, taken: str) -> None:
    study = fake_study(tmp_path)
    write_named(tmp_path / "net.safetensors")
    own = {**study.spec.loras, "tile": study.spec.loras["face"]} if taken == "loras" else {"tile": section(tmp_path)}
    other = Study(study.spec.model_copy(update={taken: own}), study.root, study.workspace, study.backend)
    with pytest.raises(InputError, match=r"the study has a tile of its own.*--tile"):
        study_with(other, "tile", section(tmp_path), "--tile")
