"""What may stand in a bug report: no home folder, no password or token, no name of this machine or its user."""

from __future__ import annotations

import getpass
import os
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

HOMES: Final = re.compile(r"(/home/|/Users/|[A-Za-z]:[\\/]Users[\\/])[^/\\\s:;,'\")]+")
PASSWORDS: Final = re.compile(r"(\w[\w+.-]*://)[^/@\s]*@")
HOSTS: Final = re.compile(r"(\w[\w+.-]*://)(?!\*\*\*@|127\.0\.0\.1|localhost)[^/:\s@]+")
TOKENS: Final = re.compile(r"\b(hf_|gh[pousr]_|sk-|glpat-|xox[a-z]-)[\w-]{8,}")
SECRET: Final = re.compile(r"TOKEN(?!IZER)|SECRET|PASSW|_KEY$|^KEY|CREDENTIAL", re.IGNORECASE)
SHORT: Final = 4
"""Names shorter than this are no secret, and would be cut out of other words."""


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` with ~ for home folders, *** for secrets, HOST and USER for names of machine and user."""
    environment = os.environ if environment is None else environment
    for name, value in environment.items():
        if SECRET.search(name) and len(value) >= SHORT:
            text = text.replace(value, "***")
    text = PASSWORDS.sub(r"\1***@", text)
    text = TOKENS.sub(r"\1***", text)
    with suppress(RuntimeError):  # no home folder at all
        home = str(Path.home())
        text = text.replace(home, "~") if len(home) > 1 else text
    text = HOMES.sub("~", text)
    text = _word(text, platform.node(), "HOST")
    with suppress(OSError, KeyError, ImportError):  # a user without a name
        user = getpass.getuser()
        text = text if user == "root" else _word(text, user, "USER")
    return re.sub(r"(\*\*\*@)[^/:\s]+", r"\1HOST", HOSTS.sub(r"\1HOST", text))


def _word(text: str, name: str, instead: str) -> str:
    if len(name) < SHORT or name == "localhost":
        return text
    return re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", instead, text)
