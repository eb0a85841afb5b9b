"""Row spaces of LoRAs against the dense updates that they stand for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.lora.compare.row_spaces import block_of, overlap, overlaps_by_block, row_space, row_spaces
from models.lora.file import LoraFile
from models.lora.layers.loha import LohaLayer
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT, Site
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet


def layer(rows: Tensor, outputs: int = 10, seed: int = 0) -> LoraLayer:
    """Whose row space those rows span."""
    up = torch.randn(outputs, len(rows), generator=torch.Generator().manual_seed(seed))
    return LoraLayer(rows, up, 2.0)


def random_rows(rank: int, width: int, seed: int) -> Tensor:
    return torch.randn(rank, width, generator=torch.Generator().manual_seed(seed))


def test_a_low_rank_update_is_its_own_decomposition() -> None:
    one = layer(random_rows(3, 12, 1))
    space = row_space(one, torch.zeros(10, 12))
    assert space is not None
    again = space.outputs @ torch.diag(space.strengths.float()) @ space.inputs.T
    assert torch.allclose(again, one.delta(), atol=1e-5)
    assert torch.allclose(space.inputs.T @ space.inputs, torch.eye(3), atol=1e-6)
    assert space.energy == pytest.approx(float(one.delta().square().sum()), rel=1e-5)


def test_directions_that_say_the_same_twice_count_once() -> None:
    rows = random_rows(1, 12, 1)
    space = row_space(layer(torch.cat([rows, 2 * rows])), torch.zeros(10, 12))
    assert space is not None
    assert space.strengths.shape == (1,)


def test_an_update_of_nothing_has_no_rows() -> None:
    assert row_space(LoraLayer(torch.zeros(2, 12), torch.zeros(10, 2), 2.0), torch.zeros(10, 12)) is None


def test_a_convolution_and_another_method_are_read_alike() -> None:
    down, up = torch.randn(2, 3, 3, 3), torch.randn(8, 2, 1, 1)
    space = row_space(LoraLayer(down, up, 2.0), torch.zeros(8, 3, 3, 3))
    assert space is not None
    assert space.inputs.shape == (27, 2)
    a, b, c, d = (torch.randn(*shape) for shape in ((10, 2), (2, 12), (10, 2), (2, 12)))
    loha = LohaLayer((a, b), (c, d), 2.0, (10, 12))
    dense = row_space(loha, torch.randn(10, 12))
    assert dense is not None
    again = dense.outputs @ torch.diag(dense.strengths.float()) @ dense.inputs.T
    assert torch.allclose(again, loha.delta(), atol=1e-4)


def test_the_overlap_of_rows_that_are_alike_apart_and_opposed() -> None:
    eye = torch.eye(12)
    one, apart = layer(eye[:3]), layer(eye[3:6], seed=2)
    weight = torch.zeros(10, 12)
    first, second = row_space(one, weight), row_space(apart, weight)
    undone = row_space(LoraLayer(one.down, -one.up, 2.0), weight)
    assert first is not None
    assert second is not None
    assert undone is not None
    assert overlap(first, first).shared == pytest.approx((1.0, 1.0), abs=1e-6)
    assert overlap(first, second).shared == pytest.approx((0.0, 0.0), abs=1e-9)
    assert overlap(first, second).chance == (3 / 12, 3 / 12)
    assert overlap(first, undone).inner == pytest.approx(-first.energy, rel=1e-5)
    half = row_space(layer(torch.stack([eye[0], eye[5]]), seed=3), weight)
    assert half is not None
    assert overlap(first, half).angles == pytest.approx((1.0, 0.0), abs=1e-6)


def test_the_share_is_what_projecting_the_dense_update_gives() -> None:
    one, other = layer(random_rows(3, 12, 1)), layer(random_rows(4, 12, 2), seed=5)
    first, second = row_space(one, torch.zeros(10, 12)), row_space(other, torch.zeros(10, 12))
    assert first is not None
    assert second is not None
    projector = torch.linalg.pinv(other.down.double()) @ other.down.double()
    kept = (one.delta().double() @ projector).square().sum() / one.delta().double().square().sum()
    found = overlap(first, second)
    assert found.shared[0] == pytest.approx(float(kept), rel=1e-5)
    assert found.inner == pytest.approx(float((one.delta().double() * other.delta().double()).sum()), rel=1e-4)


def test_files_are_compared_by_block_and_what_one_alone_touches_is_not_shared() -> None:
    modules = by_part(tiny_unet(), tiny_text_encoder())
    down = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    up = "up_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    text = "encoder.layers.0.self_attn.q_proj"
    text = next(name for name, _ in modules[TEXT].named_modules() if name.endswith(text))

    def lora(places: dict[str, str], seed: int) -> LoraFile:
        layers: dict[str, dict[str, LoraLayer]] = {DENOISER: {}, TEXT: {}}
        for number, (place, part) in enumerate(places.items()):
            shape = modules[part].get_parameter(f"{place}.weight").shape
            layers[part][place] = layer(random_rows(2, shape[1], seed + number), shape[0], seed)
        return LoraFile(Path("x.safetensors"), "x", "0" * 12, str(seed), layers, {})

    one = row_spaces(lora({down: DENOISER, text: TEXT}, 1), modules)
    other = row_spaces(lora({down: DENOISER, up: DENOISER}, 9), modules)
    found = overlaps_by_block(one, other)
    assert list(found) == ["all", "text encoder", "down", "up"]
    assert (found["down"].layers, found["text encoder"].layers, found["up"].layers) == (1, 0, 0)
    assert 0 < found["all"].shared[0] < found["down"].shared[0]
    assert block_of(Site(TEXT, text)) == "text encoder"
