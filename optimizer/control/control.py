"""How strongly, and up to which step, a ControlNet acts on an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from optimizer.schedules.schedule import Schedule


@dataclass(frozen=True, order=True)
class Control:
    """What a ControlNet gives is multiplied by `strength`, in the steps before `end`."""

    strength: float = 1.0
    """At least 0, where it acts in no step."""
    end: float = 1.0
    """In (0, 1]: a share of the steps, counted as a schedule's."""

    @property
    def window(self) -> Schedule:
        """The steps in which it acts."""
        return Schedule(0.0, self.end)

    def spent(self, steps: int) -> float:
        """The strength averaged over the steps of an image."""
        return self.strength * self.window.share(steps)

    def __str__(self) -> str:
        return f"{self.strength:g} to {self.end:g}"


Controls = Mapping[str, Control]
"""By ControlNet, as the study names it; one that is not named does not act."""


def acting(controls: Controls) -> dict[str, Control]:
    """Those that decide an image."""
    return {name: control for name, control in sorted(controls.items()) if control.strength > 0}


def as_tables(controls: Controls) -> dict[str, dict[str, float]]:
    """As JSON for programs: what is what of each ControlNet that acts."""
    return {name: asdict(control) for name, control in acting(controls).items()}


def as_lists(controls: Controls) -> dict[str, list[float]]:
    """As JSON: strength and end by ControlNet."""
    return {name: [control.strength, control.end] for name, control in acting(controls).items()}
