"""Single files by their address: cut off, resumed, damaged, and on a disk that is full."""

from __future__ import annotations

import errno
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.catalogue import RealModel
from models.errors import InputError
from models.io import downloads
from models.io.downloads import download, unpack
from models.io.fetching import fetch_model
from models.testing.hub import Hub, serving

NAME = "owner/name/releases/download/v1/pack.zip"
URL = f"https://github.com/{NAME}"


def packed() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pack/det.onnx", np.random.default_rng(0).bytes(3_000_000))
        archive.writestr("../../outside.onnx", b"x")
        archive.writestr("pack/readme.txt", b"no model")
    return stream.getvalue()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(Hub({NAME: packed()})) as found:
        monkeypatch.setenv("GITHUB_ENDPOINT", found.address)
        monkeypatch.setattr(downloads, "CHUNK", 100_000)
        yield found


def pack(hub: Hub, sha256: str = "") -> RealModel:
    return RealModel(
        "pack", "faces", 3, "MIT", URL, "{folder}", "yes", url=URL, sha256=sha256 or hashlib.sha256(hub.files[NAME]).hexdigest()
    )


def test_a_pack_is_unpacked_whole_and_nothing_lies_beside_it(hub: Hub, tmp_path: Path) -> None:
    lines: list[str] = []
    assert fetch_model(pack(hub), tmp_path, lines.append) == tmp_path / "pack"
    assert {path.name for path in tmp_path.rglob("*")} == {"pack", "det.onnx", "outside.onnx"}
    assert any("100% of 3 MB" in line for line in lines)
    hub.asked.clear()
    fetch_model(pack(hub), tmp_path, lines.append)
    assert (hub.asked, lines[-1]) == ([], f"{tmp_path / 'pack'}: there already")


def test_a_broken_connection_is_one_line_and_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.broken.add(NAME)
    with pytest.raises(InputError, match=r"not fetched .*the same command goes on") as told:
        fetch_model(pack(hub), tmp_path, lambda line: None)
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip.part"]
    done = (tmp_path / "pack.zip.part").stat().st_size
    fetch_model(pack(hub), tmp_path, lambda line: None)
    assert hub.asked[-1][2] == f"bytes={done}-"
    assert 0 < done < len(hub.files[NAME])
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_another_hash_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another hash"):
        fetch_model(pack(hub, "0" * 64), tmp_path, lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_what_is_there_to_go_on_from(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return Full() if path.suffix == ".part" and mode in ("wb", "ab") else opened(path, mode, *args, **kwargs)

    (tmp_path / "pack.zip.part").write_bytes(hub.files[NAME][:1000])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(InputError, match="the disk is full"):
            fetch_model(pack(hub), tmp_path, lambda line: None)
    fetch_model(pack(hub), tmp_path, lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_server_that_lacks_it_or_does_not_answer(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="404"):
        download(URL.replace("v1", "v2"), tmp_path / "a.zip", "", print)
    monkeypatch.setenv("GITHUB_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="check the network"):
        download(URL, tmp_path / "a.zip", "", print)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_archive_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="the archive does not open"):
        unpack(tmp_path / "a.zip", tmp_path / "a", ".onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
