"""Asking the hub: never for what looks like a place on this machine, and otherwise once a process, for a few seconds, quietly."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

SECONDS: Final = 5.0
"""How long one answer is waited for."""
HUB: Final = "https://huggingface.co"
FOLDERS: Final = ("models", "model", "weights", "checkpoints", "loras", "data", "files", "parser", "parsers", "scorers")
"""First parts of names that are folders, not owners on a hub."""


def looks_local(name: str | Path) -> bool:
    """Whether a name is a place on this machine, there or not, rather than a hub's "owner/name"."""
    text, path = str(name), Path(name)
    owner, _, rest = text.partition("/")
    return (
        path.exists()
        or path.is_absolute()
        or "\\" in text
        or text.startswith((".", "~"))
        or text.count("/") != 1
        or not (owner and rest)
        or owner.lower() in FOLDERS
        or Path(owner).is_dir()
    )


def is_cached(name: str, files: Sequence[str]) -> bool:
    """Whether all of these files of a hub's model lie in the hub's cache on this machine; asks no network."""
    from huggingface_hub import try_to_load_from_cache

    return all(isinstance(try_to_load_from_cache(name, file), str) for file in files)


@cache
def hub_answers() -> bool:
    """Whether the hub (HF_ENDPOINT names another) answers at all; asked once a process, for `SECONDS` at most."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    heard: list[bool] = []

    def ask() -> None:
        try:
            with urlopen(Request(os.environ.get("HF_ENDPOINT") or HUB, method="HEAD"), timeout=SECONDS):
                heard.append(True)
        except HTTPError as error:
            # A proxy's refusal, or that it reaches nobody, is no answer of the hub.
            heard.append(error.code not in (403, 407) and error.code < 500)
        except (OSError, ValueError):
            heard.append(False)

    # Looking a host's name up has no timeout of its own.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS)
    return bool(heard) and heard[0]


@contextmanager
def from_hub(what: str, name: str | Path) -> Iterator[None]:
    """For opening a hub's model: where the hub does not answer, what is cached on this machine opens, and nothing is asked.

    Raises InputError then, in the place of whatever is raised for a model that is not cached.
    """
    from huggingface_hub import constants

    if hub_answers():
        yield
        return
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each library raises its own for what it cannot fetch
        raise InputError(
            phrase("{what} is not on this machine, and the hub does not answer", what=what),
            name,
            "name a folder, or try with a network",
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = before
