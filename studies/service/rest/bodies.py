"""What a client sends and what it gets, for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from studies.pipeline import FEWEST_TRIALS
from studies.spec_reading.fault_words import STUDY_NAME

LARGEST_SEED: Final = 2**64 - 1
MANY: Final = 256
MOST_TRIALS: Final = 10_000
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED, strict=True)]
StudyName = Annotated[str, Field(min_length=1, max_length=80, pattern=STUDY_NAME)]
LoraName = Annotated[str, Field(min_length=1, max_length=80)]
LoraId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Body(BaseModel):
    """What is sent. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NewStudy(Body):
    """A new study of what lies in the project, as `huanhua init` writes it."""

    name: StudyName
    """of its folder in the project's studies"""
    wear: Annotated[list[LoraId], Field(max_length=8)] = []
    """the LoRAs of its outfit; by default one of each kind"""
    presets: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=4)] = []
    """kinds of pictures, such as drawn or half-body"""
    profile: Annotated[str, Field(max_length=40)] | None = None
    """which models judge"""


class Run(Body):
    """What is searched."""

    seeds: Annotated[list[Seed], Field(max_length=MANY)] = []
    """the locked ones by default"""
    trials: Annotated[int, Field(ge=FEWEST_TRIALS, le=MOST_TRIALS)] | None = None
    """images a seed, proof included; the study file's number by default"""


class Stop(Body):
    """Whose search ends."""

    seed: Seed | None = None
    """all of them by default"""


class Scout(Body):
    """How many random seeds are drawn."""

    seeds: Annotated[int, Field(ge=1, le=MANY)] | None = None
    """the study file's number by default"""


class Levels(Body):
    """Requirements: the calibrated score that each LoRA must reach."""

    require: Annotated[dict[str, Annotated[float, Field(gt=0, le=1)]], Field(min_length=1, max_length=32)]


class Pick(Body):
    """The trial that a person prefers."""

    trial: Annotated[int, Field(ge=0, le=10**9, strict=True)] | None
    """null: the search's own pick again"""


class Swap(Body):
    """The next dress."""

    wear: Annotated[dict[LoraName, LoraId], Field(min_length=1, max_length=8)]
    """the cards that take the places of LoRAs, by their names in the study"""
    name: StudyName | None = None
    """of the new study; by default the old one's and the files'"""
    triggers: Annotated[dict[LoraName, Annotated[str, Field(max_length=80)]], Field(max_length=8)] = {}
    """trigger words by the same names, where files do not name them"""
    references: Annotated[dict[LoraName, Annotated[str, Field(max_length=80)]], Field(max_length=8)] = {}
    """ids of the photo sets that show the new LoRAs, by the same names; by default those that they were trained on"""


Part = Literal["hands", "face", "feet"]
"""As `studies.mending.parts.PARTS` names them."""


class Job(Answer):
    """What was asked of a study, and how far it is. Times are seconds since the epoch."""

    id: str
    verb: Literal["run", "scout", "mend", "enlarge", "prepare", "train"]
    state: Literal["queued", "running", "finished", "failed", "stopped"]
    since: float
    began: float | None
    ended: float | None
    stop: bool
    """whether a person asked it to end"""
    why: str
    """of a failed one"""
    seeds: list[int]
    """those that it is of, where some were named"""
    ahead: int = 0
    """jobs that come before it"""


class Worn(Answer):
    """One LoRA of a study."""

    name: str
    kind: str
    card: str
    """its id in the wardrobe"""
    file: str
    files: list[str]
    """all files, the epochs of a LoRA of several; `file` is the last"""
    trigger: str | None
    start: float
    bounds: tuple[float, float]
    fixed: float | None
    require: float | None
    """the least expression; null where its weight is fixed"""


class StudyLine(Answer):
    """A study in the list."""

    id: str
    name: str
    problem: str | None
    """why its file cannot be read"""
    job: Job | None
    wears: list[Worn]


class StudyPage(StudyLine):
    """A study."""

    folder: str
    prompt: str
    negative: str
    settings: list[tuple[str, str]]
    scout: int
    """seeds that are scouted by default"""
    trials: int
    """images a seed, at most"""
    run: list[int]
    """seeds of which trials are stored"""
    elsewhere: str | None
    """who runs it, where that is not this service"""
    notes: list[str] = []
    """of a study that was just made: what a person should look at before it is run"""


class SeedCard(Answer):
    """A seed with its start image."""

    seed: int
    locked: bool
    run: bool
    image: str | None
    """from the page's own address; null where it was not drawn"""
    bare: bool
    """whether it may show little clothing: pages blur it"""
    faults: list[str]


class LoraCard(Answer):
    """A LoRA of the wardrobe."""

    id: str
    name: str
    kind: str
    kind_from: str | None
    """what tells it; null where nothing does"""
    trigger: str | None
    family: str | None
    """of bases"""
    base: str | None
    """the one that it was trained on"""
    hash: str
    weight: float
    """where its weight should start"""
    weight_from: str | None
    """what tells it; null for where people start with such a thing"""
    preview: str | None
    """from the page's own address"""
    file: str


class LoraPage(LoraCard):
    """A LoRA, looked at closely."""

    method: str
    ranks: dict[int, int]
    sha256: str
    notes: list[str]


class Wardrobe(Answer):
    loras: list[LoraCard]
    wrong: list[str]
    """a line for each file that is no LoRA"""


class Mendable(Answer):
    """A part of a picture."""

    part: Part
    why: str | None
    """why it cannot be mended; null where it can"""


class Enlargeable(Answer):
    """Whether a pick can be made a large picture."""

    why: str | None
    """why not; null where it can"""
    redraw: str | None
    """why a large one cannot be redrawn; null where it can"""


class Story(Answer):
    """What was found at a seed: the look-book's data."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    seed: int
    claim: str
    reason: str
    pick: int | None
    """the place of the pick in `trials`"""
    trials: list[dict[str, Any]]
    mended: dict[str, Any] | None
    """the picture that `huanhua mend` keeps beside that of the pick, or of the nearest: scored as trials are, with what was said
    of it ("words") and where it was redrawn; null where nothing is mended"""
    large: dict[str, Any] | None
    """the one that `huanhua enlarge` keeps, scored at the size of the pick, with the redrawings that were not kept ("tries");
    null where there is none"""
    mendable: list[Mendable]
    """each part of the figure"""
    enlargeable: Enlargeable


class Rejudged(Answer):
    """What each seed's pick became."""

    seeds: list[dict[str, Any]]


class ExportedFile(Answer):
    name: str
    address: str
    """from the page's own address"""
    bytes: int


class Exported(Answer):
    files: list[ExportedFile]
    """the one to use first"""
    notes: list[str]


class Dashboards(Answer):
    """Both on this machine's loopback."""

    mlflow: str
    optuna: str
