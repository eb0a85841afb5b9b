"""A1111's emphasis, by the examples of its own documentation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.emphasis import Span, parse_emphasis


@pytest.mark.parametrize(
    ("prompt", "spans"),
    [
        ("normal text", [Span("normal text", 1.0)]),
        ("an (important) word", [Span("an ", 1.0), Span("important", 1.1), Span(" word", 1.0)]),
        ("(unbalanced", [Span("unbalanced", 1.1)]),
        (r"\(literal\]", [Span("(literal]", 1.0)]),
        ("(unnecessary)(parens)", [Span("unnecessaryparens", 1.1)]),
        ("((double))", [Span("double", pytest.approx(1.21))]),
        ("[less]", [Span("less", pytest.approx(1 / 1.1))]),
        ("(photorealistic:1.4), body", [Span("photorealistic", 1.4), Span(", body", 1.0)]),
        ("ratio 3:4", [Span("ratio 3:4", 1.0)]),
        ("", [Span("", 1.0)]),
    ],
)
def test_reads_what_people_write(prompt: str, spans: list[Span]) -> None:
    assert parse_emphasis(prompt) == spans


@given(st.text(alphabet="ab (),[]:.\\1", max_size=30))
def test_any_text_is_read_and_no_letter_is_lost(prompt: str) -> None:
    spans = parse_emphasis(prompt)
    kept = "".join(s.text for s in spans)
    assert kept.count("a") == prompt.count("a")
    assert all(s.weight > 0 or ":" in prompt for s in spans)
