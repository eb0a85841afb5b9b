"""Stable Diffusion XL (Podell et al. 2023): a UNet under two text encoders, a pooled text state, and the sizes of the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from models.base.family import Base, Conditioning, Frame
from models.base.prompt.captions import encode_plain_xl
from models.base.prompt.encoding import encode_xl
from models.base.prompt.reading import A1111, Reading
from models.base.prompt.schedules import refuse_unread
from models.base.stable_diffusion import (
    UNET_BLOCKS,
    StableDiffusion,
    of_equal_length,
    read_clip_tokenizer,
    vectors_of,
)
from models.lora.key_spellings import names_in_original_layout
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.base.textual_inversion import Embedding

POOLED, TIME_IDS = "text_embeds", "time_ids"
"""Names of the extra conditioning, which are those of the UNet's `added_cond_kwargs`."""
SECOND_ENCODER: Final = "conditioner.embedders.1."


class SDXL(StableDiffusion):
    """`models.base.family.BaseFamily` for SDXL. Its second tokenizer takes a "!" in the text for padding (id 0), as published."""

    name = "sdxl"
    title = "SDXL"
    parts: tuple[Part, ...] = (DENOISER, TEXT, TEXT_2)
    pipeline = "StableDiffusionXLPipeline"
    pipeline_options: Mapping[str, Any] = MappingProxyType({"add_watermarker": False})
    kohya_version = "sdxl_base_v1-0"
    architecture = "stable-diffusion-xl-v1-base"
    honours_clip_skip = False
    trainable = True
    size_step = 32

    def recognises(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        return all(any(name.startswith(p) for name in shapes) for p in (UNET_BLOCKS, SECOND_ENCODER))

    def read_tokenizers(self, folder: Path) -> dict[str, Any]:
        return {name: read_clip_tokenizer(folder / name) for name in ("tokenizer", "tokenizer_2")}

    def check(self, pipe: Any, name: str) -> None:
        """Its pipeline class is enough."""

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        modules = {DENOISER: pipe.unet, TEXT: pipe.text_encoder, TEXT_2: pipe.text_encoder_2}
        return modules, {TEXT: pipe.tokenizer, TEXT_2: pipe.tokenizer_2}

    def encode(
        self,
        base: Base,
        prompt: str,
        negative: str,
        *,
        size: tuple[int, int],
        clip_skip: int = 1,
        embeddings: Mapping[str, Embedding] | None = None,
        reading: Reading = A1111,
    ) -> tuple[Conditioning, Conditioning]:
        """The sizes (original, crop, target) are those of an image that nothing was cut from."""
        import torch

        tokenizers, encoders = base.tokenizers, base.text_encoders
        vectors = vectors_of(embeddings, TEXT), vectors_of(embeddings, TEXT_2)

        def encoded(text: str, *, negative: bool) -> Conditioning:
            hidden, pooled = encode_xl(
                (tokenizers[TEXT], tokenizers[TEXT_2]),
                (encoders[TEXT], encoders[TEXT_2]),
                text,
                embeddings=vectors,
                negative=negative,
                program=reading.program,
            )
            width, height = size
            sizes = torch.tensor([[height, width, 0, 0, height, width]], device=hidden.device, dtype=hidden.dtype)
            return Conditioning(hidden, {POOLED: pooled, TIME_IDS: sizes})

        refuse_unread(prompt, negative, reading)
        pair = encoded(negative, negative=True), encoded(prompt, negative=False)
        return of_equal_length(*pair, reading, lambda: encoded("", negative=False))

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        hidden, extra = conditioning.hidden, dict(conditioning.extra)
        predicted: Tensor = denoiser(latents.to(hidden.dtype), time, hidden, return_dict=False, added_cond_kwargs=extra)[0]
        return predicted

    def vae_overflows(self, base: Base) -> bool:
        return bool(base.vae.config.get("force_upcast", False))

    def encode_captions(self, base: Base, captions: Sequence[str]) -> Conditioning:
        tokenizers, encoders = base.tokenizers, base.text_encoders
        pair = (tokenizers[TEXT], tokenizers[TEXT_2]), (encoders[TEXT], encoders[TEXT_2])
        hidden, pooled = encode_plain_xl(*pair, captions)
        return Conditioning(hidden, {POOLED: pooled})

    def picture_conditioning(self, base: Base, frames: Sequence[Frame]) -> Mapping[str, Tensor]:
        """Sizes in float32: bfloat16 has not all whole numbers above 256."""
        import torch

        sizes = [(*frame.original[::-1], *_crop_corner(frame), *frame.size[::-1]) for frame in frames]
        return {TIME_IDS: torch.tensor(sizes, device=base.device, dtype=torch.float32)}

    def picture_step(self, base: Base) -> int:
        """As kohya's scripts demand it: 32 pixels with the published shapes."""
        return int(base.factor * 2 ** (len(base.denoiser.config["block_out_channels"]) - 1))

    def file_names(self, base: Base) -> Callable[[Site], str]:
        return names_in_original_layout(base.modules)

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        import torch

        encoded = [super(SDXL, self).encode_pixels(base, row[None]) for row in pixels]
        deviations = [deviation for _, deviation in encoded if deviation is not None]
        return torch.cat([mean for mean, _ in encoded]), torch.cat(deviations) if deviations else None


def _crop_corner(frame: Frame) -> tuple[int, int]:
    """(top, left) of the crop as kohya's scripts state it (`BucketManager.get_crop_ltrb`): by how much of `size` the whole
    picture would leave empty if it were fitted inside, not by how much of the picture is cut off."""
    width, height = frame.size
    ratio = frame.original[0] / frame.original[1]
    fitted = (height * ratio, height) if width / height > ratio else (width, width / ratio)
    return int((height - fitted[1]) // 2), int((width - fitted[0]) // 2)
