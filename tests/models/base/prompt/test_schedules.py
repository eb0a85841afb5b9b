"""What A1111 reads as several prompts, by the examples of its own documentation and of its grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base.prompt.schedules import refuse_schedules
from models.errors import InputError

LETTERS = "ab (),[]:.\\|1\n"


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a cat AND a dog", "AND"),
        ("a [b:3]", "prompt editing '[b:3]'"),
        ("a [b: 3]", "prompt editing '[b: 3]'"),
        ("a [[[b]]:2]", "prompt editing '[[[b]]:2]'"),
        ("[(a:2):3]", "prompt editing '[(a:2):3]'"),
        ("a [b : c : 1] d", "prompt editing '[b : c : 1]'"),
        ("a[b:[c:d:2]:1]e", "prompt editing '[c:d:2]'"),
        ("a [b:.5] c", "prompt editing '[b:.5]'"),
        ("a [b::0.6] c", "prompt editing '[b::0.6]'"),
        ("((a][:b:c [d:3]", "prompt editing '[d:3]'"),
        ("[a|(b:1.1)]", "alternation '[a|(b:1.1)]'"),
    ],
)
def test_refuses_the_schedules_of_a1111s_docstrings_by_name(prompt: str, named: str) -> None:
    """The examples are those of get_learned_conditioning_prompt_schedules."""
    with pytest.raises(InputError) as refused:
        refuse_schedules(prompt)
    assert f"{named} " in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("prompt", ["a [unbalanced", "sand and land", r"[a\|b]", r"[a\:0.5]", "(a|b)", "[a (b:0.5]", "[a:b:c:1]"])
def test_reads_what_only_looks_like_a_schedule(prompt: str) -> None:
    refuse_schedules(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["[a|b", "(x [a|b:1])", "one | two [a:b:0.5]", "[[a|b]:c|d]", "(a|b), [c:d:3]", "[a (b:0.5]", "[a:b:c:1]", "[c:d:0.5]\\"],
)
def test_a_bar_outside_of_a_balanced_group_makes_the_whole_prompt_text(prompt: str) -> None:
    refuse_schedules(prompt)


@pytest.mark.parametrize("prompt", ["a cat :1.3", "masterpiece:2", "ratio 16:9", "a : .5 "])
def test_a_number_at_the_end_is_a_factor_of_the_cfg_and_refused_in_the_prompt_alone(prompt: str) -> None:
    with pytest.raises(InputError, match="factor of its CFG"):
        refuse_schedules(prompt)
    refuse_schedules(prompt, negative=True)
    refuse_schedules(f"{prompt},")


def test_and_is_a_word_in_the_negative_prompt() -> None:
    refuse_schedules("lowres AND blurry", negative=True)


@given(st.text(alphabet=LETTERS, max_size=30))
def test_only_balanced_square_brackets_are_ever_refused_in_a_negative_prompt(prompt: str) -> None:
    try:
        refuse_schedules(prompt, negative=True)
    except InputError:
        assert "[" in prompt
        assert "]" in prompt
        assert "|" in prompt or ":" in prompt
