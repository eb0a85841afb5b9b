"""Where the lab's weights are, and the study settings that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from studies.scorer_spec import FaceScorer, GarmentScorer, HandScorer, PartScorer, ScorersSection

WEIGHTS: Final = Path(__file__).parent / "weights"
DETECTION_SIZE: Final = 128


def lora_file(product: str) -> Path:
    """The LoRA of a product that ships with the lab."""
    return WEIGHTS / "loras" / f"{product}.safetensors"


def scorers(*, simple: bool = False) -> ScorersSection:
    """The lab's models under names that hold anywhere, all else as every study has it. `simple` compares garments as one and
    faces without hair, and judges hands by one view."""
    return ScorersSection(
        garment=GarmentScorer(model=f"local-dir:{WEIGHTS / 'clip'}", pretrained=None, compare="whole" if simple else None),
        face=FaceScorer(pack=str(WEIGHTS / "faces"), det_size=DETECTION_SIZE, compare="face" if simple else None),
        hands=HandScorer(judge=str(WEIGHTS / "hands" / "hands.onnx"), views=1 if simple else None),
        parts=PartScorer(model=str(WEIGHTS / "parser")),
        device="cpu",
    )
