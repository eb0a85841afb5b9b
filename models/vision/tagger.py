"""Opens taggers in the form of the WD14 family: `model.onnx`, and next to it `selected_tags.csv` that names its outputs.

The form: one picture is padded with white to a square, resized, and given as (N, side, side, 3) BGR in 0..255; what comes out are
probabilities, one a row of the table (https://huggingface.co/SmilingWolf).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError
from models.language.translate import phrase
from models.vision.onnx import OnnxModel, open_onnx

if TYPE_CHECKING:
    from PIL import Image

MODEL: Final = "model.onnx"
TABLE: Final = "selected_tags.csv"
GENERAL, CHARACTER, RATING = 0, 4, 9
"""Categories of the table."""
SHORTEST_UNDERSCORED: Final = 4
"""Names up to three letters keep their underscore: they are faces such as ^_^."""


@dataclass(frozen=True)
class TaggingModel:
    """`names` and `categories` have one entry an output; `side` is that of the pictures it takes, in pixels."""

    model: OnnxModel
    names: tuple[str, ...]
    categories: tuple[int, ...]
    side: int

    def probabilities(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(N, outputs) in [0, 1] for RGB pictures of any size."""
        found = [self.model.run(_square(image, self.side)[None]) for image in images]
        return np.concatenate(found) if found else np.zeros((0, len(self.names)), np.float32)


def open_tagging_model(path: Path, device: str = "cpu") -> TaggingModel:
    """Opens a folder that contains `model.onnx` and `selected_tags.csv`, or the .onnx file of such a folder.

    Raises InputError if one of them is absent or of another form, or if they do not belong together.
    """
    file = path / MODEL if path.is_dir() else path
    model = open_onnx(file, inputs=(None, None, None, 3), device=device)
    side = model.session.get_inputs()[0].shape[1]
    if not isinstance(side, int) or model.session.get_inputs()[0].shape[2] != side:
        raise InputError("the tagger takes no pictures of a fixed square size", file, "name a tagger of the WD14 family")
    names, categories = _read_table(file.with_name(TABLE))
    outputs = model.session.get_outputs()[0].shape
    if len(outputs) != 2 or (isinstance(outputs[1], int) and outputs[1] != len(names)):
        raise InputError(
            phrase("{count} tags for outputs of {outputs}", count=len(names), outputs=outputs),
            file.with_name(TABLE),
            "fetch both files of one tagger",
        )
    return TaggingModel(model, names, categories, side)


def _read_table(path: Path) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if not path.is_file():
        raise InputError(
            phrase("the tagger has no {table} beside it", table=TABLE), path, "fetch it from where the model came from"
        )
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [(_spaced(row["name"]), int(row["category"])) for row in csv.DictReader(stream)]
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError("not a table of tags (name and category)", path, "fetch it again") from error
    if not rows:
        raise InputError("the table holds no tags", path, "fetch it again")
    return tuple(name for name, _ in rows), tuple(category for _, category in rows)


def _spaced(name: str) -> str:
    return name.replace("_", " ") if len(name) >= SHORTEST_UNDERSCORED else name


def _square(image: Image.Image, side: int) -> NDArray[np.float32]:
    """(side, side, 3) BGR in 0..255, the picture in the middle of white."""
    from PIL import Image

    longest = max(image.size)
    padded = Image.new("RGB", (longest, longest), "white")
    padded.paste(image, ((longest - image.width) // 2, (longest - image.height) // 2))
    resized = padded.resize((side, side), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(resized, np.float32)[:, :, ::-1])
