"""What was found in a training set, in lines: nothing that somebody put there is passed over without one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.base.prompt.chunks import CHUNK
from models.io.picture_kinds import is_picture
from models.language.translate import Phrase, joined, phrase
from trainers.prepare.cutting.crops import Size
from trainers.prepare.names import list_names
from trainers.train.data.dataset import Dataset
from trainers.train.data.masks import mask_folders, pictures_with


def describe_dataset(dataset: Dataset, trigger: str, longer: Sequence[str], masks: Mapping[Path, Path]) -> list[str]:
    """Captions and how many contain the trigger, then what is not trained.

    `longer` are captions of more than one chunk of tokens, `masks` the masks that are used, by picture.
    """
    train = [picture for picture in dataset.pictures if not picture.is_reg]
    reg = [picture for picture in dataset.pictures if picture.is_reg]
    written = dataset.captions.by_picture
    groups = [("train", train), *([("reg", reg)] if reg else [])]
    filled = {path for path, caption in written.items() if caption.text}
    counts = [
        phrase("{count} of {all} {set} pictures", count=sum(p.path in filled for p in some), all=len(some), set=name)
        for name, some in groups
    ]
    having = sum(contains(picture.caption, trigger) for picture in train)
    text = "captions found for {counts}; the trigger '{trigger}' is in {having} of {all} trained captions"
    found: str = phrase(text, counts=joined(" and ", counts), trigger=trigger, having=having, all=len(train))
    lines = [found]
    if not having:
        text = "no caption contains the trigger '{trigger}', so it will call nothing; write it first in each caption"
        lines.append(phrase(text, trigger=trigger))
    if masks:
        lines.append(pictures_with(masks, dataset.pictures))
    empty = [p.path for p in dataset.pictures if p.path in written and not written[p.path].text]
    several = [written[p.path].file for p in dataset.pictures if p.path in written and written[p.path].lines > 1]
    long = [p.path for p in dataset.pictures if p.caption in set(longer)]
    unused = [path for path in dataset.unused if is_picture(path) and not path.name.startswith(".")]
    folders = mask_folders(dataset)
    in_folders = [path for path in unused if any(path.is_relative_to(folder) for folder in folders)]
    elsewhere = [path for path in unused if path not in set(in_folders)]
    left_out = [path for path in (*dataset.masks, *in_folders) if path not in set(masks.values())]
    others = [path for path in dataset.unused if path not in set(unused)]
    fitted = [p.path for p in dataset.pictures if p.original is not None]
    sizes = [f"{w}x{h}" for w, h in sorted({p.size for p in dataset.pictures if p.original is not None})]
    for paths, what, why in (
        (empty, "empty captions", "their folder's token is trained"),
        (several, "captions of several lines", "the first line is trained, as in kohya's scripts"),
        (
            long,
            phrase("captions of more than {chunk} tokens", chunk=CHUNK),
            phrase("all of each is trained, in chunks of {chunk} as prompts are drawn", chunk=CHUNK),
        ),
        (
            fitted,
            "pictures scaled down or cut to whole latent cells",
            phrase("sizes trained: {sizes}", sizes=", ".join(sizes)),
        ),
        (left_out, "masks not used", "`--set masks=loss` weights the loss by them"),
        (elsewhere, "pictures not used", "only those directly in folders like 10_testdress are trained"),
    ):
        if paths:
            names, told = list_names(paths, dataset.folder), why if isinstance(why, Phrase) else phrase(why)
            of_what = what if isinstance(what, Phrase) else phrase(what)
            lines.append(phrase("{count} {what}: {names}; {why}", count=len(paths), what=of_what, names=names, why=told))
    if others:
        lines.append(phrase("{count} files not used: {names}", count=len(others), names=list_names(others, dataset.folder)))
    return lines


def describe_sizes(dataset: Dataset, size: Size) -> list[str]:
    """A line where even the largest image has less than half the area of `size`, for bases that are told how large images are."""
    width, height = max((picture.size for picture in dataset.pictures), key=lambda one: one[0] * one[1])
    if 2 * width * height >= size[0] * size[1]:
        return []
    text = "no picture is larger than {width}x{height}, and this base draws at {full}: use `huanhua prepare --size 832x1216`"
    return [phrase(text, width=width, height=height, full=f"{size[0]}x{size[1]}")]


def contains(caption: str, trigger: str) -> bool:
    """Whether `trigger` is a word or phrase of `caption`; the text encoder reads no capitals."""
    pattern = re.escape(" ".join(trigger.split())).replace(r"\ ", r"\s+")
    return re.search(rf"(?<![a-z0-9_]){pattern}(?![a-z0-9_])", caption, re.IGNORECASE) is not None
