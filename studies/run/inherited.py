"""Trials that a fork or a swap brought from another study."""

from __future__ import annotations

from typing import Any, Final

from studies.workspace import Workspace

CARRIED: Final = "carried"


def carried(workspace: Workspace, seed: int) -> list[dict[str, Any]]:
    """What a fork has carried over: parameters and phase of each trial, in order."""
    found: list[dict[str, Any]] = (workspace.read(CARRIED) or {}).get(str(seed), [])
    return found
