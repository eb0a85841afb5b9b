"""Depth by transformers' estimators of one picture (MiDaS and DPT, Ranftl et al. 2021; Depth Anything, Yang et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError, first_line
from models.io.quiet import quiet_loading
from models.language.translate import phrase

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class DepthModel:
    """An opened estimator, and what prepares pictures for it."""

    model: Any
    processor: Any

    def map(self, image: Image) -> Image:
        """RGB of the picture's size in greys: white is nearest, black farthest in this picture."""
        import numpy as np
        import torch
        from PIL import Image as Pictures

        with torch.no_grad():
            nearness = self.model(**self.processor(images=image.convert("RGB"), return_tensors="pt")).predicted_depth
            size = image.height, image.width
            nearness = torch.nn.functional.interpolate(nearness[:, None].float(), size, mode="bicubic", align_corners=False)[0, 0]
        low, high = nearness.min(), nearness.max()
        greys = ((nearness - low) / (high - low).clamp(min=1e-6) * 255).round().clamp(0, 255)
        return Pictures.fromarray(np.asarray(greys.byte())).convert("RGB")


def open_depth(folder: str | Path) -> DepthModel:
    """Opens a folder in the layout of transformers; nothing is fetched. Raises InputError if it is absent or holds no such
    model."""
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    quiet_loading()
    place = Path(folder)
    if not (place / "config.json").is_file():
        raise InputError(
            "no depth estimator's folder (no config.json)", place, "name one such as Depth Anything V2's, fetched whole"
        )
    try:
        model = AutoModelForDepthEstimation.from_pretrained(place, local_files_only=True, use_safetensors=True)
        opener: Any = AutoImageProcessor
        processor = opener.from_pretrained(place, local_files_only=True)
    except Exception as error:  # the loaders raise whatever they meet in a foreign folder
        what = phrase("the depth estimator does not open ({error})", error=first_line(error, 160))
        raise InputError(what, place, "name a folder of model and preprocessor, with .safetensors weights") from error
    return DepthModel(model.requires_grad_(False).eval(), processor)
