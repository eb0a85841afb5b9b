"""Prompt to conditioning as A1111 computes it: emphasis, chunks of 75 tokens, clip skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.emphasis import parse_emphasis

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTokenizer

CHUNK = 75


def tokenize(tokenizer: CLIPTokenizer, prompt: str) -> tuple[list[int], list[float]]:
    """Token ids and their emphasis, without start and end tokens."""
    ids: list[int] = []
    weights: list[float] = []
    for span in parse_emphasis(prompt):
        found = tokenizer(span.text, add_special_tokens=False, verbose=False).input_ids
        ids.extend(found)
        weights.extend([span.weight] * len(found))
    return ids, weights


def encode_prompt(tokenizer: CLIPTokenizer, encoder: CLIPTextModel, prompt: str, *, chunks: int, clip_skip: int = 1) -> Tensor:
    """Hidden states (1, 77 * chunks, width). `clip_skip` counts as A1111 does: 1 is the last layer, 2 the one before.

    Emphasis multiplies the hidden states, whose mean is then restored, as A1111's default does.
    """
    import torch

    ids, weights = tokenize(tokenizer, prompt)
    length = CHUNK * chunks
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
    pieces = []
    for c in range(chunks):
        part = ids[c * CHUNK : (c + 1) * CHUNK]
        scale = weights[c * CHUNK : (c + 1) * CHUNK]
        padding = CHUNK - len(part)
        row = torch.tensor([[start, *part, end, *[pad] * padding]], device=encoder.device)
        hidden = hidden_states(encoder, row, clip_skip)
        factor = torch.tensor([1.0, *scale, *[1.0] * (padding + 1)], device=hidden.device, dtype=hidden.dtype)
        before = hidden.mean()
        hidden = hidden * factor[None, :, None]
        pieces.append(hidden * (before / hidden.mean()) if not torch.all(factor == 1) else hidden)
    assert len(ids) <= length
    return torch.cat(pieces, dim=1)


def hidden_states(encoder: CLIPTextModel, ids: Tensor, clip_skip: int = 1) -> Tensor:
    """The normalised hidden states of the layer that `clip_skip` names; computed here since the pipeline's own way breaks."""
    out = encoder(ids, output_hidden_states=clip_skip > 1)
    if clip_skip == 1:
        last: Tensor = out.last_hidden_state
        return last
    body = getattr(encoder, "text_model", encoder)
    normed: Tensor = body.final_layer_norm(out.hidden_states[-clip_skip])
    return normed


def chunks_needed(tokenizer: CLIPTokenizer, *prompts: str) -> int:
    """Chunks of 75 tokens that the longest of the prompts fills; prompt and negative prompt must have equally many."""
    longest = max(len(tokenize(tokenizer, p)[0]) for p in prompts)
    return max(1, -(-longest // CHUNK))
