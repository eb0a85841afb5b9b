"""Textual inversions (Gal et al. 2022): vectors that a word of the prompt stands for, trained in place of weights.

In: A1111's .pt (`string_to_param`) and .safetensors (`emb_params`), diffusers' `learned_embeds` (one word and its tensor), and
SDXL's two tensors (`clip_l`, `clip_g`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.io.files import write_whole
from models.io.pickles import PICKLES, read_pickle
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase
from models.lora.bundled import bundled_vectors, checked_vectors
from models.lora.file import read_tensors
from models.lora.layout import read_layout
from models.lora.sites import TEXT, TEXT_2, Part

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Embedding:
    """One textual inversion, by which a word of the prompt is replaced."""

    name: str
    """The file's stem: the word by which A1111 calls it in a prompt."""
    vectors: Mapping[Part, Tensor]
    """By the text encoder that reads them: (tokens, width) float32, equally many for each."""
    digest: str
    """SHA-256 in hex over the vectors' float32 bytes."""
    lora: str = ""
    """What the study calls the LoRA in whose file it is kept; empty for a file of its own."""

    @property
    def tokens(self) -> int:
        """Places in the prompt that it takes."""
        return len(next(iter(self.vectors.values())))


def open_embedding(path: Path) -> Embedding:
    """Opens a textual inversion; of a pickle only weights are read, nothing in it is run.

    Raises InputError for a file that is missing, damaged, none of these forms, contains several, is empty or not finite.
    """
    if not path.is_file():
        raise InputError("no such textual inversion", path, "check the path")
    vectors = {part: checked_vectors(path, tensor) for part, tensor in _tensors(path, _read(path)).items()}
    lengths = [len(rows) for rows in vectors.values()]
    if len(set(lengths)) > 1:
        what = phrase(
            "a textual inversion of {length} and {length_2} vectors for SDXL's two text encoders",
            length=lengths[0],
            length_2=lengths[1],
        )
        raise InputError(what, path, "fetch it again")
    return embedding_of(path.stem, vectors)


def embedding_of(name: str, vectors: Mapping[Part, Tensor], lora: str = "") -> Embedding:
    """Of vectors that were checked: (tokens, width) float32 of each text encoder, equally many."""
    data = b"".join(rows.numpy().astype("<f4").tobytes() for rows in vectors.values())
    return Embedding(name, vectors, hashlib.sha256(data).hexdigest(), lora)


def is_named(name: str, texts: Iterable[str]) -> bool:
    """Whether a prompt among `texts` may call the textual inversion `name`: it has the word, alone or within another."""
    return any(" ".join(name.lower().split()) in " ".join(text.lower().split()) for text in texts)


def bundled_embeddings(path: Path, lora: str) -> list[Embedding]:
    """Those in a LoRA file, whatever base they are for. Raises InputError if the file does not read."""
    layout = read_layout(path)
    tensors, _ = read_tensors(layout.path, layout.start)
    vectors = bundled_vectors(layout.path, layout.inversions, tensors)
    return [embedding_of(name, rows, lora) for name, rows in vectors.items()]


def write_embedding(path: Path, embedding: Embedding) -> None:
    """Writes a .safetensors file that A1111, ComfyUI and diffusers read, whole or not at all."""
    from safetensors.torch import save

    names = {TEXT: "clip_l", TEXT_2: "clip_g"} if len(embedding.vectors) > 1 else {TEXT: "emb_params"}
    write_whole(path, save({names[part]: rows.contiguous() for part, rows in embedding.vectors.items()}))


def check_width(embedding: Embedding, wanted: Mapping[Part, int]) -> None:
    """Raises InputError unless the vectors are as wide as the base's text encoders read them (`Base.text_widths`)."""
    found = {part: int(rows.shape[1]) for part, rows in embedding.vectors.items()}
    if found != dict(wanted):
        what = phrase(
            "a textual inversion {found} wide where the base's text is {wanted}", found=_in_words(found), wanted=_in_words(wanted)
        )
        raise InputError(what, embedding.name, "use one trained on this kind of base")


def _in_words(widths: Mapping[Part, int]) -> str:
    return " + ".join(str(width) for width in widths.values())


def _read(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from torch import nn

    if path.suffix.lower() in PICKLES:
        # the container in which the first textual inversions kept their vectors
        return read_pickle(path, [nn.ParameterDict])
    if path.suffix.lower() != ".safetensors":
        raise InputError(
            phrase("no textual inversion ends in '{suffix}'", suffix=path.suffix), path, "name a .safetensors, .pt or .bin file"
        )
    read_safetensors_header(path)
    try:
        return load_file(path)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _tensors(path: Path, entries: Mapping[str, Any]) -> dict[Part, Any]:
    """The file's one tensor, or SDXL's two."""
    if {"clip_l", "clip_g"} <= set(entries):
        return {TEXT: entries["clip_l"], TEXT_2: entries["clip_g"]}
    if "clip_g" in entries:
        raise InputError("a textual inversion for SDXL's second text encoder alone", path, "use one that has clip_l too")
    if "emb_params" in entries:
        return {TEXT: entries["emb_params"]}
    inner = entries.get("string_to_param", entries)
    words = dict(inner.items()) if hasattr(inner, "items") else {}
    if not words:
        raise InputError("the textual inversion is empty", path, "fetch it again")
    if len(words) > 1:
        what = phrase(
            "not a textual inversion ({count} entries, '{key}' among them)", count=len(words), key=str(next(iter(words)))[:60]
        )
        raise InputError(what, path, "name a file that holds one")
    return {TEXT: next(iter(words.values()))}
