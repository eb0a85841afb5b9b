"""A lease that nobody contends for, and a request to stop that a test gives."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FreeLease:
    stopped: set[int] = field(default_factory=set)
    """Seeds whose search was asked to end."""

    def check(self) -> None:
        """Nobody else takes the study."""

    def stop_asked(self, seed: int) -> bool:
        return seed in self.stopped

    def stop_all_asked(self) -> bool:
        """One seed at a time is asked for here."""
        return False
