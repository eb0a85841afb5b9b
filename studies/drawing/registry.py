"""The ways to draw, by the name that stands in `draw: {with: NAME}`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, Union

from pydantic import Field

from studies.drawing.section import DrawSection

WAYS: Final[dict[str, str]] = {
    "huanhua": "studies.drawing.section:HuanhuaDraw",
    "comfyui": "studies.drawing.comfyui:ComfyuiDraw",
    "webui": "studies.drawing.webui:WebuiDraw",
}
"""`module:class` of each way's section."""


def way_named(name: Any) -> type[DrawSection] | None:
    """The section of one way; None if there is none of this name."""
    if not isinstance(name, str) or name not in WAYS:
        return None
    module, _, attribute = WAYS[name].partition(":")
    found: type[DrawSection] = getattr(import_module(module), attribute)
    return found


def _sections() -> Iterator[type[DrawSection]]:
    for name in WAYS:
        section = way_named(name)
        assert section is not None
        yield section


if TYPE_CHECKING:
    DrawAny: TypeAlias = DrawSection
else:
    # A type checker cannot read the registry.
    DrawAny = Annotated[Union[tuple(_sections())], Field(discriminator="with_")]  # noqa: UP007
