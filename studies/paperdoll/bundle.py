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


def scorers(*, parts: bool = False) -> ScorersSection:
    """The lab's models under names that hold anywhere. `parts` compares garments by parts and heads with
    their hair, and judges hands by twelve views."""
    return ScorersSection(
        garment=GarmentScorer(model=f"local-dir:{WEIGHTS / 'clip'}", pretrained=None, compare="parts" if parts else "whole"),
        face=FaceScorer(pack=str(WEIGHTS / "faces"), det_size=DETECTION_SIZE, compare="head" if parts else "face"),
        hands=HandScorer(judge=str(WEIGHTS / "hands" / "hands.onnx"), views=12 if parts else 1),
        parts=PartScorer(model=str(WEIGHTS / "parser")),
        device="cpu",
    )
