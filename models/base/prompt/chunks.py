"""A prompt's tokens in chunks of 75, as A1111 packs them: breaks, commas looked back for, textual inversions in one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.base.prompt.emphasis import parse_emphasis
from models.errors import InputError
from models.language.translate import phrase

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTokenizer

CHUNK: Final = 75
LOOK_BACK: Final = 20
"""A1111's "prompt word wrap length limit": what follows a comma so near the end of a full chunk moves to the next."""

Embeddings = Mapping[str, "Tensor"]
"""Textual inversions (Gal et al. 2022) by the names that stand in prompts: vectors (tokens, width)."""


@dataclass(frozen=True)
class Place:
    """One of the tokens of a chunk. `vector` (width,), where there is one, is what the encoder sees instead of the token."""

    token: int
    weight: float
    vector: Tensor | None = None


def chunks_of(tokenizer: CLIPTokenizer, prompt: str, embeddings: Embeddings | None = None) -> list[list[Place]]:
    """One chunk or more, of at most 75 places each, without start and end tokens.

    Raises InputError for an embedding longer than a chunk.
    """
    names = _names(tokenizer, embeddings or {})
    packer = _packer(tokenizer)
    for span in parse_emphasis(prompt):
        if span.ends_chunk:
            packer.close()
            continue
        tokens = tokens_of(tokenizer, span.text)
        while tokens:
            packer.make_room(tokens[0])
            name, vectors = next(((n, v) for n, v in names if tokens[: len(n)] == n), (tokens[:1], None))
            packer.add(tokens[0], span.weight, vectors)
            tokens = tokens[len(name) :]
    return packer.finish()


def plain_chunks_of(tokenizer: CLIPTokenizer, text: str) -> list[list[int]]:
    """The tokens of the chunks that `chunks_of` makes of a text without syntax: brackets and BREAK are words like any other."""
    packer = _packer(tokenizer)
    for token in tokens_of(tokenizer, text):
        packer.make_room(token)
        packer.add(token, 1.0, None)
    return [[place.token for place in chunk] for chunk in packer.finish()]


def framed(tokenizer: CLIPTokenizer, tokens: Sequence[int], pad: int | None) -> list[int]:
    """A chunk as the text encoder takes it: 77 ids, from start to end token, filled up with `pad`, or end tokens without one."""
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return [start, *tokens, end, *[end if pad is None else pad] * (CHUNK - len(tokens))]


def _packer(tokenizer: CLIPTokenizer) -> _Packer:
    comma: Any = tokenizer.convert_tokens_to_ids(",</w>")
    return _Packer(None if comma == tokenizer.unk_token_id else comma)


class _Packer:
    def __init__(self, comma: int | None) -> None:
        self._comma_token = comma
        self._done: list[list[Place]] = []
        self._open: list[Place] = []
        self._comma: int | None = None
        """Where in the open chunk its last comma stands."""

    def close(self) -> None:
        self._done.append(self._open)
        self._open, self._comma = [], None

    def make_room(self, token: int) -> None:
        """Called before `token` is added, so that a full chunk can hand on what follows its last comma."""
        full = len(self._open) == CHUNK
        if token == self._comma_token:
            self._comma = len(self._open)
        elif full and self._comma is not None and CHUNK - self._comma <= LOOK_BACK:
            self._open, moved = self._open[: self._comma + 1], self._open[self._comma + 1 :]
            self.close()
            self._open = moved
        if len(self._open) == CHUNK:
            self.close()

    def add(self, token: int, weight: float, vectors: Tensor | None) -> None:
        if vectors is None:
            self._open.append(Place(token, weight))
            return
        if len(self._open) + len(vectors) > CHUNK:
            self.close()
        self._open += [Place(0, weight, vector) for vector in vectors]

    def finish(self) -> list[list[Place]]:
        if self._open or not self._done:
            self.close()
        return self._done


def _names(tokenizer: CLIPTokenizer, embeddings: Embeddings) -> list[tuple[list[int], Tensor]]:
    """The names as tokens, the longest first, since of two that fit A1111 takes the longer."""
    for name, vectors in embeddings.items():
        if len(vectors) > CHUNK:
            raise InputError(
                phrase("embedding '{name}' has {count} vectors", name=name, count=len(vectors)),
                "embeddings",
                phrase("a prompt's chunk holds {chunk}", chunk=CHUNK),
            )
    found = [(tokens_of(tokenizer, name), vectors) for name, vectors in embeddings.items()]
    return sorted(((n, v) for n, v in found if n), key=lambda pair: -len(pair[0]))


def tokens_of(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    """Without start and end."""
    return list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)
