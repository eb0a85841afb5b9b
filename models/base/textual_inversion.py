"""Textual inversions (Gal et al. 2022): vectors that a word of the prompt stands for, trained in place of weights.

In: A1111's .pt (`string_to_param`) and .safetensors (`emb_params`), diffusers' `learned_embeds` (one word and its tensor), and
SDXL's two tensors (`clip_l`, `clip_g`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.io.pickles import PICKLES, read_pickle
from models.io.safetensors_header import read_safetensors_header

if TYPE_CHECKING:
    from torch import Tensor

    from models.base.opening import Base


@dataclass(frozen=True)
class Embedding:
    """`vectors`: (tokens, width) float32, what the first text encoder reads; `second`: the same for SDXL's second one.

    `name` is the file's stem, by which A1111 knows it in a prompt; `digest` is SHA-256 in hex over the vectors' float32 bytes.
    """

    name: str
    vectors: Tensor
    second: Tensor | None
    digest: str

    @property
    def tokens(self) -> int:
        """Places in the prompt that it takes."""
        return int(self.vectors.shape[0])


def open_embedding(path: Path) -> Embedding:
    """Opens a textual inversion; of a pickle only weights are read, nothing in it is run.

    Raises InputError for a file that is missing, damaged, none of the known forms, holds several, is empty or not finite.
    """
    if not path.is_file():
        raise InputError("no such textual inversion", path, "check the path")
    first, second = _tensors(path, _read(path))
    vectors = _checked(path, first)
    other = _checked(path, second) if second is not None else None
    if other is not None and len(other) != len(vectors):
        what = f"a textual inversion of {len(vectors)} and {len(other)} vectors for SDXL's two text encoders"
        raise InputError(what, path, "fetch it again")
    held = b"".join(part.numpy().astype("<f4").tobytes() for part in (vectors, other) if part is not None)
    return Embedding(path.stem, vectors, other, hashlib.sha256(held).hexdigest())


def fits(embedding: Embedding, base: Base) -> None:
    """Raises InputError unless the vectors are as wide as the base's text encoders read them."""
    wanted = _width(base.text_encoder), _width(base.second.text_encoder) if base.second else None
    found = int(embedding.vectors.shape[1]), int(embedding.second.shape[1]) if embedding.second is not None else None
    if found != wanted:
        what = f"a textual inversion {_said(found)} wide where the base's text is {_said(wanted)}"
        raise InputError(what, embedding.name, "use one trained on this kind of base")


def _width(encoder: Any) -> int:
    return int(encoder.get_input_embeddings().weight.shape[1])


def _said(widths: tuple[int, int | None]) -> str:
    return " + ".join(str(width) for width in widths if width is not None)


def _read(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from torch import nn

    if path.suffix.lower() in PICKLES:
        # the container in which the first textual inversions kept their vectors
        return read_pickle(path, [nn.ParameterDict])
    if path.suffix.lower() != ".safetensors":
        raise InputError(f"no textual inversion ends in '{path.suffix}'", path, "name a .safetensors, .pt or .bin file")
    read_safetensors_header(path)
    try:
        return load_file(path)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _tensors(path: Path, held: Mapping[str, Any]) -> tuple[Any, Any]:
    """The one tensor, or the first and the second of SDXL's."""
    if {"clip_l", "clip_g"} <= set(held):
        return held["clip_l"], held["clip_g"]
    if "clip_g" in held:
        raise InputError("a textual inversion for SDXL's second text encoder alone", path, "use one that has clip_l too")
    if "emb_params" in held:
        return held["emb_params"], None
    inner = held.get("string_to_param", held)
    words = dict(inner.items()) if hasattr(inner, "items") else {}
    if not words:
        raise InputError("the textual inversion is empty", path, "fetch it again")
    if len(words) > 1:
        what = f"not a textual inversion ({len(words)} entries, '{str(next(iter(words)))[:60]}' among them)"
        raise InputError(what, path, "name a file that holds one")
    return next(iter(words.values())), None


def _checked(path: Path, tensor: Any) -> Tensor:
    """The vectors as (tokens, width) in float32."""
    import torch

    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.ndim not in (1, 2):
        raise InputError("not a textual inversion (no rows of floating-point numbers)", path, "fetch it again")
    if tensor.numel() == 0:
        raise InputError("the textual inversion is empty", path, "fetch it again")
    vectors = tensor.detach().float().reshape(-1, tensor.shape[-1]).clone()
    if not bool(vectors.isfinite().all()):
        raise InputError("the textual inversion holds NaN or infinity", path, "fetch or train it again")
    return vectors
