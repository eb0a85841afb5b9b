"""ComfyUI's extra_model_paths.yaml: more folders of models, by section and key, as its example file has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.project.yaml_table import read_table

EXTRA_PATHS: Final = "extra_model_paths.yaml"
MEND: Final = "mend it as ComfyUI's extra_model_paths.yaml.example has it"


def extra_paths(file: Path) -> tuple[list[tuple[str, Path, bool]], list[str]]:
    """Key, absolute folder and whether its section is the default, in the file's order; and a line for each section whose
    base_path is not there. Nothing where there is no such file.

    Relative folders start at the section's base_path, and that at the file. Raises InputError for a file that does not read.
    """
    found: list[tuple[str, Path, bool]] = []
    notes: list[str] = []
    for name, section in read_table(file, MEND).items() if file.is_file() else ():
        if section is None:
            continue
        if not isinstance(section, dict):
            raise InputError(phrase("the section {name} holds no keys", name=str(name)[:60]), file, MEND)
        start = file.parent
        if (base := section.get("base_path")) is not None:
            start = _joined(start, _text(file, name, "base_path", base))
            if not start.is_dir():
                notes.append(
                    phrase(
                        "{file}: base_path of {section} is not there ({folder})",
                        file=file.name,
                        section=str(name)[:60],
                        folder=start,
                    )
                )
        for key, value in section.items():
            if key in ("base_path", "is_default"):
                continue
            lines = (line.strip() for line in _text(file, name, key, value).split("\n"))
            found += [(str(key), _joined(start, line), bool(section.get("is_default"))) for line in lines if line]
    return found, notes


def _joined(start: Path, text: str) -> Path:
    return Path(os.path.normpath(start / os.path.expandvars(Path(text).expanduser())))


def _text(file: Path, section: object, key: object, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(phrase("{section}.{key} names no folder", section=str(section)[:60], key=str(key)[:60]), file, MEND)
    return value
