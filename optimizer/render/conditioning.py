"""Prompts to conditioning through text encoders that carry their LoRAs' weights; each distinct pair is encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.base.prompt.reading import A1111, Reading
from models.lora.fold import Folded

if TYPE_CHECKING:
    from torch import nn

    from models.base.family import Base, Conditioning
    from models.base.textual_inversion import Embedding
    from models.lora.file import LoraFile

MOST: Final = 64
"""Pairs that are cached."""


@dataclass
class ConditioningEncoder:
    """Encodes prompts for images of one size."""

    base: Base
    loras: Mapping[str, LoraFile]
    size: tuple[int, int]
    """(width, height) in pixels."""
    clip_skip: int = 1
    """As A1111 counts: 1 is the last layer."""
    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    """Textual inversions by the names that stand in prompts."""
    reading: Reading = A1111
    """Whose syntax prompts follow."""
    present: Callable[[nn.Module], AbstractContextManager[None]] = lambda _: nullcontext()
    """Entered around the use of a text encoder: brings it to its device."""
    _cache: OrderedDict[tuple[object, ...], tuple[Conditioning, Conditioning]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        encoders = self.base.text_encoders
        self._touching = {name for name, file in self.loras.items() if any(file.layers.get(part) for part in encoders)}
        self._folded = [
            (
                encoder,
                Folded(encoder, {name: file.layers.get(part, {}) for name, file in self.loras.items()}, self.reading.program),
            )
            for part, encoder in encoders.items()
        ]

    def of(self, prompt: str, negative: str, weights: Mapping[str, float]) -> tuple[Conditioning, Conditioning]:
        """(negative, positive), of equal length. LoRAs that are not named have weight 0."""
        key = (prompt, negative, tuple(sorted((n, w) for n, w in weights.items() if n in self._touching and w != 0.0)))
        if key not in self._cache:
            self._cache[key] = self._encode(prompt, negative, weights)
            if len(self._cache) > MOST:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    def alone(self, prompt: str, weights: Mapping[str, float]) -> Conditioning:
        """The prompt as it is without guidance, at no other prompt's length."""
        return self.of(prompt, prompt, weights)[1]

    def uneven(self, prompt: str, negative: str) -> bool:
        """Whether the two prompts alone have unequally many tokens."""
        # Beside an empty prompt, which fills one chunk, the negative one is as long as it is.
        return self.alone(prompt, {}).hidden.shape[1] != self.of("", negative, {})[0].hidden.shape[1]

    def _encode(self, prompt: str, negative: str, weights: Mapping[str, float]) -> tuple[Conditioning, Conditioning]:
        import torch

        with ExitStack() as entered:
            entered.enter_context(torch.no_grad())
            for encoder, folded in self._folded:
                entered.enter_context(self.present(encoder))
                entered.enter_context(folded.at([weights]))
            return self.base.family.encode(
                self.base,
                prompt,
                negative,
                size=self.size,
                clip_skip=self.clip_skip,
                embeddings=self.embeddings,
                reading=self.reading,
            )
