"""study.yaml says what is read: keys stand once, numbers are YAML 1.2's, and every fault names its line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from studies.paperdoll.study import study_text
from studies.spec import read_spec
from studies.spec_reading.study_yaml import plain_scalar, read_study_yaml

SHARED = "name: a\nloras:\n  dress: {file: a}\n"


def read(tmp_path: Path, text: str | bytes) -> dict[str, Any]:
    path = tmp_path / "study.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_study_yaml(path).data


VALUES: dict[str, object] = {
    "0123": 123, "-017": -17, "0o17": 15, "0x1F": 31, "1_000": "1_000", "0b11": "0b11", "12:30": "12:30",
    "1e3": 1000.0, "1E-2": 0.01, ".5": 0.5, "5.": 5.0, "+1": 1, "1.2.3": "1.2.3", "on": "on", "off": "off",
    "yes": "yes", "No": "No", "y": "y", "true": True, "False": False, "tRue": "tRue", "null": None, "~": None, "": None,
    ".inf": math.inf, "-.INF": -math.inf, "2024-01-01": "2024-01-01", "=": "=", "0o8": "0o8", "1e": "1e",
    "'0123'": "0123", "café": "café", "1:20:30": "1:20:30",
}  # fmt: skip


@pytest.mark.parametrize("text", VALUES)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, f"a: {text}\n")["a"]
    assert (found, type(found)) == (VALUES[text], type(VALUES[text]))


def test_not_a_number(tmp_path: Path) -> None:
    assert math.isnan(read(tmp_path, "a: .NaN")["a"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: a\nname: b\n", "'name' stands twice, on line 1 and on line 2"),
        (f"{SHARED}  shoes: {{}}\n  dress: {{file: b}}\n", "'dress' stands twice, on line 3 and on line 5"),
        ("a: {b: 1, c: 2, b: 3}\n", "'b' stands twice, on line 1 and on line 1"),
        ("a:\n- b: 1\n  b: 2\n", "'b' stands twice, on line 2 and on line 3"),
        ('a: 1\n"a": 2\n', "'a' stands twice, on line 1 and on line 2"),
    ],
)
def test_a_key_that_stands_twice(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        read(tmp_path, text)


def test_keys_of_different_tables_and_merged_ones(tmp_path: Path) -> None:
    assert read(tmp_path, "a: {x: 1}\nb: {x: 2}\n") == {"a": {"x": 1}, "b": {"x": 2}}
    assert read(tmp_path, "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n")["b"] == {"x": 3, "y": 2}


WRONG: dict[str, tuple[bytes, str]] = {
    "UTF-16 LE": (("\ufeff" + SHARED).encode("utf-16-le"), "a UTF-16 file"),
    "UTF-16 BE": (("\ufeff" + SHARED).encode("utf-16-be"), "a UTF-16 file"),
    "UTF-16 without a mark": (SHARED.encode("utf-16-le"), "a UTF-16 file"),
    "UTF-32": (("\ufeff" + SHARED).encode("utf-32-le"), "a UTF-32 file"),
    "GBK": ("name: a\nprompt: 裙子\n".encode("gbk"), r"not UTF-8 text \(line 2\)"),
    "a tab": (b"a:\n\tb: 1\n", "line 2, column 1: a tab"),
    "two colons": (b"name: a\nprompt: b: c\n", "line 2, column 10: mapping values are not allowed"),
    "an open bracket": (b"a: 1\nb: [1, 2\n", "line 3"),
    "a control character": (b"a: 1\nb: \x01\n", "line 2: the character"),
    "a Python object": (b"a: 1\nb: !!python/name:os.system x\n", "line 2"),
    "two documents": (b"a: 1\n---\nb: 2\n", "line 2"),
    "an unknown alias": (b"a: 1\nb: *x\n", "line 2"),
    "a list": (b"- a\n", "holds no settings"),
    "nothing": (b"# a\n", "holds no settings"),
    "a number that is too long": (b"a: " + b"9" * 5000, "not YAML"),
    "no number": (b"a: !!int x\n", "not YAML"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_read_is_one_line_with_its_place(tmp_path: Path, case: str) -> None:
    text, line = WRONG[case]
    with pytest.raises(InputError, match=line) as told:
        read(tmp_path, text)
    assert "\n" not in str(told.value)


def test_a_mark_of_utf_8_is_no_letter(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfname: a\n") == {"name": "a"}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("dress", True),
        ("1e3", False),
        ("12:30", True),
        ("on", True),
        ("0o7", False),
        ("", False),
        ("a: b", False),
        ("#a", False),
        ("null", False),
    ],
)
def test_what_needs_quotes(text: str, plain: bool) -> None:
    assert plain_scalar(text) is plain


def spec_of(tmp_path: Path, old: str, new: str) -> Any:
    text = study_text(tmp_path)
    assert old in text
    (tmp_path / "study.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return read_spec(tmp_path / "study.yaml")


FAULTS = {
    "a typo": ("  width:", "  widht:", r"unknown key render.widht: .*study.yaml, line \d+"),
    "another kind": ("kind: face", "kind: hat", r"loras.face.kind: Input should be .*, line \d+"),
    "a missing key": ("prompt:", "negative_prompt:", "prompt: Field required"),
    "seeds": (
        "seeds:\n  scout: 16\n  keep: 3",
        "seeds: [-1, x]",
        r"seeds.0: Input should be greater than or equal to 0: .*, line",
    ),
    "seeds by name": ("seeds:\n  scout: 16\n  keep: 3", "seeds: {scuot: 3}", r"unknown key seeds.scuot"),
    "seeds as a word": (
        "seeds:\n  scout: 16\n  keep: 3",
        "seeds: many",
        "seeds: Input should be a valid dictionary or a valid list",
    ),
    "a tag": ("prompt: 1girl", "prompt: <lora:mycoat:0.8> 1girl", "name the file under loras"),
    "a file twice": ("loras/myshoes.safetensors", "./loras/../loras/myface.safetensors", "name the same file"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_name_the_line_and_no_class(tmp_path: Path, case: str) -> None:
    old, new, line = FAULTS[case]
    with pytest.raises(InputError, match=line) as told:
        spec_of(tmp_path, old, new)
    assert "Section" not in str(told.value)
    assert "\n" not in str(told.value)


def test_the_failing_studies_that_were_reported(tmp_path: Path) -> None:
    text = study_text(tmp_path)
    for changed, line in (
        (text + "\nprompt: a cat\n", "'prompt' stands twice"),
        (text.replace("  shoes:\n", "  dress:\n", 1), "'dress' stands twice"),
    ):
        (tmp_path / "study.yaml").write_text(changed, encoding="utf-8")
        with pytest.raises(InputError, match=line):
            read_spec(tmp_path / "study.yaml")
