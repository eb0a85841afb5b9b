"""The folders of WebUIs and ComfyUI that a project uses: `from_webui` in its huanhua.yaml."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.files import write_whole
from models.language.translate import phrase
from studies.project.folder import MARKER, absolute, project_of
from studies.project.webui.program import Webui, open_webui
from studies.project.yaml_table import read_table, table_of

KEY: Final = "from_webui"
MEND: Final = "mend it, or make it anew: take it away, and type `huanhua new .` there"
HEAD: Final = f"{KEY}:   # folders of A1111, Forge or ComfyUI whose models are used in place; relative ones start here\n"


def webuis_of(start: Path, more: Sequence[Path] = ()) -> list[Webui]:
    """Those that the project around `start` has recorded, and `more`. Raises InputError as `open_webui` does."""
    project = project_of(start)
    found = []
    for place in () if project is None else recorded(project):
        try:
            found.append(open_webui(place))
        except InputError as error:
            mend = phrase("mend or take out its line at {key}, or bring it back", key=KEY)
            raise InputError(
                phrase("{what}: {place}", what=error.what, place=place), (project or start) / MARKER, mend
            ) from error
    places = [webui.folder for webui in found]
    return found + [open_webui(place) for place in dict.fromkeys(map(absolute, more)) if place not in places]


def recorded(project: Path) -> list[Path]:
    """Absolute folders, in the order of the file. Raises InputError for a huanhua.yaml that does not read."""
    return _places(read_table(project / MARKER, MEND), project)


def _places(table: dict[Any, Any], project: Path) -> list[Path]:
    file = project / MARKER
    unknown = sorted(str(key) for key in table if key != KEY)
    if unknown:
        raise InputError(
            phrase("unknown key {unknown}", unknown=unknown[0][:60]), file, phrase("a project's file has {key} alone", key=KEY)
        )
    names = table.get(KEY) or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise InputError(
            phrase("{key} is no list of folders", key=KEY), file, phrase("write it as {key}: [/path/of/a/webui]", key=KEY)
        )
    return [absolute(project / Path(name).expanduser()) for name in names]


def record(project: Path, places: Sequence[Path]) -> list[Path]:
    """Adds to the project's file those that it has not; what stands there stays as it is. Returns what was added.

    Raises InputError where a person wrote the list in a form that is not appended to.
    """
    file = project / MARKER
    table = read_table(file, MEND)
    known = _places(table, project)
    added = [place for place in dict.fromkeys(map(absolute, places)) if place not in known]
    if not added:
        return []
    text = file.read_text(encoding="utf-8-sig")
    lines = "".join(f"- {json.dumps(_written(place, project), ensure_ascii=False)}\n" for place in added)
    longer = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{'' if KEY in table else HEAD}{lines}"
    try:
        appended = _places(table_of(longer, file, MEND), project)
    except InputError:
        appended = []
    if appended != known + added:
        raise InputError(
            phrase("{key} is not written as a list below its key", key=KEY),
            file,
            phrase("add by hand: {written}", written=_written(added[0], project)),
        )
    write_whole(file, longer.encode())
    return added


def _written(place: Path, project: Path) -> str:
    """From the project where it lies beside or in that, so that both can be moved together; else absolute."""
    start = absolute(project)
    near = place.is_relative_to(start.parent) and start.parent != Path(start.anchor)
    name = Path(os.path.relpath(place, start)).as_posix()
    return name if near and not name.startswith("~") else place.as_posix()
