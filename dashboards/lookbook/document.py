"""A page as one text that opens from disk without a server: its style and script lie inside it. Look-books and LoRA reports."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from dashboards.lookbook.words import text
from models.errors import InputError
from models.language.translate import Language, said, spoken

INDEX: Final = "index.html"
HTML_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}


@dataclass(frozen=True)
class PageKind:
    """A sort of page that fills a folder of its own."""

    name: str
    """As `said` takes it: look-book."""
    alien: str
    """What is said of a folder that holds anything else."""

    @property
    def mark(self) -> str:
        """This line marks a folder as one of these, which may be overwritten."""
        return f'<meta name="generator" content="huanhua {self.name}">'

    def check_folder(self, folder: Path) -> None:
        """Raises InputError unless `folder` is absent, empty, or an earlier page of this sort."""
        mend = "give --out an empty folder"
        if folder.exists() and not folder.is_dir():
            raise InputError("not a folder", folder, mend)
        if not folder.exists() or not any(folder.iterdir()):
            return
        index = folder / INDEX
        if not index.is_file() or self.mark not in index.read_text(encoding="utf-8", errors="replace"):
            raise InputError(self.alien, folder, mend)


def document(kind: PageKind, title: str, style: str, body: str, script: str = "") -> str:
    """`title` is plain text, `body` HTML."""
    scripts = f"<script>{script}</script>" if script else ""
    return f"""<!doctype html>
<html lang="{HTML_LANGUAGES[spoken()]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
{kind.mark}
<title>{text(title)} · {said(kind.name)}</title>
<style>{style}</style>
</head>
<body>
{body}
{scripts}
</body>
</html>
"""


def asset(names: Sequence[str], package: str = "dashboards.lookbook") -> str:
    """Files of a package's folder `page`, one after another."""
    folder = files(package) / "page"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def unveiling() -> str:
    """The switch that shows all blurred images of a page."""
    return (
        f'<p class="unveil"><label><input type="checkbox" id="unveil"> {said("Show images with little clothing")}</label> '
        f'<span class="soft">{said("They are blurred on this page; the files beside it are not.")}</span></p>'
    )


def settings_list(settings: Sequence[tuple[str, str]], negative: str) -> str:
    """How all images of a page were drawn, folded away."""
    listed = "".join(f"<div><dt>{text(said(name))}</dt><dd>{text(value)}</dd></div>" for name, value in settings)
    below = f'<h3>{said("Negative prompt")}</h3><p class="prompt">{text(negative)}</p>' if negative else ""
    return f"<details><summary>{said('How it was drawn')}</summary><dl>{listed}</dl>{below}</details>"


def _policy(script: str) -> str:
    """Runs this page's own script and nothing else, and lets nothing leave the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shut = "; ".join(f"{kind} 'none'" for kind in ("connect-src", "object-src", "frame-src", "base-uri", "form-action"))
    return f"script-src 'sha256-{digest}'; {shut}"
