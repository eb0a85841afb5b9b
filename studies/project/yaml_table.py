"""Small YAML files of settings other than study.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from models.errors import InputError, first_line
from models.language.translate import phrase

LARGEST: Final = 2**20
"""Bytes of such a file."""


def read_table(file: Path, mend: str) -> dict[Any, Any]:
    """Its content, which is empty where it holds nothing. Raises InputError, with `mend`, if it does not read or is no table."""
    try:
        if file.stat().st_size > LARGEST:
            raise InputError(phrase("larger than {largest} bytes", largest=LARGEST), file, mend)
        return table_of(file.read_text(encoding="utf-8-sig"), file, mend)
    except OSError as error:
        raise InputError(phrase("the file cannot be read ({error})", error=error.strerror), file, mend) from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", file, mend) from error


def table_of(text: str, file: Path, mend: str) -> dict[Any, Any]:
    """As `read_table`, of a text that is or will be the content of `file`."""
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else phrase("line {line}: ", line=mark.line + 1)
        raise InputError(
            phrase("not YAML ({line}{problem})", line=line, problem=error.problem or error.context), file, mend
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(phrase("not YAML ({error})", error=first_line(error)), file, mend) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError("the file holds no table of keys", file, mend)
    return found
