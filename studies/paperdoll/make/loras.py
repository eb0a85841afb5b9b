"""The products' LoRAs, trained as the demo and every user's study train theirs: photos, a training set, a LoRA file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from studies.paperdoll.study import COMPANIONS, Outfit, kind_of
from studies.paperdoll.trained_loras import lora_of, training_set_of
from studies.paperdoll.world.products import Product

EPOCHS: Final = 16
"""Twice as many as the demo has time for."""
OWN: Final[Mapping[Product, tuple[str, ...]]] = {"mycoat": ("learning_rate=4e-3",), "mysandals": ("plan.epochs=20",)}
"""What differs from the lab's preset where the product showed less by it (docs/lab.md)."""


def make(out: Path, work: Path) -> None:
    """Writes `out`/PRODUCT.safetensors for every product. They depend on the base, parser and tagger that ship."""
    out.mkdir(parents=True, exist_ok=True)
    made: dict[Product, Path] = {}
    for product, companions in COMPANIONS.items():
        outfit = Outfit(product, kind_of(product), product, 0.5)
        # Trained so without captions for wearers, none of them showed more (decision 0023).
        training_set_of(outfit, work / "products", caption_reg=True)
        settings = [f"plan.epochs={EPOCHS}", *OWN.get(product, ())]
        made[product] = lora_of(outfit, work / "products", settings, [made[other] for other in companions])
        shutil.copyfile(made[product], out / f"{product}.safetensors")
