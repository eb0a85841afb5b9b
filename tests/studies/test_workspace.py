from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from studies.workspace import Workspace


@pytest.mark.parametrize("damage", [b"{", b"", b"\xff\xfe{}"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, damage: bytes) -> None:
    workspace = Workspace(tmp_path)
    workspace.write("locked", [7])
    assert workspace.read("locked") == [7]
    (tmp_path / "locked.json").write_bytes(damage)
    with pytest.raises(InputError, match=r"damaged file of the workspace: .*locked.json; move it away"):
        workspace.read("locked")
