"""What is read of a set makes its hash; what is not read is counted."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest

from models.errors import InputError
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.report import describe_dataset

RECORDED = (
    "015b684b6f8b230018daa588ad22d183f7079bd659bfca265c4c428acce8a5a4"
    "eaec33b3eec0a732cbe9cd67bb197855e786b812161958a818546e9a5fa831df"
    "b5848129e4ec6a5579ed8978bbbb50e9660cb676c4ddd56dc99e28b0db37bb21"
)
"""What earlier versions gave: with another value every finished LoRA would be trained again."""
STRAY = ("Thumbs.db", ".DS_Store", "desktop.ini", "train/.DS_Store", "train/10_testdress/Thumbs.db", "train/10_testdress/a.npz")


def flat_png(grey: int) -> bytes:
    """8 x 8 pixels, uncompressed, so that every zlib gives the same bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress((b"\0" + bytes([grey]) * 8) * 8, 0)) + chunk(b"IEND", b"")


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    for index, name in enumerate(("train/10_testdress/a.png", "train/10_testdress/b 裙.png", "reg/5_testdress/a.png")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(flat_png(40 * index))
    (tmp_path / "train/10_testdress/a.txt").write_text("testdress, pink\n", encoding="utf-8")
    return tmp_path


def lines(dataset: Dataset, trigger: str = "testdress") -> list[str]:
    return describe_dataset(dataset, trigger, [], {})


def test_the_hash_of_a_clean_set_is_the_recorded_one(clean: Path) -> None:
    assert read_dataset(clean, 8).hash == RECORDED


def test_stray_files_leave_the_hash_and_are_counted(clean: Path) -> None:
    for name in STRAY:
        (clean / name).write_bytes(b"\0stray")
    read = read_dataset(clean, 8)
    assert read.hash == RECORDED
    assert lines(read)[1:] == ["6 files not used: .DS_Store, Thumbs.db, desktop.ini and 3 more"]


def test_what_is_read_changes_the_hash(clean: Path) -> None:
    hashes = {RECORDED}
    for name, content in (
        ("b 裙.caption", "testdress, red"),
        ("b 裙.caption", "testdress, blue"),
        ("a.txt", "testdress"),
        ("a.txt", "testdress\nsecond"),
    ):
        (clean / "train/10_testdress" / name).write_text(content, encoding="utf-8")
        hashes.add(read_dataset(clean, 8).hash)
    (clean / "train/10_testdress/c.png").write_bytes(flat_png(9))
    hashes.add(read_dataset(clean, 8).hash)
    assert len(hashes) == 6


def test_a_name_that_is_not_utf8_is_read(clean: Path) -> None:
    (clean / "train/10_testdress" / os.fsdecode(b"\xff.png")).write_bytes(flat_png(3))
    read = read_dataset(clean, 8)
    assert len(read.pictures) == 4
    (clean / "train/10_testdress").rename(clean / "train" / os.fsdecode(b"10_\xff"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_dataset(clean, 8)
