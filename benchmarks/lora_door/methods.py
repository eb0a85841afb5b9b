"""Every LoRA method beside ComfyUI's and LyCORIS's own code: how far the weights that are folded here are from theirs.

    python -m benchmarks.lora_door.methods [--comfyui FOLDER --comfyui-python FILE] [--lycoris-python FILE]
        [--old-lycoris-python FILE]...

Compared are weights of about 1 with one layer at weights 1, 0.37 and -0.5, in float32: with ComfyUI under its meaning, and
with LyCORIS under A1111's, which follows it, where the two are the same; old GLoRA, whose alpha A1111 passes over, under
ComfyUI's. Layers of old versions are compared with those (1.8: GLoRA; 2.0: `oft_diag`), which no later one reads. Prints a table
and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.lora_door.method_cases import WEIGHTS, Case, cases
from models.lora.key_spellings import split_keys
from models.lora.layers.difference import read_bias_difference
from models.lora.methods import read_layer
from models.program import Program

AT_ONE: tuple[str, ...] = ("OFT, rescaled", "BOFT", "BOFT, constrained", "BOFT, rescaled")
"""Methods of which A1111 means another thing than LyCORIS at other weights than 1."""


OF_COMFYUI: tuple[str, ...] = ("GLoRA, old",)
"""Methods of which ComfyUI means what LyCORIS means, and A1111 another thing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comfyui", type=Path, help="the folder of an installed ComfyUI")
    parser.add_argument("--comfyui-python", type=Path, help="the Python that runs it")
    parser.add_argument("--lycoris-python", type=Path, help="a Python with lycoris-lora")
    parser.add_argument("--old-lycoris-python", type=Path, action="append", default=[], help="one with lycoris-lora 1.8 or 2.0")
    given = parser.parse_args()
    made = list(cases())
    with tempfile.TemporaryDirectory() as scratch:
        job = _job(Path(scratch), made)
        here = Path(__file__).parent
        comfyui = _answer(given.comfyui_python, here / "comfyui_methods.py", job, "comfyui", given.comfyui)
        lycoris = dict(_answer(given.lycoris_python, here / "lycoris_methods.py", job, "lycoris", Path(scratch)))
        for python in given.old_lycoris_python:
            lycoris |= _answer(python, here / "lycoris_old_methods.py", job, "lycoris", Path(scratch))
    _report(made, comfyui, lycoris)


def _job(folder: Path, made: Sequence[Case]) -> Path:
    tensors: dict[str, Tensor] = {}
    for case in made:
        tensors |= {f"{case.name}|weight": case.weight, f"{case.name}|bias": case.bias}
        tensors |= {f"{case.name}|x.{end}": tensor for end, tensor in case.tensors.items()}
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / "job.safetensors")
    return folder / "job.safetensors"


def _answer(python: Path | None, script: Path, job: Path, name: str, folder: Path | None) -> Mapping[str, Tensor]:
    if python is None:
        return {}
    command = [str(python), str(script.resolve()), str(job.resolve()), *map(str, WEIGHTS)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return load_file(Path(f"{job}.{name}"))


def folded(case: Case, weight: float, meaning: Program) -> dict[str, Tensor]:
    """Weight and, where the layer changes it, bias with the layer at this weight."""
    tensors = {f"x.{end}": tensor for end, tensor in case.tensors.items()}
    roles = {parts[1]: key for key, parts in split_keys(list(tensors)).items() if parts is not None}
    layer = read_layer(Path("x"), {r: k for r, k in roles.items() if r != "bias_difference"}, tensors, None)
    layers = {"weight": (layer, case.weight)}
    if "bias_difference" in roles:
        layers["bias"] = (read_bias_difference(Path("x"), roles, tensors), case.bias)
    found = {}
    for name, (read, own) in layers.items():
        fitted = read.fitted(tuple(own.shape))
        assert fitted is not None, case.name
        found[name] = own.clone()
        fitted.apply(found[name], weight, meaning)
    return found


def _report(made: Sequence[Case], comfyui: Mapping[str, Tensor], lycoris: Mapping[str, Tensor]) -> None:
    result: dict[str, float] = {}
    sides: tuple[tuple[str, Program, Mapping[str, Tensor]], ...] = (
        ("comfyui", "comfyui", comfyui),
        ("lycoris", "a1111", lycoris),
    )
    print(f"{'method':<22} {'layers':>6} {'ComfyUI':>16} {'LyCORIS':>16}")
    for method in dict.fromkeys(case.method for case in made):
        of_method = [case for case in made if case.method == method]
        cells = []
        for name, usual, answers in sides:
            count, largest = 0, 0.0
            meaning: Program = "comfyui" if method in OF_COMFYUI else usual
            for case in of_method:
                for weight in WEIGHTS if name == "comfyui" or method not in AT_ONE else (1.0,):
                    for number, own in folded(case, weight, meaning).items():
                        theirs = answers.get(f"{case.name}|{weight}|{number}")
                        if theirs is not None:
                            count, largest = count + 1, max(largest, float((own - theirs).abs().max()))
            cells.append(f"{largest:.1e} ({count})" if count else "not read")
            if count:
                result[f"{name}_largest"] = max(result.get(f"{name}_largest", 0.0), largest)
        print(f"{method:<22} {len(of_method):>6} {cells[0]:>16} {cells[1]:>16}")
    print(json.dumps({"layers": len(made), **result}))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
