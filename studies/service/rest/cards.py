"""The wardrobe: each LoRA that the served folder has or its studies name, as a card."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.images import list_photos
from models.language.translate import phrase
from models.lora.layout import read_layout
from models.lora_kinds import LoraKind
from studies.project.folder import DATA, names_start
from studies.project.loras import FoundLora, loras_among
from studies.project.training_sets import sets_in
from studies.project.typed import STUDY_FILE
from studies.project.webui.recorded import webuis_of
from studies.service.rooms import NotThereError, Rooms
from studies.spec import read_spec

if TYPE_CHECKING:
    from studies.lora_files.section import LoraSection

PREVIEWS: Final = tuple(f"{mark}.{kind}" for mark in (".preview", "") for kind in ("png", "jpg", "jpeg", "webp"))
"""Ends of a picture's name beside a LoRA, in place of its suffix, as A1111 and helpers of Civitai's name them."""
HASH: Final = "sshs_model_hash"
"""kohya's metadata of the file's own hash."""


@dataclass(frozen=True)
class Card:
    """One LoRA."""

    id: str
    """Of its place: the same as long as the file is there."""
    found: FoundLora
    kind: LoraKind
    hash: str
    """As its metadata have it, 12 digits; empty where they do not."""
    preview: Path | None

    @property
    def path(self) -> Path:
        return self.found.path


class Wardrobe:
    """The cards of a folder. They are read anew when a file has changed. May be called from any thread."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._lock = rooms, threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._cards: tuple[Card, ...] = ()
        self._wrong: tuple[str, ...] = ()

    def cards(self) -> tuple[Sequence[Card], Sequence[str]]:
        """All cards, and a line for each file that is no LoRA."""
        named = dict(_named(self._rooms))
        paths = list(dict.fromkeys([*_lying(self._rooms), *(path for path in named if path.is_file())]))
        seen = (tuple((path, *_stamp(path)) for path in paths), tuple(named.items()), _stamp(self._rooms.root / DATA))
        with self._lock:
            if seen != self._seen:
                found, wrong = loras_among(paths, sets_in(self._rooms.root / DATA))
                self._cards = tuple(_card(lora, named.get(lora.path)) for lora in found)
                self._wrong, self._seen = tuple(wrong), seen
            return self._cards, self._wrong

    def card(self, key: str) -> Card:
        """Raises NotThereError for an id of which there is no card now."""
        for card in self.cards()[0]:
            if card.id == key:
                return card
        raise NotThereError(phrase("no such LoRA: {key}", key=key[:80]), self._rooms.root, "load the page again")


def card_id(path: Path) -> str:
    """Of the LoRA at an absolute path."""
    return hashlib.sha256(path.as_posix().encode(errors="surrogatepass")).hexdigest()[:12]


def lora_path(folder: Path, name: str) -> Path:
    """The absolute path of what a study in `folder` names."""
    return (names_start(folder) / name).expanduser().resolve()


def _lying(rooms: Rooms) -> Iterator[Path]:
    """The LoRA files in the folder of LoRAs, and in those of WebUIs that the project uses."""
    folder = rooms.loras_folder
    for path in sorted(folder.rglob("*.safetensors")) if folder.is_dir() else ():
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path.resolve()
    try:
        webuis = webuis_of(rooms.root)
    except InputError:
        return  # a folder that is away: its LoRAs come back with it
    for webui in webuis:
        yield from (path.resolve() for _, path in webui.files("LoRA") if path.suffix == ".safetensors")


def _named(rooms: Rooms) -> Iterator[tuple[Path, tuple[LoraKind, Path | None]]]:
    """The files that studies name, with the kind and the photos that they give them."""
    for folder in rooms.folders().values():
        file = folder / STUDY_FILE
        for section in _loras(file, _stamp(file)):
            photos = None if section.references is None else lora_path(folder, section.references)
            yield from ((lora_path(folder, file), (section.kind, photos)) for file in section.files)


@lru_cache(maxsize=1024)
def _loras(file: Path, _version: tuple[int, int]) -> tuple[LoraSection, ...]:
    """Read once for each version of the file: each picture of a card asks for all cards."""
    try:
        return tuple(read_spec(file).loras.values())
    except InputError:
        return ()


def _card(lora: FoundLora, named: tuple[LoraKind, Path | None] | None) -> Card:
    kind, photos = (lora.kind, None) if named is None else named
    shown = _beside(lora.path) or next(filter(None, map(_first_photo, filter(None, (lora.references, photos)))), None)
    return Card(card_id(lora.path), lora, kind, read_layout(lora.path).metadata.get(HASH, "")[:12], shown)


def _beside(path: Path) -> Path | None:
    return next((place for end in PREVIEWS if (place := path.with_name(path.stem + end)).is_file()), None)


def _first_photo(folder: Path) -> Path | None:
    """Of a training set, the first of its crops; of a folder of photos, the first."""
    train = folder / "train"
    for place in sorted(train.iterdir()) if train.is_dir() else (folder,):
        if place.is_dir():
            try:
                return list_photos(place)[0]
            except InputError:
                continue
    return None


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
