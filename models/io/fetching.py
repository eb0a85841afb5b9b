"""Fetches a catalogued model from the hub: resumed where it was cut off, and checked by its hash. Sends no token."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from models.catalogue import RealModel
from models.errors import InputError, first_line
from models.io.disk import FULL
from models.io.downloads import download, unpack
from models.language.translate import phrase

CHUNK: Final = 1 << 20


def fetch_model(model: RealModel, models: Path, report: Callable[[str], None]) -> Path:
    """Fetches what is not there yet into a folder of the model's name below `models`; HF_ENDPOINT names another hub.

    `report` is called with a line for each file. Raises InputError for a model that a person must fetch, a hub that does not
    answer, and a file whose hash is not the hub's: that file is removed.
    """
    folder = model.folder(models)
    if model.url is not None:
        _fetch_release(model, model.url, folder, report)
        return folder
    if model.repo is None:
        what = phrase("{name} is not fetched by this command: put it at {folder}", name=model.name, folder=folder.as_posix())
        raise InputError(what, model.source, phrase("then set {setting}", setting=_setting(model, models)))
    for file in model.files:
        report(_fetch(model.repo, file, folder))
    return folder


def _fetch_release(model: RealModel, url: str, folder: Path, report: Callable[[str], None]) -> None:
    if url.endswith(".zip"):
        if folder.is_dir():
            report(f"{folder}: there already")
            return
        archive = folder.with_name(f"{folder.name}.zip")
        if not archive.is_file():
            download(url, archive, model.sha256, report)
        unpack(archive, folder, ".onnx")
        archive.unlink()
    else:
        path = folder / url.rpartition("/")[2]
        if path.is_file():
            report(f"{path}: there already")
            return
        download(url, path, model.sha256, report)
    report(f"{folder}: fetched")


def _fetch(repo: str, file: str, folder: Path) -> str:
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    url, path = hf_hub_url(repo, file, endpoint=endpoint), folder / file
    try:
        etag = get_hf_file_metadata(url, token=False, endpoint=endpoint).etag
        if path.is_file() and has_etag(path, etag):
            return f"{path}: there already"
        # A file of another hash is not the one that the client's own records describe.
        hf_hub_download(repo, file, local_dir=folder, token=False, endpoint=endpoint, force_download=path.is_file())
    except Exception as error:  # the hub's client, its http library and the disk each raise their own
        if isinstance(error, OSError) and error.errno in FULL:
            raise InputError("the disk is full", folder, "make room; the same command goes on") from error
        raise InputError(
            phrase("not fetched ({error})", error=first_line(error, 160)),
            url,
            "check the network, or name another hub by HF_ENDPOINT",
        ) from error
    if not has_etag(path, etag):
        path.unlink()
        raise InputError("what was fetched has another hash than the hub says", url, "fetch it again")
    return f"{path}: fetched"


def has_etag(path: Path, etag: str | None) -> bool:
    """Whether a file has the hub's hash: SHA-256 of large files, and git's SHA-1 of small ones."""
    if etag is None:
        return False
    if len(etag) == 64:
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as read:
        while chunk := read.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == etag


def _setting(model: RealModel, models: Path) -> str:
    return model.setting.format(folder=model.folder(models).as_posix())
