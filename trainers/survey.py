"""Which photos can be used, and where each is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.hashing import hash_path
from models.images import open_photo
from trainers.crops import Size, Window, held_size, window
from trainers.locator import Box, Located, Locator
from trainers.manifest import Kind, SetAside

if TYPE_CHECKING:
    from PIL import Image

CHUNK: Final = 8
MARGIN: Final[dict[Kind, float]] = {"face": 0.06, "clothing": 0.04, "shoes": 0.08, "other": 0.06}
NAMES: Final[dict[Kind, str]] = {"face": "face", "clothing": "garment", "shoes": "shoes", "other": "such thing"}


@dataclass(frozen=True)
class Usable:
    """A photo whose boxes are trusted."""

    path: Path
    sha256: str
    size: Size
    thing: Box
    wearer: Box
    train: Window
    reg: Window


def survey(
    paths: list[Path], kind: Kind, locator: Locator, sizes: tuple[Size, ...], progress: Callable[[int, int], None] | None
) -> tuple[list[Usable], list[SetAside]]:
    """Opens and locates every photo; what cannot be read, is doubtful, too small or there twice is set aside."""
    found: list[Usable] = []
    aside: list[SetAside] = []
    seen: dict[str, str] = {}
    for start in range(0, len(paths), CHUNK):
        opened = list(_open(paths[start : start + CHUNK], aside))
        located = locator.locate([image for _, image in opened])
        for (path, image), where in zip(opened, located, strict=True):
            digest = hash_path(path)
            judged = _judge(path, digest, image.size, where, kind, sizes)
            if digest in seen:
                aside.append(SetAside(path.name, f"the same picture as {seen[digest]}"))
            elif isinstance(judged, str):
                aside.append(SetAside(path.name, judged))
            else:
                found.append(judged)
            seen.setdefault(digest, path.name)
        if progress is not None:
            progress(min(start + CHUNK, len(paths)), len(paths))
    return found, aside


def _open(paths: list[Path], aside: list[SetAside]) -> Iterator[tuple[Path, Image.Image]]:
    for path in paths:
        try:
            yield path, open_photo(path)
        except InputError as error:
            aside.append(SetAside(path.name, error.what))


def _judge(path: Path, digest: str, size: Size, where: Located, kind: Kind, sizes: tuple[Size, ...]) -> Usable | str:
    """The photo with its windows, or why it is set aside."""
    if where.doubt is not None:
        return where.doubt
    if where.thing is None or where.wearer is None:
        return f"no {NAMES[kind] if where.thing is None else 'wearer'} was found"
    # A locator may count in the numbers of an array library, which JSON does not take.
    thing, wearer = (Box(*(float(side) for side in box)) for box in (where.thing, where.wearer))
    if not all(box.left < box.right and box.top < box.bottom for box in (thing, wearer)):
        return "an empty box was found"
    train = window(thing, size, sizes[0], margin=MARGIN[kind])
    reg = window(wearer, size, sizes[0], margin=0.02, keep=thing)
    small = "{} is only {}x{} pixels of at least {}x{}"
    for name, cut in (("what is trained", train), ("the wearer", reg)):
        if cut is None or held_size(cut, sizes) is None:
            width, height = (cut[2] - cut[0], cut[3] - cut[1]) if cut is not None else size
            return small.format(name, width, height, *sizes[-1])
    assert train is not None
    assert reg is not None
    return Usable(path, digest, size, thing, wearer, train, reg)
