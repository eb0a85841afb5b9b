"""The files of a new study: commented, or filled in from whatever a person gives, for the program that shall draw it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from models.errors import InputError
from models.language.translate import phrase
from studies.picture_settings.reader import graph_in
from studies.project.folder import names_start
from studies.project.webui.recorded import webuis_of
from studies.spec import read_spec
from studies.starter.found_study import found_study
from studies.starter.from_workflow import FILE, WorkflowStudy, nodes_from, workflow_study
from studies.starter.template import check_words, filled_from, study_name

Drawer = Literal["huanhua", "comfyui", "webui"]
URLS: Final[Mapping[str, str]] = {"comfyui": "http://127.0.0.1:8188", "webui": "http://127.0.0.1:7860"}
"""Where the servers listen if nobody says otherwise."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a new study. None: by what is given."""

    source: Path | None = None
    """A picture, a workflow, or settings as text."""
    draw: Drawer | None = None
    url: str | None = None
    loras: Path | None = None
    """Where LoRA files lie."""
    nodes: Sequence[str] = ()
    """`KEY=ID`, of a workflow."""
    presets: Sequence[str] = ()
    """Kinds of pictures."""
    profile: str | None = None
    """Which models judge, of `models.catalogue.PROFILES`."""
    webuis: Sequence[Path] = ()
    """Folders of WebUIs or ComfyUI whose models are used in place, besides those of the project."""
    wear: Sequence[Path] = ()
    """LoRA files of the outfit, where a person has chosen; by default one of each kind that lies in the project."""


def new_study(folder: Path, wanted: Wanted) -> dict[str, str]:
    """The files to write into `folder`, by name. Raises InputError for a source that cannot be read, or drawn as it is asked."""
    if wanted.source is None:
        _refuse(wanted)
        webuis = webuis_of(folder, wanted.webuis)
        start, name, check = names_start(folder), study_name(folder), check_words(folder)
        return {"study.yaml": found_study(start, name, wanted.presets, wanted.profile, webuis, check, wear=wanted.wear)}
    webuis = webuis_of(folder, wanted.webuis)
    if wanted.presets:
        raise InputError(
            "--preset is for a study without a picture", ", ".join(wanted.presets), "leave it out, or leave out --from"
        )
    graph = graph_in(wanted.source)
    drawer = wanted.draw or ("comfyui" if graph is not None else "huanhua")
    url = wanted.url or URLS.get(drawer, "")
    if drawer == "comfyui":
        if graph is None:
            raise InputError("no workflow of ComfyUI", wanted.source, "name its API file, or a picture that ComfyUI saved")
        nodes = nodes_from(wanted.nodes)
        made = workflow_study(
            graph, wanted.source, folder, url=url, nodes=nodes, loras=wanted.loras, profile=wanted.profile, webuis=webuis
        )
        _check(made, wanted.source)
        return {"study.yaml": made.text, FILE: made.workflow}
    if wanted.nodes:
        raise InputError("--node names nodes of a workflow that ComfyUI draws", f"--draw {drawer}", "leave it out")
    if wanted.url and drawer == "huanhua":
        raise InputError("--url is a server's, and huanhua itself draws", wanted.url, "add --draw webui")
    webui = url if drawer == "webui" else None
    return {"study.yaml": filled_from(wanted.source, folder, wanted.loras, webui, wanted.profile, webuis)}


def _check(made: WorkflowStudy, source: Path) -> None:
    """Raises InputError for what no study takes of a workflow, as reading the study would, but names the file that was given."""
    with TemporaryDirectory() as scratch:
        study = Path(scratch, "study.yaml")
        study.write_text(re.sub(r"(?m)^  workflow: .*$", f"  workflow: {FILE}", made.text, count=1), encoding="utf-8")
        study.with_name(FILE).write_text(made.workflow, encoding="utf-8")
        try:
            read_spec(study)
        except InputError as error:
            raise InputError(error.what, source, "mend the workflow, and save it again") from error


def _refuse(wanted: Wanted) -> None:
    """Raises InputError for options that need a source."""
    if wanted.loras is not None:
        raise InputError("--loras looks for the LoRAs of a picture", wanted.loras, "name the picture too: --from PICTURE")
    for option, value in (("--draw", wanted.draw), ("--url", wanted.url), ("--node", wanted.nodes)):
        if value:
            raise InputError(phrase("{option} needs a picture or a workflow", option=option), option, "name it: --from FILE")
