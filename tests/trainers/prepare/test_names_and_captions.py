"""What a folder of photos may hold: names of any bytes, captions, other files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from studies.training.describe import describe_prepared
from tests.trainers.prepare.test_dataset_writer import run, snap
from trainers.train.data.dataset import read_dataset


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for index in range(3):
        snap(folder, f"a {index}.png", (150 + index, 230 - index), index)
    return folder


def captions(folder: Path) -> dict[str, str]:
    return {p.path.name: p.caption for p in read_dataset(folder, 1).pictures if not p.is_reg}


@pytest.mark.parametrize("length", [252, 253, 255])
def test_a_photo_with_too_long_a_name_is_set_aside(photos: Path, tmp_path: Path, length: int) -> None:
    name = "裙" * ((length - 4) // 3) + "x" * ((length - 4) % 3) + ".png"
    assert len(name.encode()) == length
    snap(photos, name, seed=9)
    manifest = run(photos, tmp_path / "set").manifest
    assert len(manifest.photos) == 3
    assert [(a.file, a.why) for a in manifest.set_aside] == [(name, f"its name is too long by {length - 251} bytes; shorten it")]


def test_the_longest_name_goes_through(photos: Path, tmp_path: Path) -> None:
    snap(photos, "x" * 247 + ".png", seed=9)
    assert run(photos, tmp_path / "set").pictures == 4
    assert run(photos, tmp_path / "set").manifest.set_aside == ()


@pytest.mark.parametrize("name", [b"\xff.png", "裙子".encode("gbk") + b".jpg", b"a\xe9"])
def test_a_photo_whose_name_is_not_utf8_is_set_aside(photos: Path, tmp_path: Path, name: bytes) -> None:
    (photos / os.fsdecode(name)).write_bytes((photos / "a 0.png").read_bytes())
    made = run(photos, tmp_path / "set")
    assert made.pictures == 3
    assert [a.why for a in made.manifest.set_aside] == ["its name is not UTF-8; rename it"]
    "\n".join(describe_prepared(made)).encode()
    assert run(photos, tmp_path / "set").pictures == 3


def test_a_folder_whose_name_is_not_utf8_is_refused(photos: Path, tmp_path: Path) -> None:
    strange = photos.rename(tmp_path / os.fsdecode(b"\xff"))
    with pytest.raises(InputError, match="not UTF-8"):
        run(strange, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_captions_next_to_the_photos_are_kept(photos: Path, tmp_path: Path) -> None:
    (photos / "a 0.txt").write_text("pink dress, worn by her, testdress")
    (photos / "a 1.png.caption").write_text("a photo of testdress\nsecond")
    made = run(photos, tmp_path / "set", left_to_trigger=0.1)
    assert captions(tmp_path / "set") == {
        "a 0.png.png": "testdress, pink dress, worn by her",
        "a 1.png.png": "testdress, a photo of testdress",
        "a 2.png.png": "testdress",
    }
    assert made.captions == 2
    assert "  captions of 2 photos were found next to them and kept, the trigger in front" in describe_prepared(made)
    assert any(w.startswith("1 captions of several lines: a 1.png.caption;") for w in made.manifest.warnings)
    (tmp_path / "set/train/1_testdress/a 0.png.txt").write_text("testdress, mine")
    run(photos, tmp_path / "set")
    assert captions(tmp_path / "set")["a 0.png.png"] == "testdress, mine"


def test_captions_of_wearers_have_their_own_word(photos: Path, tmp_path: Path) -> None:
    (photos / "a 0.txt").write_text("testdress, pink dress")
    run(photos, tmp_path / "set", reg_class="girl", caption_reg=True)
    assert (tmp_path / "set/reg/1_girl/a 0.png.txt").read_text() == "girl, pink dress\n"


def test_every_file_is_used_or_counted(photos: Path, tmp_path: Path) -> None:
    snap(photos / "more", "b.png")
    for name in ("Thumbs.db", "more/.DS_Store", "z.txt"):
        (photos / name).write_bytes(b"x")
    Image.effect_noise((150, 230), 77).convert("RGB").save(photos / "c", "BMP")
    made = run(photos, photos / "set")
    assert made.pictures == 4
    assert list(made.manifest.warnings[-2:]) == [
        "1 photos in subfolders not used: more/b.png; move them up to use them",
        "3 files not used: Thumbs.db, more/.DS_Store, z.txt",
    ]
    assert run(photos, photos / "set").manifest.warnings == made.manifest.warnings


def test_masks_of_photos_are_set_aside(photos: Path, tmp_path: Path) -> None:
    snap(photos, "a 0_mask.png", seed=9)
    made = run(photos, tmp_path / "set")
    assert [(a.file, a.why) for a in made.manifest.set_aside] == [("a 0_mask.png", "a mask of another photo")]


def test_links_and_pipes_among_photos_are_counted(photos: Path, tmp_path: Path) -> None:
    (photos / "loop").symlink_to(photos / "loop")
    os.mkfifo(photos / "pipe")
    assert run(photos, tmp_path / "set").manifest.warnings[-1] == "2 files not used: loop, pipe"
