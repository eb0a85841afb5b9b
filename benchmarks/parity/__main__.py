"""Pictures of this renderer beside those of the real A1111 and the real ComfyUI, at equal weights, seeds and settings.

    python -m benchmarks.parity --webui FOLDER --comfyui FOLDER [--python-webui PYTHON] [--python-comfyui PYTHON]
        [--family sd15-narrow|sd15|sdxl] [--quick] [--work FOLDER] [--write]

Models of random weights, of the published shapes or (sd15-narrow, which ComfyUI does not open) with a fifth of the channels;
float32 on the processor. Each program is started from its folder, by the Python that it is installed in, and stopped before the
next one; one whose folder is not given is left out. `--work` keeps models and pictures: what lies there is not drawn again by the
programs. `--write` puts the table into docs/parity.md. Prints the table and, as its last line, one JSON object: the largest mean
difference of a case in levels of 255, by program, and what drawing through this project's client adds, in ms.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.parity.case import Case
from benchmarks.parity.cases import FAMILIES, NARROW, all_cases, family_cases
from benchmarks.parity.ours import Renderer
from benchmarks.parity.overhead import comfyui_overhead_ms, webui_overhead_ms
from benchmarks.parity.programs import (
    Models,
    Server,
    draw_in_comfyui,
    draw_in_webui,
    running_comfyui,
    running_webui,
)
from benchmarks.parity.random_loras import write_loras, write_textual_inversion
from benchmarks.parity.random_models import write_checkpoint, write_control_nets, write_yaml
from benchmarks.parity.table import Row, compared, summary, table, write_document
from benchmarks.real_programs import Program as Installed
from models.base.family import CONFIGS
from models.program import Program


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--webui", type=Path)
    options.add_argument("--comfyui", type=Path)
    options.add_argument("--python-webui", type=Path, default=Path(sys.executable))
    options.add_argument("--python-comfyui", type=Path, default=Path(sys.executable))
    options.add_argument("--family", choices=FAMILIES, default="sd15")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--work", type=Path)
    options.add_argument("--write", action="store_true")
    options.add_argument("--only", default="", help="cases whose names have this in them")
    asked = options.parse_args()
    cases = [case for case in family_cases(asked.family, all_cases(quick=asked.quick)) if asked.only in case.name]
    with tempfile.TemporaryDirectory() as temporary:
        work = (asked.work or Path(temporary)).resolve() / asked.family
        models = written_models(work / "models", asked.family, v_prediction=any(case.v_prediction for case in cases))
        drawn: dict[Program, dict[str, Path]] = {}
        overhead: dict[Program, float] = {}
        for side in sides(asked, models, work):
            wanted = [case for case in cases if getattr(case, side.name)]
            with side.running() as server:
                drawn[side.name] = pictures_of(wanted, work / side.name, partial(side.draw, server, models))
                if asked.family != "sdxl":  # A1111's copies of its weights for three LoRAs do not fit into 24 GB
                    overhead[side.name] = side.overhead_ms(server, models)
        # All pictures are read before the folder goes.
        rows = rows_of(cases, drawn, Renderer(models))
    print(table(rows))
    found = summary(rows, overhead)
    if asked.write:
        write_document(asked.family, rows)
    print(json.dumps(found))
    return 0


@dataclass(frozen=True)
class Side:
    """A program to compare with."""

    name: Program
    """The field of a case that says whether this program has a counterpart."""
    running: Callable[[], AbstractContextManager[Server]]
    draw: Callable[[Server, Models, Case], bytes]
    overhead_ms: Callable[[Server, Models], float]


def sides(asked: argparse.Namespace, models: Models, work: Path) -> list[Side]:
    """The programs whose folders are given."""
    found = []
    if asked.webui:
        a1111 = Installed(asked.webui.resolve(), asked.python_webui)
        found.append(Side("a1111", lambda: running_webui(a1111, models, work), draw_in_webui, webui_overhead_ms))
    if asked.comfyui and asked.family != NARROW:
        comfyui = Installed(asked.comfyui.resolve(), asked.python_comfyui)
        found.append(Side("comfyui", lambda: running_comfyui(comfyui, models, work), draw_in_comfyui, comfyui_overhead_ms))
    return found


def written_models(folder: Path, family: str, *, v_prediction: bool) -> Models:
    """Writes what is not there yet."""
    narrow, kind = family == NARROW, "sdxl" if family == "sdxl" else "sd15"
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    models = Models(folder, family)
    for case in (Case(""), *([Case("", v_prediction=True)] if v_prediction else [])):
        file = models.checkpoint(case)
        if not file.exists():
            write_checkpoint(file, kind, narrow=narrow, v_prediction=case.v_prediction)
        if kind == "sd15":
            write_yaml(file.with_suffix(".yaml"), narrow=narrow, v_prediction=case.v_prediction)
    if not (folder / "loras").exists():
        write_loras(folder / "loras", models.checkpoint(Case("")).with_suffix("") if narrow else CONFIGS / kind)
    if not (folder / "embeddings").exists():
        write_textual_inversion(folder / "embeddings" / "myinv.safetensors", kind)
    if not (folder / "controlnet").exists():
        write_control_nets(folder / "controlnet", CONFIGS / kind)
    return models


def place(folder: Path, case: Case) -> Path:
    return folder / f"{case.digest()}.png"


def pictures_of(cases: Sequence[Case], folder: Path, draw: Callable[[Case], bytes]) -> dict[str, Path]:
    """By case; draws those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        if place(folder, case).exists():
            continue
        try:
            place(folder, case).write_bytes(draw(case))
        except RuntimeError as error:
            print(f"{folder.name}, {case.name}: {error}", file=sys.stderr)
            continue
        print(f"{folder.name}: {case.name}", file=sys.stderr, flush=True)
    return {case.name: place(folder, case) for case in cases if place(folder, case).exists()}


def rows_of(cases: Sequence[Case], drawn: dict[Program, dict[str, Path]], renderer: Renderer) -> list[Row]:
    rows = []
    for case in cases:
        row = Row(case)
        for program, pictures in drawn.items():
            theirs = pictures.get(case.name)
            if theirs is not None:
                row = compared(row, program, theirs, renderer)
        print(row.line(), file=sys.stderr, flush=True)
        rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
