"""study.yaml: what a person writes. Every field is checked on entry; unknown keys are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import InputError
from models.kinds import LoraKind
from optimizer.search.prompt_edits import Lever
from optimizer.search.samplers.registry import sampler_names

LARGEST: Final = 2**20
"""Bytes of a study file."""
Weight = Annotated[float, Field(ge=0, le=2)]
if TYPE_CHECKING:
    SamplerName: TypeAlias = str
else:
    # A type checker cannot read the registry.
    SamplerName = Literal[sampler_names()]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseSection(_Section):
    """The base that the LoRAs were trained on."""

    checkpoint: str = Field(description="single .safetensors file, diffusers folder, or hub name")
    config: Literal["sd15", "sdxl"] | None = Field(default=None, description="told by the file itself, unless named")
    vae: str | None = None
    allow_pickle: bool = Field(default=False, description="open a .ckpt too, reading its weights alone")
    dtype: Literal["float32", "bfloat16", "float16"] = "float16"
    clip_skip: Annotated[int, Field(ge=1, le=4)] = Field(default=1, description="as A1111 counts: 1 is the last layer")


class RenderSection(_Section):
    width: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 768
    height: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 1024
    steps: Annotated[int, Field(ge=1, le=200)] = 30
    sampler: str = "DPM++ SDE Karras"
    cfg: Annotated[float, Field(ge=1, le=30)] = 7.5
    rng: Literal["cpu", "gpu", "nv"] = Field(
        default="gpu", description="where noise is drawn, as A1111 offers it; nv: on any device what a CUDA device draws"
    )
    ensd: Annotated[int, Field(ge=0, lt=2**32)] = Field(default=0, description="A1111's eta noise seed delta")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")
    batch: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="images at once in scouting, ladders and grids; null for as many as fit"
    )
    compile: bool = Field(
        default=False, description="torch.compile the UNet: the first image takes minutes, the others less time"
    )
    cache_gb: Annotated[float, Field(gt=0)] = Field(default=20, description="images kept; those not asked for longest go first")


class LoraSection(_Section):
    file: str
    kind: LoraKind
    references: str | None = Field(
        default=None,
        description="folder of photos, or a training set made by `huanhua prepare`; null for the preview picture beside the "
        "LoRA's file or, without one, images of the LoRA alone",
    )
    trigger: str | None = Field(default=None, description="trigger word; by default the one written in the file")
    start: Weight = 0.4
    bounds: tuple[Weight, Weight] = (0.0, 1.0)
    fixed: Weight | None = Field(default=None, description="a weight that is not searched")
    price: Annotated[float, Field(gt=0)] = Field(default=1.0, description="what one unit of this weight costs")

    @model_validator(mode="after")
    def _sane(self) -> LoraSection:
        low, high = self.bounds
        if low >= high:
            raise ValueError(f"bounds must rise, not {low} to {high}")
        if self.fixed is None and not low <= self.start <= high:
            raise ValueError(f"start {self.start} lies outside bounds {low} to {high}")
        if self.fixed is None and self.kind == "other":
            raise ValueError("kind other cannot be scored: give it a fixed weight")
        return self


class LeversSection(_Section):
    """Words that may stand in for weight."""

    add: list[str] = Field(default=[], description="words to say besides")
    drop: list[str] = Field(default=[], description="tags of the prompt to leave out, such as a trigger word")
    replace: dict[str, str] = Field(default={}, description="tags of the prompt, and what to say instead")

    def all(self) -> list[Lever]:
        replaced = [Lever(add, drop) for drop, add in self.replace.items()]
        return [*(Lever(add=word) for word in self.add), *(Lever(drop=word) for word in self.drop), *replaced]


class SearchSection(_Section):
    trials: Annotated[int, Field(ge=4, le=1000)] = Field(default=40, description="images a seed, proof included")
    step: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    cfg: tuple[float, float] | None = Field(default=None, description="search CFG too, between these")
    cfg_price: Annotated[float, Field(ge=0)] = Field(default=0.02, description="cost of one unit of CFG away from the given one")
    levers: LeversSection | None = Field(default=None, description="words to add, drop or replace, where that saves weight")
    lever_price: Annotated[float, Field(ge=0)] = Field(default=0.05, description="cost of each word that is changed")
    require: dict[str, Annotated[float, Field(ge=0, le=1.5)]] = Field(
        default_factory=dict, description="calibrated score a LoRA must reach"
    )
    hands: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.15, description="how much worse than the locked image's the hands may be"
    )
    drift: Annotated[float, Field(ge=0, le=10)] | None = Field(
        default=None, description="how far the figure may move from the locked image: 1 is as far as other seeds; null only tells"
    )
    sampler: SamplerName = "least-weight"
    worth: Annotated[float, Field(gt=0, le=2)] = Field(
        default=0.001, description="least-weight draws no image that is expected to save less weight than this"
    )
    batch: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="images proposed at once: as many as `--ray` has workers for a seed"
    )
    robustness: Annotated[float, Field(ge=0, le=0.2)] = Field(
        default=0.02,
        validation_alias=AliasChoices("robustness", "margin"),
        description="the pick must hold with all weights this much lower and higher; 0 asks for none",
    )
    learn: list[str] = Field(default=[], description="other studies, by folder, whose trials teach this search what they can")
    random_state: int = 0

    def allowed(self) -> dict[str, float]:
        """What each score of the whole image is allowed, by its name; one that is only reported is left out."""
        return {"hands": self.hands, **({} if self.drift is None else {"drift": self.drift})}


class SeedsSection(_Section):
    scout: Annotated[int, Field(ge=1, le=256)] = 16
    keep: Annotated[int, Field(ge=1, le=64)] = 2


class GarmentScorer(_Section):
    model: str | None = Field(
        default="ViT-L-14", description="open_clip name, hf-hub:owner/name or local-dir:FOLDER; null for none"
    )
    pretrained: str | None = "openai"
    dino: str | None = Field(default=None, description="DINOv2 folder or hub name, averaged in, or alone where model is null")

    @model_validator(mode="after")
    def _one(self) -> GarmentScorer:
        if self.model is None and self.dino is None:
            raise ValueError("name a model, dino, or both")
        return self


class FaceScorer(_Section):
    pack: str = "buffalo_l"
    det_size: Annotated[int, Field(ge=64, le=2048, multiple_of=32)] = 640


class HandScorer(_Section):
    judge: str | None = Field(default=None, description="ONNX file: hand crop to the probability that it is broken")
    pose: str | None = Field(default=None, description="ONNX file: whole-body pose of 133 keypoints, DWPose or RTMW")

    @model_validator(mode="after")
    def _one(self) -> HandScorer:
        if (self.judge is None) == (self.pose is None):
            raise ValueError("name a judge or a pose model, one of the two")
        return self


class PartScorer(_Section):
    model: str | None = Field(
        default="fashn-ai/fashn-human-parser",
        description="SegFormer folder or hub name whose labels name hands, hair, shoes or feet; null for none: fixed windows",
    )


class ScorersSection(_Section):
    garment: GarmentScorer = GarmentScorer()
    face: FaceScorer = FaceScorer()
    hands: HandScorer
    parts: PartScorer = PartScorer()
    extra: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="installed scorers of other people, and the least score that each must give"
    )
    device: str = "auto"

    @model_validator(mode="after")
    def _hands_are_found(self) -> ScorersSection:
        if self.parts.model is None and self.hands.judge is not None:
            raise ValueError("hands.judge needs the part parser, which finds hands: name a parser, or a pose model in its place")
        return self


class TrackingSection(_Section):
    mlflow: str | None = Field(default=None, description="MLflow tracking URI; SQLite in the workspace by default")
    storage: str | None = Field(default=None, description="Optuna storage URL; SQLite in the workspace by default")


class StudySpec(_Section):
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w][\w .-]*$")]
    base: BaseSection
    prompt: Annotated[str, Field(min_length=1)]
    negative_prompt: str = ""
    embeddings: list[str] = Field(default=[], description="textual-inversion files; prompts name them by their stems")
    render: RenderSection = RenderSection()
    loras: Annotated[dict[Annotated[str, Field(pattern=r"^\w[\w-]*$")], LoraSection], Field(min_length=1)]
    search: SearchSection = SearchSection()
    seeds: SeedsSection | list[Annotated[int, Field(ge=0, lt=2**32)]] = SeedsSection()
    scorers: ScorersSection
    tracking: TrackingSection = TrackingSection()

    @model_validator(mode="after")
    def _consistent(self) -> StudySpec:
        searched = self.searched()
        if not searched:
            raise ValueError("every LoRA is fixed: leave at least one to search")
        unknown = sorted(set(self.search.require) - set(searched))
        if unknown:
            raise ValueError(f"search.require names {', '.join(unknown)}, which is no searched LoRA ({', '.join(searched)})")
        _check_extra(self.scorers.extra, self.loras)
        _check_levers(self.search.levers.all() if self.search.levers else [], self.prompt)
        if isinstance(self.seeds, list) and not self.seeds:
            raise ValueError("seeds is an empty list: name seeds, or use {scout: 16, keep: 2}")
        if self.search.cfg is not None and not 1 <= self.search.cfg[0] < self.search.cfg[1] <= 30:
            raise ValueError("search.cfg must rise, within 1 to 30")
        return self

    def searched(self) -> dict[str, LoraSection]:
        """The LoRAs whose weights are looked for, by name."""
        return {name: lora for name, lora in self.loras.items() if lora.fixed is None}

    def required(self, name: str) -> float:
        return self.search.require.get(name, 0.7)


def _check_extra(extra: Mapping[str, float], loras: Mapping[str, LoraSection]) -> None:
    if not extra:
        return
    from scorers.score.registry import SCORES

    taken = sorted({*loras, *(score.name for score in SCORES)} & set(extra))
    if taken:
        raise ValueError(f"scorers.extra names {', '.join(taken)}, which is a name of the study's own scores")


def _check_levers(levers: list[Lever], prompt: str) -> None:
    names = [lever.name for lever in levers]
    for lever in levers:
        if not (lever.add + lever.drop).strip():
            raise ValueError("search.levers holds an empty word")
        if not lever.fits(prompt):
            raise ValueError(f"search.levers names {lever.drop}, which is no tag of the prompt")
        if names.count(lever.name) > 1:
            raise ValueError(f"search.levers says twice: {lever.name}")


def study_file(study: Path) -> Path:
    """The study.yaml that `study` names: itself, or the one in that folder."""
    path = study / "study.yaml" if study.is_dir() else study
    if not path.is_file():
        raise InputError("no such study", study, "name a study.yaml or its folder; `huanhua init DIR` writes one")
    return path


def read_spec(path: Path) -> StudySpec:
    """Reads and checks a study file. Raises InputError with the place and the mend on the first fault."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("too large for a study file", path, f"keep it below {LARGEST} bytes")
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the study file cannot be read ({error.strerror})", path, "name a study.yaml or its folder") from error
    except RecursionError as error:
        raise InputError("nested too deeply for a study file", path, "mend it") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"not YAML ({str(error).splitlines()[0]})", path, "mend the line it names") from error
    if not isinstance(data, dict):
        raise InputError("the study file holds no settings", path, "write `huanhua init DIR` to see one")
    try:
        return StudySpec.model_validate(data)
    except ValidationError as error:
        raise InputError(*_plain(error.errors()[0], path)) from error


def _plain(fault: Any, path: Path) -> tuple[str, str, str]:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        parent = ".".join(str(part) for part in fault["loc"][:-1]) or "the study"
        return f"unknown key {where}", str(path), f"check its spelling; `huanhua validate --schema` lists the keys of {parent}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where or 'study'}: {message}", str(path), "mend it there"


def schema() -> dict[str, Any]:
    """The JSON schema of study.yaml."""
    return StudySpec.model_json_schema()
