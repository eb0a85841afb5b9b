"""What a person's folder may hold, and a disk refuse: one line each, good photos go through, nothing half-written remains."""

from __future__ import annotations

import errno
import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.errors import InputError
from models.io.disk import check_writable
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from tests.trainers.prepare.test_dataset_writer import files, run, snap
from tests.trainers.train.test_train import run as train
from trainers.prepare.boxes import NAME as BOXES
from trainers.testing.tiny_base import tiny_base


def picture(kind: str = "PNG", **how: Any) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((150, 230), 40).convert("RGB").save(stream, kind, **how)
    return stream.getvalue()


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (150, 230), colour) for colour in ("red", "blue")]
    return picture_of(frames[0], kind, save_all=True, append_images=frames[1:])


def picture_of(image: Image.Image, kind: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A whole PNG of one colour: 2.7 GB of pixels in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(3 * side + 1) * 8)) + chunk(b"IEND", b"")


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut.jpg": (lambda: picture("JPEG")[:4000], "damaged or cut short"),
    "cut.png": (lambda: picture()[:4000], "damaged or cut short"),
    "cut.webp": (lambda: picture("WEBP")[:4000], "damaged or cut short"),
    "nothing.jpg": (lambda: b"", "an empty file"),
    "bomb.png": (bomb, "million pixels"),
    "moves.webp": (lambda: moving("WEBP"), "a moving picture"),
    "moves.png": (lambda: moving("PNG"), "a moving picture"),
    "gif 改名.png": (lambda: moving("GIF"), "a moving picture"),
    "letter.jpg": (lambda: b"Dear all", "not a JPEG, PNG, WebP"),
    "pages.tiff": (lambda: moving("TIFF"), "several pages"),
    "floats.tif": (lambda: picture_of(Image.new("F", (150, 230)), "TIFF"), "floating-point"),
    "raw.dng": (lambda: picture("TIFF"), "raw file"),
}


def test_bad_photos_are_set_aside_with_their_reason_and_good_ones_go_through(tmp_path: Path) -> None:
    photos = tmp_path / "我的 照片"
    for index, name in enumerate(("一 件 裙子.png", "b.png", "c.png")):
        snap(photos, name, (150 + index, 230), index)
    for name, (content, _) in BAD.items():
        (photos / name).write_bytes(content())
    made = run(photos, tmp_path / "训练 集")
    assert sorted(p.file for p in made.manifest.photos) == ["b.png", "c.png", "一 件 裙子.png"]
    reasons = {a.file: a.why for a in made.manifest.set_aside}
    assert reasons.keys() == BAD.keys()
    for name, (_, why) in BAD.items():
        assert why in reasons[name]
        assert "\n" not in reasons[name]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([photos.name, "训练 集"])


def test_a_photo_is_used_although_its_thumbnail_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    draw(random_figure(np.random.default_rng(3)), (300, 460)).image.save(tmp_path / "photos/b.png")
    with Image.open(tmp_path / "photos/b.png") as whole:
        whole.resize((60, 92)).save(tmp_path / "photos/a.png")
        whole.resize((200, 307)).save(tmp_path / "photos/c.png")
    made = run(tmp_path / "photos", tmp_path / "set").manifest
    assert [p.file for p in made.photos] == ["b.png"]
    assert [a.file for a in made.set_aside] == ["a.png", "c.png"]
    assert "pixels of at least" in made.set_aside[0].why
    assert "nearly the same picture as b.png" in made.set_aside[1].why


def test_photos_of_unread_formats_are_counted(tmp_path: Path) -> None:
    snap(tmp_path / "photos", "a.png")
    for name in ("IMG_2.HEIC", "IMG_1.HEIC", "notes.txt"):
        (tmp_path / "photos" / name).write_bytes(b"x")
    manifest = run(tmp_path / "photos", tmp_path / "set").manifest
    assert [a.file for a in manifest.set_aside] == ["IMG_1.HEIC", "IMG_2.HEIC"]
    assert manifest.warnings[-1] == "1 files not used: notes.txt"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_in_a_training_set_is_named_and_nothing_is_trained(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set/train/1_dress"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(BAD[name][0]())
    with pytest.raises(InputError, match=BAD[name][1]) as raised:
        train(tmp_path / "set", tmp_path / "out/dress.safetensors", tiny_base())
    assert name in str(raised.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]


def dataset(tmp_path: Path) -> Path:
    """Two pictures without captions, in a folder of Chinese letters and spaces."""
    folder = tmp_path / "训练 集/train/2_我的 裙子"
    folder.mkdir(parents=True)
    for index in range(2):
        Image.effect_noise((16, 16), 60 + index).convert("RGB").save(folder / f"图 {index}.png")
    return tmp_path / "训练 集"


def test_pictures_without_captions_and_names_of_all_letters_are_trained(tmp_path: Path) -> None:
    made = train(dataset(tmp_path), tmp_path / "模 型" / "裙子 一.safetensors", tiny_base())
    assert made.path.stat().st_size > 0
    assert files(tmp_path / "模 型") == ["裙子 一.safetensors"]


class Full:
    """A disk that accepts `left` more files, then fails with the errno `code`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int, code: int = errno.ENOSPC) -> None:
        self._left, self._code = left, code
        self._save, self._fsync = Image.Image.save, os.fsync
        monkeypatch.setattr(Image.Image, "save", self._saving())
        monkeypatch.setattr(os, "fsync", self._synced)

    def _saving(self) -> Callable[..., None]:
        def save(image: Image.Image, where: Any, *given: Any, **named: Any) -> None:
            if isinstance(where, Path):
                self._take(where)
            self._save(image, where, *given, **named)

        return save

    def _synced(self, number: int) -> None:
        self._take(Path("file"))
        self._fsync(number)

    def _take(self, where: Path) -> None:
        self._left -= 1
        if self._left < 0:
            if isinstance(where, Path) and where.suffix == ".png":
                where.write_bytes(b"half a pic")
            raise OSError(self._code, os.strerror(self._code), str(where))


@pytest.mark.parametrize(("code", "what"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "nothing can be written")])
@pytest.mark.parametrize("left", [0, 3])
def test_a_disk_that_fills_up_while_a_set_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int, code: int, what: str
) -> None:
    for index in range(3):
        snap(tmp_path / "photos", f"{index}.png", (150 + index, 230), index)
    run(tmp_path / "photos", tmp_path / "set", trigger="olddress")
    before = {name: (tmp_path / "set" / name).read_bytes() for name in files(tmp_path / "set")}
    with monkeypatch.context() as patched:
        Full(patched, left, code)
        for out in ("set", "new"):
            with pytest.raises(InputError, match=what):
                run(tmp_path / "photos", tmp_path / out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos", "set"]
    assert {name: (tmp_path / "set" / name).read_bytes() for name in files(tmp_path / "set")} == before
    run(tmp_path / "photos", tmp_path / "set")


def test_a_disk_that_fills_up_in_a_training_loses_no_step_that_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, base = dataset(tmp_path), tiny_base()
    whole = train(data, tmp_path / "a/dress.safetensors", base)
    out = tmp_path / "b/dress.safetensors"
    with monkeypatch.context() as patched:
        Full(patched, 1)
        with pytest.raises(InputError, match="the disk is full"):
            train(data, out, base, checkpoint_seconds=0.0)
    assert files(tmp_path / "b") == ["work/dress.checkpoint"]
    steps: list[int] = []
    train(data, out, base, progress=lambda p: steps.append(p.step))
    assert next(step for step in steps if step) == 2
    assert out.read_bytes() == whole.path.read_bytes()


def test_a_disk_without_room_for_the_file_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(tmp_path)
    with monkeypatch.context() as patched:
        Full(patched, 0)
        with pytest.raises(InputError, match="the disk is full"):
            train(data, tmp_path / "b/dress.safetensors", tiny_base(), checkpoint_seconds=1e9)
    assert files(tmp_path / "b") == []


def test_an_unwritable_folder_is_reported_before_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(tmp_path)
    (tmp_path / "note").write_text("mine")
    for folder in (tmp_path / "note", tmp_path / "note" / "deeper"):
        with pytest.raises(InputError, match="in the way"):
            train(data, folder / "dress.safetensors", tiny_base(), checkpoints=tmp_path / "work")
    assert (tmp_path / "note").read_text() == "mine"

    def closed(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", closed)
    steps: list[int] = []
    with pytest.raises(InputError, match="nothing can be written"):
        train(data, tmp_path / "c/dress.safetensors", tiny_base(), progress=lambda p: steps.append(p.step))
    assert steps == []


def test_a_writable_folder_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert files(tmp_path) == []


def lab_set(folder: Path) -> Path:
    (folder / "set/train/1_dress").mkdir(parents=True)
    Image.effect_noise((64, 64), 60).convert("RGB").save(folder / "set/train/1_dress/a.png")
    return folder / "set"


def test_a_base_of_another_architecture_is_one_line(tmp_path: Path) -> None:
    from studies.training.train import train_lora, train_request

    data = lab_set(tmp_path)
    wide = tmp_path / "sd2"
    for path in (WEIGHTS / "base").rglob("*"):
        if path.is_file():
            (wide / path.relative_to(WEIGHTS / "base")).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, wide / path.relative_to(WEIGHTS / "base"))
    config = json.loads((wide / "unet/config.json").read_text())
    (wide / "unet/config.json").unlink()
    (wide / "unet/config.json").write_text(json.dumps({**config, "cross_attention_dim": 1024}))
    other = tmp_path / "flux"
    other.mkdir()
    (other / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    (tmp_path / "note.safetensors").write_text("no model")
    request = train_request(data, tmp_path / "out/x.safetensors", "other", family="lab", trigger="x")
    for base in (wide, other, tmp_path / "note.safetensors", tmp_path / "absent.safetensors"):
        with pytest.raises(InputError) as raised:
            train_lora(request, str(base))
        assert "\n" not in str(raised.value)
        assert base.name in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_companion_of_another_architecture_is_one_line(tmp_path: Path) -> None:
    from studies.training.train import train_lora, train_request

    made = train(dataset(tmp_path), tmp_path / "tiny.safetensors", tiny_base())
    request = train_request(lab_set(tmp_path), tmp_path / "out/x.safetensors", "other", family="lab", trigger="x")
    with pytest.raises(InputError, match="another architecture"):
        train_lora(request, str(WEIGHTS / "base"), [made.path])
    assert not (tmp_path / "out").exists()


def test_the_command_line_ends_with_status_2_and_no_traceback(tmp_path: Path) -> None:
    from studies.cli.app import app

    data = lab_set(tmp_path)
    (data / "train/1_dress/b.png").write_bytes(b"")
    result = CliRunner().invoke(
        app, ["train", str(data), "--base", str(WEIGHTS / "base"), "--out", str(tmp_path / "x.safetensors"), "--kind", "other"]
    )
    assert isinstance(result.exception, InputError)
    assert "an empty file" in str(result.exception)
    assert not (tmp_path / "x.safetensors").exists()


def test_a_boxes_file_that_is_no_file_is_one_line(tmp_path: Path) -> None:
    snap(tmp_path / "photos", "a.png")
    (tmp_path / BOXES).mkdir()
    with pytest.raises(InputError, match="boxes file"):
        run(tmp_path / "photos", tmp_path / "set", boxes=tmp_path / BOXES)
