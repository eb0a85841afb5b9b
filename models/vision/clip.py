"""Opens CLIP models through open_clip: images and texts to unit vectors in one space (Radford et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError, first_line
from models.hub import from_hub
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch
    from PIL import Image

BATCH = 32


@dataclass(frozen=True)
class ClipModel:
    """A model on one device, its image preprocessing and its tokenizer."""

    model: Any
    preprocess: Any
    tokenizer: Any
    device: str

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(N, d) unit vectors of RGB images."""
        import torch

        return self._unit(self.model.encode_image, images, lambda part: torch.stack([self.preprocess(i) for i in part]))

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, d) unit vectors of texts; what a text has beyond the model's context length is cut off."""
        return self._unit(self.model.encode_text, texts, lambda part: self.tokenizer(list(part)))

    def _unit(self, encode: Any, items: Sequence[Any], batch: Any) -> NDArray[np.float32]:
        import torch

        found: list[torch.Tensor] = []
        with torch.inference_mode():
            for start in range(0, len(items), BATCH):
                rows = encode(batch(items[start : start + BATCH]).to(self.device)).float()
                found.append(torch.nn.functional.normalize(rows, dim=-1).cpu())
        if not found:
            return np.zeros((0, self.width), np.float32)
        return np.asarray(torch.cat(found).numpy(), np.float32)

    @property
    def width(self) -> int:
        """d, the length of an embedding."""
        # SigLIP's models have a text tower of their own, which ends in the embedding.
        if not hasattr(self.model, "text_projection"):
            return int(self.model.text.output_dim)
        projection = self.model.text_projection
        return int(projection.shape[-1] if hasattr(projection, "shape") else projection.out_features)


def open_clip_model(model: str, pretrained: str | None = None, device: str = "cpu") -> ClipModel:
    """Opens `model`: a folder of open_clip's ("local-dir:PATH" or PATH), a hub name ("hf-hub:owner/name"), or an architecture's
    name ("ViT-L-14"), which needs `pretrained`: a tag ("openai") or a weights file.

    Raises InputError if a file is absent, the name is unknown, or the weights are of another architecture.
    """
    import open_clip

    name = _checked(model, pretrained)
    try:
        local = name.startswith("local-dir:") or (pretrained is not None and Path(pretrained).is_file())
        with nullcontext() if local else from_hub(phrase("the CLIP model"), model):
            opened, _, preprocess = open_clip.create_model_and_transforms(name, pretrained, precision="fp32", device=device)
            tokenizer = open_clip.get_tokenizer(name)
    except InputError:
        raise
    except Exception as error:  # open_clip, safetensors and the hub each raise their own for a foreign file
        raise InputError(
            phrase("the CLIP model does not open ({error})", error=first_line(error)), model, "name a model that open_clip knows"
        ) from error
    opened.requires_grad_(False).eval()
    return ClipModel(opened, preprocess, tokenizer, device)


def _checked(model: str, pretrained: str | None) -> str:
    """The name that open_clip takes, after a check that all local files it stands for exist."""
    import open_clip

    if model.startswith("hf-hub:"):
        return model
    if model.startswith("local-dir:") or Path(model).is_dir():
        folder = Path(model.removeprefix("local-dir:"))
        for file in ("open_clip_config.json", "open_clip_model.safetensors"):
            if not (folder / file).is_file():
                raise InputError(
                    phrase("the CLIP folder has no {file}", file=file), folder, "name a folder as open_clip writes for the hub"
                )
        return f"local-dir:{folder}"
    if model not in open_clip.list_models():
        raise InputError("no CLIP model of this name", model, "use ViT-L-14 or the like, hf-hub:owner/name or local-dir:FOLDER")
    if pretrained is None:
        raise InputError("no weights named for this CLIP model", model, "set pretrained to a tag such as openai, or to a file")
    if not Path(pretrained).is_file() and pretrained not in open_clip.list_pretrained_tags_by_model(model):
        raise InputError(
            phrase("no such weights for {model}", model=model),
            pretrained,
            "name a file on this machine or a tag that open_clip lists",
        )
    return model
