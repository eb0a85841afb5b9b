"""Opens part parsers: SegFormer models of transformers that name the parts of a person, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError, first_line
from models.hub import from_hub, is_cached, looks_local
from models.io.quiet import quiet_loading
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch
    from PIL import Image

BATCH = 8
"""Images in one pass: at a real parser's 512 x 512 more would only cost memory."""
FILES = ("config.json", "preprocessor_config.json", "model.safetensors")
"""What a parser's folder holds."""


@dataclass(frozen=True)
class PartParser:
    """A model, its image processor, and the name of each label index."""

    model: Any
    processor: Any
    labels: dict[int, str]

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        """For each image a map (height, width) of label indices at the image's own size. Images must be RGB."""
        found: list[NDArray[np.uint8]] = []
        for start in range(0, len(images), BATCH):
            found.extend(self._batch(list(images[start : start + BATCH])))
        return found

    def _batch(self, images: list[Image.Image]) -> list[NDArray[np.uint8]]:
        import torch

        with torch.inference_mode():
            pixels = self.processor(images=images, return_tensors="pt")["pixel_values"]
            logits = self.model(pixel_values=pixels.to(self.model.device)).logits.float()
            return [_largest(row, image.size) for row, image in zip(logits, images, strict=True)]


def _largest(logits: torch.Tensor, size: tuple[int, int]) -> NDArray[np.uint8]:
    import torch.nn.functional as F

    full = F.interpolate(logits[None], size=(size[1], size[0]), mode="bilinear", align_corners=False)
    labels: NDArray[np.uint8] = full[0].argmax(0).cpu().numpy().astype(np.uint8)
    return labels


def open_parser(name: str | Path, device: str = "cpu") -> PartParser:
    """Opens a transformers folder without asking any network, or else a hub name ("owner/name").

    Raises InputError if the folder lacks a file, or the model is no semantic SegFormer.
    """
    import torch
    from transformers import SegformerForSemanticSegmentation, SegformerImageProcessor

    folder = Path(name)
    local = looks_local(name)
    if local:
        _check(folder)
    quiet_loading()
    # What an earlier run fetched opens without a network.
    local = local or is_cached(str(name), FILES)
    try:
        with nullcontext() if local else from_hub(phrase("the part parser"), name):
            model: Any = SegformerForSemanticSegmentation.from_pretrained(str(name), local_files_only=local, dtype=torch.float32)
            processor = SegformerImageProcessor.from_pretrained(str(name), local_files_only=local)
    except InputError:
        raise
    except Exception as error:  # transformers, safetensors and the hub each raise their own for a foreign file
        raise InputError(
            phrase("the part parser does not open ({error})", error=first_line(error)),
            name,
            "name a SegFormer folder or hub name",
        ) from error
    model.requires_grad_(False).eval().to(device=device)
    return PartParser(model, processor, {int(k): str(v) for k, v in (model.config.id2label or {}).items()})


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError("no such part parser", folder, "give a folder with config.json, or a hub name such as owner/name")
    for file in FILES:
        if not (folder / file).is_file():
            raise InputError(phrase("the part parser has no {file}", file=file), folder, "copy the whole folder of the model")
