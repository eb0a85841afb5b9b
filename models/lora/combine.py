"""Several LoRAs at their weights as one file that needs no weights: ranks concatenated, weights and scales folded into `up`.

Where methods of another kind touch a layer, or LoRAs touch its bias, it is stored as a full difference, all of them applied in
order to the base's own weight: such a file is for that base alone.

sum_i w_i s_i up_i down_i = [w_1 s_1 up_1, ...] [down_1; ...], s_i the scale of a layer: exact, whatever the ranks and layers.
Numbers are rounded and added up as they are when LoRAs are folded one by one, so that the images are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.files import write_whole
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase
from models.lora.bundled import bundled_tensors
from models.lora.file import read_tensors, stored, write_lora
from models.lora.key_spellings import Modules, names_in_original_layout
from models.lora.layers.added import AddedLayer
from models.lora.layers.difference import DifferenceLayer
from models.lora.layers.lora import LoraLayer
from models.lora.sites import TEXT_2, Part, Site, parameter_name
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.lora.file import LoraFile

Weighted = list[tuple["LoraFile", float]]


@dataclass(frozen=True)
class LoraSum:
    """Several LoRAs as one."""

    layers: Mapping[Part, Mapping[str, LoraLayer | DifferenceLayer]]
    """By part of the base and site, in float32; the alpha of those of low rank is the largest rank of them all."""
    inversions: Mapping[str, Mapping[Part, Tensor]] = field(default_factory=dict)
    """As `models.lora.file.LoraFile.inversions`."""

    @property
    def rank(self) -> int:
        """The largest of its layers' ranks; 1 where none is of low rank."""
        return max((layer.rank for layer in self._all if isinstance(layer, LoraLayer)), default=1)

    @property
    def differences(self) -> int:
        """How many of its layers are full differences, which hold for the base alone that they were made on."""
        return sum(isinstance(layer, DifferenceLayer) for layer in self._all)

    @property
    def megabytes(self) -> int:
        return round(sum(_bytes(layer) for layer in self._all) / 1e6)

    @property
    def _all(self) -> list[LoraLayer | DifferenceLayer]:
        return [layer for modules in self.layers.values() for layer in modules.values()]


def sum_loras(
    loras: Mapping[str, LoraFile], weights: Mapping[str, float], modules: Modules | None = None, meaning: Program = "a1111"
) -> LoraSum:
    """The sum of `loras` at `weights`, by LoRA, in their order; one without a weight, or of weight 0, counts as absent.

    `modules` are the base's, whose weights full differences are taken from, and `meaning` whose methods are meant. Raises
    InputError if no LoRA has a weight: nothing would be left to write; and without a base for methods whose sum no file of up
    and down matrices holds.
    """
    weighted = [(file, weights[name]) for name, file in loras.items() if weights.get(name, 0.0) != 0.0]
    if not weighted:
        raise InputError("every LoRA has weight 0", "the sum of LoRAs", "draw without LoRAs: there is nothing to combine")
    parts = list(dict.fromkeys(part for file, _ in weighted for part in file.layers))
    differences = {part: _differences(weighted, part, modules, meaning) for part in parts} if modules is not None else {}
    layers = {part: _by_module(weighted, part, differences.get(part, {}).keys()) for part in parts}
    # One alpha for all layers, since diffusers 0.42 puts alphas that differ on the wrong ones.
    ranks = [sum(layer.rank for layer, _ in together) for found in layers.values() for together in found.values()]
    alpha = float(max(ranks, default=1))
    summed: dict[Part, dict[str, LoraLayer | DifferenceLayer]] = {
        part: {**{m: _concatenated(them, alpha) for m, them in found.items()}, **differences.get(part, {})}
        for part, found in layers.items()
    }
    return LoraSum(summed, {word: vectors for file, _ in weighted for word, vectors in file.inversions.items()})


def write_sum(path: Path, summed: LoraSum, metadata: Mapping[str, str], modules: Modules) -> str:
    """Writes it under kohya's names for the base of these modules, whole or not at all; returns what A1111 calls it by hash.

    For SDXL these are the names of the original layout: A1111 does not find all of diffusers'.
    """
    inversions = bundled_tensors(summed.inversions)
    if TEXT_2 not in modules:
        return write_lora(path, summed.layers, metadata, inversions)
    from safetensors.torch import save

    name, tensors = names_in_original_layout(modules), dict(inversions)
    for part, layers in summed.layers.items():
        for site, layer in ((Site(part, module), layer) for module, layer in layers.items()):
            tensors |= stored(name(site.owner), site, layer)
    write_whole(path, save(tensors, dict(metadata)))
    return read_tensors(path, read_safetensors_header(path).start)[1]


def _differences(weighted: Weighted, part: Part, modules: Modules, meaning: Program) -> dict[str, DifferenceLayer]:
    """Of the layers that are not the sum of matrices of low rank alone, weight and, where it is touched, bias."""
    touching = [(file.layers.get(part, {}), weight) for file, weight in weighted]
    others = {Site(part, m).owner for found, _ in touching for m, layer in found.items() if not isinstance(layer, LoraLayer)}
    sites = {found for site in others for found in (site, site.bias)}
    # A1111 reads the difference of a bias only beside that of its weight.
    kept = sorted(site.module for site in sites if site in others or any(site.module in found for found, _ in touching))
    return {module: _difference(module, touching, modules[part], meaning) for module in kept}


def _difference(
    module: str, touching: Sequence[tuple[Mapping[str, AddedLayer], float]], model: nn.Module, meaning: Program
) -> DifferenceLayer:
    own = model.get_parameter(parameter_name(module)).detach().float()
    changed = own.clone()
    for layers, weight in touching:
        if module in layers:
            layers[module].apply(changed, weight, meaning)
    return DifferenceLayer(changed - own)


def _by_module(weighted: Weighted, part: Part, others: Collection[str]) -> dict[str, list[tuple[LoraLayer, float]]]:
    """The layers of the files that touch a module of the part, but for `others`, each with its file's weight."""
    touching = [(low_rank_layers(file, part, others), weight) for file, weight in weighted]
    modules = sorted({module for layers, _ in touching for module in layers})
    return {module: [(layers[module], weight) for layers, weight in touching if module in layers] for module in modules}


def low_rank_layers(file: LoraFile, part: Part, others: Collection[str] = ()) -> dict[str, LoraLayer]:
    """Its layers for a part of the base, but for `others`. Raises InputError if one is of a method of another kind."""
    found = {module: layer for module, layer in file.layers.get(part, {}).items() if module not in others}
    layers = {module: layer for module, layer in found.items() if isinstance(layer, LoraLayer)}
    methods = {layer.method for module, layer in found.items() if module not in layers}
    if methods:
        what = phrase(
            "a file with {methods} layers, which no file of up and down matrices expresses", methods=" and ".join(sorted(methods))
        )
        raise InputError(what, file.path, "use a LoRA or LoCon version of it, or an export that names the LoRAs themselves")
    return layers


def _bytes(layer: LoraLayer | DifferenceLayer) -> int:
    return layer.difference.nbytes if isinstance(layer, DifferenceLayer) else layer.down.nbytes + layer.up.nbytes


def _concatenated(weighted: list[tuple[LoraLayer, float]], alpha: float) -> LoraLayer:
    import torch

    down = torch.cat([layer.down.float() for layer, _ in weighted])
    up = torch.cat([layer.up.float() * (weight * layer.scale) for layer, weight in weighted], dim=1)
    rank = _exact_rank(len(down), int(alpha))
    down = torch.cat([down, down.new_zeros(rank - len(down), *down.shape[1:])]).contiguous()
    up = torch.cat([up, up.new_zeros(len(up), rank - up.shape[1], *up.shape[2:])], dim=1)
    # Divided by a power of two: no number is rounded again.
    return LoraLayer(down, (up * (rank / alpha)).contiguous(), alpha)


def _exact_rank(rank: int, largest: int) -> int:
    """The least rank from `rank` up that is `largest` or a half, a quarter, an eighth of it."""
    found = largest
    while found % 2 == 0 and found // 2 >= rank:
        found //= 2
    return found
