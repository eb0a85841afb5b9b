"""Trigger words and prompts."""

from __future__ import annotations

from studies.prompts import trigger_of, without_triggers


def test_takes_out_whole_tags_only() -> None:
    prompt = "1girl, testdress, testdress long, Myshoes , smile"
    assert without_triggers(prompt, ["testdress", "myshoes"]) == "1girl, testdress long, smile"


def test_the_study_overrules_the_file() -> None:
    assert trigger_of("a", {"modelspec.trigger_phrase": "b"}) == "a"
    assert trigger_of(None, {"modelspec.trigger_phrase": "b"}) == "b"
    assert trigger_of(None, {}) is None
