"""The look-book is written in the language of the command that writes it, its script too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dashboards.lookbook as lookbook
from dashboards.lookbook.data import SCRIPT_WORDS
from dashboards.lookbook.writing import write_book
from models.language.translate import phrase, speak
from tests.dashboards.test_lookbook import book, judged

SCRIPTS = sorted((Path(lookbook.__file__).parent / "page").glob("*.js"))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


def test_a_chinese_page_says_all_its_titles_in_chinese(tmp_path: Path) -> None:
    speak("zh")
    page = write_book(book(tmp_path / "images"), tmp_path / "book").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    titles = re.findall(r"<(h2|h3|legend|summary|th scope=\"col\"|button[^>]*)[^>]*>(.*?)<", page)
    english = [text for _, text in titles if re.search(r"[A-Za-z]{3}", text) and text not in ("dress", "shoes")]
    assert [text for text in english if "LoRA" not in text] == []
    data = json.loads(page.split('id="book">')[1].split("</script>")[0])
    assert data["words"]["may meet every requirement"] == "可能满足全部要求"
    assert set(data["words"]) == set(SCRIPT_WORDS)


def test_verdicts_that_are_phrases_are_translated_and_names_are_not(tmp_path: Path) -> None:
    from dashboards.lookbook.words import text, verdict

    speak("zh")
    words = phrase("breaks {what}", what=phrase("{name} by {by:.2f}", name="start", by=0.05))
    assert text(words) == "不满足 start（差 0.05）"
    image = judged(tmp_path / "none.png", 0.2, 0.3, verdict=words)
    assert verdict(image) == "不满足 start（差 0.05）"
    assert text("start") == "start"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_script_says_only_what_the_page_gives_it(script: Path) -> None:
    code = script.read_text(encoding="utf-8")
    said = re.findall(r'said\((?:[^"()]*\? )?"([^"]*)"(?: : "([^"]*)")?', code)
    assert {text for pair in said for text in pair if text} <= set(SCRIPT_WORDS)


def test_every_word_of_the_script_stands_in_it() -> None:
    code = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    assert [text for text in SCRIPT_WORDS if f'"{text}"' not in code] == []
