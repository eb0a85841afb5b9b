"""Opens DINOv2 models through transformers: images to unit vectors (Oquab et al. 2023), with or without registers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError, first_line
from models.hub import from_hub, looks_local
from models.io.quiet import quiet_loading
from models.language.translate import phrase

if TYPE_CHECKING:
    from PIL import Image

BATCH: Final = 16
KINDS: Final = ("dinov2", "dinov2_with_registers")


@dataclass(frozen=True)
class DinoModel:
    """A model and its image processor."""

    model: Any
    processor: Any

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(N, d) unit vectors of RGB images: the class token after the last layer's norm."""
        import torch

        found = [np.zeros((0, int(self.model.config.hidden_size)), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                pixels = self.processor(images=list(images[start : start + BATCH]), return_tensors="pt")["pixel_values"]
                rows = self.model(pixel_values=pixels.to(self.model.device)).pooler_output.float()
                found.append(torch.nn.functional.normalize(rows, dim=-1).cpu().numpy())
        return np.concatenate(found)


def open_dino(name: str | Path, device: str = "cpu") -> DinoModel:
    """Opens a transformers folder without asking any network, or else a hub name ("facebook/dinov2-base").

    Raises InputError if the folder lacks a file, or the model is no DINOv2.
    """
    import torch
    from transformers import AutoImageProcessor, AutoModel

    folder = Path(name)
    local = looks_local(name)
    if local:
        _check(folder)
    quiet_loading()
    images: Any = AutoImageProcessor
    try:
        with nullcontext() if local else from_hub(phrase("the DINOv2 model"), name):
            model: Any = AutoModel.from_pretrained(str(name), local_files_only=local, dtype=torch.float32, use_safetensors=True)
            processor: Any = images.from_pretrained(str(name), local_files_only=local)
    except InputError:
        raise
    except Exception as error:  # transformers, safetensors and the hub each raise their own for a foreign file
        raise InputError(
            phrase("the DINOv2 model does not open ({error})", error=first_line(error)), name, "name a DINOv2 folder or hub name"
        ) from error
    if model.config.model_type not in KINDS:
        raise InputError(
            phrase("a {model_type} model, no DINOv2", model_type=model.config.model_type),
            name,
            "name a folder as of facebook/dinov2-base",
        )
    model.requires_grad_(False).eval().to(device=device)
    return DinoModel(model, processor)


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(
            "no such DINOv2 model", folder, "give a folder with config.json, or a hub name such as facebook/dinov2-base"
        )
    for file in ("config.json", "preprocessor_config.json", "model.safetensors"):
        if not (folder / file).is_file():
            raise InputError(phrase("the DINOv2 folder has no {file}", file=file), folder, "copy the whole folder of the model")
