"""The ControlNet that led a mend, as it is stored beside the mended picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studies.control.section import ControlSection, GivenHint


@dataclass(frozen=True)
class Held:
    """What acted, told which hint, how strongly."""

    section: ControlSection
    """Its files are whole paths."""
    net: str
    """The ControlNet's digest."""

    @property
    def name(self) -> str:
        """What people call the ControlNet: its file without the ending, or its folder."""
        return Path(self.section.model).stem

    def __str__(self) -> str:
        """`control_v11p_sd15_canny (0123456789ab) canny 1`."""
        hint = self.section.hint
        told = Path(hint.image).name if isinstance(hint, GivenHint) else hint
        return f"{self.name} ({self.net[:12]}) {told} {self.section.strength:g}"

    def to_json(self) -> dict[str, Any]:
        return {"net": self.net, **self.section.model_dump(mode="json", include={"model", "hint", "detector", "strength"})}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Held:
        return cls(ControlSection.model_validate({k: v for k, v in stored.items() if k != "net"}), stored["net"])
