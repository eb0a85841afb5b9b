"""What clients send and get about photo sets, for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from studies.service.rest.bodies import Answer, Body, Job, StudyName

Kind = Literal["face", "clothing", "shoes", "other"]
Share = Annotated[float, Field(ge=-9, le=9, allow_inf_nan=False)]
Box = Annotated[list[Share], Field(min_length=4, max_length=4)]


class NewSet(Body):
    """A LoRA to be made of photos."""

    name: StudyName
    """its trigger word, and the name of its folders"""
    kind: Kind


class Drawn(Body):
    """What a person drew on one photo: left, top, right, bottom in shares of the upright photo's sides."""

    thing: Box | None
    """what is trained"""
    wearer: Box | None
    """the whole person"""
    nobody: bool = False
    """nobody wears it there"""
    skip: bool = False
    """the photo is left out"""


class Tags(Body):
    """A caption's tags."""

    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)]
    """without the trigger word, which always stands in front"""


class Prepare(Body):
    """How the photos are cut."""

    base: Annotated[str, Field(max_length=40)] | None = None
    """the id of the base that it is for: sizes and repeats follow it; the only one by default"""


class Train(Prepare):
    """A training."""

    settings: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=32, default_factory=list)]
    """changes of the preset, such as rank=16 or plan.epochs=5"""


class BaseLine(Answer):
    """A base on which LoRAs can be trained."""

    id: str
    name: str
    family: str


class Means(Answer):
    """What is here to make LoRAs with."""

    bases: list[BaseLine]
    parser: bool
    """whether boxes are found by a part parser; else they are drawn"""
    tagger: bool
    """whether captions are written by a tagger"""


class SetLine(Answer):
    """A photo set in the list."""

    id: str
    kind: Kind | None
    """null where nothing says it yet"""
    trigger: str
    photos: int
    problem: str | None
    """why it cannot be read"""
    job: Job | None


class PhotoCard(Answer):
    """One photo of a set. Addresses are from the page's own; boxes as in `Drawn`."""

    name: str
    image: str
    size: tuple[int, int] | None
    """of the upright photo, in pixels; null for one that does not open"""
    thing: Box | None
    wearer: Box | None
    nobody: bool
    skip: bool
    by: Literal["hand", "parser"] | None
    """whose boxes these are"""
    state: Literal["todo", "part", "done", "skip"]
    train: str | None
    """the crop of the thing; null where it was not cut"""
    reg: str | None
    """the crop of its wearer"""
    tags: list[str] | None
    """of the caption, without the trigger; null where there is none"""
    why: str | None
    """why it was set aside, or has no crop of its wearer"""


class SetPage(SetLine):
    """A photo set."""

    cards: list[PhotoCard]
    is_cut: bool
    is_stale: bool
    """whether photos or boxes changed since they were cut"""
    advice: list[str]
    """what would make the set better"""
    samples: list[str]
    """addresses of the images that its last training drew, by steps"""
    lora: str | None
    """the card in the wardrobe that its last training made"""
    file: str | None
    """the file of that"""
