"""Textual inversions kept in a LoRA file beside its layers: `bundle_emb.NAME.VECTORS`, as OneTrainer writes and A1111 reads them,
and cloneofsimo's tensors that the metadata mark `<embed>`.

VECTORS is `string_to_param.*` for one text encoder, `clip_l` and `clip_g` for SDXL's two, or any single name. A word of the
prompt, the inversion's name, stands for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.numbered_keys import EMBEDDING
from models.lora.sites import TEXT, TEXT_2, Part

if TYPE_CHECKING:
    from torch import Tensor, nn

BUNDLE: Final = "bundle_emb."
ONE_ENCODER: Final = "string_to_param."
CLIP_PARTS: Final[dict[str, Part]] = {"clip_l": TEXT, "clip_g": TEXT_2}


@dataclass(frozen=True)
class BundledInversion:
    """One textual inversion of a LoRA file."""

    name: str
    """The word of the prompt."""
    keys: Mapping[Part, str]
    """Of its vectors, by the text encoder that reads them; empty for a form that is not read."""
    others: tuple[str, ...] = ()
    """What the file calls the parts of a form that is not read."""


def bundled_inversions(keys: Sequence[str], metadata: Mapping[str, str]) -> tuple[BundledInversion, ...]:
    """Those of a file with these keys, in their order."""
    grouped: dict[str, dict[str, str]] = {}
    for key in keys:
        if key.startswith(BUNDLE):
            name, _, vectors = key.removeprefix(BUNDLE).partition(".")
            grouped.setdefault(name, {})[vectors] = key
        elif is_bundled(key, metadata):
            grouped.setdefault(key, {})[EMBEDDING] = key
    return tuple(_inversion(name, vectors) for name, vectors in grouped.items())


def is_bundled(key: str, metadata: Mapping[str, str]) -> bool:
    """Whether a tensor is part of a textual inversion, and of no layer."""
    return key.startswith(BUNDLE) or metadata.get(key) == EMBEDDING


def checked_vectors(path: Path, tensor: object) -> Tensor:
    """The vectors of a textual inversion as (tokens, width) in float32. Raises InputError if they are none."""
    import torch

    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.ndim not in (1, 2):
        raise InputError("not a textual inversion (no rows of floating-point numbers)", path, "fetch it again")
    if tensor.numel() == 0:
        raise InputError("the textual inversion is empty", path, "fetch it again")
    vectors = tensor.detach().float().reshape(-1, tensor.shape[-1]).clone()
    if not bool(vectors.isfinite().all()):
        raise InputError("the textual inversion holds NaN or infinity", path, "fetch or train it again")
    return vectors


def bundled_vectors(
    path: Path, inversions: Sequence[BundledInversion], tensors: Mapping[str, Tensor]
) -> dict[str, dict[Part, Tensor]]:
    """The vectors of those that are read, by name and text encoder: (tokens, width) float32, equally many for each.

    Raises InputError for one that holds no vectors of finite numbers.
    """
    found: dict[str, dict[Part, Tensor]] = {}
    for inversion in inversions:
        vectors = {part: checked_vectors(path, tensors[key]) for part, key in inversion.keys.items()}
        lengths = sorted({len(rows) for rows in vectors.values()})
        if len(lengths) > 1:
            counts = phrase("{length} and {length_2} vectors for the two text encoders", length=lengths[0], length_2=lengths[1])
            raise InputError(
                phrase("its textual inversion {name} has {counts}", name=inversion.name[:60], counts=counts),
                path,
                "fetch it again",
            )
        if vectors:
            found[inversion.name] = vectors
    return found


def bundled_tensors(inversions: Mapping[str, Mapping[Part, Tensor]]) -> dict[str, Tensor]:
    """Their vectors under the keys by which A1111 reads them in a LoRA file."""
    entries = {part: entry for entry, part in CLIP_PARTS.items()}
    found: dict[str, Tensor] = {}
    for word, vectors in inversions.items():
        for part, rows in vectors.items():
            entry = entries[part] if len(vectors) > 1 else f"{ONE_ENCODER}*"
            found[f"{BUNDLE}{word}.{entry}"] = rows.contiguous()
    return found


def fits_text(vectors: Mapping[Part, Tensor], modules: Mapping[Part, nn.Module]) -> bool:
    """Whether the vectors are what the text encoders of a base read, all of them."""
    encoders: dict[Part, Any] = {part: modules[part] for part in CLIP_PARTS.values() if part in modules}
    wide = {part: int(encoder.get_input_embeddings().weight.shape[1]) for part, encoder in encoders.items()}
    return {part: int(rows.shape[1]) for part, rows in vectors.items()} == wide


def inversion_notes(inversions: Sequence[BundledInversion], misfits: Sequence[str] = ()) -> list[str]:
    """One line for each that is not read; `misfits` are the names of those whose vectors no text encoder of the base reads."""
    notes: list[str] = []
    for inversion in inversions:
        if not inversion.keys:
            forms = ", ".join(inversion.others)[:60]
            why = phrase("of a form that is not known here ({forms})", forms=forms)
        elif inversion.name in misfits:
            why = phrase("not as wide as the base's text encoders, or not for all of them")
        else:
            continue
        text = "its textual inversion {name} is {why}: it is not read, and its word in a prompt is only a word"
        notes.append(phrase(text, name=inversion.name[:60], why=why))
    return notes


def _inversion(name: str, vectors: Mapping[str, str]) -> BundledInversion:
    one = [key for entry, key in vectors.items() if entry.startswith(ONE_ENCODER)]
    if len(one) == 1 and all(entry.startswith(ONE_ENCODER) or entry in CLIP_PARTS for entry in vectors):
        return BundledInversion(name, {TEXT: one[0]})
    if vectors.keys() == CLIP_PARTS.keys():
        return BundledInversion(name, {part: vectors[entry] for entry, part in CLIP_PARTS.items()})
    if len(vectors) == 1 and "clip_g" not in vectors and not next(iter(vectors)).endswith("_out"):
        return BundledInversion(name, {TEXT: next(iter(vectors.values()))})
    return BundledInversion(name, {}, tuple(vectors))
