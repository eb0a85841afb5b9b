"""The study that `huanhua demo` runs: written as a person would write it, and read like any other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from models.lora_kinds import LoraKind
from studies.paperdoll.bundle import DETECTION_SIZE, WEIGHTS
from studies.paperdoll.world.figure import Garment, Identity, Shoes
from studies.paperdoll.world.products import WORN, Product
from studies.project.folder import names_start

PHOTOS: Final = 24
LEFT_TO_TRIGGER: Final = 0.4
"""Share of a product's photos from which a tag is the product's own: the tagger misses some."""
REQUIRE: Final = 0.7
"""Share of what each LoRA shows at its best alone: three small LoRAs at once weaken each other."""
KEEP: Final = 3
"""Seeds to try, because some cannot be tuned."""
HANDS: Final = 0.3
"""How much higher than in the locked image the broken-hands score may be: the judge is this unsure of whole hands too."""


@dataclass(frozen=True)
class Outfit:
    """One of the demo's LoRAs."""

    name: str
    """Its name in the study."""
    kind: LoraKind
    product: Product
    """What it is trained on."""
    start: float
    """Start weight."""
    most: float = 1.0
    """Upper bound of the weight."""


OUTFITS: Final = (
    Outfit("face", "face", "myface", 0.75),
    Outfit("dress", "clothing", "testdress", 0.8, most=1.25),
    Outfit("shoes", "shoes", "myshoes", 0.75),
)
OTHERS: Final = (
    Outfit("face", "face", "newface", 0.75),
    Outfit("dress", "clothing", "sleevedress", 0.8, most=1.25),
    Outfit("shoes", "shoes", "mysandals", 0.75),
)
COMPANIONS: Final[dict[Product, tuple[Product, ...]]] = {
    "myface": (),
    "testdress": ("myface",),
    "myshoes": ("myface", "testdress"),
    "newface": (),
    "sleevedress": ("newface",),
    "mysandals": ("newface", "sleevedress"),
    "mycoat": ("myface",),
}
"""The companion LoRAs of each product's training: those it is used with that are trained before it, in that order."""
SIZE: Final = (128, 192)
SAMPLER: Final = "DPM++ 2M Karras"
STEPS: Final = 20
CFG: Final = 2.5
"""Above 3 this base burns colours: it follows captions well without much guidance."""
PROMPT: Final = (
    "1girl, full body, standing, arms spread, smile, pale skin, myface, pink dress, testdress, white boots, myshoes, "
    "lilac background"
)
"""Names what the products leave open, which the base would mix otherwise; colour words save weight, as people use them."""
OTHER_PROMPT: Final = (
    "1girl, full body, standing, arms spread, smile, pale skin, newface, blue dress, sleevedress, yellow sandals, mysandals, "
    "lilac background"
)


@dataclass(frozen=True)
class LabStudy:
    """What a study of the lab is about."""

    name: str
    outfits: tuple[Outfit, ...]
    prompt: str


DEMO: Final = LabStudy("paper-doll", OUTFITS, PROMPT)
OTHER: Final = LabStudy("paper-doll-other", OTHERS, OTHER_PROMPT)
"""A second figure in other clothes, on which the search is measured too."""


def kind_of(product: Product) -> LoraKind:
    """The kind of the product in a study file."""
    kinds: dict[type, LoraKind] = {Identity: "face", Garment: "clothing", Shoes: "shoes"}
    return kinds[type(WORN[product])]


def study_text(folder: Path, study: LabStudy = DEMO) -> str:
    """study.yaml of a lab's study in `folder`. Files of the lab are named by relative paths where that is possible."""
    start = names_start(folder)
    lab, own = _from(start, WEIGHTS), f"{_from(start, folder.resolve())}/" if start != folder else ""
    values = {
        "name": study.name,
        "base": {"checkpoint": f"{lab}/base", "dtype": "float32"},
        "prompt": study.prompt,
        "render": {"width": SIZE[0], "height": SIZE[1], "steps": STEPS, "sampler": SAMPLER, "cfg": CFG, "rng": "cpu"},
        "loras": {
            o.name: {
                "file": f"{own}loras/{o.product}.safetensors",
                "kind": o.kind,
                "references": f"{own}data/{o.name}",
                "start": o.start,
                "bounds": [0.0, o.most],
            }
            for o in study.outfits
        },
        "search": {"trials": 20, "hands": HANDS, "require": dict.fromkeys((o.name for o in study.outfits), REQUIRE)},
        "seeds": {"scout": 16, "keep": KEEP},
        "scorers": {
            "garment": {"model": f"local-dir:{lab}/clip", "pretrained": None},
            "face": {"pack": f"{lab}/faces", "det_size": DETECTION_SIZE},
            "hands": {"judge": f"{lab}/hands/hands.onnx"},
            "parts": {"model": f"{lab}/parser"},
            "device": "cpu",
        },
    }
    head = "# The paper-doll demo's study: the same keys as a real one; see `huanhua validate --schema`.\n"
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)


def _from(folder: Path, target: Path) -> str:
    try:
        return Path(os.path.relpath(target, folder.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return target.as_posix()
