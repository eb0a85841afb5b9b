"""Phrases as JSON: read back they are what they were, in both languages."""

from __future__ import annotations

import json

import pytest

from models.errors import InputError
from models.language.as_json import error_from_json, error_to_json, phrase_from_json, phrase_to_json
from models.language.translate import counted_phrase, joined, phrase, speaking, translated


def test_what_is_read_back_says_the_same_in_both_languages() -> None:
    inner = phrase("seed {seed}", seed=7)
    texts = [
        "plain", inner, phrase("{what}: {where}; {mend}", what=inner, where="a", mend=phrase("put it there")),
        joined(", ", [inner, "name"]), counted_phrase(2, "{number} image", "{number} images"),
    ]  # fmt: skip
    for text in texts:
        back = phrase_from_json(json.loads(json.dumps(phrase_to_json(text))))
        assert back == text
        with speaking("zh"):
            assert translated(back) == translated(text)


def test_an_error_is_read_back_by_its_parts() -> None:
    error = InputError(phrase("no seed: {seed}", seed=3), "seeds", "see the list of studies")
    back = error_from_json(json.loads(json.dumps(error_to_json(error))))
    assert str(back) == str(error)
    with speaking("zh"):
        assert back.translated() == error.translated() != str(error)


@pytest.mark.parametrize("content", [7, None, [], {}, {"text": "a"}, {"between": ", ", "parts": 7}, {"text": "{a}", "values": 3}])
def test_what_is_no_phrase_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match="no phrase"):
        phrase_from_json(content)
    with pytest.raises(ValueError, match="no "):
        error_from_json({"what": content, "where": "", "mend": ""})


def test_phrases_within_phrases_end() -> None:
    content: object = "a"
    for _ in range(50):
        content = {"text": "{a}", "values": {"a": content}, "many": "", "number": 1}
    with pytest.raises(ValueError, match="no phrase"):
        phrase_from_json(content)
