"""No file from outside does more than be refused: one line, no file changed, nothing run, whatever is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.testing.hostile.corpus import bad_files
from studies.testing.hostile.entry_points import Door, doors, tried

DOORS = doors()
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"), pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def held(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.name}{door.suffix}")
def test_a_bad_file_is_one_line_and_changes_nothing(door: Door, tmp_path: Path) -> None:
    canary, folder = tmp_path / "canary", tmp_path / "in"
    folder.mkdir()
    refused = 0
    for wrong, data in bad_files(door, DOORS, canary):
        path = folder / f"given{door.suffix}"
        path.write_bytes(data)
        before = held(tmp_path)
        try:
            line = tried(door, path)
        except Exception as error:
            pytest.fail(f"{door.name}: {wrong}: {error!r}")
        refused += line is not None
        if line is not None:
            assert held(tmp_path) == before, wrong
        assert not canary.exists(), wrong
    assert refused >= 12


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.name}{door.suffix}")
@settings(max_examples=25)
@given(data=st.data())
def test_whatever_is_cut_out_and_put_in_is_refused_or_opens(door: Door, data: st.DataObject) -> None:
    import tempfile

    valid = door.valid
    first = data.draw(st.integers(0, len(valid)))
    last = data.draw(st.integers(first, min(len(valid), first + 64)))
    put = data.draw(st.binary(max_size=64))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"given{door.suffix}"
        path.write_bytes(valid[:first] + put + valid[last:])
        tried(door, path)
        assert [p.name for p in Path(folder).iterdir()] == [path.name]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.name}{door.suffix}")
def test_a_folder_and_a_link_to_itself_are_one_line(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / f"folder{door.suffix}"
    folder.mkdir()
    assert tried(door, folder)
    loop = tmp_path / f"loop{door.suffix}"
    loop.symlink_to(loop)
    assert tried(door, loop)
