"""Nothing outside models/base names the models of one base family, except where the format of a file demands it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
PRODUCT: Final = ("models", "trainers", "scorers", "optimizer", "studies", "dashboards", "huanhua")
NAMES: Final = re.compile(r"\b(unet|text_encoder|text_encoder_2|is_xl)\b")
ALLOWED: Final = {
    "models/lora/key_spellings.py": "keys of LoRA files begin with these words",
    "models/lora/numbered_keys.py": "keys of LoRA files begin with these words",
    "models/lora/scale/adapter_settings.py": "peft's settings in LoRA files are grouped by these words",
    "models/lora/original_layout.py": "the original layout is that of a UNet",
    "models/lora/summary.py": "keys of LoRA files begin with these words",
    "optimizer/render/remote/comfyui/facts.py": "a folder of ComfyUI's has this name",
    "studies/picture_settings/lora_tags.py": "A1111's prompt tags have these fields",
    "studies/export/other_loaders.py": "keys of LoRA files begin with these words",
    "studies/export/script_template.py": "the exported script drives a diffusers pipeline by its own names",
    "studies/model_facts.py": "facts stored by earlier versions have this field",
    "studies/paperdoll/make/control.py": "the lab's ControlNet is built here, of a diffusers UNet",
    "studies/paperdoll/make/base.py": "the lab's base is built here, as a diffusers pipeline",
    "studies/paperdoll/make/text.py": "the lab's base is built here, as a diffusers pipeline",
}
"""Files, and why these names stand in them."""


def test_only_formats_of_files_name_the_models_of_a_family() -> None:
    naming = set()
    for folder in PRODUCT:
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith("models/base/") or "/testing/" in name:
                continue
            if NAMES.search(path.read_text(encoding="utf-8")):
                naming.add(name)
    assert naming == set(ALLOWED)
