"""The section `scorers` of study.yaml: which models observe images."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from models.language.translate import phrase
from studies.spec_section import Section

POSE: Final = "models/dwpose/dw-ll_ucoco_384.onnx"
"""Where `huanhua models get dwpose` puts the pose model."""


FROM_POSE: Final = "pose"
"""Instead of a part parser: parts are told from the pose model."""


class GarmentScorer(Section):
    """What garments are compared by: CLIP, DINOv2, or both averaged."""

    model: str | None = "ViT-L-14"
    """open_clip name, hf-hub:owner/name or local-dir:FOLDER; null for none"""
    pretrained: str | None = "openai"
    """open_clip's name of the weights; null where `model` names a folder or hub"""
    dino: str | None = None
    """DINOv2 folder or hub name, averaged in, or alone where model is null"""
    compare: Literal["whole", "parts"] | None = None
    """whole: the garment as one; parts: averaged with the parts that the photos share, which `show` lists in words; left out,
    parts where a part parser finds them, else whole"""

    @model_validator(mode="after")
    def _one(self) -> GarmentScorer:
        if self.model is None and self.dino is None:
            raise ValueError(phrase("name a model, dino, or both"))
        return self


class FaceScorer(Section):
    """What faces are found and compared by."""

    pack: str = "buffalo_l"
    """insightface pack: name, or folder of its ONNX files"""
    det_size: Annotated[int, Field(ge=64, le=2048, multiple_of=32)] = 640
    """pixels of the detector's square input"""
    compare: Literal["face", "head"] | None = None
    """face: the recogniser alone; head: hair counts where the photos agree on it, and a face not found is looked for again; left
    out, head where parts are found, else face"""


class HandScorer(Section):
    """What hands are judged by."""

    judge: str | None = None
    """ONNX file: hand crop to the probability that it is broken"""
    pose: str | None = None
    """ONNX file: whole-body pose of 133 keypoints, DWPose or RTMW"""
    views: Literal[1, 12] | None = None
    """views of each hand that the judge averages, 12 if left out: turned over and nearer, they tell more broken hands in
    generated images"""

    @model_validator(mode="after")
    def _one(self) -> HandScorer:
        if (self.judge is None) == (self.pose is None):
            raise ValueError(phrase("name a judge or a pose model, one of the two"))
        if self.views is not None and self.judge is None:
            raise ValueError(phrase("hands.views is the hand judge's: leave it out with a pose model"))
        return self

    @property
    def judged_views(self) -> int:
        """Views of each hand that the judge averages; 1 with a pose model."""
        return 1 if self.judge is None else self.views or 12


class PartScorer(Section):
    """What finds the parts of a figure."""

    model: str | None = "fashn-ai/fashn-human-parser"
    """SegFormer folder or hub name whose labels name hands, hair, shoes or feet; pose: told from hands.pose; null for none:
    fixed windows"""


Least = Annotated[float, Field(ge=0, le=1)]
"""A score that must be reached."""


class RegionScore(NamedTuple):
    """A scorer of other people, and the LoRA whose region it looks at."""

    scorer: str
    lora: str

    @property
    def name(self) -> str:
        """Of the score."""
        return f"{self.scorer}.{self.lora}"


class ScorersSection(Section):
    """The models that observe images."""

    garment: GarmentScorer = GarmentScorer()
    face: FaceScorer = FaceScorer()
    hands: HandScorer = HandScorer(pose=POSE)
    parts: PartScorer = PartScorer()
    extra: dict[str, Least | dict[str, Least]] = Field(default_factory=dict)
    """installed scorers of other people, and the least score in [0, 1] that each must give: a number, or by LoRA one for
    each region that it looks at"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps; auto is the device that renders where it has memory left"""

    @property
    def compares_parts(self) -> bool:
        """Whether garments are compared part by part too."""
        found = self.parts.model not in (None, FROM_POSE)
        return found if self.garment.compare is None else self.garment.compare == "parts"

    @property
    def compares_heads(self) -> bool:
        """Whether hair counts beside the face."""
        return self.parts.model is not None if self.face.compare is None else self.face.compare == "head"

    def whole_images(self) -> list[str]:
        """The scorers of other people that look at whole images."""
        return [name for name, least in self.extra.items() if not isinstance(least, dict)]

    def regions(self) -> list[RegionScore]:
        """Those that look at LoRAs' regions."""
        return [RegionScore(name, lora) for name, least in self.extra.items() if isinstance(least, dict) for lora in least]

    def least(self) -> dict[str, float]:
        """What each score of other people's must be at least, by the score's name."""
        found: dict[str, float] = {}
        for name, least in self.extra.items():
            found |= {f"{name}.{lora}": least[lora] for lora in least} if isinstance(least, dict) else {name: least}
        return found

    @model_validator(mode="after")
    def _parts_are_found(self) -> ScorersSection:
        wanted = {"garment.compare: parts": self.garment.compare == "parts", "face.compare: head": self.face.compare == "head"}
        for setting, there in wanted.items():
            if there and self.parts.model is None:
                raise ValueError(phrase("{setting} needs the part parser: name a parser, or leave it out", setting=setting))
        if self.garment.compare == "parts" and self.parts.model == FROM_POSE:
            # Edges told from poses move rows of cells: hems vanish from what the photos share, and missing straps read as there.
            raise ValueError(
                phrase("garment.compare: parts needs a part parser, for edges told from poses lose hems: leave it out")
            )
        return self

    @model_validator(mode="after")
    def _hands_are_found(self) -> ScorersSection:
        if self.parts.model == FROM_POSE and self.hands.pose is None:
            raise ValueError(
                phrase("parts.model is pose, which needs a pose model: name it as hands.pose in place of hands.judge")
            )
        if self.parts.model is None and self.hands.judge is not None:
            raise ValueError(
                phrase("hands.judge needs the part parser, which finds hands: name a parser, or a pose model in its place")
            )
        return self
