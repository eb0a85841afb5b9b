"""Which files a server draws with: by their content where it can be reached, otherwise by what the server states."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.hashing import hash_path
from models.language.translate import phrase
from optimizer.render.remote.server_lora import ServerLora, StudyLora
from optimizer.render.remote.webui.lists import ListedCheckpoint, ListedLora

STATED_HASH: Final = "sshs_model_hash"
"""Metadata of a LoRA by which A1111 hashes it, if its training wrote it."""


def checkpoint_hash(listed: ListedCheckpoint, *, loopback: bool) -> str:
    """SHA-256; empty if the server has not computed it and its file is not on this machine."""
    if listed.sha256:
        return listed.sha256
    file = reachable(listed.file, loopback=loopback)
    return "" if file is None else hash_path(file)


def server_loras(
    wanted: Sequence[StudyLora], listed: Mapping[str, ListedLora], stated: Mapping[str, str], *, url: str, loopback: bool
) -> dict[str, ServerLora]:
    """By the study's names. `stated` are hashes that the server states, by its own names.

    Raises InputError if a LoRA's file on this machine is another than the server's.
    """
    found = {}
    for lora in wanted:
        there = listed[lora.name]
        file, own = reachable(there.file, loopback=loopback), lora.file if lora.file.is_file() else None
        digest = _file_hash(file, own, lora.name, url)
        _check_stated(own, there, stated.get(there.name, ""), lora.name, url)
        fallback = stated.get(there.name) or str(there.metadata.get(STATED_HASH) or "") or there.name
        metadata = {str(key): value if isinstance(value, str) else str(value) for key, value in there.metadata.items()}
        found[lora.name] = ServerLora(there.name, digest or fallback, metadata)
    return found


def reachable(path: str, *, loopback: bool) -> Path | None:
    """The server's own file, if the server runs on this machine and the file can be read here."""
    file = Path(path)
    return file if loopback and path and file.is_file() else None


def webui_hash(file: Path, metadata: Mapping[str, Any]) -> str:
    """What A1111 states of a LoRA: kohya's hash, of all but the header, for a .safetensors; else SHA-256.

    Empty for a file without a header of safetensors.
    """
    if metadata.get(STATED_HASH):
        return str(metadata[STATED_HASH]).lower()
    if file.suffix.lower() != ".safetensors":
        return hash_path(file)
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        length = stream.read(8)
        if len(length) < 8:
            return ""
        stream.seek(8 + struct.unpack("<Q", length)[0] % 2**40)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _file_hash(file: Path | None, own: Path | None, name: str, url: str) -> str:
    """SHA-256 of the server's file or, where that cannot be reached, of the study's; empty if neither can."""
    if file is None or own is None or file.samefile(own):
        there = file or own
        return "" if there is None else hash_path(there)
    digest = hash_path(file)
    if digest != hash_path(own):
        raise _another(name, url, phrase("{file} and {own} differ", file=file, own=own))
    return digest


def _check_stated(own: Path | None, listed: ListedLora, stated: str, name: str, url: str) -> None:
    if own is None or not stated:
        return
    wanted = webui_hash(own, listed.metadata)
    if wanted and wanted[: len(stated)] != stated:
        raise _another(
            name,
            url,
            phrase(
                "it states the hash {stated}, and {name} has {wanted}", stated=stated, name=own.name, wanted=wanted[: len(stated)]
            ),
        )


def _another(name: str, url: str, detail: str) -> InputError:
    what = phrase("the server has another file under this name ({detail})", detail=detail)
    return InputError(
        what,
        phrase("loras.{name} at {url}", name=name, url=url),
        "copy the study's file there, or name the server's under draw.loras",
    )
