"""Captions to hidden states as training reads them: chunks as in the prompt of that text: what is trained is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.base.prompt.chunks import framed, plain_chunks_of
from models.base.prompt.reading import joined

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTokenizer


def encode_plain(tokenizer: CLIPTokenizer, encoder: CLIPTextModel, captions: Sequence[str]) -> Tensor:
    """Hidden states (captions, 77 * chunks, width) of the last layer, with gradients; there is no emphasis.

    A caption of more than 75 tokens fills several chunks, each with start and end tokens of its own. Captions of unequally many
    are repeated to one length, as a prompt beside a negative one is when it is drawn: none means another thing in another batch.
    """
    import torch

    chunks = [plain_chunks_of(tokenizer, caption) for caption in captions]
    rows = [framed(tokenizer, tokens, tokenizer.pad_token_id) for own in chunks for tokens in own]
    hidden = encoder(torch.tensor(rows, device=encoder.device))[0]
    return joined([part.flatten(0, 1)[None] for part in hidden.split([len(own) for own in chunks])])
