"""What the UNet is told: prompts through text encoders that carry their LoRAs' weights, each pair encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.lora.fold import Folded
from optimizer.render.denoise import Conditioning
from optimizer.render.prompt_syntax import Embeddings, chunks_needed, encode_prompt, encode_xl

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from models.base.opening import Base, TextTower
    from models.base.textual_inversion import Embedding
    from models.lora.file import LoraFile

KEPT: Final = 64


@dataclass
class ConditioningEncoder:
    """Encodes prompts for images of `size` (width, height) in pixels. `clip_skip` counts as A1111 does.

    `present` is entered around the use of a text encoder: it brings the encoder to its device.
    """

    base: Base
    loras: Mapping[str, LoraFile]
    size: tuple[int, int]
    clip_skip: int = 1
    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    present: Callable[[nn.Module], AbstractContextManager[None]] = lambda _: nullcontext()
    _kept: OrderedDict[tuple[object, ...], tuple[Conditioning, Conditioning]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        first = self.base.text_encoder
        self._folded: list[tuple[nn.Module, Folded]] = [(first, Folded(first, {n: f.text for n, f in self.loras.items()}))]
        if self.base.second is not None:
            second = self.base.second.text_encoder
            self._folded.append((second, Folded(second, {n: f.text_2 for n, f in self.loras.items()})))

    def of(self, prompt: str, negative: str, weights: Mapping[str, float]) -> tuple[Conditioning, Conditioning]:
        """(negative, positive), of equal length. LoRAs that are not named have weight 0."""
        told_apart = {name for name, file in self.loras.items() if file.text or file.text_2}
        key = (prompt, negative, tuple(sorted((n, w) for n, w in weights.items() if n in told_apart and w != 0.0)))
        if key not in self._kept:
            self._kept[key] = self._encode(prompt, negative, weights)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _encode(self, prompt: str, negative: str, weights: Mapping[str, float]) -> tuple[Conditioning, Conditioning]:
        import torch

        first: Embeddings = {name: held.vectors for name, held in self.embeddings.items()}
        chunks = chunks_needed(self.base.tokenizer, prompt, negative, embeddings=first)
        with ExitStack() as entered:
            entered.enter_context(torch.no_grad())
            for encoder, folded in self._folded:
                entered.enter_context(self.present(encoder))
                entered.enter_context(folded.at([weights]))
            if self.base.second is not None:
                second = self.base.second
                return self._two(second, negative, chunks, first, negative=True), self._two(second, prompt, chunks, first)
            return self._one(negative, chunks, first), self._one(prompt, chunks, first)

    def _one(self, text: str, chunks: int, first: Embeddings) -> Conditioning:
        tokenizer, encoder = self.base.tokenizer, self.base.text_encoder
        return Conditioning(encode_prompt(tokenizer, encoder, text, chunks=chunks, clip_skip=self.clip_skip, embeddings=first))

    def _two(self, second: TextTower, text: str, chunks: int, first: Embeddings, *, negative: bool = False) -> Conditioning:
        """As SDXL is told it: with the sizes (original, crop, target) of an image that nothing was cut from."""
        import torch

        others: Embeddings = {name: held.second for name, held in self.embeddings.items() if held.second is not None}
        hidden, pooled = encode_xl(
            (self.base.tokenizer, second.tokenizer),
            (self.base.text_encoder, second.text_encoder),
            text,
            chunks=chunks,
            embeddings=(first, others),
            negative=negative,
        )
        width, height = self.size
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=hidden.device, dtype=hidden.dtype)
        return Conditioning(hidden, pooled, sizes)
