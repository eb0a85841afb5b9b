"""A new project folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole
from models.language.translate import phrase
from studies.project.folder import FOLDERS, MARKER, project_of
from studies.project.webui.program import open_webui
from studies.project.webui.recorded import record

SETTINGS: Final = """\
# This file makes its folder a huanhua project: every command that is typed in it, or anywhere below, finds its files from here.
# The folder can be moved as a whole.
"""
README: Final = """\
# A huanhua project

| folder | what lies there | made by |
|---|---|---|
| `models/` | the base and the models that judge images | `huanhua models get --profile photo`; a base by hand |
| `photos/` | a folder of 20 photos or more for each thing: `photos/dress` | you |
| `data/` | training sets | `huanhua prepare photos/dress data/dress --kind clothing --trigger testdress` |
| `loras/` | LoRAs: your own, and those from elsewhere | `huanhua train data/dress` |
| `studies/` | one folder a study, with all that it makes | `huanhua init my-study` |

Names in `studies/*/study.yaml` start at this folder, and so do names that are typed anywhere inside it. What lies elsewhere is
named by its absolute path: the models of an A1111, Forge or ComfyUI, used in place after `huanhua new . --from-webui DIR`.

Next: `huanhua models get --profile photo`. For commercial use `huanhua models get --profile free`, whose models' licences allow
that; `huanhua init my-study --profile free` names them.
"""


def new_project(folder: Path, webuis: Sequence[Path] = ()) -> list[str]:
    """Makes `folder` a project, with what is missing of its folders; what is there already stays. Returns the names of what was
    made. `webuis` are folders of WebUIs or ComfyUI whose models it uses in place.

    Raises InputError for a folder within another project, for one that cannot be written, and as `open_webui` does.
    """
    for webui in webuis:
        open_webui(webui)
    try:
        made = _made(folder)
        record(folder, webuis)
        return made
    except OSError as error:
        raise InputError(
            phrase("no project can be made there ({strerror})", strerror=error.strerror), folder, "name another folder"
        ) from error


def _made(folder: Path) -> list[str]:
    around = project_of(folder.parent if folder.name else folder)
    if around is not None and around != folder.absolute():
        raise InputError("inside another project", around, "name a folder outside of it")
    files = {"README.md": README, MARKER: SETTINGS}
    in_the_way = [name for name in FOLDERS if (folder / name).exists() and not (folder / name).is_dir()]
    if (folder.exists() and not folder.is_dir()) or in_the_way:
        where = folder / in_the_way[0] if in_the_way else folder
        raise InputError("a file is there, not a folder", where, "name another folder, or move it away")
    missing = [name for name in FOLDERS if not (folder / name).is_dir()]
    absent = [name for name in files if not (folder / name).exists()]
    with writing(folder):
        for name in missing:
            (folder / name).mkdir(parents=True)
        for name in absent:  # the marker last: a project is complete
            write_whole(folder / name, files[name].encode())
    return [*(f"{name}/" for name in missing), *absent]
