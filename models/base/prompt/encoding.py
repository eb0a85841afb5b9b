"""Prompt to conditioning as A1111 computes it: chunks of 75 tokens, emphasis, clip skip, one text encoder or SDXL's two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from models.base.prompt.chunks import CHUNK, Embeddings, Place, chunks_needed, chunks_of
from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

__all__ = ["CHUNK", "Embeddings", "chunks_needed", "encode_prompt", "encode_xl", "hidden_states"]


def encode_prompt(
    tokenizer: CLIPTokenizer,
    encoder: CLIPTextModel,
    prompt: str,
    *,
    chunks: int,
    clip_skip: int = 1,
    embeddings: Embeddings | None = None,
) -> Tensor:
    """Hidden states (1, 77 * chunks, width). `clip_skip` counts as A1111 does: 1 is the last layer, 2 the one before.

    Emphasis multiplies the hidden states, whose mean is then restored, as A1111's default does. Missing chunks are empty ones.
    Raises InputError for what A1111 reads otherwise (see models.base.prompt.emphasis) and for an embedding of another width.
    """
    import torch

    pieces = []
    for row, places in _rows(tokenizer, tokenizer, encoder, prompt, chunks, embeddings):
        with _seeing(encoder, places):
            pieces.append(_emphasised(hidden_states(encoder, row, clip_skip), places))
    return torch.cat(pieces, dim=1)


def encode_xl(
    tokenizers: tuple[CLIPTokenizer, CLIPTokenizer],
    encoders: tuple[CLIPTextModel, CLIPTextModelWithProjection],
    prompt: str,
    *,
    chunks: int,
    embeddings: tuple[Embeddings, Embeddings] | None = None,
    negative: bool = False,
) -> tuple[Tensor, Tensor]:
    """SDXL's conditioning: hidden states (1, 77 * chunks, 2048) of both encoders side by side, pooled state (1, 1280).

    Each encoder gives its last but one layer without the final norm, whatever the clip skip, which A1111 does not apply to SDXL
    by default. The pooled state is the second encoder's projected end of the first chunk, without emphasis. An empty negative
    prompt gives zeros, as A1111 does. Raises InputError as `encode_prompt` does.
    """
    import torch

    sides, pooled = [], []
    for i in range(2):
        pieces = []
        # The second tokenizer would take a "!" for its padding, which A1111's does not: it only pads.
        for row, places in _rows(tokenizers[0], tokenizers[i], encoders[i], prompt, chunks, embeddings and embeddings[i]):
            with _seeing(encoders[i], places):
                out: Any = encoders[i](row, output_hidden_states=True)
            pieces.append(_emphasised(out.hidden_states[-2], places))
            pooled.append(getattr(out, "text_embeds", None))
        sides.append(torch.cat(pieces, dim=1))
    # The first encoder has none, so that the second's begin where the first's end.
    hidden, end = torch.cat(sides, dim=-1), pooled[chunks]
    assert end is not None
    if negative and not prompt:
        return torch.zeros_like(hidden), torch.zeros_like(end)
    return hidden, end


def hidden_states(encoder: CLIPTextModel, ids: Tensor, clip_skip: int = 1) -> Tensor:
    """The normalised hidden states of the layer that `clip_skip` names; computed here since the pipeline's own way breaks."""
    out = encoder(ids, output_hidden_states=clip_skip > 1)
    if clip_skip == 1:
        last: Tensor = out.last_hidden_state
        return last
    body = getattr(encoder, "text_model", encoder)
    normed: Tensor = body.final_layer_norm(out.hidden_states[-clip_skip])
    return normed


def _rows(
    tokenizer: CLIPTokenizer, padder: CLIPTokenizer, encoder: Any, prompt: str, chunks: int, embeddings: Embeddings | None
) -> Iterator[tuple[Tensor, list[Place]]]:
    """Token ids (1, 77) of each chunk, filled up with the token that `padder` pads with, and its places."""
    import torch

    width = encoder.config.hidden_size
    for name, vectors in (embeddings or {}).items():
        if vectors.shape[1] != width:
            what = f"embedding '{name}' is {vectors.shape[1]} wide, the text encoder {width}"
            raise InputError(what, "embeddings", "use one made for this base")
    packed = chunks_of(tokenizer, prompt, embeddings)
    if len(packed) > chunks:
        raise ValueError(f"the prompt fills {len(packed)} chunks, not {chunks}")
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = padder.pad_token_id if padder.pad_token_id is not None else end
    for places in packed + [[]] * (chunks - len(packed)):
        ids = [start, *(place.token for place in places), end, *[pad] * (CHUNK - len(places))]
        yield torch.tensor([ids], device=encoder.device), places


@contextmanager
def _seeing(encoder: Any, places: list[Place]) -> Iterator[None]:
    """While it lasts, the encoder's token embedding gives the vectors of these places for their tokens."""
    vectors = {i: place.vector for i, place in enumerate(places, 1) if place.vector is not None}
    if not vectors:
        yield
        return

    def put(_: Any, __: Any, embedded: Tensor) -> Tensor:
        seen = embedded.clone()
        for i, vector in vectors.items():
            seen[0, i] = vector.to(seen)
        return seen

    handle = encoder.get_input_embeddings().register_forward_hook(put)
    try:
        yield
    finally:
        handle.remove()


def _emphasised(hidden: Tensor, places: list[Place]) -> Tensor:
    import torch

    weights = [1.0, *(place.weight for place in places)]
    if all(weight == 1 for weight in weights):
        return hidden
    factor = torch.ones(hidden.shape[1], device=hidden.device)
    factor[: len(weights)] = torch.tensor(weights, device=hidden.device)
    lifted = hidden.float() * factor[None, :, None]
    return (lifted * (hidden.float().mean() / lifted.mean())).to(hidden.dtype)
