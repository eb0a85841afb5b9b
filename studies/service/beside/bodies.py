"""What clients send to have a pick's picture mended or enlarged, and what of it can be, for OpenAPI."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from studies.enlarging.settings import BY, MOST
from studies.service.rest.bodies import Body, Part


class Mend(Body):
    """What of the picture is drawn again."""

    parts: Annotated[list[Part], Field(min_length=1, max_length=3)]


class Enlarge(Body):
    """The large picture that is made."""

    by: Annotated[float, Field(gt=1, le=MOST, strict=True)] = BY
    """how many times as wide and high"""
    redraw: Annotated[bool, Field(strict=True)] = False
    """whether it is drawn again in tiles, which is kept only where that breaks nothing"""
