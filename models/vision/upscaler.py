"""Upscalers: ESRGAN (Wang et al. 2018) and its kin, opened through spandrel, which recognises architectures by their layers.

They enlarge pixels and draw nothing anew. Pictures go through in tiles, so that memory does not grow with the picture.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError, first_line
from models.io.pickles import read_pickle
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

TILE: Final = 256
"""Pixels that a tile is wide and high, what it shares with its neighbours included."""
MARGIN: Final = 32
"""Pixels by which a tile reaches beyond its own part: near its edge a tile guesses, and that is thrown away."""
FADE: Final = 16
"""Pixels over which neighbours fade into each other, half of them on either side of where their parts meet: deep networks have a
receptive field beyond the margin, if a faint one."""
LEAST: Final = 4 * MARGIN


@dataclass(frozen=True)
class Upscaler:
    """A model that turns RGB pixels into `scale` times as many each way. `name` is the file's stem, as A1111 calls it."""

    name: str
    architecture: str
    scale: int
    model: Any

    def enlarge(self, image: Image) -> Image:
        """The RGB picture, `scale` times as wide and high.

        Raises InputError where even a small tile does not fit on the device, and for a model that answers with NaN.
        """
        import numpy as np
        import torch
        from PIL import Image

        pixels = np.asarray(image.convert("RGB"))
        tile = TILE
        while True:
            try:
                return Image.fromarray(enlarge_in_tiles(self._pixels, pixels, self.scale, tile))
            except torch.OutOfMemoryError as error:
                if tile // 2 < LEAST:
                    mend = "free its memory, or choose a smaller upscaler"
                    raise InputError(
                        phrase(
                            "{architecture} does not fit on {device}", architecture=self.architecture, device=self.model.device
                        ),
                        self.name,
                        mend,
                    ) from error
            tile //= 2

    def _pixels(self, part: Bytes) -> Pixels:
        """One tile (h, w, 3) through the model, in [0, 1]."""
        import torch

        x = torch.from_numpy(part.copy()).to(self.model.device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            y = self.model(x)
        if not bool(y.isfinite().all()):
            raise InputError("the upscaler gave NaN", self.name, "fetch it again, or choose another")
        found: Pixels = y[0].permute(1, 2, 0).float().cpu().numpy()
        return found


def open_upscaler(path: Path, device: str = "cpu") -> Upscaler:
    """Opens a .safetensors or .pth upscaler; of a pickle only weights are read, nothing in it is run.

    Raises InputError for a file that is absent, TorchScript, damaged, a pickle of more than weights, or no upscaler of RGB.
    """
    from spandrel import ModelLoader, UnsupportedModelError

    state = _state(path)
    try:
        model = ModelLoader(device=device).load_from_state_dict(state)
    except UnsupportedModelError as error:
        mend = "name an ESRGAN-type model, such as 4x-UltraSharp or RealESRGAN_x4plus"
        raise InputError("not an upscaler of any known architecture", path, mend) from error
    except Exception as error:  # what a foreign file makes forty architectures stumble over
        raise InputError(
            phrase("the upscaler does not open ({error})", error=first_line(error)), path, "fetch it again"
        ) from error
    channels = getattr(model, "input_channels", 0), getattr(model, "output_channels", 0)
    if getattr(model, "purpose", None) != "SR" or model.scale < 2 or channels != (3, 3):
        what = phrase("a {name} model that does not enlarge RGB pictures", name=model.architecture.name)
        raise InputError(what, path, "name an upscaler: 2x, 4x or 8x")
    return Upscaler(path.stem, model.architecture.name, int(model.scale), model.eval())


def enlarge_in_tiles(call: Any, pixels: Bytes, scale: int, tile: int = TILE) -> Bytes:
    """(H, W, 3) of bytes to (H * scale, W * scale, 3), tile by tile; `call` takes a part of it and gives `scale` times as many
    pixels in [0, 1]. `tile` is at least `LEAST`. Besides the result, one row of tiles is in memory at a time."""
    import numpy as np

    height, width = pixels.shape[:2]
    found = np.empty((height * scale, width * scale, 3), np.uint8)
    rows = spans(height, tile)
    faded = np.zeros((0, width * scale, 3), np.float32)
    for i, row in enumerate(rows):
        band = np.zeros(((row.stop - row.start) * scale, width * scale, 3), np.float32)
        for column in spans(width, tile):
            part = call(pixels[row.start : row.stop, column.start : column.stop])
            band[:, column.start * scale : column.stop * scale] += part * column.shares(scale)[None, :, None]
        band *= row.shares(scale)[:, None, None]
        band[: len(faded)] += faded
        until = (rows[i + 1].start if i + 1 < len(rows) else height) - row.start
        done, faded = np.split(band, [until * scale])
        found[row.start * scale : (row.start + until) * scale] = (done.clip(0, 1) * 255).round()
    return found


@dataclass(frozen=True)
class Span:
    """Part of a side that one tile covers, [start, stop); at a `cut` end it has a neighbour that takes over."""

    start: int
    stop: int
    cut_before: bool
    cut_after: bool

    def shares(self, scale: int) -> Pixels:
        """How much each of its enlarged pixels counts; over all spans of a side the shares of a pixel sum up to 1."""
        import numpy as np

        shares = np.ones((self.stop - self.start) * scale, np.float32)
        fade, thrown_away = FADE * scale, (MARGIN - FADE // 2) * scale
        ramp = (np.arange(fade, dtype=np.float32) + 0.5) / fade
        rising = np.concatenate([np.zeros(thrown_away, np.float32), ramp])
        if self.cut_before:
            shares[: len(rising)] = rising
        if self.cut_after:
            shares[-len(rising) :] = rising[::-1]
        return shares


def spans(length: int, tile: int = TILE) -> list[Span]:
    """The tiles along a side of `length` pixels. Neighbours share 2 * MARGIN pixels, and start at multiples of MARGIN where they
    can, since models with windows see those of the whole picture then."""
    if length <= tile:
        return [Span(0, length, cut_before=False, cut_after=False)]
    step = tile - 2 * MARGIN
    starts = list(range(0, length - 2 * MARGIN, step))
    return [
        Span(start, min(start + tile, length), cut_before=i > 0, cut_after=i + 1 < len(starts)) for i, start in enumerate(starts)
    ]


def _state(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError("no such upscaler", path, "check the path")
    kind = path.suffix.lower()
    if kind == ".pt":
        raise InputError("a .pt upscaler may be a program (TorchScript)", path, "use its .safetensors or .pth version")
    if kind == ".pth":
        return read_pickle(path)
    if kind != ".safetensors":
        raise InputError(phrase("no upscaler ends in '{suffix}'", suffix=path.suffix), path, "name a .safetensors or .pth file")
    read_safetensors_header(path)
    try:
        return load_file(path)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, struct.error) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error
