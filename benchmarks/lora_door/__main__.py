"""The LoRA door beside other tools' loaders: how far what a file adds here is from what it adds there.

    python -m benchmarks.lora_door [--each 40] [--without-diffusers] [--comfyui FOLDER --comfyui-python FILE]

Makes `--each` files of every method and naming for small bases of both families, with random layers, ranks, dtypes and places of
the scale, and opens each here, with diffusers, with peft (the folders that it saves) and, where its folder is given, with an
installed ComfyUI. Compared are the weight changes of all layers that the other tool reads: the largest difference of one number,
of changes of about 1, and in brackets how many of the layers that are read here it reads. Left out are scales that stand where it
does not look. What exports say of the layers that ComfyUI drops is compared with those that it dropped; "untrue" counts others.
Methods that are refused here are not among the files. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from benchmarks.lora_door.comfyui_side import comfyui_deltas, comfyui_name
from benchmarks.lora_door.files import Made, make_files
from benchmarks.lora_door.peft_side import diffusers_deltas, peft_deltas
from models.lora.file import open_lora
from models.lora.key_spellings import bare_name
from models.lora.sites import Part, Site
from models.testing.bases import random_parts, small_configs
from models.testing.tiny import by_part
from studies.export.other_loaders import other_reading

TOOLS = ("peft", "diffusers", "ComfyUI")
Bases = Mapping[str, Mapping[Part, nn.Module]]


@dataclass
class Difference:
    """Of all files of one method and naming from one tool."""

    layers: int = 0
    largest: float = 0.0

    def add(self, own: Mapping[Site, Tensor], theirs: Mapping[Site, Tensor]) -> None:
        self.layers += len(theirs)
        for site, delta in theirs.items():
            self.largest = max(self.largest, float((own[site] - delta).abs().max()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=40, help="files of each method and naming")
    parser.add_argument("--without-diffusers", action="store_true", help="compare with peft and ComfyUI alone, which is quick")
    parser.add_argument("--comfyui", type=Path, help="the folder of an installed ComfyUI")
    parser.add_argument("--comfyui-python", type=Path, help="the Python that runs it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bases: Bases = {family: _base(folder / family, family) for family in ("sd15", "sdxl")}
        (folder / "files").mkdir()
        files = make_files(folder / "files", bases, given.each)
        comfyui = comfyui_deltas(given.comfyui, given.comfyui_python, files, bases) if given.comfyui else {}
        found = _compared(files, bases, comfyui, with_diffusers=not given.without_diffusers)
        untrue = sum(_untrue(made, bases[made.family], comfyui) for made in files) if comfyui else 0
    _report(files, found, untrue)


def _base(folder: Path, family: str) -> Mapping[Part, nn.Module]:
    unet, _, *texts = random_parts(small_configs(folder, family))
    return by_part(unet, *texts)


def _compared(
    files: Sequence[Made], bases: Bases, comfyui: Mapping[Path, Mapping[str, Tensor]], *, with_diffusers: bool
) -> dict[tuple[str, str, str], Difference]:
    """By method, naming and tool."""
    found: dict[tuple[str, str, str], Difference] = defaultdict(Difference)
    for made in files:
        modules = bases[made.family]
        layers = open_lora(made.path, modules).layers
        own = {site: layers[site.part][site.module].delta() for site in made.stems}
        assert sum(len(of_part) for of_part in layers.values()) == len(own)
        found[made.method, made.naming, "peft"].add(own, peft_deltas(made, modules))
        found[made.method, made.naming, "diffusers"].add(own, diffusers_deltas(made, modules) if with_diffusers else {})
        found[made.method, made.naming, "ComfyUI"].add(own, _of_comfyui(made, modules, comfyui))
    return found


def _of_comfyui(
    made: Made, modules: Mapping[Part, nn.Module], comfyui: Mapping[Path, Mapping[str, Tensor]]
) -> dict[Site, Tensor]:
    names = {site: comfyui_name(site, modules) for site in made.stems}
    theirs = {} if made.outside else comfyui.get(made.path, {})
    return {site: theirs[name] for site, name in names.items() if name in theirs}


def _untrue(made: Made, modules: Mapping[Part, nn.Module], comfyui: Mapping[Path, Mapping[str, Tensor]]) -> int:
    """Layers that exports say ComfyUI drops and it reads, and the other way round."""
    dropped = {bare_name(stem) for stem in other_reading(made.path, "ComfyUI", made.family).dropped}
    names = {bare_name(stem): comfyui_name(site, modules) for site, stem in made.stems.items()}
    return sum((stem in dropped) == (name in comfyui[made.path]) for stem, name in names.items())


def _report(files: Sequence[Made], found: Mapping[tuple[str, str, str], Difference], untrue: int) -> None:
    totals = {tool: Difference() for tool in TOOLS}
    print(f"{'method':<7} {'naming':<26} {'files':>5} {'layers':>6} " + " ".join(f"{tool:>16}" for tool in TOOLS))
    for method, naming in dict.fromkeys((made.method, made.naming) for made in files):
        alike = [made for made in files if (made.method, made.naming) == (method, naming)]
        cells = []
        for tool, total in totals.items():
            difference = found[method, naming, tool]
            cells.append(f"{difference.largest:.1e} ({difference.layers})" if difference.layers else "not read")
            total.layers += difference.layers
            total.largest = max(total.largest, difference.largest)
        layers = sum(len(made.stems) for made in alike)
        print(f"{method:<7} {naming:<26} {len(alike):>5} {layers:>6} " + " ".join(f"{cell:>16}" for cell in cells))
    result: dict[str, float] = {"files": len(files), "layers": sum(len(made.stems) for made in files), "untrue": untrue}
    for tool, total in totals.items():
        result |= {f"{tool.lower()}_layers": total.layers, f"{tool.lower()}_largest": total.largest}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
