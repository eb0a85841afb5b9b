from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

from models.errors import InputError
from models.vision.hints.depth import DepthModel, open_depth


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DPT of random weights, as transformers saves it."""
    place = tmp_path_factory.mktemp("depth")
    torch.manual_seed(0)
    config = DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=8,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        reassemble_factors=[4, 2, 1, 0.5],
    )  # fmt: skip
    model = DPTForDepthEstimation(config)
    # It ends with a rectifier: random weights would give nothing but 0, and small ones nothing but noise.
    for weight in (*model.neck.parameters(), *model.head.parameters()):
        weight.data = 20 * weight.data.abs()
    model.save_pretrained(place)
    DPTImageProcessor(size={"height": 32, "width": 32}, ensure_multiple_of=8).save_pretrained(place)
    return place


def test_depth_is_grey_of_the_pictures_size_from_black_to_white(folder: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    model = open_depth(folder)
    made = np.asarray(model.map(Image.fromarray(levels)))
    assert made.shape == (40, 56, 3)
    assert (made[..., 0] == made[..., 1]).all()
    assert (int(made.min()), int(made.max())) == (0, 255)
    assert np.array_equal(made, np.asarray(model.map(Image.fromarray(levels))))


def test_what_is_nearer_is_whiter() -> None:
    class Ramp:
        """Finds the left nearer than the right."""

        def __call__(self, **_: object) -> object:
            return type("Found", (), {"predicted_depth": torch.linspace(9.0, 1.0, 8).expand(1, 8, 8)})

    made = np.asarray(DepthModel(Ramp(), lambda **_: {}).map(Image.new("RGB", (32, 16))))
    assert made[8, 0, 0] > made[8, 16, 0] > made[8, 31, 0]


def test_refusals(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        open_depth(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="the depth estimator does not open"):
        open_depth(tmp_path)
