"""Training images as latents and captions as embeddings, each encoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.base.family import Conditioning
from models.base.prompt.chunks import CHUNK as TOKENS
from models.base.prompt.reading import joined
from models.errors import InputError
from models.language.translate import phrase
from models.lora.sites import TEXT
from trainers.train.data.dataset import Picture
from trainers.train.data.fitting import open_fitted

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from models.base.family import Base

CHUNK: Final = 4


@dataclass(frozen=True)
class Latent:
    """The VAE's distribution of one image, scaled for the UNet."""

    mean: Tensor
    """(C, h, w), float32."""
    deviation: Tensor | None
    """Standard deviation (C, h, w); None for a VAE that is not variational."""

    def sample(self, generator: Generator) -> Tensor:
        """One latent (C, h, w)."""
        import torch

        if self.deviation is None:
            return self.mean
        return self.mean + self.deviation * torch.randn(self.mean.shape, generator=generator)


def encode_pictures(base: Base, pictures: Sequence[Picture], on_encoded: Callable[[int], None]) -> list[Latent]:
    """One latent an image in float32 on the CPU. Calls `on_encoded` with the number done.

    Raises InputError if the VAE gives NaN.
    """
    import torch

    found: dict[int, Latent] = {}
    order = sorted(range(len(pictures)), key=lambda i: pictures[i].size)
    with torch.no_grad():
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            for size in dict.fromkeys(pictures[i].size for i in rows):
                same = [i for i in rows if pictures[i].size == size]
                found |= dict(zip(same, _encode(base, [pictures[i] for i in same]), strict=True))
            on_encoded(len(found))
    return [found[i] for i in range(len(pictures))]


def _encode(base: Base, pictures: list[Picture]) -> list[Latent]:
    import numpy as np
    import torch

    images = np.stack([np.asarray(open_fitted(p.path, p.size)) for p in pictures])
    x = torch.from_numpy(images).permute(0, 3, 1, 2).to(base.device, base.vae.dtype) / 127.5 - 1
    mean, deviation = base.family.encode_pixels(base, x)
    if not bool(mean.isfinite().all()):
        raise InputError(
            phrase("the base's VAE gives NaN in {dtype}", dtype=base.vae.dtype), base.name, "open the base in float32 or bfloat16"
        )
    if deviation is None:
        return [Latent(row.clone(), None) for row in mean]
    return [Latent(m.clone(), d.clone()) for m, d in zip(mean, deviation, strict=True)]


def longer_captions(base: Base, captions: Sequence[str]) -> list[str]:
    """Those of more than one chunk of 75 tokens."""
    distinct = list(dict.fromkeys(captions))
    ids = base.tokenizers[TEXT](distinct, add_special_tokens=False, verbose=False).input_ids
    return [caption for caption, own in zip(distinct, ids, strict=True) if len(own) > TOKENS]


@dataclass
class Texts:
    """Embeddings of captions: cached while the text encoders are frozen, computed anew while they are trained."""

    base: Base
    trained: bool
    _cache: dict[str, Conditioning] = field(default_factory=dict)

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """A row each, at one length, as prompts are embedded but for their emphasis."""
        import torch

        if self.trained:
            # Images without captions of their own share one.
            distinct = list(dict.fromkeys(captions))
            found = self._encode(distinct)
            return found if len(distinct) == len(captions) else _rows(found, [distinct.index(c) for c in captions])
        with torch.no_grad():
            for caption in captions:
                # One at a time: in a batch its last bits would differ, and with them the file of a resumed training.
                if caption not in self._cache:
                    self._cache[caption] = self._encode([caption])
        return _together([self._cache[c] for c in captions])

    def _encode(self, captions: Sequence[str]) -> Conditioning:
        return self.base.family.encode_captions(self.base, captions)


def _rows(all_rows: Conditioning, chosen: list[int]) -> Conditioning:
    return Conditioning(all_rows.hidden[chosen], {name: tensor[chosen] for name, tensor in all_rows.extra.items()})


def _together(rows: Sequence[Conditioning]) -> Conditioning:
    """Rows of unequally many tokens, repeated to one length."""
    import torch

    extra = {name: torch.cat([row.extra[name] for row in rows]) for name in rows[0].extra}
    return Conditioning(joined([row.hidden for row in rows]), extra)
