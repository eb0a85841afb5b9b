"""A chart as SVG: lines by weight with their range over seeds, and levels to compare with. Needs no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import Final

from dashboards.lookbook.words import text
from dashboards.lora_report.values import Chart, Level, Line, Reading
from models.language.translate import said, translated

WIDTH, HEIGHT = 340.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 10.0, 8.0, 30.0
COLOURS: Final = 5
"""Of lines; more than so many repeat them."""
TICKS: Final = 4


def chart_figure(chart: Chart) -> str:
    """A figure with its caption, its drawing and the names of its lines."""
    drawn = [line for line in chart.lines if line.readings]
    if not drawn:
        return ""
    low, high = _range(chart)
    scale = _Scale(_weights(drawn), low, high)
    parts = [*_axes(scale), *(_level(level, scale) for level in chart.levels)]
    ordered = sorted(enumerate(drawn), key=lambda pair: not pair[1].muted)
    parts += [_line(line, place % COLOURS, scale) for place, line in ordered]
    label = text(f"{translated(chart.title)}: {'; '.join(_spoken(line) for line in drawn[:COLOURS])}")
    lead = f'<p class="lead">{text(chart.lead)}</p>' if chart.lead else ""
    return (
        f'<figure class="chart"><figcaption><h4>{text(chart.title)}</h4>{lead}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
        f"{_names(drawn, chart.levels)}</figure>"
    )


class _Scale:
    """From weights and values to places in the drawing."""

    def __init__(self, weights: Sequence[float], low: float, high: float) -> None:
        self.left, self.right = min(0.0, *weights), max(weights)
        self.low, self.high = low, high

    def x(self, weight: float) -> float:
        share = (weight - self.left) / ((self.right - self.left) or 1.0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _range(chart: Chart) -> tuple[float, float]:
    values = [value for line in chart.lines for one in line.readings for value in (one.low, one.high)]
    values += [level.value for level in chart.levels]
    bottom = chart.bottom if chart.bottom is not None else min(values)
    step = _step(max(*values, chart.least_top) - bottom)
    low = floor(round(bottom / step, 9)) * step
    return low, max(ceil(round(max(*values, chart.least_top) / step, 9)) * step, low + step)


def _step(span: float) -> float:
    """A round distance of ticks."""
    rough = max(span, 1e-6) / TICKS
    unit = 10.0 ** floor(log10(rough))
    return next(unit * times for times in (1, 2, 2.5, 5, 10) if unit * times >= rough * 0.999)


def _weights(lines: Sequence[Line]) -> list[float]:
    return sorted({one.weight for line in lines for one in line.readings})


def _axes(scale: _Scale) -> Iterator[str]:
    step = _step(scale.high - scale.low)
    for number in range(round((scale.high - scale.low) / step) + 1):
        value = scale.low + number * step
        y = scale.y(value)
        yield f'<path class="grid" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>'
        yield f'<text class="tick" x="{LEFT - 5:g}" y="{y + 3.5:.1f}" text-anchor="end">{value:g}</text>'
    across = _step(scale.right - scale.left)
    for number in range(int(round((scale.right - scale.left) / across, 6)) + 1):
        weight = scale.left + number * across
        yield (
            f'<text class="tick" x="{scale.x(weight):.1f}" y="{HEIGHT - BOTTOM + 14:g}" text-anchor="middle">{weight:g}</text>'
        )
    yield f'<text class="tick" x="{WIDTH - RIGHT:g}" y="{HEIGHT - 3:g}" text-anchor="end">{text(said("weight →"))}</text>'


def _level(level: Level, scale: _Scale) -> str:
    y = scale.y(level.value)
    return (
        f'<path class="level" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"><title>{_named(level.label, level.value)}</title></path>'
        f'<text class="leveltext" x="{LEFT + 4:g}" y="{y - 3:.1f}">{text(level.label)}</text>'
    )


def _line(line: Line, colour: int, scale: _Scale) -> str:
    tone = "muted" if line.muted else f"c{colour}"
    there = [(scale.x(one.weight), one) for one in line.readings]
    path = "M" + "L".join(f"{x:.1f} {scale.y(one.middle):.1f}" for x, one in there)
    if line.muted:
        return f'<path class="line {tone}" d="{path}"><title>{text(line.label)}</title></path>'
    band = "M" + "L".join(f"{x:.1f} {scale.y(one.high):.1f}" for x, one in there)
    band += "L" + "L".join(f"{x:.1f} {scale.y(one.low):.1f}" for x, one in reversed(there)) + "Z"
    dots = "".join(_dot(x, one, line, scale) for x, one in there)
    return f'<g class="{tone}"><path class="band" d="{band}"/><path class="line" d="{path}"/>{dots}</g>'


def _dot(x: float, one: Reading, line: Line, scale: _Scale) -> str:
    title = f"{_named(line.label, one.middle)} ({one.low:.3g}–{one.high:.3g}) @ {one.weight:g}"
    return f'<circle cx="{x:.1f}" cy="{scale.y(one.middle):.1f}" r="3"><title>{title}</title></circle>'


def _named(label: str, value: float) -> str:
    return f"{text(label)} {value:.3g}"


def _spoken(line: Line) -> str:
    return f"{translated(line.label)} " + ", ".join(f"{one.weight:g}: {one.middle:.3g}" for one in line.readings)


def _names(lines: Sequence[Line], levels: Sequence[Level]) -> str:
    shown = [(f"c{place % COLOURS}", line.label) for place, line in enumerate(lines) if not line.muted]
    if len(shown) < 2 and not levels:
        return ""
    names = "".join(f'<span class="{tone}"><i></i>{text(label)}</span>' for tone, label in shown)
    return f'<p class="names">{names}</p>'
