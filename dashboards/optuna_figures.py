"""Figures for optuna-dashboard, whose own plots neither ring the pick nor show which garment is the worst.

They are plotly's JSON (https://plotly.com/chart-studio-help/json-chart-schema/): the page draws it, so nothing here needs plotly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.mark import SYMBOLS, in_drawing_order
from dashboards.plots import LINE, PICK, Point

COLOURS: Final = ("#1f5fd0", "#c2255c", "#e0701a", "#0f8a7e", "#7c3aed", "#57606a")


@dataclass(frozen=True)
class Figure:
    """Traces and layout."""

    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]

    def to_json(self) -> str:
        """As plotly's own figures have it."""
        return json.dumps({"data": self.data, "layout": self.layout}, allow_nan=False)


def trade_off_figure(points: Sequence[Point], *, title: str, required: float | None, pick: int | None) -> Figure:
    """Every trial by cost and worst garment; the pick, by its number, has a ring. `required` is drawn as a line."""
    picked = [point for point in points if point.number == pick]
    traces = [
        *(
            _marks(
                [point for point in points if point.mark.name == mark.name],
                {"color": mark.colour, "symbol": SYMBOLS[mark.symbol].plotly, "size": 10, "line": {"width": 2}},
                mark.word,
            )
            for mark in in_drawing_order(point.mark for point in points)
        ),
        _marks(picked, {"color": PICK, "symbol": "circle-open", "size": 22, "line": {"width": 3}}, "the pick"),
    ]
    layout = _layout(title, "cost: total weight", "worst garment, calibrated")
    if required is not None:
        ends = {"x0": 0, "x1": 1, "y0": required, "y1": required, "xref": "paper"}
        layout["shapes"] = [{"type": "line", **ends, "line": {"dash": "dash", "width": 1, "color": LINE}}]
    return Figure([trace for trace in traces if trace["x"]], layout)


def course_figure(scores: Mapping[str, Sequence[float | None]], numbers: Sequence[int], *, title: str) -> Figure:
    """How the scores went, trial by trial; None where nothing could be measured."""
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": list(numbers),
            "y": list(values),
            "line": {"color": COLOURS[place % len(COLOURS)]},
        }
        for place, (name, values) in enumerate(scores.items())
    ]
    return Figure(traces, _layout(title, "trial", "score"))


def _marks(points: Sequence[Point], marker: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "marker": dict(marker),
        "cliponaxis": False,
        "x": [point.cost for point in points],
        "y": [point.worst for point in points],
        "text": [f"trial {point.number}" for point in points],
        "hovertemplate": "%{text}: total %{x:.2f}, worst %{y:.2f}<extra></extra>",
    }


def _layout(title: str, x: str, y: str) -> dict[str, Any]:
    # rangemode keeps zero in sight: what a weight buys is seen against nothing.
    axes = {"xaxis": {"title": {"text": x}, "rangemode": "tozero"}, "yaxis": {"title": {"text": y}, "rangemode": "tozero"}}
    return {"title": {"text": title}, **axes, "legend": {"orientation": "h", "y": -0.2}, "height": 460}
