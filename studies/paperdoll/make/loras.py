"""The products' LoRAs, trained as the demo and every user's study train theirs: photos, a training set, a LoRA file."""

from __future__ import annotations

import shutil
from pathlib import Path

from studies.cli.demo import lora_of, training_set_of
from studies.paperdoll.products import WORN
from studies.paperdoll.study import Outfit, kind_of


def make(out: Path, work: Path) -> None:
    """Writes `out`/PRODUCT.safetensors for every product. They stand on the base, parser and tagger that ship."""
    out.mkdir(parents=True, exist_ok=True)
    for product in WORN:
        outfit = Outfit(product, kind_of(product), product, 0.5)
        training_set_of(outfit, work / "products")
        shutil.copyfile(lora_of(outfit, work / "products"), out / f"{product}.safetensors")
