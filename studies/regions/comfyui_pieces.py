"""Regions as ComfyUI has them: a conditioning for each piece of the picture, with a mask and the hooks of what acts there.

ComfyUI predicts each conditioning by the weights of its hooks, multiplies the predictions by their masks and divides by the sum
of the masks (`_calc_cond_batch` in comfy/samplers.py of 0.3.64): where masks are 1 together, that is what
`optimizer.regions.rows` does. It brings masks to the size of latents by bilinear sampling without antialiasing, which at a
factor of eight reads the four pixels in the middle of a cell. So a mask is a picture of the drawn size whose cells repeat four
pixels of 8 bits, the mean of which is the share to 1/1020.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.base.prompt.comfyui import marked
from optimizer.regions.rows import rows_of
from optimizer.schedules.schedule import acting, windows
from studies.schedules.comfyui_hooks import hooked_clip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from optimizer.regions.regions import Regions
    from optimizer.regions.rows import Row
    from optimizer.schedules.schedule import Schedules
    from studies.export.comfyui_graph import Graph, Output

CELL: Final = 8
"""Pixels of a latent cell of the bases that ComfyUI opens here."""
LEVELS: Final = 255
ORDER: Final = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Row and column of a cell's four pixels, in which they are a level brighter."""
NOTE: Final = (
    "LoRAs that act in a part of the picture are hooks of the prompts there. Put {masks} into ComfyUI's folder input: each "
    "says how much of a place is drawn by one prompt, and together they are white."
)
MERGED: Final = "In steps in which fewer LoRAs act, up to {share:.1%} of a place is drawn by other LoRAs than in the study."


@dataclass(frozen=True)
class Texts:
    """What all pieces read."""

    prompt: str
    negative: str
    inversions: Sequence[str] = ()
    """Names of textual inversions."""


@dataclass(frozen=True)
class Piece:
    """A part of the picture."""

    loras: Collection[str]
    """Those that act there."""
    words: str = ""
    """Read after the prompt."""
    mask: str = ""
    """The name of its picture; empty where it is the whole."""


def mask_png(share: NDArray[np.float32]) -> bytes:
    """A grey PNG of 8 x 8 pixels for each cell of (h, w) shares in [0, 1]."""
    import numpy as np
    from PIL import Image

    quarters = np.rint(np.asarray(share, np.float64) * 4 * LEVELS).astype(np.int64)
    whole, rest = quarters // 4, quarters % 4
    h, w = share.shape
    pixels = np.zeros((h, CELL, w, CELL), np.uint8)
    for at, (row, column) in enumerate(ORDER):
        pixels[:, row::2, :, column::2] = (whole + (rest > at))[:, None, :, None]
    stream = io.BytesIO()
    Image.fromarray(pixels.reshape(h * CELL, w * CELL)).save(stream, format="PNG")
    return stream.getvalue()


def pieces_of(rows: Sequence[Row], stem: str) -> tuple[list[Piece], dict[str, bytes]]:
    """The pieces of an image's rows, and the pictures of their masks by name. Names begin with `stem` and tell the content, as a
    picture of that name in ComfyUI's folder would otherwise be taken for it."""
    pieces, masks = [], dict[str, bytes]()
    for number, row in enumerate(rows, 1):
        name = ""
        if row.share is not None:
            png = mask_png(row.share)
            name = f"{stem}-mask-{number}-{hashlib.sha256(png).hexdigest()[:8]}.png"
            masks[name] = png
        pieces.append(Piece(frozenset(row.weights), row.words, name))
    return pieces, masks


def add_pieces(
    graph: Graph, clip: Output, pieces: Sequence[Piece], hooks: Mapping[str, Output], scheduled: Collection[str], texts: Texts
) -> tuple[Output, Output]:
    """The positive and the negative conditioning of all pieces. `hooks` are those of LoRAs that do not act everywhere or in all
    steps, `scheduled` the latter."""
    clips: dict[tuple[str, ...], Output] = {}
    together: tuple[Output, Output] | None = None
    for piece in pieces:
        on = tuple(name for name in hooks if name in piece.loras)
        if on not in clips:
            clips[on] = hooked_clip(graph, clip, [hooks[name] for name in on], scheduled=any(name in scheduled for name in on))
        prompt = f"{texts.prompt}, {piece.words}" if piece.words else texts.prompt
        both = [marked(text, texts.inversions) for text in (prompt, texts.negative)]
        positive, negative = (graph.add("CLIPTextEncode", {"text": text}, clip=clips[on])[0] for text in both)
        if not piece.mask:
            return positive, negative
        (mask,) = graph.add("LoadImageMask", {"image": piece.mask, "channel": "red"})
        whole = {"strength": 1.0, "set_cond_area": "default"}
        kind, before = "PairConditioningSetProperties", {}
        if together is not None:
            kind, before = f"{kind}AndCombine", {"positive": together[0], "negative": together[1]}
        one, other = graph.add(kind, whole, **before, positive_NEW=positive, negative_NEW=negative, mask=mask)
        together = one, other
    assert together is not None
    return together


def merged_share(
    rows: Sequence[Row], weights: Mapping[str, float], schedules: Schedules, regions: Regions | None, cells: tuple[int, int]
) -> float:
    """How much of a cell is predicted otherwise, at most, where pieces of all LoRAs stand for those of the LoRAs that act in a
    step: pieces add up, but the smallest are left to their neighbours. `rows` are those of all LoRAs."""
    import numpy as np

    def by_what_acts(some: Sequence[Row], on: Collection[str]) -> dict[tuple[frozenset[str], str], NDArray[np.float32]]:
        found: dict[tuple[frozenset[str], str], NDArray[np.float32]] = {}
        for row in some:
            key = frozenset(row.weights) & frozenset(on), row.words
            share = np.ones(cells, np.float32) if row.share is None else row.share
            found[key] = found.get(key, np.zeros(cells, np.float32)) + share
        return found

    worst = 0.0
    for window in windows(schedules):
        now = acting(weights, schedules, window)
        ours, theirs = by_what_acts(rows_of(now, regions, cells), now), by_what_acts(rows, now)
        nothing = np.zeros(cells, np.float32)
        off = [np.abs(ours.get(key, nothing) - theirs.get(key, nothing)).max() for key in {*ours, *theirs}]
        worst = max(worst, float(max(off)))
    return worst
