"""Prompt to conditioning as A1111 computes it: chunks of 75 tokens, emphasis, clip skip, one text encoder or SDXL's two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.base.prompt.chunks import CHUNK, Embeddings, Place, chunks_of, framed
from models.base.prompt.comfyui import comfyui_chunks, lifted
from models.errors import InputError
from models.language.translate import phrase
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

__all__ = ["CHUNK", "Embeddings", "encode_prompt", "encode_xl", "hidden_states"]


def encode_prompt(
    tokenizer: CLIPTokenizer,
    encoder: CLIPTextModel,
    prompt: str,
    *,
    clip_skip: int = 1,
    embeddings: Embeddings | None = None,
    program: Program = "a1111",
) -> Tensor:
    """Hidden states (1, 77 * chunks, width). `clip_skip` counts as A1111 does: 1 is the last layer, 2 the one before.

    Emphasis multiplies the hidden states, whose mean is then restored, as A1111's default does; ComfyUI's is that of
    models.base.prompt.comfyui. Raises InputError for an embedding of another width.
    """

    def hidden_of(row: Tensor) -> Tensor:
        return hidden_states(encoder, row, clip_skip)

    return _encoded(_Rows(tokenizer, tokenizer, encoder, program), prompt, embeddings, hidden_of)


def encode_xl(
    tokenizers: tuple[CLIPTokenizer, CLIPTokenizer],
    encoders: tuple[CLIPTextModel, CLIPTextModelWithProjection],
    prompt: str,
    *,
    embeddings: tuple[Embeddings, Embeddings] | None = None,
    negative: bool = False,
    program: Program = "a1111",
) -> tuple[Tensor, Tensor]:
    """SDXL's conditioning: hidden states (1, 77 * chunks, 2048) of both encoders side by side, pooled state (1, 1280).

    Each encoder gives its last but one layer without the final norm, whatever the clip skip, which A1111 does not apply to SDXL
    by default. The pooled state is the second encoder's projected end of the first chunk, without emphasis. An empty negative
    prompt gives zeros, as A1111 does and ComfyUI does not. Raises InputError as `encode_prompt` does.
    """
    import torch

    pooled: list[Tensor] = []

    def hidden_of(encoder: Any) -> Callable[[Tensor], Tensor]:
        def last_but_one(row: Tensor) -> Tensor:
            out = encoder(row, output_hidden_states=True)
            if hasattr(out, "text_embeds"):
                pooled.append(out.text_embeds)
            found: Tensor = out.hidden_states[-2]
            return found

        return last_but_one

    sides = []
    for i, encoder in enumerate(encoders):
        # The second tokenizer would take a "!" for its padding, which A1111's does not: it only pads.
        rows = _Rows(tokenizers[0], tokenizers[i], encoder, program)
        sides.append(_encoded(rows, prompt, embeddings and embeddings[i], hidden_of(encoder)))
    hidden, end = torch.cat(sides, dim=-1), pooled[0]
    if negative and not prompt and program == "a1111":
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


@dataclass(frozen=True)
class _Rows:
    """Makes token ids of prompts for one text encoder."""

    tokenizer: CLIPTokenizer
    padder: CLIPTokenizer
    """Names the token that fills chunks up."""
    encoder: Any
    program: Program

    def of(self, prompt: str, embeddings: Embeddings | None) -> Iterator[tuple[Tensor, list[Place]]]:
        """Token ids (1, 77) of each chunk, and its places."""
        width = self.encoder.config.hidden_size
        for name, vectors in (embeddings or {}).items():
            if vectors.shape[1] != width:
                what = phrase(
                    "embedding '{name}' is {shape} wide, the text encoder {width}", name=name, shape=vectors.shape[1], width=width
                )
                raise InputError(what, "embeddings", "use one made for this base")
        packed = (chunks_of if self.program == "a1111" else comfyui_chunks)(self.tokenizer, prompt, embeddings)
        for places in packed:
            yield self.filled(places), places

    def filled(self, places: Sequence[Place]) -> Tensor:
        """The ids (1, 77) of a chunk, filled up."""
        import torch

        ids = framed(self.tokenizer, [place.token for place in places], self.padder.pad_token_id)
        return torch.tensor([ids], device=self.encoder.device)


def _encoded(rows: _Rows, prompt: str, embeddings: Embeddings | None, hidden_of: Callable[[Tensor], Tensor]) -> Tensor:
    import torch

    pieces, empty = [], None
    for row, places in rows.of(prompt, embeddings):
        with _seeing(rows.encoder, places):
            hidden = hidden_of(row)
        if rows.program == "comfyui" and any(place.weight != 1 for place in places):
            empty = hidden_of(rows.filled([])) if empty is None else empty
            hidden = lifted(hidden, empty, places)
        elif rows.program == "a1111":
            hidden = _emphasised(hidden, places)
        pieces.append(hidden)
    return torch.cat(pieces, dim=1)


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
