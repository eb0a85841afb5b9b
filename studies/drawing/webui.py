"""`draw: {with: webui}`: A1111, Forge, reForge or SD.Next draws, over its web API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from models.language.translate import phrase
from studies.drawing.section import LOCAL_ONLY, ServerDraw


class WebuiDraw(ServerDraw):
    """A1111, Forge, reForge or SD.Next draws."""

    backend: ClassVar[str] = "studies.backends.webui:make"
    title: ClassVar[str] = "the WebUI"
    in_a1111_words: ClassVar[bool] = True
    unused: ClassVar[Mapping[str, str]] = dict.fromkeys(LOCAL_ONLY, phrase("the WebUI opens the base, by its own settings"))

    with_: Literal["webui"] = Field(alias="with")
    """the program that draws"""
    url: str | list[str] = "http://127.0.0.1:7860"
    """the server's address; several draw at the same time"""
    payload: str | None = None
    """JSON file that is merged into each request: alwayson_scripts such as ControlNet and ADetailer, hires fix, other settings"""

    def files(self) -> Mapping[str, str]:
        return {} if self.payload is None else {"payload": self.payload}
