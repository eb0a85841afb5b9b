"""The page of a LoRA report holds what it was given, names nothing outside itself, and takes names from strangers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from dashboards.lora_report.chart import chart_figure
from dashboards.lora_report.values import Chart, Level, Line, Passage, Reading, ReportPage, Section, Shot, Strip, Table
from dashboards.lora_report.writing import write_report
from models.errors import InputError

HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'


def line(label: str, *values: float, muted: bool = False) -> Line:
    return Line(label, tuple(Reading(n / 4, v - 0.1, v, v + 0.1) for n, v in enumerate(values)), muted)


def page(folder: Path, name: str = "dress", *, bare: bool = False) -> ReportPage:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (32, 48), "#c06080").save(folder / "one.png")
    shot = Shot(folder / "one.png", "0.5", ("score 0.70",), bare=bare)
    passage = Passage(
        "What it shows", (f"of {name}",), (Strip("Seed 7", (shot,)),), (Chart("Likeness", "", (line("score", 0.2, 0.9),)),),
        (Table("Files", ("File", "Least"), (("4", "0.6"), ("last", "0.5")), chosen=1),),
    )  # fmt: skip
    section = Section("lora-0", "LoRA", name, "Good enough from 0.5 on", ("Kind: clothing",), (passage,))
    return ReportPage(name, "a prompt", "", (("Base", "lab"),), (section,), blurred=True)


def test_everything_is_on_the_page_and_nothing_outside_it(tmp_path: Path) -> None:
    written = write_report(page(tmp_path / "made", bare=True), tmp_path / "out").read_text(encoding="utf-8")
    for wanted in ("Good enough from 0.5 on", "Kind: clothing", "score 0.70", "Seed 7", 'class="chosen"', "<svg", 'id="unveil"'):
        assert wanted in written
    assert "frame bare" in written
    sources = re.findall(r'(?:src|href)="([^"]+)"', written)
    assert {source for source in sources if not source.startswith("#")} == {"images/lora-0-0-0-0.webp"}
    assert (tmp_path / "out" / "images" / "lora-0-0-0-0.webp").is_file()
    assert "<script" not in written
    assert "script-src" in written


def test_names_from_strangers_are_text(tmp_path: Path) -> None:
    written = write_report(page(tmp_path / "made", HOSTILE), tmp_path / "out").read_text(encoding="utf-8")
    assert "<img src=x" not in written
    assert "<script>" not in written


def test_an_earlier_report_is_replaced_and_another_folder_is_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(page(tmp_path / "made"), out)
    assert "of coat" in write_report(page(tmp_path / "made", "coat"), out).read_text(encoding="utf-8")
    other = tmp_path / "photos"
    other.mkdir()
    (other / "mine.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="something else than a LoRA report"):
        write_report(page(tmp_path / "made"), other)


def points(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]


def test_a_chart_draws_weights_to_the_right_and_values_upwards() -> None:
    drawn = points(chart_figure(Chart("t", "", (line("a", 0.0, 0.5, 1.0),), least_top=1)))
    xs, ys = zip(*drawn, strict=True)
    assert list(xs) == sorted(xs)
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.11)
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.11)
    assert ys[0] > ys[2]


def test_a_level_stands_between_what_lies_above_and_below_it() -> None:
    drawn = chart_figure(Chart("t", "", (line("a", 0.2, 0.9),), (Level("enough", 0.6),), bottom=None))
    level = float(re.findall(r'class="level" d="M[\d.]+ ([\d.]+)H', drawn)[0])
    (_, low), (_, high) = points(drawn)
    assert high < level < low
    assert "enough" in drawn


def test_lines_that_are_not_told_have_no_points_and_no_lines_no_chart() -> None:
    assert len(points(chart_figure(Chart("t", "", (line("a", 1, 2), line("b", 1, 2, muted=True)))))) == 2
    assert chart_figure(Chart("t", "", (Line("a", ()),))) == ""
    assert "NaN" not in chart_figure(Chart("t", "", (Line("a", (Reading(0.5, 0.0, 0.0, 0.0),)),)))
