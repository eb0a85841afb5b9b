"""The commands of both READMEs exist: each `huanhua` line is parsed by the command line itself, with its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studies.cli.app import app

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")


def commands(name: str) -> list[list[str]]:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line]


@pytest.mark.parametrize("name", READMES)
def test_every_option_of_every_command_is_known(name: str) -> None:
    found = [words[1:] for words in commands(name) if words[0] == "huanhua"]
    assert found
    for verb, *rest in found:
        shown = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, verb
        for option in (word.split("=")[0] for word in rest if word.startswith("--")):
            assert option in shown.output, f"{verb} {option}"


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = [words[1] for words in commands(name) if words[0] == "make"]
    assert {"demo", "test"} <= set(wanted) <= targets


@pytest.mark.parametrize("name", READMES)
def test_every_picture_and_link_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
