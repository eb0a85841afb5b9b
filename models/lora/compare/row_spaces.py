"""What inputs a LoRA reads and what outputs it writes, layer by layer, and how far two LoRAs do both in common.

The row space of an update dW (out x in) holds the inputs that it answers to. Two LoRAs whose row spaces are orthogonal answer to
different inputs, and their sum does what each does alone; where the row spaces overlap and the outputs do too, one writes over
the other. An update of low rank is never multiplied out: QR of its factors, then an SVD of rank x rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.lora.layers.lora import LoraLayer
from models.lora.sites import Site, parameter_name

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.lora.file import LoraFile
    from models.lora.layers.added import AddedLayer

SMALLEST: Final = 1e-6
"""Share of an update's largest singular value below which a direction is rounding."""
BLOCKS: Final = (("down_blocks", "down"), ("mid_block", "middle"), ("up_blocks", "up"))
"""Of the names of a denoiser's layers, and what their part of it is called."""


@dataclass(frozen=True)
class RowSpace:
    """One layer's update at LoRA weight 1, as its singular values and directions."""

    inputs: Tensor
    """(in, k), orthonormal columns, float32 on the CPU; of convolutions in x kernel."""
    outputs: Tensor
    """(out, k), orthonormal columns, float32."""
    strengths: Tensor
    """(k,), singular values, the largest first, float64."""

    @property
    def energy(self) -> float:
        """Squared Frobenius norm of the update."""
        return float(self.strengths.square().sum())


@dataclass(frozen=True)
class Overlap:
    """Two updates of one layer."""

    shared: tuple[float, float]
    """Of each one's energy, the share that answers to inputs in the other's row space, in [0, 1]."""
    chance: tuple[float, float]
    """The same of directions at random: the other's rank by the layer's inputs."""
    inner: float
    """The inner product of both as vectors: positive where they add up, negative where they cancel out."""
    energies: tuple[float, float]
    """Squared Frobenius norms."""
    angles: tuple[float, ...]
    """Cosines of the principal angles between the row spaces, the largest first."""


@dataclass(frozen=True)
class Summed:
    """Overlaps of several layers, each by its energy; layers that one alone touches count as not shared."""

    shared: tuple[float, float]
    chance: tuple[float, float]
    cosine: float
    """Of both updates as one vector each, in [-1, 1]."""
    layers: int
    """That both touch."""
    widest: float
    """The largest cosine of a principal angle in any of these layers."""


def row_spaces(file: LoraFile, modules: Mapping[str, nn.Module]) -> dict[Site, RowSpace]:
    """Of all layers but biases and norms, whose updates have no rows; empty updates are left out."""
    found = {}
    for part, layers in file.layers.items():
        for name, layer in layers.items():
            weight = modules[part].get_parameter(parameter_name(name)).detach()
            if weight.ndim < 2:
                continue
            space = row_space(layer, weight)
            if space is not None:
                found[Site(part, name)] = space
    return found


def row_space(layer: AddedLayer, weight: Tensor) -> RowSpace | None:
    """Of one layer for the base's weight; None where the update is 0."""
    import torch

    if isinstance(layer, LoraLayer):
        up, down = (part.cpu().double().flatten(1) for part in (layer.up, layer.down))
        inputs, right = torch.linalg.qr(down.T)
        outputs, left = torch.linalg.qr(up)
        u, strengths, v = torch.linalg.svd(left @ right.T * layer.scale)
        u, v = outputs @ u, inputs @ v.T
    else:
        # An update of full rank, or one that depends on the weight: what it adds to the base's own.
        own = weight.cpu().float().contiguous()
        changed = own.clone()
        layer.apply(changed, 1.0, "a1111")
        u, strengths, vh = torch.linalg.svd((changed - own).flatten(1).double(), full_matrices=False)
        v = vh.T
    kept = int((strengths > SMALLEST * strengths[0]).sum()) if float(strengths[0]) > 0 else 0
    return RowSpace(v[:, :kept].float(), u[:, :kept].float(), strengths[:kept]) if kept else None


def overlap(one: RowSpace, other: RowSpace) -> Overlap:
    """Of two updates of the same layer."""
    import torch

    cosines = (one.inputs.T @ other.inputs).double()
    first = float((one.strengths.square() @ cosines.square().sum(1)) / one.energy)
    second = float((other.strengths.square() @ cosines.square().sum(0)) / other.energy)
    both = one.strengths[:, None] * other.strengths * cosines * (one.outputs.T @ other.outputs).double()
    width = len(one.inputs)
    angles = torch.linalg.svdvals(cosines).clamp(0, 1)
    return Overlap(
        (min(1.0, first), min(1.0, second)),
        (len(other.strengths) / width, len(one.strengths) / width),
        float(both.sum()),
        (one.energy, other.energy),
        tuple(float(angle) for angle in angles),
    )


def overlaps_by_block(one: Mapping[Site, RowSpace], other: Mapping[Site, RowSpace]) -> dict[str, Summed]:
    """By part of the base (`block_of`), and "all": the blocks in the order of the base."""
    pairs = {site: overlap(one[site], other[site]) for site in one if site in other}
    blocks = list(dict.fromkeys(block_of(site) for site in [*one, *other]))
    order = ["text encoder", "second text encoder", "down", "middle", "up", "other"]
    found = {"all": _summed(pairs.values(), _energy(one, None), _energy(other, None))}
    for block in sorted(blocks, key=order.index):
        inside = [pair for site, pair in pairs.items() if block_of(site) == block]
        found[block] = _summed(inside, _energy(one, block), _energy(other, block))
    return found


def block_of(site: Site) -> str:
    """text encoder, second text encoder, down, middle, up, or other."""
    if site.part != "denoiser":
        return "second text encoder" if site.part == "text_2" else "text encoder"
    return next((block for start, block in BLOCKS if site.module.startswith(start)), "other")


def _energy(spaces: Mapping[Site, RowSpace], block: str | None) -> float:
    return sum(space.energy for site, space in spaces.items() if block is None or block_of(site) == block)


def _summed(pairs: Iterable[Overlap], first: float, second: float) -> Summed:
    """`first` and `second` are the energies of all layers, shared or not."""
    found = list(pairs)
    if not found or first <= 0 or second <= 0:
        return Summed((0.0, 0.0), (0.0, 0.0), 0.0, 0, 0.0)
    shared = tuple(sum(pair.energies[side] * pair.shared[side] for pair in found) for side in (0, 1))
    chance = tuple(sum(pair.energies[side] * pair.chance[side] for pair in found) for side in (0, 1))
    cosine = sum(pair.inner for pair in found) / (first * second) ** 0.5
    widest = max(pair.angles[0] for pair in found)
    return Summed((shared[0] / first, shared[1] / second), (chance[0] / first, chance[1] / second), cosine, len(found), widest)
