"""Pictures only where a terminal has colours, a key only where there are keys, a notification or a line that says why not."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from studies.cli.progress import signal_end
from studies.cli.progress.stop_key import StopKey
from studies.cli.progress.terminal_picture import blocks, can_show, print_large

# textual-image 0.12 on Pillow 13.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")


def screen(color_system: str | None = "truecolor", *, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, color_system=color_system, width=120, height=40)  # type: ignore[arg-type]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (128, 192), "#ff0000").save(path)
    return path


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "TERM_PROGRAM", "LC_TERMINAL", "TMUX"):
        monkeypatch.delenv(name, raising=False)


def test_pictures_need_a_terminal_with_colours(monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
    assert can_show(screen())
    assert not can_show(screen(None))
    assert not can_show(screen("standard"))
    assert not can_show(screen(terminal=False))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not can_show(screen())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    quiet = screen()
    assert not print_large(quiet, picture)
    assert quiet.file.getvalue() == ""  # type: ignore[attr-defined]


def test_blocks_have_the_colours_and_the_shape_of_the_picture(picture: Path) -> None:
    text = blocks(picture, 12)
    lines = text.plain.split("\n")
    assert len(lines) == 12
    assert {len(line) for line in lines} == {16}
    assert {str(span.style) for span in text.spans} == {"#ff0000 on #ff0000"}


def test_a_large_picture_fits_into_a_narrow_terminal(picture: Path) -> None:
    narrow = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=20, height=40)
    assert print_large(narrow, picture)
    shown = Console(file=io.StringIO()).render_str(narrow.file.getvalue()).plain  # type: ignore[attr-defined]
    assert "▀" in shown or "▄" in shown


@pytest.mark.parametrize("named", [{"TERM_PROGRAM": "iTerm.app"}, {"TERM_PROGRAM": "WezTerm"}, {"LC_TERMINAL": "iTerm2"}])
def test_iterm_and_wezterm_get_the_picture_itself(monkeypatch: pytest.MonkeyPatch, picture: Path, named: dict[str, str]) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    console = screen()
    assert print_large(console, picture)
    sent = console.file.getvalue()  # type: ignore[attr-defined]
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):([A-Za-z0-9+/=]*)\x07\n+", sent)
    assert found is not None, sent[:200]
    options, content = dict(pair.split("=") for pair in found[1].split(";")), base64.b64decode(found[2])
    assert options == {"inline": "1", "width": "48", "height": "36", "preserveAspectRatio": "1", "size": str(len(content))}
    with Image.open(io.BytesIO(content)) as shown:
        assert shown.size == (128, 192)
        assert shown.convert("RGB").getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=3)


@pytest.mark.parametrize(
    "named",
    [
        {"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux-1/default,1,0"},
        {"LC_TERMINAL": "iTerm2", "TERM": "screen-256color"},
        {"LC_TERMINAL": "iTerm2", "TERM_PROGRAM": "vscode"},
    ],
)
def test_what_would_not_pass_them_on_gets_blocks(monkeypatch: pytest.MonkeyPatch, picture: Path, named: dict[str, str]) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    console = screen()
    assert print_large(console, picture)
    assert "1337" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_gives_no_key() -> None:
    key = StopKey()
    with key.listening(lambda: None) as can:
        assert not can
    assert not key.pressed


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
def test_q_is_read_from_a_terminal() -> None:
    import pty

    code = (
        "import time\nfrom studies.cli.progress.stop_key import StopKey\nkey = StopKey()\n"
        "with key.listening(lambda: print('pressed', flush=True)) as can:\n    print('ready', can, flush=True)\n"
        "    until = time.monotonic() + 20\n    while time.monotonic() < until and not key.pressed: time.sleep(0.05)\n"
        "print('end', key.pressed, flush=True)\n"
    )
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    with os.fdopen(terminal, "r+b", buffering=0) as stream:
        read = b""
        while b"ready True" not in read:
            read += os.read(stream.fileno(), 1000)
        os.write(stream.fileno(), b"xq")
        while b"end True" not in read:
            read += os.read(stream.fileno(), 1000)
        assert b"pressed" in read
        assert os.waitpid(process, 0)[1] == 0


def test_without_the_desktops_command_a_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not signal_end.check_notify()
    assert "notify-send" in capsys.readouterr().err
    signal_end.signal_end("seed 7", bell=False, notify=True)


def test_a_notification_is_text_and_no_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, b"", b"no bus\n")

    monkeypatch.setattr(subprocess, "run", run)
    for platform in ("linux", "darwin"):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
        signal_end.signal_end('"; rm -rf /', bell=False, notify=True)
        assert asked[-1][-2:] == ["huanhua", '"; rm -rf /']
        assert "no notification was shown: no bus" in capsys.readouterr().err
