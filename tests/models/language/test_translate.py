"""Phrases are English wherever they are kept, and Chinese where they are printed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator

import pytest

from models.counted import counted
from models.errors import InputError
from models.language.choice import chosen_language, typed_language
from models.language.translate import joined, phrase, said, speak, translated
from models.language.width import columns, padded, wrapped


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


def test_a_phrase_is_english_text_that_is_said_in_chinese() -> None:
    made = phrase("no such language: {name}", name="xx")
    assert json.loads(json.dumps(made)) == "no such language: xx" == f"{made}"
    speak("zh")
    assert translated(made) == "没有这种语言：xx" == translated(pickle.loads(pickle.dumps(made)))
    assert said("no such language: {name}", name="xx") == "没有这种语言：xx"
    assert f"{made}" == "no such language: xx"


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    speak("zh")
    assert said("{count} of these", count=3) == "3 of these"
    assert translated("{a name in braces}") == "{a name in braces}"
    assert translated(phrase("{what} here", what=phrase("name one of {names}", names="a, b"))) == "可选：a, b here"


def test_phrases_are_joined_and_counted() -> None:
    made = joined("; ", [phrase("no such language: {name}", name="xx"), "a.png"])
    assert made == "no such language: xx; a.png"
    assert (counted(1, "trial"), counted(2, "trial")) == ("1 trial", "2 trials")
    speak("zh")
    assert translated(pickle.loads(pickle.dumps(made))) == "没有这种语言：xx；a.png"
    assert {translated(counted(1, "trial")), translated(counted(2, "trial"))} == {"1 次试验", "2 次试验"}


def test_an_error_is_translated_in_its_parts() -> None:
    error = InputError(phrase("no such language: {name}", name="xx"), "--lang", phrase("name one of {names}", names="en"))
    again = pickle.loads(pickle.dumps(error))
    speak("zh")
    assert again.translated() == "没有这种语言：xx：--lang；可选：en"
    assert str(again) == "no such language: xx: --lang; name one of en"


def test_the_language_is_the_one_that_was_typed_or_else_the_systems() -> None:
    assert chosen_language("zh", {"HUANHUA_LANG": "en"}) == "zh"
    assert chosen_language(None, {"HUANHUA_LANG": "en", "LANG": "zh_CN.UTF-8"}) == "en"
    assert chosen_language(None, {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}) == "zh"
    assert chosen_language(None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}) == "en"
    with pytest.raises(InputError, match="no such language: xx"):
        chosen_language("xx", {})


def test_the_option_is_found_wherever_it_stands() -> None:
    assert typed_language(["run", "a", "--lang", "zh"]) == ("zh", ["run", "a"])
    assert typed_language(["--lang=zh", "run"]) == ("zh", ["run"])
    assert typed_language(["run", "--lang"]) == (None, ["run", "--lang"])
    assert typed_language(["score", "--", "--lang", "zh"]) == (None, ["score", "--", "--lang", "zh"])


def test_chinese_letters_take_two_columns() -> None:
    assert columns("种子 7") == 6
    assert padded("种子", 6) == "种子  "
    assert wrapped("为每个锁定的种子，找出 huanhua 的最小权重。", 16) == ["为每个锁定的种", "子，找出 huanhua", "的最小权重。"]
    assert all(columns(line) <= 16 for line in wrapped("一二三四五六七八，九十", 16))
