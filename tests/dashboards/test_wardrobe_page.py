"""The wardrobe's page: every file that it names is there, its modules parse, and it says the same in both languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import dashboards.wardrobe_page as wardrobe_page
from dashboards.wardrobe_page.files import SHARED, page_file

PAGE = Path(wardrobe_page.__file__).parent / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))
MADE = ("marks.css", "lookbook-words-en.json", "lookbook-words-zh.json")
"""What the service makes itself."""


def text_of(name: str) -> str:
    found = page_file(name)
    assert found is not None, name
    return found[0].decode()


@pytest.mark.parametrize("page", ["index.html", "photos.html", "docs.html"])
def test_what_a_page_names_is_there_and_nothing_comes_from_elsewhere(page: str) -> None:
    text = text_of(page)
    named = re.findall(r'(?:src|href)="page/([^"]+)"', text)
    assert named
    assert [name for name in named if name not in MADE and page_file(name) is None] == []
    assert "http" not in re.sub(r"<!--.*?-->", "", text)
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", text), "the policy allows nothing inline"


def test_modules_import_what_is_there() -> None:
    for script in SCRIPTS:
        for name in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8")):
            assert page_file(name) is not None, f"{script.name} imports {name}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_modules_parse(script: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    checked = subprocess.run(
        [node, "--check", "--input-type=module"], input=script.read_bytes(), capture_output=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()


def test_both_languages_have_every_sentence_that_is_used() -> None:
    english, chinese = (json.loads(text_of(f"{language}.json")) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    places = {key: re.findall(r"\{\w+\}", sentence) for key, sentence in english.items()}
    assert {key: sorted(set(places[key])) for key in places} == {
        key: sorted(set(re.findall(r"\{\w+\}", sentence))) for key, sentence in chinese.items()
    }
    used = "\n".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    asked = set(re.findall(r'text\("([\w.]+)"', used))
    for page in ("index.html", "photos.html"):
        asked |= set(re.findall(r'data-(?:text|label)="([\w.]+)"', text_of(page)))
    assert asked <= english.keys()


def test_modules_of_other_pages_are_shared_and_not_copied() -> None:
    assert [name for name in SHARED if (PAGE / name).exists()] == []
    assert all(page_file(name) for name in SHARED)


def test_other_names_are_no_files() -> None:
    for name in ("../files.py", "__init__.py", "page", "", ".", "book.py", "asking.js"):
        assert page_file(name) is None
