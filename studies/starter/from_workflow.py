"""A study that ComfyUI draws, by the workflow that a person gave: a file for its API, or a picture that ComfyUI saved."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.drawing.comfyui import ComfyuiDraw
from studies.picture_settings.settings import file_stem
from studies.project.folder import names_start
from studies.starter.from_picture import LoraSettings, StudySettings, study_key
from studies.starter.lora_files import with_files
from studies.starter.template import (
    KINDS,
    LORAS,
    SEARCH,
    check_words,
    comments,
    lora_line,
    quoted,
    scorers_text,
    seeds_line,
    study_name,
    wrapped,
    yaml_key,
)

if TYPE_CHECKING:
    from optimizer.render.remote.comfyui.workflow import Workflow
    from studies.project.webui.program import Webui

FILE: Final = "workflow_api.json"
"""The graph, next to study.yaml."""
TEMPLATE: Final = """\
# A study: which LoRAs to dress the figure in, and what their weights must achieve. Check it with: huanhua validate {check}
# ComfyUI draws it by the graph in {file}, which stays as it is but for the seed and the weights. The graph's own:
{own}# To set another, write prompt, negative_prompt, or render: {{steps: 30, cfg: 7, sampler: euler normal}} in this file.
{notes}name: {name}
draw:
  with: comfyui
  url: {url}                    # where ComfyUI listens; a list of addresses draws several images at once
  workflow: {workflow}
{draw}"""
NAMED_NODE: Final = r"draw\.nodes: \{([\w.]+): '?([^}']+)'?\}"
"""How refusals of a workflow name the setting of a study file."""
SHOWN: Final = 60
"""Letters of the prompt in the comment."""


@dataclass(frozen=True)
class WorkflowStudy:
    """The text of study.yaml, and of the workflow that lies next to it."""

    text: str
    workflow: str


def workflow_study(
    raw: Any,
    source: Path,
    study: Path,
    *,
    url: str,
    nodes: Mapping[str, str],
    loras: Path | None,
    profile: str | None = None,
    webuis: Sequence[Webui] = (),
) -> WorkflowStudy:
    """`raw` is the graph in `source`; `nodes` names nodes where several would do, as `draw.nodes` does; `profile` names the
    models that judge. Files of LoRAs are found as `with_files` does.

    Raises InputError for the form of ComfyUI's page, for a graph that does not tell what it draws, and for one without LoRAs.
    """
    from optimizer.render.remote.comfyui.workflow import workflow_from

    try:
        workflow = workflow_from(raw, str(source), nodes)
    except InputError as error:
        # There is no study file yet in which to name a node.
        raise InputError(error.what, error.where, re.sub(NAMED_NODE, r"--node \1=\2", error.mend)) from error
    found = StudySettings()
    named = _loras(workflow, found)
    if not named:
        _refuse_odd_names(workflow, source)
        raise InputError(
            "the workflow loads no LoRA", source, "add a Load LoRA node for each LoRA of the study, and save it again"
        )
    start = names_start(study)
    named = dict(zip(named, with_files([*named.values()], loras, start, webuis, found.notes), strict=True))
    _seed(workflow, found)
    return WorkflowStudy(
        TEMPLATE.format(
            check=check_words(study),
            file=FILE,
            workflow=FILE
            if start == study
            else quoted(Path(os.path.relpath(study.resolve() / FILE, start.resolve())).as_posix()),
            own=_own(workflow),
            notes=comments(found.notes),
            name=yaml_key(study_name(study, source.stem)),
            url=url,
            draw=_names(named) + _nodes(nodes),
        )
        + LORAS.format(loras=KINDS + "".join(lora_line(lora) for lora in named.values()))
        + SEARCH.format(
            require="{" + ", ".join(f"{yaml_key(lora.key)}: 0.7" for lora in named.values()) + "}",
            seeds=seeds_line(found.seed),
            scorers=scorers_text(start, profile),
        ),
        json.dumps(workflow.raw, indent=2, ensure_ascii=False) + "\n",
    )


def _refuse_odd_names(workflow: Workflow, source: Path) -> None:
    """Raises InputError for a LoRA whose file is named by what is no text."""
    for node in workflow.graph.nodes.values():
        for key, value in node.values():
            if key.startswith("lora_name") and not isinstance(value, str):
                what = phrase(
                    "{key} of node {label} is {value}, which names no file", key=key, label=node.label, value=str(value)[:40]
                )
                raise InputError(what, source, "choose the LoRA there, and save it again")


def _loras(workflow: Workflow, found: StudySettings) -> dict[str, LoraSettings]:
    """By their names in the workflow."""
    named: dict[str, LoraSettings] = {}
    for file, strength in workflow.own.loras.items():
        name = file_stem(file)
        key = study_key(name, [lora.key for lora in named.values()])
        if strength is None:
            found.notes.append(f"LoRA {name}: its strength is computed by other nodes; it must be a value to be searched")
        start = found.within(f"LoRA {name}'s strength", strength, 0.4, 0, 2)
        stem = key if name in {lora.name for lora in named.values()} else name
        named[file] = LoraSettings(key, f"loras/{stem}.safetensors", start, "", name)
    for slot in (*workflow.slots.loras, *workflow.slots.idle_loras):
        if slot.file not in named:
            why = "switched off" if slot in workflow.slots.loras else "no sampler reads it"
            found.notes.append(f"LoRA {file_stem(slot.file)}: left out, {why} in node {slot.node.label}")
    return named


def _names(named: Mapping[str, LoraSettings]) -> str:
    """What the server calls those whose file names are not theirs alone."""
    stems = [file_stem(file) for file in named]
    twice = {lora.key: file for file, lora in named.items() if stems.count(file_stem(file)) > 1}
    return f"  loras: {{{', '.join(f'{yaml_key(key)}: {quoted(file)}' for key, file in twice.items())}}}\n" if twice else ""


def _nodes(nodes: Mapping[str, str]) -> str:
    return f"  nodes: {{{', '.join(f'{key}: {quoted(value)}' for key, value in nodes.items())}}}\n" if nodes else ""


def _seed(workflow: Workflow, found: StudySettings) -> None:
    seed = workflow.own.seed
    if seed is not None and 0 <= seed <= ComfyuiDraw.largest_seed:
        found.seed = seed
    else:
        found.notes.append(
            "Seed: computed by other nodes" if seed is None else f"Seed: {seed}; a study takes 0 to {ComfyuiDraw.largest_seed}"
        )


def _own(workflow: Workflow) -> str:
    own = workflow.own
    prompt = own.prompt if own.prompt is None or len(own.prompt) <= SHOWN else f"{own.prompt[:SHOWN]}..."
    size = None if own.size is None else f"{own.size[0]}x{own.size[1]}"
    values = {"prompt": prompt, "steps": own.steps, "cfg": own.cfg, "sampler": own.sampler, "size": size, "base": own.checkpoint}
    shown = ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
    return wrapped([shown])


def nodes_from(words: Sequence[str]) -> dict[str, str]:
    """`KEY=ID` as typed. Raises InputError for anything else."""
    found = {}
    for word in words:
        key, sign, node = word.partition("=")
        if not (key and sign and node):
            raise InputError(phrase("--node {word}", word=word), "--node", "write it as KEY=ID: --node sampler=5")
        found[key] = node
    return found
