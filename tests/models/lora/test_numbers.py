"""Every floating dtype folds, alone and mixed with others; numbers that no weight can have are refused by every reader."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor

from models.errors import InputError
from models.lora.file import open_lora
from models.lora.fold import Folded
from models.lora.folding.stacked_loras import common_dtype
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, layer_names
from models.lora.summary import summarise
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

SMALL = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
DTYPES = (*SMALL, torch.bfloat16, torch.float16, torch.float32, torch.float64)


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return tiny_unet()


def stored(unet: UNet2DConditionModel, path: Path, down: torch.dtype, up: torch.dtype, seed: int = 0) -> Path:
    """A LoRA of some layers whose two matrices are stored in these dtypes."""
    torch.manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for module in [m for m in layer_names(unet) if m.endswith(("to_q", "conv1"))]:
        weight, stem = unet.get_parameter(f"{module}.weight"), f"lora_unet_{module.replace('.', '_')}"
        ones = (1, 1) if weight.ndim == 4 else ()
        tensors[f"{stem}.lora_down.weight"] = torch.randn(2, *weight.shape[1:]).to(down)
        tensors[f"{stem}.lora_up.weight"] = torch.randn(weight.shape[0], 2, *ones).to(up)
        tensors[f"{stem}.alpha"] = torch.tensor(1.0).to(down)
    save_file(tensors, path)
    return path


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_folds_alone_and_with_every_other(tmp_path: Path, unet: UNet2DConditionModel, dtype: torch.dtype) -> None:
    modules = by_part(unet, tiny_text_encoder())
    for number, other in enumerate(DTYPES):
        first = open_lora(stored(unet, tmp_path / "a.safetensors", dtype, other), modules)
        second = open_lora(stored(unet, tmp_path / "b.safetensors", other, other, number), modules)
        loras = {"a": first.layers[DENOISER], "b": second.layers[DENOISER]}
        folded = Folded(unet, loras)
        with folded.at([{"a": 0.7, "b": -0.4}]):
            pass
        for layer, module in zip(folded._parameters, sorted(loras["a"]), strict=True):
            wanted = unet.get_parameter(f"{module}.weight") + 0.7 * loras["a"][module].delta() - 0.4 * loras["b"][module].delta()
            assert layer.copies is not None
            assert torch.allclose(layer.copies[0], wanted, atol=1e-5), (dtype, other, module)


@pytest.mark.parametrize("pair", [*combinations(DTYPES, 2), *((d, d) for d in DTYPES)], ids=str)
def test_what_is_stacked_loses_no_digit(pair: tuple[torch.dtype, torch.dtype]) -> None:
    wide = common_dtype(pair)
    assert wide.itemsize <= 4
    for dtype in pair:
        if dtype.itemsize == 1:
            values = torch.arange(256, dtype=torch.uint8).view(dtype)
            values = values[values.float().isfinite()]
        else:
            values = torch.randn(500).to(dtype if dtype != torch.float64 else torch.float32)
        assert torch.equal(values.to(wide).float(), values.float())


def test_the_dtype_of_one_file_is_kept() -> None:
    assert [common_dtype([d]) for d in (torch.float16, torch.bfloat16, torch.float32)] == [
        torch.float16,
        torch.bfloat16,
        torch.float32,
    ]


STEM = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
WRONG: dict[str, tuple[dict[str, Tensor], str]] = {
    "alpha inf": ({"alpha": torch.tensor(float("inf"))}, "has alpha inf"),
    "alpha -inf": ({"alpha": torch.tensor(float("-inf"))}, "has alpha -inf"),
    "alpha NaN": ({"alpha": torch.tensor(float("nan"))}, "has alpha nan"),
    "two alphas": ({"alpha": torch.ones(2)}, "not stored as floating-point"),
    "alpha 1e38": ({"alpha": torch.tensor(3e38), "lora_up.weight": torch.full((16, 2), 9.0)}, "too large for float32"),
    "rank 0": ({"lora_down.weight": torch.ones(0, 16), "lora_up.weight": torch.ones(16, 0)}, "has no rank"),
    "vectors": ({"lora_down.weight": torch.ones(16), "lora_up.weight": torch.ones(16)}, "has no rank"),
    "two ranks": ({"lora_down.weight": torch.ones(4, 16)}, "has rank 4 and its other half 2"),
    "NaN": ({"lora_down.weight": torch.full((2, 16), float("nan"))}, "NaN or infinity"),
    "inf of a small float": ({"lora_up.weight": torch.full((16, 2), 1e9).to(torch.float8_e5m2)}, "NaN or infinity"),
    "a double": ({"lora_up.weight": torch.full((16, 2), 1e300, dtype=torch.float64)}, "NaN or infinity"),
    "int8": ({"lora_up.weight": torch.ones(16, 2, dtype=torch.int8)}, "not stored as floating-point"),
    "complex": ({"lora_up.weight": torch.ones(16, 2, dtype=torch.complex64)}, "not stored as floating-point"),
}


@pytest.mark.parametrize("case", WRONG)
def test_numbers_that_no_weight_has_are_one_line(tmp_path: Path, unet: UNet2DConditionModel, case: str) -> None:
    changes, line = WRONG[case]
    good = {"lora_down.weight": torch.ones(2, 16), "lora_up.weight": torch.ones(16, 2), "alpha": torch.tensor(2.0)}
    save_file({f"{STEM}.{end}": tensor for end, tensor in {**good, **changes}.items()}, tmp_path / "a.safetensors")
    modules = by_part(unet, tiny_text_encoder())
    for opened in (lambda: open_lora(tmp_path / "a.safetensors", modules), lambda: summarise(tmp_path / "a.safetensors")):
        with pytest.raises(InputError, match=line) as told:
            opened()
        assert "\n" not in str(told.value)


def test_half_a_layer_is_one_line_in_every_reader(tmp_path: Path, unet: UNet2DConditionModel) -> None:
    save_file({f"{STEM}.lora_down.weight": torch.ones(2, 16)}, tmp_path / "a.safetensors")
    modules = by_part(unet, tiny_text_encoder())
    for opened in (lambda: open_lora(tmp_path / "a.safetensors", modules), lambda: summarise(tmp_path / "a.safetensors")):
        with pytest.raises(InputError, match="other half"):
            opened()


def test_a_layer_of_alpha_0_adds_nothing(tmp_path: Path, unet: UNet2DConditionModel) -> None:
    layer = LoraLayer(torch.ones(2, 16), torch.ones(16, 2), 0.0)
    assert not layer.delta().any()
