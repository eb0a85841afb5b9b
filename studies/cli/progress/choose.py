"""Which display fits: JSON events, a live view, or plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.cli.progress.console import console

if TYPE_CHECKING:
    from studies.cli.progress.json_events import JsonEvents
    from studies.cli.progress.live_view import LiveView
    from studies.cli.progress.plain_lines import PlainLines


def choose_callback(as_json: bool = False, *, blurred: bool = True) -> JsonEvents | LiveView | PlainLines:
    """JSON lines on stdout if asked for, else one view on a terminal, else plain lines on stderr."""
    if as_json:
        from studies.cli.progress.json_events import JsonEvents

        return JsonEvents()
    if console().is_terminal:
        from studies.cli.progress.live_view import LiveView

        return LiveView(blurred=blurred)
    from studies.cli.progress.plain_lines import PlainLines

    return PlainLines()
