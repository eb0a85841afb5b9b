"""The commands of both READMEs exist: each `huanhua` line is parsed by the command line itself, with its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from studies.cli.app import app

ROOT = Path(__file__).parents[2]
WRONG: Any = typer.BadParameter.__base__
"""What the command line raises for words that it does not understand."""
READMES = ("README.md", "README.zh-CN.md")


def commands(name: str) -> list[list[str]]:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(part) for line in lines if line for part in line.split(" && ")]


@pytest.mark.parametrize("name", READMES)
def test_every_command_is_understood(name: str) -> None:
    found = [words[1:] for words in commands(name) if Path(words[0]).name == "huanhua"]
    assert found
    for words in found:
        understand(words)


@pytest.mark.parametrize("wrong", [["serve"], ["run", "my-study", "--trails", "40"], ["show"], ["models", "lists"]])
def test_a_command_that_is_wrong_is_not_understood(wrong: list[str]) -> None:
    with pytest.raises(WRONG):
        understand(wrong)


def understand(words: list[str]) -> None:
    """Parses a command line as the program does, without running it."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        if words[0] not in command.commands:
            raise typer.BadParameter(f"no verb {words[0]}")
        command, words = command.commands[words[0]], words[1:]
    command.make_context("huanhua", list(words))


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
