"""Chinese pages that are whole translations: the same tables with the same numbers, headings and code, and links both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
WHOLE = ("faults", "scorers")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def outside_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def rows(text: str) -> list[list[list[str]]]:
    """The numbers of each cell of each row of each table; names in backticks are no numbers."""
    lines = [line for line in outside_code(text).splitlines() if line.startswith("|")]
    cells = ([re.sub(r"`[^`]*`", "", cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return [[sorted(numbers(cell)) for cell in row] for row in cells]


def numbers(cell: str) -> list[str]:
    """1.00 and 10,098; of links the text alone."""
    return re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])", re.sub(r"\]\([^)]*\)", "]", cell).replace(", ", " "))


@pytest.mark.parametrize("name", WHOLE)
def test_tables_have_the_same_numbers(name: str) -> None:
    english, chinese = rows(page(f"{name}.md")), rows(page(f"zh/{name}.md"))
    assert len(english) > 10
    assert [(ours, theirs) for ours, theirs in zip(english, chinese, strict=True) if ours != theirs] == []


@pytest.mark.parametrize("name", WHOLE)
def test_headings_code_and_links_correspond(name: str) -> None:
    english, chinese = page(f"{name}.md"), page(f"zh/{name}.md")
    depths = [
        [len(mark) for mark in re.findall(r"^(#+) ", outside_code(text), flags=re.MULTILINE)] for text in (english, chinese)
    ]
    assert depths[0] == depths[1]
    assert re.findall(r"```.*?```", english, re.DOTALL) == re.findall(r"```.*?```", chinese, re.DOTALL)
    assert f"[中文](zh/{name}.md)" in english
    assert f"[English](../{name}.md)" in chinese
