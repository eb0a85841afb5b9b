"""The `draw` section of study.yaml: what draws the study's images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, field_validator

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.address import address
from optimizer.render.remote.difference import FARTHEST, MEAN
from studies.spec_section import Section

LOCAL_ONLY: Final = (
    *("base.allow_pickle", "base.dtype", "render.device", "render.batch", "render.compile"),
    *("render.like", "render.pad_conds"),
)
"""Keys of study.yaml that say how this machine opens the base and draws."""


class DrawSection(Section):
    """One way to draw. `studies.drawing.registry` lists them by the name that stands in `with`."""

    backend: ClassVar[str] = ""
    """`package.module:function`, which is called with a `studies.backends.registry.DrawnStudy` and gives the Backend."""
    title: ClassVar[str] = ""
    """The program's name, for people."""
    in_a1111_words: ClassVar[bool] = False
    """Whether A1111's infotext tells all that the study file sets, size and clip skip included."""
    largest_seed: ClassVar[int] = 2**32 - 1
    """That the program takes."""
    unused: ClassVar[Mapping[str, str]] = {}
    """Dotted keys of study.yaml that decide nothing here, and why: they are refused where they are given."""

    @classmethod
    def completed(cls, study: dict[str, Any], root: Path) -> dict[str, Any]:
        """The raw study file, with what files in `root` tell that it leaves out. Called before it is checked.

        Raises InputError for keys of `unused`, and for a file that is missing or does not fit.
        """
        for key, why in cls.unused.items():
            section: Any = study
            *sections, last = key.split(".")
            for name in sections:
                section = section.get(name) if isinstance(section, Mapping) else None
            if isinstance(section, Mapping) and section.get(last) not in (None, []):
                raise InputError(
                    phrase("{key} has no effect here: {why}", key=key, why=why),
                    f"draw: {{with: {study['draw']['with']}}}",
                    phrase("take {key} out", key=key),
                )
        return study

    def files(self) -> Mapping[str, str]:
        """Files whose content decides images, as the study file names them, by their keys in the renderer's identity."""
        return {}


class HuanhuaDraw(DrawSection):
    """This machine draws, by huanhua's own renderer."""

    backend: ClassVar[str] = "studies.backends.local:make"
    title: ClassVar[str] = "huanhua"
    in_a1111_words: ClassVar[bool] = True

    with_: Literal["huanhua"] = Field(default="huanhua", alias="with")
    """the program that draws"""


class ServerDraw(DrawSection):
    """A drawing server's."""

    url: str | list[str]
    """the server's address; several draw at the same time"""
    loras: dict[str, str] = Field(default={})
    """what the server calls a LoRA, where its file has another name there"""
    remote: bool = False
    """allow servers on other machines than this one"""
    tolerance: Annotated[float, Field(ge=0, le=FARTHEST)] = MEAN
    """how far the start image may be from itself when it is drawn again, in levels of 255; any 16x16 block eight times as far"""

    @property
    def urls(self) -> list[str]:
        return [self.url] if isinstance(self.url, str) else list(self.url)

    @field_validator("url")
    @classmethod
    def _some(cls, url: str | list[str]) -> str | list[str]:
        urls = [url] if isinstance(url, str) else url
        if not urls:
            raise ValueError(phrase("no address: write it as http://127.0.0.1:8188"))
        roots = [address(one, remote=True).url for one in urls]
        if len(set(roots)) < len(roots):
            raise ValueError(phrase("an address is named twice"))
        return url
