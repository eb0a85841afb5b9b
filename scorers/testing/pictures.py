"""Strategies for the pictures and numbers that scorers must bear."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from scorers.testing.fake_observer import Shown

share = st.floats(0, 1)
shown = st.builds(
    Shown,
    clothing=st.none() | share,
    shoes=st.none() | share,
    face=st.none() | share,
    hands=st.none() | share,
    feet=st.integers(0, 4),
    heads=st.integers(0, 3),
    shift=st.floats(-0.3, 0.3),
    armless=st.booleans(),
)


@st.composite
def odd_pictures(draw: st.DrawFn) -> Image.Image:
    """Noise, black, grey, tiny, long, with and without transparency."""
    mode = draw(st.sampled_from(("RGB", "L", "RGBA", "LA", "1", "P", "CMYK")))
    size = draw(st.sampled_from(((1, 1), (2, 3), (64, 64), (128, 192), (300, 20))))
    if draw(st.booleans()):
        return Image.new("RGB", size, draw(st.sampled_from(((0, 0, 0), (127, 127, 127), (255, 255, 255))))).convert(mode)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)
