from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.vision.part_parser import open_parser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

    path = tmp_path_factory.mktemp("parser")
    config = SegformerConfig(
        depths=[1] * 4,
        hidden_sizes=[8] * 4,
        num_attention_heads=[1] * 4,
        decoder_hidden_size=8,
        id2label={0: "Background", 1: "Upper-clothes", 2: "Left-shoe"},
    )
    SegformerForSemanticSegmentation(config).save_pretrained(path)
    SegformerImageProcessor(size={"height": 64, "width": 64}).save_pretrained(path)
    return path


def test_maps_have_each_images_own_size(folder: Path) -> None:
    parser = open_parser(folder)
    sizes = [(30, 50), (64, 64), (7, 3)] * 4
    maps = parser.parse([Image.new("RGB", size, (200, 90, 10)) for size in sizes])
    assert [m.shape for m in maps] == [(h, w) for w, h in sizes]
    assert parser.labels == {0: "Background", 1: "Upper-clothes", 2: "Left-shoe"}
    assert max(int(m.max()) for m in maps) <= 2


def test_no_images_give_no_maps(folder: Path) -> None:
    assert open_parser(folder).parse([]) == []


def test_a_batch_is_as_its_images_alone(folder: Path) -> None:
    parser = open_parser(folder)
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)) for _ in range(3)]
    for together, image in zip(parser.parse(images), images, strict=True):
        assert np.mean(together == parser.parse([image])[0]) > 0.999


def test_an_absent_folder_is_refused() -> None:
    with pytest.raises(InputError, match="no such part parser"):
        open_parser("/nowhere/at/all")


@pytest.mark.parametrize("gone", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path, gone: str) -> None:
    for file in folder.iterdir():
        if file.name != gone:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match=f"has no {gone}"):
        open_parser(tmp_path)


def test_truncated_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])
    with pytest.raises(InputError, match="does not open"):
        open_parser(tmp_path)
