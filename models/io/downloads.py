"""Fetches one file by its address: resumed where it was cut off, checked by its hash, in its place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from models.errors import InputError, first_line
from models.io.disk import writing
from models.language.translate import phrase

CHUNK: Final = 1 << 20
SECONDS: Final = 30.0
"""How long a silent server is waited for."""
GITHUB: Final = "https://github.com"
EVERY: Final = 10
"""Per cent between two lines about a download."""


def download(url: str, path: Path, sha256: str, report: Callable[[str], None]) -> None:
    """Fetches `url` to `path`; GITHUB_ENDPOINT names a mirror of GitHub. What was fetched before the connection broke or the disk
    was full lies in `path`.part, and the next call goes on from there.

    Raises InputError for a server that does not answer or lacks the file, a full disk, and another hash, which removes the file.
    """
    address = url.replace(GITHUB, (os.environ.get("GITHUB_ENDPOINT") or GITHUB).rstrip("/"), 1)
    partial = path.with_name(f"{path.name}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(address, partial, report)
        if _sha256(partial) != sha256:
            partial.unlink()
            raise InputError("what was fetched has another hash than it should", address, "fetch it again, or from elsewhere")
        partial.replace(path)


def unpack(archive: Path, folder: Path, suffix: str) -> None:
    """Puts the files with that suffix of a zip into `folder`, whatever folders they lie in there; all of them or none.

    Raises InputError for what is no zip or holds no such file.
    """
    aside = folder.with_name(f".{folder.name}.partial")
    with writing(folder):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            with zipfile.ZipFile(archive) as stream:
                members = [info for info in stream.infolist() if not info.is_dir() and info.filename.endswith(suffix)]
                if not members:
                    raise InputError(phrase("the archive holds no {suffix} file", suffix=suffix), archive, "fetch it again")
                for info in members:
                    with stream.open(info) as source, (aside / Path(info.filename).name).open("wb") as target:
                        shutil.copyfileobj(source, target, CHUNK)
            aside.replace(folder)
        except (zipfile.BadZipFile, EOFError) as error:
            raise InputError("the archive does not open", archive, "fetch it again") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _fetch(address: str, partial: Path, report: Callable[[str], None]) -> None:
    import httpx2

    start = partial.stat().st_size if partial.is_file() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        with httpx2.stream("GET", address, headers=headers, follow_redirects=True, timeout=SECONDS) as answer:
            if start and answer.status_code == 416:  # all of it is here
                return
            answer.raise_for_status()
            begun = start if answer.status_code == 206 else 0
            total = begun + int(answer.headers.get("Content-Length", 0))
            done, told = begun, 0
            with partial.open("ab" if begun else "wb") as target:
                for block in answer.iter_bytes(CHUNK):
                    target.write(block)
                    done += len(block)
                    if total and (done * 100 // total >= told + EVERY or done == total):
                        told = done * 100 // total
                        report(f"{partial.stem}: {told}% of {total / 1e6:.0f} MB")
    except httpx2.HTTPError as error:
        mend = "check the network; the same command goes on from where it stopped"
        raise InputError(phrase("not fetched ({error})", error=first_line(error, 160)), address, mend) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
