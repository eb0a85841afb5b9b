"""Which progress display fits: a live view, plain lines, or JSON events."""

from __future__ import annotations

from studies.cli.progress.callback import RunCallback
from studies.cli.progress.console import console


def choose_callback(as_json: bool) -> RunCallback:
    """JSON lines on stdout, one view that changes on a terminal, or plain lines on stderr."""
    if as_json:
        from studies.cli.progress.json_events import Events

        return Events()
    if console().is_terminal:
        from studies.cli.progress.live import Live

        return Live()
    from studies.cli.progress.lines import Lines

    return Lines()
