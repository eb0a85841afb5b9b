"""What folding each LoRA method takes beside a plain LoRA, in one process, all taking turns: medians of changing the weight.

    python -m benchmarks.rendering.folding [--quick] [--device cuda]

Layers as an SD1.5 UNet's largest have them: projections of 1280 x 1280 (the most frequent), 10240 x 1280 and 3x3 convolutions
of 640 channels, float32, rank 16, factor 16 of LoKr, blocks of 32 of OFT and BOFT. Prints a table and, as its last line, one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from benchmarks.rendering.timing import timed
from models.lora.fold import Folded
from models.lora.layers.added import AddedLayer
from models.lora.layers.boft import BoftLayer
from models.lora.layers.difference import DifferenceLayer
from models.lora.layers.dora import DoraLayer
from models.lora.layers.glora import GloraLayer
from models.lora.layers.ia3 import Ia3Layer
from models.lora.layers.loha import LohaLayer
from models.lora.layers.lokr import LokrLayer
from models.lora.layers.lora import LoraLayer
from models.lora.layers.oft import OftLayer

RANK, FACTOR, BLOCK = 16, 16, 32
Maker = Callable[[tuple[int, ...]], AddedLayer]


class Layers(nn.Module):
    """Some of a UNet's layers."""

    def __init__(self, projections: int, wide: int, convolutions: int) -> None:
        super().__init__()
        made: list[nn.Module] = [nn.Linear(1280, 1280) for _ in range(projections)]
        made += [nn.Linear(1280, 10240) for _ in range(wide)]
        made += [nn.Conv2d(640, 640, 3) for _ in range(convolutions)]
        self.made = nn.ModuleList(made)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {f"made.{number}": tuple(layer.get_parameter("weight").shape) for number, layer in enumerate(self.made)}


def lora(shape: tuple[int, ...]) -> LoraLayer:
    ones = (1,) * (len(shape) - 2)
    return LoraLayer(_random(RANK, *shape[1:]), _random(shape[0], RANK, *ones), float(RANK))


def loha(shape: tuple[int, ...]) -> LohaLayer:
    width = _width(shape)
    pairs = [(_random(shape[0], RANK), _random(RANK, width)) for _ in range(2)]
    return LohaLayer(pairs[0], pairs[1], float(RANK), shape)


def lokr(shape: tuple[int, ...]) -> LokrLayer:
    out, width = shape[0] // FACTOR, _width(shape) // FACTOR
    second = (_random(out, RANK), _random(RANK, width))
    return LokrLayer((_random(FACTOR, FACTOR),), second, float(RANK), RANK, shape)


def dora(shape: tuple[int, ...], inner: Maker = lora) -> DoraLayer:
    fitted = DoraLayer(inner(shape), _random(1, shape[1], *(1,) * (len(shape) - 2)).abs() + 1).fitted(shape)
    assert fitted is not None
    return fitted


def oft(shape: tuple[int, ...]) -> OftLayer:
    return OftLayer(_random(shape[0] // BLOCK, BLOCK, BLOCK), None, 0.0, False, shape)


def boft(shape: tuple[int, ...]) -> BoftLayer:
    return BoftLayer(_random(3, shape[0] // BLOCK, BLOCK, BLOCK), None, 0.0, shape)


def glora(shape: tuple[int, ...]) -> GloraLayer:
    width = _width(shape)
    a, b = (_random(shape[1], RANK), _random(RANK, shape[1])), (_random(shape[0], RANK), _random(RANK, width))
    return GloraLayer(a, b, float(RANK), False, shape)


def difference(shape: tuple[int, ...]) -> DifferenceLayer:
    return DifferenceLayer(_random(*shape))


def ia3(shape: tuple[int, ...]) -> Ia3Layer:
    return Ia3Layer(_random(shape[0], *(1,) * (len(shape) - 1)), False, shape)


METHODS: Final[Mapping[str, Maker]] = {
    "LoHa": loha,
    "LoKr": lokr,
    "DoRA": dora,
    "DoRA over LoHa": partial(dora, inner=loha),
    "full difference": difference,
    "(IA)3": ia3,
    "OFT": oft,
    "BOFT": boft,
    "GLoRA": glora,
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--device", default="cpu")
    asked = options.parse_args()
    with torch.no_grad():
        print(json.dumps(fold_ratios(rounds=5 if asked.quick else 15, device=asked.device)))
    return 0


def fold_ratios(rounds: int, device: str) -> dict[str, float]:
    """By method, times a plain LoRA's folding of the same layers; and the worst."""
    torch.manual_seed(0)
    model = Layers(8, 1, 2).to(device)
    sides = {name: Folded(model, {"x": _made(maker, model, device)}) for name, maker in {"LoRA": lora, **METHODS}.items()}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, folded in sides.items():
            seconds[name].append(timed(partial(_refold, folded, 0.3 + 0.01 * turn)))
    middle = {name: statistics.median(taken[1:]) for name, taken in seconds.items()}
    ratios = {name: middle[name] / middle["LoRA"] for name in METHODS}
    print(f"{'method':<16} {'ms':>8} {'times LoRA':>11}")
    for name, value in middle.items():
        print(f"{name:<16} {1000 * value:>8.1f} {value / middle['LoRA']:>11.2f}")
    told = {f"fold_ratio_{name}": round(value, 3) for name, value in ratios.items()}
    return {**told, "fold_ratio_worst": round(max(ratios.values()), 3)}


def _made(maker: Maker, model: Layers, device: str) -> dict[str, AddedLayer]:
    with torch.device(device):
        return {name: maker(shape) for name, shape in model.shapes().items()}


def _refold(folded: Folded, weight: float) -> None:
    with folded.at([{"x": weight}]):
        pass


def _random(*shape: int) -> Tensor:
    return torch.randn(shape) * 0.02


def _width(shape: tuple[int, ...]) -> int:
    found = 1
    for size in shape[1:]:
        found *= size
    return found


if __name__ == "__main__":
    sys.exit(main())
