"""Prompts as ComfyUI reads them: "(word:1.4)" and "(word)" = 1.1, "[word]" and BREAK are words, chunks are cut by tokens.

Emphasis moves a token's hidden state away from the one that an empty prompt has in its place; the mean is not restored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.base.prompt.chunks import CHUNK, Embeddings, Place, tokens_of

if TYPE_CHECKING:
    from torch import Tensor

STEP: Final = 1.1
MARK: Final = "embedding:"
"""What ComfyUI wants before the name of a textual inversion."""
KEPT_WHOLE: Final = 8
"""A piece of fewer tokens is never cut by the end of a chunk."""


def marked(text: str, names: Iterable[str]) -> str:
    """A1111 finds a textual inversion by its bare name; ComfyUI wants `embedding:` before it, and a space before that. `names`
    are names or paths of the files."""
    stems = {Path(name).stem.lower(): Path(name).stem for name in names}
    if not stems:
        return text
    longest_first = "|".join(re.escape(stem) for stem in sorted(stems, key=len, reverse=True))
    found = re.compile(rf"(^|[\s(\[])?(?<![\w-])(?<!{MARK})({longest_first})(?![\w-])", re.IGNORECASE)
    return found.sub(lambda match: f"{' ' if match[1] is None else match[1]}{MARK}{stems[match[2].lower()]}", text)


def comfyui_chunks(tokenizer: Any, prompt: str, embeddings: Embeddings | None = None) -> list[list[Place]]:
    """One chunk or more, of at most 75 places each, without start and end tokens. `embeddings` are found by their names, with
    `MARK` before them or without."""
    chunks: list[list[Place]] = [[]]
    for piece in _pieces(tokenizer, marked(prompt, embeddings or {}), embeddings or {}):
        cut, rest = len(piece) >= KEPT_WHOLE, piece
        while len(chunks[-1]) + len(rest) > CHUNK:
            room = CHUNK - len(chunks[-1])
            if cut:
                chunks[-1] += rest[:room]
                rest = rest[room:]
            chunks.append([])
        chunks[-1] += rest
    return chunks


def lifted(hidden: Tensor, empty: Tensor, places: list[Place]) -> Tensor:
    """Hidden states (1, 77, width) of a chunk with emphasis; `empty` are those of an empty prompt."""
    import torch

    factor = torch.ones(hidden.shape[1], device=hidden.device)
    factor[1 : len(places) + 1] = torch.tensor([place.weight for place in places], device=hidden.device)
    away = (hidden.float() - empty.float()) * factor[None, :, None] + empty.float()
    return torch.where(factor[None, :, None] == 1, hidden.float(), away).to(hidden.dtype)


def weighted_texts(prompt: str, weight: float = 1.0) -> list[tuple[str, float]]:
    """Texts and their weights, as ComfyUI splits a prompt: a number replaces the weight around it, brackets alone multiply."""
    hidden = prompt.replace("\\)", "\0\1").replace("\\(", "\0\2")
    return [(text.replace("\0\1", ")").replace("\0\2", "("), w) for text, w in _weighted(hidden, weight)]


def _weighted(text: str, weight: float) -> Iterator[tuple[str, float]]:
    for part in _outer_brackets(text):
        if not (len(part) >= 2 and part[0] == "(" and part[-1] == ")"):
            yield part, weight
            continue
        inner, own = part[1:-1], weight * STEP
        words, colon, number = inner.rpartition(":")
        if colon and words:
            try:
                inner, own = words, float(number)
            except ValueError:
                inner = part[1:-1]
        yield from _weighted(inner, own)


def _outer_brackets(text: str) -> Iterator[str]:
    """The text in front of, in and behind its outermost brackets."""
    depth, begun = 0, ""
    for letter in text:
        if letter == "(" and depth == 0 and begun:
            yield begun
            begun = ""
        begun += letter
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            yield begun
            begun = ""
    if begun:
        yield begun


def _pieces(tokenizer: Any, prompt: str, embeddings: Embeddings) -> Iterator[list[Place]]:
    """What is packed together: a textual inversion, or the tokens of a text of one weight."""
    for text, weight in weighted_texts(prompt):
        first, *named = re.split(rf"[ \n]{MARK}", text)
        words = [first, *(f"{MARK}{name}" for name in named)]
        for word in (word for word in words if word):
            if word.startswith(MARK):
                vectors, word = _named(word.removeprefix(MARK).strip("\n"), embeddings)
                if vectors is not None:
                    yield [Place(0, weight, vector) for vector in vectors]
                if not word:
                    continue
            yield [Place(token, weight) for token in tokens_of(tokenizer, word)]


def _named(text: str, embeddings: Embeddings) -> tuple[Tensor | None, str]:
    """The textual inversion that the text begins with, and what follows it; without its name where there is none."""
    name, *others = text.split() or [""]
    rest = " ".join(others)
    by_name = {stem.lower(): vectors for stem, vectors in embeddings.items()}
    if name.lower() in by_name:
        return by_name[name.lower()], rest
    bare = name.strip(",")
    return by_name.get(bare.lower()), f"{name[len(bare) :]} {rest}" if bare != name else rest
