"""Which file a picture means by a LoRA's name: A1111 may write the alias inside the file (`ss_output_name`) instead."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.safetensors_header import read_safetensors_header
from studies.project.folder import LORAS, named_from
from studies.project.webui.program import Webui
from studies.starter.from_picture import LoraSettings

ALIAS: Final = "ss_output_name"
HASH: Final = "sshs_model_hash"
FEWEST: Final = 8
"""Hex digits that tell files apart."""


def with_files(
    loras: list[LoraSettings], given: Path | None, start: Path, webuis: Sequence[Webui], notes: list[str]
) -> list[LoraSettings]:
    """The LoRAs with the places of their files as a study names them whose names begin at `start`: found by name, alias or hash
    below the folder `given`, by default `loras` at `start`, or else in `webuis`. Adds to `notes` how, and which were not found.

    Raises InputError if `given` is no folder.
    """
    if given is not None and not given.is_dir():
        raise InputError("no such folder of LoRAs", given, "check the path: --loras")
    folder = given or start / LORAS
    own = sorted(path for path in folder.rglob("*.safetensors") if path.is_file()) if folder.is_dir() else []
    theirs = sorted(path for webui in webuis for _, path in webui.files("LoRA"))
    searched = [str(place) for place in (*([folder] if folder.is_dir() else []), *(webui.folder for webui in webuis))]
    if not searched:
        return loras
    found = []
    for lora in loras:
        matching, how = _matching(lora, own, whole=True)
        is_own = bool(matching)
        if not is_own:
            matching, how = _matching(lora, theirs, whole=False)
        if len(matching) == 1:
            place = named_from(start, matching[0]) if is_own else matching[0].as_posix()
            found.append(replace(lora, file=place))
            notes += [f"LoRA {lora.name}: {place}, by {how}"] if how else []
        else:
            what = f"{len(matching)} files with that {how or 'name'}" if matching else "no file of that name, alias or hash"
            notes.append(f"LoRA {lora.name}: {what} in {' or '.join(searched)}")
            found.append(lora)
    return found


def _matching(lora: LoraSettings, files: list[Path], *, whole: bool) -> tuple[list[Path], str]:
    """The files, and what they match by if not by their names; `whole`: files without a stored hash are read for theirs."""
    if named := [path for path in files if path.name == Path(lora.file).name]:
        return named, ""
    metadata = {path: entry for path in files if (entry := _metadata(path)) is not None}
    if aliased := [path for path, entry in metadata.items() if entry.get(ALIAS) == lora.name]:
        return aliased, f"the alias inside it ({ALIAS})"
    digits = lora.hash.lower()
    if len(digits) < FEWEST:
        return [], ""
    stored = [path for path, entry in metadata.items() if entry.get(HASH, "").lower().startswith(digits)]
    if not stored and whole:
        stored = [path for path in metadata if any(digest.startswith(digits) for digest in _digests(path))]
    return stored, "its hash"


def _metadata(path: Path) -> dict[str, str] | None:
    try:
        return read_safetensors_header(path).metadata
    except InputError:
        return None


def _digests(path: Path) -> Iterator[str]:
    """SHA-256 in hex of what follows the header, as A1111 shortens it, and of the whole file, as Civitai does."""
    with path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        stream.seek(0)
        head = stream.read(start)
        tensors, whole = hashlib.sha256(), hashlib.sha256(head)
        while block := stream.read(1 << 20):
            tensors.update(block)
            whole.update(block)
    yield tensors.hexdigest()
    yield whole.hexdigest()
