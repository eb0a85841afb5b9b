from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.vision.clip import open_clip_model

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 8,
        "vision_cfg": {"image_size": 16, "layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
        "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import open_clip
    from safetensors.torch import save_file

    path = tmp_path_factory.mktemp("clip")
    model = open_clip.model.CLIP(**CONFIG["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path / "open_clip_model.safetensors")
    (path / "open_clip_config.json").write_text(json.dumps(CONFIG))
    return path


@pytest.mark.parametrize("prefix", ["", "local-dir:"])
def test_embeddings_are_unit_vectors(folder: Path, prefix: str) -> None:
    clip = open_clip_model(f"{prefix}{folder}")
    images = clip.embed_images([Image.new("RGB", (9, 31), (i * 60, 20, 90)) for i in range(4)])
    texts = clip.embed_texts(["pink dress", "a text that is longer than the context of this model " * 3])
    assert images.shape == (4, 8)
    assert texts.shape == (2, 8)
    assert images.dtype == np.float32
    assert np.allclose(np.linalg.norm(images, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_rows(folder: Path) -> None:
    clip = open_clip_model(str(folder))
    assert clip.embed_images([]).shape == (0, 8)
    assert clip.embed_texts([]).shape == (0, 8)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="no CLIP model of this name"):
        open_clip_model("ViT-Q-99", "openai")


def test_an_architecture_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="no weights named"):
        open_clip_model("ViT-B-32")


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(InputError, match="no such weights"):
        open_clip_model("ViT-B-32", "not-a-tag")


@pytest.mark.parametrize("gone", ["open_clip_config.json", "open_clip_model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path, gone: str) -> None:
    for file in folder.iterdir():
        if file.name != gone:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match=f"has no {gone}"):
        open_clip_model(f"local-dir:{tmp_path}")


def test_truncated_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "open_clip_model.safetensors").write_bytes((folder / "open_clip_model.safetensors").read_bytes()[:500])
    with pytest.raises(InputError, match="does not open"):
        open_clip_model(str(tmp_path))


def test_a_model_with_a_text_tower_of_its_own_gives_no_rows_for_nothing(tmp_path: Path) -> None:
    """SigLIP's: an image that shows no garment has nothing to embed."""
    import open_clip
    from safetensors.torch import save_file

    config = {**CONFIG, "model_cfg": {**CONFIG["model_cfg"], "custom_text": True}}
    model = open_clip.model.CustomTextCLIP(**CONFIG["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "open_clip_model.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    clip = open_clip_model(str(tmp_path))
    assert clip.embed_images([]).shape == (0, 8)
    assert clip.embed_images([Image.new("RGB", (9, 31))]).shape == (1, 8)
