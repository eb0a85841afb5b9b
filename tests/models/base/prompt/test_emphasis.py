"""A1111's emphasis, by the examples of its own documentation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base.prompt.emphasis import Span, parse_emphasis

LETTERS = "ab (),[]:.\\|1\n"


@pytest.mark.parametrize(
    ("prompt", "spans"),
    [
        ("normal text", [Span("normal text", 1.0)]),
        ("an (important) word", [Span("an ", 1.0), Span("important", 1.1), Span(" word", 1.0)]),
        ("(unbalanced", [Span("unbalanced", 1.1)]),
        (r"\(literal\]", [Span("(literal]", 1.0)]),
        ("(unnecessary)(parens)", [Span("unnecessaryparens", 1.1)]),
        (
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            [
                Span("a ", 1.0),
                Span("house", 1.5730000000000004),
                Span(" ", 1.1),
                Span("on", 1.0),
                Span(" a ", 1.1),
                Span("hill", 0.55),
                Span(", sun, ", 1.1),
                Span("sky", 1.4641000000000006),
                Span(".", 1.1),
            ],
        ),
    ],
)
def test_reads_what_the_docstring_of_a1111s_prompt_parser_states(prompt: str, spans: list[Span]) -> None:
    assert parse_emphasis(prompt) == spans


@pytest.mark.parametrize(
    ("prompt", "spans"),
    [
        ("((double))", [Span("double", 1.1 * 1.1)]),
        ("[less]", [Span("less", 1 / 1.1)]),
        ("(photorealistic:1.4), body", [Span("photorealistic", 1.4), Span(", body", 1.0)]),
        ("( spaced : 1.4 )", [Span(" spaced ", 1.4)]),
        ("ratio 3:4", [Span("ratio 3:4", 1.0)]),
        ("(odd:1.2.3)", [Span("odd:1.2.3)", 1.1)]),
        (r"a lone \ goes, \\ stays", [Span("a lone  goes, \\ stays", 1.0)]),
        ("[a:b]", [Span("a:b", 1 / 1.1)]),
        ("", [Span("", 1.0)]),
    ],
)
def test_reads_what_people_write(prompt: str, spans: list[Span]) -> None:
    assert parse_emphasis(prompt) == spans


def test_break_stands_between_chunks_and_takes_its_spaces_along() -> None:
    spans = parse_emphasis("a BREAK\nb BREAKs")
    assert [(span.text, span.weight, span.ends_chunk) for span in spans] == [
        ("a", 1.0, False),
        ("BREAK", -1.0, True),
        ("b BREAKs", 1.0, False),
    ]


def test_break_in_brackets_is_a_word_of_negative_weight_as_in_a1111() -> None:
    spans = parse_emphasis("(a BREAK b:1.2)")
    assert spans == [Span("a", 1.2), Span("BREAK", -1.2), Span("b", 1.2)]
    assert not any(span.ends_chunk for span in spans)


@given(st.text(alphabet=LETTERS, max_size=30))
def test_any_text_is_read_and_no_letter_is_lost(prompt: str) -> None:
    spans = parse_emphasis(prompt)
    kept = "".join(s.text for s in spans)
    assert kept.count("a") == prompt.count("a")
    assert all(s.weight > 0 or ":" in prompt for s in spans)


@given(st.text(max_size=40))
def test_text_without_brackets_or_backslashes_is_one_span_of_weight_one(prompt: str) -> None:
    plain = "".join(letter for letter in prompt if letter not in "()[]\\").replace("AND", "").replace("BREAK", "")
    assert parse_emphasis(plain) == [Span(plain, 1.0)]
