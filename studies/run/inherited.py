"""Trials that a fork or a swap brought from another study."""

from __future__ import annotations

from typing import Any, Final

from studies.workspace import Workspace

INHERITED: Final = "carried"
"""The workspace's record of them."""


def inherited_trials(workspace: Workspace, seed: int) -> list[dict[str, Any]]:
    """Parameters and phase of each trial, in order."""
    found: list[dict[str, Any]] = (workspace.read(INHERITED) or {}).get(str(seed), [])
    return found
