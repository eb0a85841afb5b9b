"""Trigger words and prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base.prompt.emphasis import parse_emphasis
from studies.prompts import check_tags, trigger_of, without_triggers

WITHOUT = {
    "1girl, testdress, Myshoes , smile": "1girl, smile",
    "1girl, testdress long, smile": "1girl, long, smile",
    "1girl, (testdress:1.2), smile": "1girl, smile",
    "((testdress)), [myshoes], smile": "smile",
    "(testdress, smile:1.2), standing": "(smile:1.2), standing",
    "(smile, testdress:1.2), standing": "(smile:1.2), standing",
    "(smile, (testdress), open mouth:1.2)": "(smile, open mouth:1.2)",
    "a photo of TestDress with  myshoes, smile": "a photo of with, smile",
    "testdresses, my-testdress, testdress-like": "testdresses, my-testdress, testdress-like",
    "testdress BREAK smile": "BREAK smile",
    "(testdress": "(",
    "smile (testdress:.8) standing": "smile standing",
    "1girl,, ( smile ) , x": "1girl, ( smile ), x",
}


@pytest.mark.parametrize("prompt", WITHOUT)
def test_takes_out_triggers_wherever_they_stand(prompt: str) -> None:
    assert without_triggers(prompt, ["testdress", "myshoes"]) == WITHOUT[prompt]


def test_triggers_of_several_words_and_with_brackets() -> None:
    assert without_triggers("sks  Dress, smile, mydress \\(blue\\), a", ["sks dress, mydress (blue)"]) == "smile, a"
    assert without_triggers("裙子, 微笑", ["裙子"]) == "微笑"
    assert without_triggers("a.b, axb", ["a.b"]) == "axb"


@given(st.lists(st.sampled_from(["testdress", "smile", "(", ")", "[", "]", ":1.2)", ",", " ", "BREAK", "\\("]), max_size=12))
def test_what_is_left_is_read_and_holds_no_trigger(parts: list[str]) -> None:
    prompt = " ".join(parts)
    left = without_triggers(prompt, ["testdress"])
    assert "testdress" not in left
    if "BREAK" not in prompt:
        parse_emphasis(left)
    assert without_triggers(left, ["testdress"]) == left


def test_the_study_overrules_the_file() -> None:
    assert trigger_of("a", {"modelspec.trigger_phrase": "b"}) == "a"
    assert trigger_of(None, {"modelspec.trigger_phrase": "b"}) == "b"
    assert trigger_of(None, {"ss_dataset_dirs": '{"10_c": {}}'}) == "c"
    assert trigger_of(None, {}) is None


@pytest.mark.parametrize(
    ("prompt", "mend"),
    [
        ("<lora:mycoat:0.8> 1girl", r"prompt holds <lora:mycoat:0.8>.*name the file under loras: \{mycoat: .*start: 0.8"),
        ("1girl <lora:mycoat>", "start: 1"),
        ("<lyco:a:te=1:unet=0.5>", "name the file under loras"),
        ("<hypernet:x:0.5>", "hypernetworks cannot be drawn here"),
        ("<thing:x>", "a thing cannot be drawn here"),
    ],
)
def test_tags_of_a1111_are_refused_with_their_place(prompt: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        check_tags({"prompt": prompt})


def test_other_brackets_are_words() -> None:
    check_tags({"prompt": "1girl, <3, <s1>, a > b", "negative_prompt": ">:("})
