"""Upscalers in ESRGAN's format with random weights: what opens, what is refused, and that no tile shows."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from models.errors import InputError
from models.testing.rrdb import brighter, rrdb
from models.vision import upscaler
from models.vision.upscaler import MARGIN, enlarge_in_tiles, open_upscaler, spans


def picture(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def network() -> dict[str, Tensor]:
    # The width that spandrel takes RRDB networks of one kind to have: growth is 32, whatever the rest.
    return brighter(rrdb(width=16, growth=32))


def whole(model: upscaler.Upscaler, image: Image.Image) -> np.ndarray[Any, Any]:
    x = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        y = model.model.model(x)
    found: np.ndarray[Any, Any] = (y[0].permute(1, 2, 0).clamp(0, 1) * 255).numpy()
    return found


@pytest.mark.parametrize("kind", ["safetensors", "pth", "nested pth"])
def test_a_picture_grows_without_seams(tmp_path: Path, network: dict[str, Tensor], kind: str) -> None:
    path = tmp_path / f"4x-放大.{kind.split()[-1]}"
    if kind == "safetensors":
        save_file(network, path)
    else:
        torch.save({"params_ema": network} if kind == "nested pth" else network, path)
    opened = open_upscaler(path)
    assert (opened.name, opened.architecture, opened.scale) == ("4x-放大", "ESRGAN", 4)
    image = picture(150, 70)
    large = opened.enlarge(image)
    assert (large.size, large.mode) == ((600, 280), "RGB")
    wanted = whole(opened, image)
    assert wanted.std() > 5, "a flat answer would hide seams"
    assert np.abs(np.asarray(large) - wanted).max() <= 0.5 + 1e-3


def test_no_tile_shows_where_the_network_looks_further_than_the_margin(tmp_path: Path) -> None:
    save_file(brighter(rrdb(width=16, growth=32, blocks=3)), tmp_path / "x.safetensors")
    opened, image = open_upscaler(tmp_path / "x.safetensors"), picture(200, 150)
    call = opened._pixels
    tiled = enlarge_in_tiles(call, np.asarray(image), opened.scale, tile=128).astype(float)
    assert np.abs(tiled - whole(opened, image)).max() < 1


@given(st.integers(1, 700), st.sampled_from([128, 160, 256]), st.sampled_from([1, 2, 4]))
def test_the_shares_of_a_pixel_sum_up_to_one_and_no_edge_counts(length: int, tile: int, scale: int) -> None:
    total, found = np.zeros(length * scale), spans(length, tile)
    for span in found:
        shares = span.shares(scale)
        total[span.start * scale : span.stop * scale] += shares
        assert 0 < span.stop - span.start <= tile
        assert span.start == 0 or not shares[: MARGIN * scale // 2].any()
        assert span.stop == length or not shares[-MARGIN * scale // 2 :].any()
    assert np.allclose(total, 1)


@given(st.integers(1, 300), st.integers(1, 300))
def test_tiles_of_what_looks_nowhere_else_are_exact(width: int, height: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    seen: list[tuple[int, ...]] = []

    def call(part: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(part.shape)
        return np.repeat(np.repeat(part.astype(np.float32) / 255, 2, 0), 2, 1)

    assert np.array_equal(enlarge_in_tiles(call, pixels, 2, tile=128), np.repeat(np.repeat(pixels, 2, 0), 2, 1))
    assert max(max(shape[:2]) for shape in seen) <= 128


def test_short_of_memory_the_tiles_get_smaller(tmp_path: Path, network: dict[str, Tensor]) -> None:
    save_file(network, tmp_path / "x.safetensors")
    opened, image, seen = open_upscaler(tmp_path / "x.safetensors"), picture(150, 40), []

    class Short:
        device, most = "cpu", 130

        def __call__(self, x: Tensor) -> Tensor:
            seen.append(x.shape[-1])
            if x.shape[-1] > self.most:
                raise torch.OutOfMemoryError
            found: Tensor = opened.model(x)
            return found

    short = Short()
    model = upscaler.Upscaler("x", "ESRGAN", 4, short)
    assert np.array_equal(np.asarray(model.enlarge(image)), np.asarray(opened.enlarge(image)))
    assert seen[0] == 150
    short.most = 10
    with pytest.raises(InputError, match="does not fit on cpu"):
        model.enlarge(image)


def test_an_upscaler_that_gives_nan_is_refused(tmp_path: Path, network: dict[str, Tensor]) -> None:
    save_file(network | {"conv_last.bias": torch.full((3,), float("nan"))}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="gave NaN"):
        open_upscaler(tmp_path / "x.safetensors").enlarge(picture(20, 20))


class Bomb:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (Path("run"), "it ran")


def test_what_is_no_upscaler_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: dict[str, Tensor]) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"params": Bomb()}, "bomb.pth")
    Path("plain-bomb.pth").write_bytes(pickle.dumps(Bomb()))
    torch.save(network, "program.pt")
    torch.save(network, "x.ckpt")
    torch.save([1], "list.pth")
    save_file({"lora_unet_x.lora_down.weight": torch.zeros(2, 2)}, "lora.safetensors")
    save_file(brighter(rrdb(width=16, growth=32, channels=1)), "grey.safetensors")
    save_file(brighter(rrdb(width=16, growth=32, scale=1)), "same.safetensors")
    save_file({k: v for k, v in network.items() if "conv_up2" not in k and "rdb2" not in k}, "holes.safetensors")
    save_file(network, "cut.safetensors")
    cut = Path("cut.safetensors").read_bytes()
    Path("cut.safetensors").write_bytes(cut[: len(cut) // 2])
    said = {
        "bomb.pth": "holds more than weights",
        "plain-bomb.pth": "pickle",
        "program.pt": "TorchScript",
        "x.ckpt": r"no upscaler ends in '\.ckpt'",
        "list.pth": "no table of names",
        "lora.safetensors": "not an upscaler",
        "grey.safetensors": "does not enlarge RGB",
        "same.safetensors": "does not enlarge RGB",
        "holes.safetensors": "does not open",
        "cut.safetensors": "cut short",
        "gone.safetensors": "no such upscaler",
    }
    for name, what in said.items():
        with pytest.raises(InputError, match=what) as caught:
            open_upscaler(Path(name))
        assert "\n" not in str(caught.value)
    assert not Path("run").exists()
