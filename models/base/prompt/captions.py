"""Captions to hidden states as training reads them: chunks as in the prompt of that text: what is trained is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from models.base.prompt.chunks import framed, plain_chunks_of
from models.base.prompt.reading import joined

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer


def encode_plain(tokenizer: CLIPTokenizer, encoder: CLIPTextModel, captions: Sequence[str]) -> Tensor:
    """Hidden states (captions, 77 * chunks, width) of the last layer, with gradients; there is no emphasis.

    A caption of more than 75 tokens fills several chunks, each with start and end tokens of its own. Captions of unequally many
    are repeated to one length, as a prompt beside a negative one is when it is drawn: none means another thing in another batch.
    """
    chunks = [plain_chunks_of(tokenizer, caption) for caption in captions]
    return _as_rows(encoder(_ids(tokenizer, tokenizer, encoder, chunks))[0], chunks)


def encode_plain_xl(
    tokenizers: tuple[CLIPTokenizer, CLIPTokenizer],
    encoders: tuple[CLIPTextModel, CLIPTextModelWithProjection],
    captions: Sequence[str],
) -> tuple[Tensor, Tensor]:
    """SDXL's conditioning, with gradients: hidden states (captions, 77 * chunks, width) of both encoders side by side, each
    their last but one layer; and the second one's pooled state (captions, width) of the first chunk, as its prompts have.

    An empty caption is encoded like any other: kohya's scripts train it so.
    """
    import torch

    chunks = [plain_chunks_of(tokenizers[0], caption) for caption in captions]
    first, second = (
        encoder(_ids(tokenizers[0], padder, encoder, chunks), output_hidden_states=True)
        for padder, encoder in zip(tokenizers, encoders, strict=True)
    )
    hidden = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
    first_chunks = list(accumulate([0, *(len(own) for own in chunks[:-1])]))
    return _as_rows(hidden, chunks), second.text_embeds[first_chunks]


def _ids(tokenizer: CLIPTokenizer, padder: CLIPTokenizer, encoder: Any, chunks: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """Of all chunks (chunks, 77), filled up with the padding of `padder`."""
    import torch

    rows = [framed(tokenizer, tokens, padder.pad_token_id) for own in chunks for tokens in own]
    return torch.tensor(rows, device=encoder.device)


def _as_rows(hidden: Tensor, chunks: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """Hidden states of chunks (chunks, 77, width) as one row a caption, of equally many tokens."""
    counts = [len(own) for own in chunks]
    parts = hidden.split(counts)  # type: ignore[no-untyped-call]  # torch leaves it unannotated
    return joined([part.flatten(0, 1)[None] for part in parts])
