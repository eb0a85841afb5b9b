"""The command speaks the language that is asked for, and refuses others in a line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.language.width import columns

ROOT = Path(__file__).parents[3]


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("HUANHUA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")}
    return subprocess.run(
        [sys.executable, "-m", "huanhua", *words],
        env={**plain, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("words", [["run", "--help", "--lang", "zh"], ["--lang=zh", "run", "--help"]])
def test_help_is_chinese_where_it_is_asked_for(words: list[str]) -> None:
    done = typed(*words)
    assert done.returncode == 0
    assert "用法：huanhua run" in done.stdout
    assert "[必填]" in done.stdout
    assert "Show this message" not in done.stdout
    assert max(columns(line) for line in done.stdout.splitlines()) <= 80


def test_help_is_chinese_on_a_chinese_system() -> None:
    assert "锁定种子" in typed("--help", LANG="zh_CN.UTF-8").stdout
    assert "Lock seeds" in typed("--help", LANG="zh_CN.UTF-8", HUANHUA_LANG="en").stdout


@pytest.mark.parametrize("verb", ["new", "init", "prepare", "train", "run", "grid", "models get", "lora show"])
def test_no_help_is_left_in_english(verb: str) -> None:
    options = typed(*verb.split(), "--help", "--lang", "zh").stdout.partition("选项：")[2].split("\n  --")[1:]
    assert options
    assert [text for text in options if not any(columns(letter) == 2 for letter in text)] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--lang", "xx", "show", "a"], "huanhua: no such language: xx: --lang; name one of en, zh"),
        (["show", "a", "--lang=xx"], "huanhua: no such language: xx: --lang; name one of en, zh"),
        (["runn", "--lang", "zh"], "huanhua: 没有命令 'runn'，是不是 'run'？；用法见 huanhua --help"),
        (["run", "a", "--trials", "1", "--lang", "zh"], "huanhua: '--trials' 的值不对：不能小于 4；用法见 huanhua run --help"),
    ],
)
def test_what_is_typed_wrongly_is_one_line(words: list[str], line: str) -> None:
    done = typed(*words)
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (2, "", [line])


def test_a_stream_without_chinese_letters_gets_them_as_utf8() -> None:
    assert "用法" in typed("--help", "--lang", "zh", PYTHONUTF8="0", PYTHONIOENCODING="latin-1").stdout
