"""Runs the lab's study in both real programs and here, and compares what they find and draw."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.elsewhere import __doc__ as usage
from benchmarks.elsewhere.lab_files import CHECKPOINT, write_comfyui_paths, write_webui_data
from benchmarks.elsewhere.runs import Ran, mean_difference, run_study_in
from benchmarks.elsewhere.studies import WORKFLOW, write_study, write_workflow
from benchmarks.real_programs import Program, comfyui, webui
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.trained_loras import make_data


def main() -> int:
    options = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--comfyui", type=Path, help="where ComfyUI is installed")
    options.add_argument("--comfyui-python", type=Path, default=Path(sys.executable), help="the Python that runs it")
    options.add_argument("--webui", type=Path, help="where Stable Diffusion WebUI is installed")
    options.add_argument("--webui-python", type=Path, default=Path(sys.executable), help="the Python that runs it")
    options.add_argument("--seed", type=int, help="a seed to search; by default the soundest of eight that are scouted here")
    options.add_argument("--keep", type=Path, help="a folder to leave the studies in")
    options.add_argument("--quick", action="store_true", help="12 images a study")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as programs:
        folder = (chosen.keep or Path(scratch)).resolve()
        make_data(folder / "data")
        trials = 12 if chosen.quick else None
        write_study(folder / "here", folder / "data", {"with": "huanhua"}, WEIGHTS / "loras", None)
        ran = [run_study_in(folder / "here", "huanhua", chosen.seed, trials)]
        seed = ran[0].seed
        if chosen.comfyui is not None:
            place = folder / "comfyui"
            write_workflow(place)
            program = Program(chosen.comfyui, chosen.comfyui_python)
            url = programs.enter_context(comfyui(program, folder / "comfyui-server", write_comfyui_paths(place)))
            write_study(place, folder / "data", {"with": "comfyui", "url": url, "workflow": WORKFLOW}, WEIGHTS / "loras", None)
            ran.append(run_study_in(place, "comfyui", seed, trials))
        if chosen.webui is not None:
            data = write_webui_data(folder / "webui-server")
            url = programs.enter_context(webui(Program(chosen.webui, chosen.webui_python), data))
            write_study(folder / "webui", folder / "data", {"with": "webui", "url": url}, data / "models" / "Lora", CHECKPOINT)
            ran.append(run_study_in(folder / "webui", "webui", seed, trials))
    report(ran)
    return 0


def report(ran: list[Ran]) -> None:
    here = ran[0]
    print(f"{'drawn by':<10} {'images':>6} {'s/image':>8} {'pick':<34} {'proof':<8} {'features':>8} {'start, mean of 255':>19}")
    rows = {}
    for one in ran:
        off = mean_difference(here.start, one.start)
        weights = " ".join(f"{name} {weight:.2f}" for name, weight in one.weights.items()) or "none"
        print(
            f"{one.name:<10} {one.images:>6} {one.seconds_per_image:>8.2f} {weights:<34} {one.proof:<8} "
            f"{one.features[0]:>3} of {one.features[1]:<2} {off:>18.2f}"
        )
        rows[one.name] = {**one.figures(), "start_mean": round(off, 3)}
    print(json.dumps({"seed": here.seed, **rows}))


if __name__ == "__main__":
    sys.exit(main())
