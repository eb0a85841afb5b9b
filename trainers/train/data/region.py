"""Where the trained thing is in latent space, for trainings that leave the rest of an image to the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.boxes import PixelBox
from models.errors import InputError
from models.language.translate import phrase
from trainers.prepare.cutting.crops import Size
from trainers.train.data.dataset import Dataset, Picture
from trainers.train.settings.preset import Preset

LEAST_SHARE: Final = 0.05
"""Share of a latent cell from which it belongs to the thing: boxes are not exact to the pixel."""

if TYPE_CHECKING:
    from torch import Tensor


def check_boxes(dataset: Dataset, preset: Preset, has_companions: bool) -> None:
    """Raises InputError if `preset.outside` needs boxes of the thing and there are none, or companions need it and it is off."""
    if preset.outside == "photo":
        if has_companions:
            raise InputError(
                "beside other LoRAs, whole photos would teach this one to undo theirs",
                dataset.folder,
                "add --set outside=base",
            )
        return
    boxless = next((picture for picture in dataset.pictures if picture.thing is None), None)
    if boxless is not None:
        raise InputError(
            phrase("outside={outside} must know where the thing is: no manifest says so", outside=preset.outside),
            boxless.path,
            "make the set with huanhua prepare",
        )


def thing_share(picture: Picture, factor: int, preset: Preset) -> Tensor:
    """1 for each latent cell (1, h, w) of `factor` pixels that the thing's box touches, else 0; all 1 where the photo is learnt.

    A cell that the box's edge divides is the thing's: hems and soles lie there, and half of the base's answer would pale them.
    """
    from torch import ones

    if preset.outside == "photo" or picture.thing is None:
        return ones(1, picture.size[1] // factor, picture.size[0] // factor)
    return (covered(picture.thing, picture.size, factor) > LEAST_SHARE).float()


def covered(box: PixelBox, size: Size, factor: int) -> Tensor:
    """The share, in [0, 1], of each latent cell of `factor` pixels that `box` covers: (1, height / factor, width / factor)."""
    import torch

    def line(start: float, end: float, cells: int) -> Tensor:
        edges = torch.arange(cells + 1, dtype=torch.float32)
        return (edges[1:].clamp(max=end / factor) - edges[:-1].clamp(min=start / factor)).clamp(min=0.0)

    return torch.outer(line(box.top, box.bottom, size[1] // factor), line(box.left, box.right, size[0] // factor))[None]
