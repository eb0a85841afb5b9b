"""What a crop takes along of the picture that it is cut from."""

from __future__ import annotations

import numpy as np

from optimizer.regions.regions import Regions, Words
from optimizer.render.inpainting.crop import Crop


def test_regions_and_words_lie_in_the_crop_as_in_the_picture() -> None:
    left = np.zeros((96, 64), np.bool_)
    left[:, :32] = True
    regions = Regions({"dress": left}, {"anna": Words(left, "pink dress"), "bea": Words(~left, "blue dress")})
    found = Crop((16, 24, 48, 72), (20, 30, 40, 60), 2, (64, 96)).enlarged_regions(regions)
    assert found is not None
    assert (found.masks["dress"] == left).all()
    assert {figure: read.text for figure, read in found.words.items()} == {"anna": "pink dress", "bea": "blue dress"}
    assert (found.words["anna"].place == left).all()
    assert (found.words["bea"].place == ~left).all()
