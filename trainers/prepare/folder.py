"""The folder of a training set: replaced whole, a person's edits kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import InputError
from trainers.prepare.manifest import NAME, Manifest, read_manifest


def caption_path(picture: Path) -> Path:
    """The caption file of an image."""
    return picture.with_suffix(".txt")


def earlier_manifest(out: Path) -> Manifest | None:
    """The manifest of an earlier run; None if `out` is absent or empty. Raises InputError if it holds something else."""
    if out.is_file():
        raise InputError("a file is in the way", out, "name a folder")
    if not out.exists() or not any(out.iterdir()):
        return None
    if not (out / NAME).exists():
        raise InputError("the folder holds something that prepare did not make", out, "name an empty or new folder")
    return read_manifest(out)


def keep_edits(out: Path, before: Manifest, partial: Path, manifest: Manifest) -> None:
    """Copies captions that a person changed and files that a person added to `partial`.

    Set and name identify a file, so that a folder whose repeats a person changed is still recognised.
    """
    cuts = [(photo.file, name, cut) for photo in before.photos for name, cut in photo.cuts.items()]
    written = {_key(Path(cut.file)) for _, _, cut in cuts}
    captions = {_key(caption_path(Path(cut.file))): (file, name, cut) for file, name, cut in cuts}
    now = {(p.file, name): cut for p in manifest.photos for name, cut in p.cuts.items()}
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        relative = path.relative_to(out)
        if _key(relative) in captions:
            file, name, cut = captions[_key(relative)]
            edited = path.read_bytes().strip() != (cut.caption or "").encode()
            if edited and (file, name) in now:
                shutil.copyfile(path, caption_path(partial / now[file, name].file))
        elif _key(relative) not in written and not (partial / relative).exists():
            (partial / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, partial / relative)


def _key(relative: Path) -> tuple[str, str]:
    return relative.parts[0], relative.name


@contextmanager
def cleared(partial: Path) -> Iterator[None]:
    """Deletes the folder on exit."""
    try:
        yield
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def sibling(out: Path, role: str) -> Path:
    """The hidden folder next to `out` of that role."""
    return out.parent / f".{out.name}.{role}"


def restore(out: Path) -> None:
    """Cleans up after a killed run; the earlier set comes back if the new one was not yet in its place."""
    old = sibling(out, "old")
    if old.exists() and not out.exists():
        old.replace(out)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(sibling(out, "partial"), ignore_errors=True)


def replace(out: Path, partial: Path) -> None:
    """Puts `partial` in the place of `out`."""
    if not out.exists():
        partial.replace(out)
        return
    old = sibling(out, "old")
    out.replace(old)
    partial.replace(out)
    shutil.rmtree(old, ignore_errors=True)
