from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.io.images import open_photo
from models.vision.dino import open_dino


def write_dino(path: Path, **sizes: Any) -> Path:
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    Dinov2Model(Dinov2Config(**sizes)).save_pretrained(path)
    BitImageProcessor(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dino(tmp_path_factory.mktemp("dino"), hidden_size=16, num_hidden_layers=1, num_attention_heads=2)


def test_embeddings_are_unit_vectors_and_a_batch_is_as_its_images_alone(folder: Path) -> None:
    dino = open_dino(folder)
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (40 + i, 30, 3), dtype=np.uint8)) for i in range(3)]
    found = dino.embed_images(images)
    assert found.shape == (3, 16)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alone = np.concatenate([dino.embed_images([image]) for image in images])
    assert np.allclose(found, alone, atol=1e-4)


def test_nothing_gives_no_rows(folder: Path) -> None:
    assert open_dino(folder).embed_images([]).shape == (0, 16)


@pytest.mark.parametrize("gone", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path, gone: str) -> None:
    shutil.copytree(folder, tmp_path / "dino")
    (tmp_path / "dino" / gone).unlink()
    with pytest.raises(InputError, match=gone):
        open_dino(tmp_path / "dino")


def test_an_absent_folder_a_damaged_file_and_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such DINOv2 model"):
        open_dino(tmp_path / "none")
    shutil.copytree(folder, tmp_path / "cut")
    (tmp_path / "cut" / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:200])
    with pytest.raises(InputError, match="does not open"):
        open_dino(tmp_path / "cut")
    from transformers import ViTConfig, ViTModel

    shutil.copytree(folder, tmp_path / "vit")
    ViTModel(ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)).save_pretrained(
        tmp_path / "vit"
    )
    with pytest.raises(InputError, match="no DINOv2"):
        open_dino(tmp_path / "vit")


@pytest.mark.slow
def test_a_model_of_full_size_opens_and_looks_at_a_photograph(tmp_path: Path) -> None:
    """facebook/dinov2-large's configuration with random weights."""
    import insightface

    sizes = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 518, "patch_size": 14}
    photo = open_photo(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg")
    assert open_dino(write_dino(tmp_path, **sizes)).embed_images([photo]).shape == (1, 1024)
