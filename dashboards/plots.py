"""The trade-off of one seed: how much weight was spent, and how well the worst garment showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dashboards.mark import SYMBOLS, Mark, in_drawing_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

PICK, LINE = "#1f5fd0", "#57606a"
SIZE_INCHES: Final = (8.0, 5.0)
DOTS_PER_INCH: Final = 140


@dataclass(frozen=True)
class Point:
    """One trial: `cost` sums its weights, `worst` is the lowest calibrated expression of its garments (0 absent, 1 full)."""

    number: int
    cost: float
    worst: float
    mark: Mark


def trade_off(points: Sequence[Point], *, title: str, required: float | None = None, pick: int | None = None) -> Image:
    """Draws every trial by cost and worst garment, with the mark of its verdict, and rings the pick by its number.

    `required` draws the required expression as a line. Raises ValueError if `pick` is the number of no point.
    """
    from io import BytesIO

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    picked = [point for point in points if point.number == pick]
    if pick is not None and not picked:
        raise ValueError(f"no trial {pick} among the points")
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    for mark in in_drawing_order(point.mark for point in points):
        _scatter(axes, [point for point in points if point.mark.name == mark.name], mark)
    if required is not None:
        axes.axhline(required, color=LINE, linestyle="--", linewidth=1, label=f"required {required:g}")
    for point in picked:
        axes.scatter(
            [point.cost], [point.worst], s=230, facecolors="none", edgecolors=PICK, linewidths=2.5, label=f"pick: trial {pick}"
        )
    axes.set(xlabel="cost: sum of the LoRA weights", ylabel="worst garment, calibrated", title=_plain(title))
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", framealpha=0.9)
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    with Image.open(buffer) as opened:
        return opened.convert("RGB")


def _scatter(axes: Axes, points: Sequence[Point], mark: Mark) -> None:
    drawn, filled = SYMBOLS[mark.symbol], mark.colour if SYMBOLS[mark.symbol].filled or mark.symbol == "cross" else "none"
    axes.scatter(
        [p.cost for p in points],
        [p.worst for p in points],
        s=55,
        facecolors=filled,
        edgecolors=mark.colour,
        marker=drawn.matplotlib,
        linewidths=0 if filled == mark.colour else 2,
        label=mark.word,
    )
    for point in points:
        axes.annotate(
            str(point.number), (point.cost, point.worst), xytext=(5, 4), textcoords="offset points", fontsize=7, color=LINE
        )


def _plain(title: str) -> str:
    """matplotlib reads dollar signs as mathematics, and its own font holds no Chinese: such letters become question marks."""
    return "".join(letter if ord(letter) < 0x2000 else "?" for letter in title).replace("$", r"\$")
