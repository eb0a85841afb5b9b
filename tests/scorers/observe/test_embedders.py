from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from scorers.observe.embedders import Averaged


@dataclass
class Given:
    rows: NDArray[np.float32]

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        return self.rows[: len(images)]


def test_cosines_are_the_mean_of_the_models_own() -> None:
    a, b = (_unit(np.random.default_rng(i).normal(size=(2, d))) for i, d in ((0, 4), (1, 7)))
    both = Averaged((Given(a), Given(b))).embed_images([Image.new("RGB", (2, 2))] * 2)
    assert both.shape == (2, 11)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert float(both[0] @ both[1]) == pytest.approx((float(a[0] @ a[1]) + float(b[0] @ b[1])) / 2, abs=1e-6)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit
