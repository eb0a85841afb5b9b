"""Captions in every form in which people and tools write them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.report import describe_dataset

WRITTEN = "testdress, pink dress, standing"


def set_with(folder: Path, *names: str) -> Path:
    """A set of some pictures, named after their places in it."""
    for index, name in enumerate(names or ("train/10_testdress/a.png",)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (index, 0, 0)).save(folder / name, "PNG")
    return folder


def caption(folder: Path) -> str:
    return read_dataset(folder, 8).pictures[0].caption


def lines(dataset: Dataset, trigger: str = "testdress") -> list[str]:
    return describe_dataset(dataset, trigger, [], {})


def has_line(folder: Path, start: str) -> bool:
    return any(line.startswith(start) for line in lines(read_dataset(folder, 8)))


@pytest.mark.parametrize("name", ["a.txt", "a.caption", "a.TXT", "a.Caption", "a.png.txt", "a.png.caption", "a.tags", "a.cap"])
def test_caption_files_of_every_name(tmp_path: Path, name: str) -> None:
    (set_with(tmp_path) / "train/10_testdress" / name).write_text(WRITTEN, encoding="utf-8")
    assert caption(tmp_path) == WRITTEN
    assert lines(read_dataset(tmp_path, 8)) == [
        "captions found for 1 of 1 train pictures; the trigger 'testdress' is in 1 of 1 trained captions"
    ]


KOHYA = {"caption": "testdress", "tags": "pink dress, standing"}
HF = {"file_name": "a.png", "text": WRITTEN}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train/10_testdress/a.json", json.dumps({"caption": WRITTEN})),
        ("train/10_testdress/a.png.json", json.dumps({"prompt": WRITTEN})),
        ("meta_cap.json", json.dumps({"C:\\train\\10_testdress\\a": KOHYA})),
        ("meta_lat.json", json.dumps({"/elsewhere/10_testdress/a.png": KOHYA})),
        ("train/metadata.json", json.dumps({"10_testdress/a": {"tags": WRITTEN}})),
        ("train/10_testdress/metadata.jsonl", json.dumps(HF) + "\n\n"),
        ("metadata.jsonl", json.dumps({**HF, "file_name": "train/10_testdress/a.png"})),
        ("train/10_testdress/metadata.json", json.dumps([HF])),
        ("train/10_testdress/metadata.csv", f'file_name,text\na.png,"{WRITTEN}"\n'),
    ],
)
def test_captions_in_lists(tmp_path: Path, name: str, content: str) -> None:
    (set_with(tmp_path) / name).write_text(content, encoding="utf-8")
    assert caption(tmp_path) == WRITTEN
    assert len(lines(read_dataset(tmp_path, 8))) == 1


def test_a_list_means_the_picture_of_its_folder(tmp_path: Path) -> None:
    set_with(tmp_path, "train/10_x/a.png", "reg/5_x/a.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "train/10_x/a.png", "text": "x, one"}')
    assert [p.caption for p in read_dataset(tmp_path, 8).pictures] == ["x, one", "x"]
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "x, one"}')
    with pytest.raises(InputError, match="several folders"):
        read_dataset(tmp_path, 8)


@pytest.mark.parametrize("content", ["{", "[1, 2", "\0", "[" * 100_000])
def test_a_damaged_list_is_refused(tmp_path: Path, content: str) -> None:
    (set_with(tmp_path) / "metadata.json").write_text(content)
    with pytest.raises(InputError, match="damaged list of captions"):
        read_dataset(tmp_path, 8)


@pytest.mark.parametrize("content", ["{", "3", '{"a": 1}', '{"a": {"b": 1}}', "[null]", '{"caption": 7}'])
def test_other_json_is_counted(tmp_path: Path, content: str) -> None:
    (set_with(tmp_path) / "train/10_testdress/notes.json").write_text(content)
    assert lines(read_dataset(tmp_path, 8))[1:] == ["1 files not used: train/10_testdress/notes.json"]


def test_two_captions_that_differ_are_refused(tmp_path: Path) -> None:
    folder = set_with(tmp_path) / "train/10_testdress"
    (folder / "a.txt").write_text("one")
    (folder / "a.caption").write_text("one\n")
    assert caption(tmp_path) == "one"
    (folder / "a.caption").write_text("two")
    with pytest.raises(InputError, match=r"two captions that differ \(a.caption and a.txt\)"):
        read_dataset(tmp_path, 8)


@pytest.mark.parametrize("content", ["", "\n", " \r\n\t"])
def test_an_empty_caption_is_none_and_counted(tmp_path: Path, content: str) -> None:
    (set_with(tmp_path) / "train/10_testdress/a.txt").write_text(content)
    assert caption(tmp_path) == "testdress"
    assert "1 empty captions: train/10_testdress/a.png; their folder's token is trained" in lines(read_dataset(tmp_path, 8))


def test_of_several_lines_the_first_is_trained_and_they_are_counted(tmp_path: Path) -> None:
    (set_with(tmp_path) / "train/10_testdress/a.txt").write_text("\ntestdress, pink dress\nsecond caption, blue sky\n")
    assert caption(tmp_path) == "testdress, pink dress"
    assert has_line(tmp_path, "1 captions of several lines: train/10_testdress/a.txt;")


TRIGGERS = {"testdress": 1, "TestDress": 1, "pink dress": 1, "dress": 1, "test": 0}


@pytest.mark.parametrize(("trigger", "having"), TRIGGERS.items())
def test_captions_with_the_trigger_are_counted(tmp_path: Path, trigger: str, having: int) -> None:
    (set_with(tmp_path) / "train/10_testdress/a.txt").write_text("a photo of testdress, pink dress")
    found = lines(read_dataset(tmp_path, 8), trigger)
    assert found[0].endswith(f"the trigger '{trigger}' is in {having} of 1 trained captions")
    assert (len(found) == 2) == (having == 0)


def test_names_that_cross_keep_their_own_captions(tmp_path: Path) -> None:
    folder = set_with(tmp_path, "train/1_x/a", "train/1_x/a.png.png") / "train/1_x"
    (folder / "a.txt").write_text("x, one")
    (folder / "a.png.txt").write_text("x, two")
    assert [p.caption for p in read_dataset(tmp_path, 8).pictures] == ["x, one", "x, two"]


@pytest.mark.parametrize("place", ["", "train/", "img/"])
def test_layouts(tmp_path: Path, place: str) -> None:
    set_with(tmp_path, f"{place}10_mybag/a.png", f"{place}10_mybag/a b.png", "reg/2_bag/a.png")
    read = read_dataset(tmp_path, 8)
    assert [(p.caption, p.repeats, p.is_reg) for p in read.pictures] == [
        *[("mybag", 10, False)] * 2,
        ("bag", 2, True),
    ]
    assert len(lines(read, "mybag")) == 1


def test_a_folder_of_repeats_alone_is_a_set(tmp_path: Path) -> None:
    folder = set_with(tmp_path, "10_mybag/a.png") / "10_mybag"
    (folder / "a.txt").write_text("mybag, red")
    read = read_dataset(folder, 8)
    assert [(p.caption, p.repeats) for p in read.pictures] == [("mybag, red", 10)]
    assert len(lines(read, "mybag")) == 1


def test_pictures_in_other_places_are_counted(tmp_path: Path) -> None:
    set_with(tmp_path, "train/1_x/a.png", "train/1_x/more/b.png", "train/c.png", "d", "img/1_y/e.png")
    read = read_dataset(tmp_path, 8)
    assert [p.path.name for p in read.pictures] == ["a.png"]
    assert has_line(tmp_path, "4 pictures not used: d, img/1_y/e.png, train/1_x/more/b.png and 1 more;")


@pytest.mark.parametrize("mask", ["a_mask.png", "a-mask.png", "a-masklabel.png", "a.mask.png"])
def test_masks_are_not_trained(tmp_path: Path, mask: str) -> None:
    set_with(tmp_path, "train/1_x/a.png", f"train/1_x/{mask}", "train/1_x/my_mask.png")
    read = read_dataset(tmp_path, 8)
    assert sorted(p.path.name for p in read.pictures) == ["a.png", "my_mask.png"]
    assert has_line(tmp_path, f"1 masks not used: train/1_x/{mask};")


def test_an_empty_caption_is_not_found(tmp_path: Path) -> None:
    (set_with(tmp_path) / "train/10_testdress/a.txt").touch()
    assert lines(read_dataset(tmp_path, 8))[0].startswith("captions found for 0 of 1 train pictures;")


def test_hidden_files_and_folders_of_masks_are_counted(tmp_path: Path) -> None:
    set_with(tmp_path, "train/1_x/a.png", "train/1_x/._a.png", "train/masks/a.png")
    assert lines(read_dataset(tmp_path, 8), "x")[1:] == [
        "1 masks not used: train/masks/a.png; `--set masks=loss` weights the loss by them",
        "1 files not used: train/1_x/._a.png",
    ]


def test_the_empty_folders_of_kohyas_gui(tmp_path: Path) -> None:
    set_with(tmp_path, "img/10_x/a.png")
    for name in ("reg", "log", "model"):
        (tmp_path / name).mkdir()
    assert len(read_dataset(tmp_path, 8).pictures) == len(lines(read_dataset(tmp_path, 8), "x")) == 1


def test_links_and_pipes_are_counted(tmp_path: Path) -> None:
    folder = set_with(tmp_path) / "train/10_testdress"
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "gone.txt").symlink_to(folder / "absent")
    os.mkfifo(folder / "pipe")
    assert lines(read_dataset(tmp_path, 8))[1].startswith("3 files not used: ")
