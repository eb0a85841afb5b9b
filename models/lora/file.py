"""LoRA files: opened, and written.

A LoRA (Hu et al. 2021) adds alpha / rank * up @ down to a layer's weight. In: files of kohya, A1111, peft, diffusers, OneTrainer,
LyCORIS, ComfyUI and cloneofsimo's scripts, as safetensors. Out: what kohya's scripts write, so that A1111, ComfyUI and diffusers
read it, with true alphas.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.files import write_whole
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase
from models.lora.bundled import bundled_vectors, fits_text, inversion_notes
from models.lora.families import family_of_denoiser
from models.lora.key_spellings import (
    Modules,
    bare_name,
    kohya_name,
    piece_names,
    pieces_of,
    shared_text_sites,
    site_names,
    sites_of,
)
from models.lora.layers.added import AddedLayer, is_linear
from models.lora.layers.difference import DifferenceLayer
from models.lora.layers.lora import LoraLayer
from models.lora.layout import LoraLayout, hash_notes, is_sha256, read_layout, weights_file
from models.lora.misfits import Misfits
from models.lora.numbered_keys import numbered_names
from models.lora.scale.notes import scale_notes
from models.lora.scale.stated import IN_TENSORS, Scale
from models.lora.scaled_layer import read_scaled_layers
from models.lora.sites import DENOISER, Part, Site
from models.lora.transformers.pieces import in_pieces

if TYPE_CHECKING:
    from torch import Tensor

Layers = Mapping[Part, Mapping[str, AddedLayer]]
"""By part of the base, then by the module's name in it."""
UNREAD: Final = frozenset(("F4", "F6_E2M3", "F6_E3M2", "F8_E8M0"))
"""Number formats of safetensors files whose numbers mean nothing without scales that no LoRA tool writes: four and six bits, and
exponents alone."""
INSIDE: Final = (IN_TENSORS, "")
"""Sources of a scale that follow from the tensors alone."""


@dataclass(frozen=True)
class LoraFile:
    """A LoRA whose layers were found in the base it was opened with."""

    path: Path
    name: str
    """The file's stem."""
    hash: str
    """What A1111 calls the LoRA in picture metadata: 12 hex digits of `sshs_model_hash`, or of `digest`."""
    digest: str
    """SHA-256 in hex over the file's tensors (A1111's AutoV3), always computed, and over the alphas that are stated outside
    them: what cache keys are made of."""
    layers: Layers
    """For every part of the base, empty where the LoRA does not touch it; biases by their sites' names (`models.lora.sites`)."""
    metadata: dict[str, str]
    notes: tuple[str, ...] = ()
    """Lines for people: where its scale stands if not in its tensors, and what of the file is not read."""
    inversions: Mapping[str, Mapping[Part, Tensor]] = field(default_factory=dict)
    """Textual inversions that the file holds besides, by the word of the prompt that stands for them, then by the text encoder
    that reads them: (tokens, width) float32."""

    @property
    def depends_on_order(self) -> bool:
        """Whether what it adds depends on the LoRAs before it."""
        return any(not is_linear(layer) for layers in self.layers.values() for layer in layers.values())


def open_lora(path: Path | str, modules: Modules) -> LoraFile:
    """Opens a LoRA for the base whose modules are given (`Base.modules`); tensors on the CPU, as stored.

    A .safetensors file, or a folder that peft or diffusers saved. Textual inversions kept in the same file that do not fit the
    base are passed over, and named in `notes`.
    So is a small share of layers whose names are none of the base's. Raises InputError for a missing, damaged or pickled file,
    methods that are not read, values that are not finite, and LoRAs of another architecture (more layers that the base lacks, or
    one of another shape).
    """
    path = Path(path)
    layout = read_layout(path)
    if layout.method is not None:
        raise InputError(
            phrase("a {method} file, which is not read here", method=layout.method), path, "use a LoRA or LoCon version of it"
        )
    tensors, digest = read_tensors(layout.path, layout.start)
    layers, scales, told = _fitted(layout, tensors, modules)
    parts: dict[Part, dict[str, AddedLayer]] = {part: {} for part in modules}
    for site, layer in layers.items():
        parts[site.part][site.module] = layer
    stored = layout.metadata.get("sshs_model_hash", "")
    short = (stored if is_sha256(stored) else digest)[:12].lower()
    outside = {f"{site.part}.{site.module}": layer.alpha for site, layer in layers.items() if scales[site].source not in INSIDE}
    found = bundled_vectors(layout.path, layout.inversions, tensors)
    inversions = {name: vectors for name, vectors in found.items() if fits_text(vectors, modules)}
    notes = scale_notes([*scales.values()], unread_config=layout.unread_config)
    notes += told + inversion_notes(layout.inversions, [name for name in found if name not in inversions])
    notes += hash_notes(layout.metadata, digest)
    digest = _with_alphas(digest, outside)
    return LoraFile(layout.path, layout.name, short, digest, parts, layout.metadata, tuple(notes), inversions)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, read from its header alone. Raises InputError if it is no safetensors file."""
    return read_safetensors_header(weights_file(path)).metadata


def write_lora(
    path: Path,
    layers: Mapping[Part, Mapping[str, LoraLayer | DifferenceLayer]],
    metadata: Mapping[str, str],
    bundled: Mapping[str, Tensor] | None = None,
    name: Callable[[Site], str] = kohya_name,
) -> str:
    """Writes the layers under kohya's names, each with its alpha, whole or not at all; returns the file's `sshs_model_hash`.

    `name` names layers; by default as for bases of one text encoder. `bundled` are tensors besides, by their keys. Tensors keep
    their dtype; the same layers and metadata give the same bytes. `metadata` (`ss_*`,
    `modelspec.*`) gains `sshs_model_hash` and `sshs_legacy_hash` as kohya's scripts compute them.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = dict(bundled or {})
    for site, layer in ((Site(part, m), layer) for part, modules in layers.items() for m, layer in modules.items()):
        tensors |= stored(name(site.owner), site, layer)
    training = {k: v for k, v in metadata.items() if k.startswith("ss_")}
    hashed = save(tensors, training)
    model_hash = hashlib.sha256(hashed[8 + struct.unpack("<Q", hashed[:8])[0] :]).hexdigest()
    legacy = hashlib.sha256(hashed[0x100000 : 0x100000 + 0x10000]).hexdigest()[:8]
    data = _with_sorted_header(save(tensors, {**metadata, "sshs_model_hash": model_hash, "sshs_legacy_hash": legacy}))
    write_whole(path, data)
    return model_hash


def stored(name: str, site: Site, layer: LoraLayer | DifferenceLayer) -> dict[str, Tensor]:
    """The tensors of a layer by their keys under kohya's name of it, a full difference under LyCORIS's ends."""
    import torch

    if isinstance(layer, DifferenceLayer):
        return {f"{name}.{'diff' if site == site.owner else 'diff_b'}": layer.difference.detach().cpu().contiguous()}
    return {
        f"{name}.lora_down.weight": layer.down.detach().cpu().contiguous(),
        f"{name}.lora_up.weight": layer.up.detach().cpu().contiguous(),
        f"{name}.alpha": torch.tensor(float(layer.alpha), dtype=torch.float32),
    }


def _with_sorted_header(data: bytes) -> bytes:
    """The same file with its header in one order: the library writes metadata in another order each time."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def read_tensors(path: Path, start: int) -> tuple[dict[str, Tensor], str]:
    """All tensors by key, and the SHA-256 in hex over their bytes from `start` on. Raises InputError for a damaged file, and for
    numbers of a format that is not read here."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = path.read_bytes()
    entries = read_safetensors_header(path).entries.values()
    formats = sorted({str(entry.get("dtype")) for entry in entries if isinstance(entry, dict)} & UNREAD)
    if formats:
        what = phrase("numbers in a format that is not read here ({formats})", formats=", ".join(formats))
        raise InputError(what, path, "use a version of it in float16, bfloat16 or plain float8")
    try:
        return load(data), hashlib.sha256(memoryview(data)[start:]).hexdigest()
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _fitted(
    layout: LoraLayout, tensors: Mapping[str, Tensor], modules: Modules
) -> tuple[dict[Site, AddedLayer], dict[Site, Scale], list[str]]:
    """The layers by their place in the base, where the scale of each is stated, and what is passed over, for people."""
    names = site_names(modules) | numbered_names(layout.path, modules, layout.shapes, layout.metadata)
    shared, several = shared_text_sites(modules), piece_names(modules)
    layers: dict[Site, AddedLayer] = {}
    scales: dict[Site, Scale] = {}
    misfits = Misfits(layout, family_of_denoiser(modules[DENOISER]))
    for stem, roles in layout.stems.items():
        sites = sites_of(stem, names, shared)
        part = sites[0].part if sites else DENOISER
        spelt = [bare_name(stem), *(sites[0].module for _ in sites[:1]), *(f"text_model.{s.module}" for s in sites[:1])]
        read = read_scaled_layers(layout, roles, tensors, part, spelt)
        found: dict[Site, tuple[AddedLayer, Scale]] = {}
        pieces = () if sites else pieces_of(stem, several)
        if pieces:
            found = in_pieces(layout.path, (stem, pieces), read, modules[DENOISER], misfits)
        elif not sites:
            misfits.add_unknown(stem)
        for of_bias, (layer, scale) in read.items() if sites else ():
            shapes = {site: site.shape(modules) for site in ([site.bias for site in sites] if of_bias else sites)}
            fitting = {site: f for site, shape in shapes.items() if shape is not None and (f := layer.fitted(shape)) is not None}
            if len(fitting) > 1:
                what = phrase("'{stem}' does not say which of the two text encoders it is for, and fits both", stem=stem[:80])
                raise InputError(what, layout.path, "save it with kohya's names (lora_te1_, lora_te2_)")
            if not fitting:
                misfits.add_shape(stem, layer, next(iter(shapes.values())))
            found |= {site: (fitted, scale) for site, fitted in fitting.items()}
        if found.keys() & layers.keys():
            raise InputError("the file names a layer twice, in two spellings", layout.path, "save it again with one tool")
        layers |= {site: layer for site, (layer, _) in found.items()}
        scales |= {site: scale for site, (_, scale) in found.items()}
    return layers, scales, misfits.told()


def _with_alphas(digest: str, alphas: Mapping[str, float]) -> str:
    """The digest of tensors and of the alphas that stand outside them, so that another scale is another cache key."""
    if not alphas:
        return digest
    return hashlib.sha256(json.dumps([digest, sorted(alphas.items())]).encode()).hexdigest()
