"""What was found in a training set, in lines: nothing that somebody put there is passed over without one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.base.prompt.chunks import CHUNK
from models.io.picture_kinds import is_picture
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
    counts = [f"{sum(p.path in filled for p in some)} of {len(some)} {name} pictures" for name, some in groups]
    having = sum(contains(picture.caption, trigger) for picture in train)
    share = f"{having} of {len(train)} trained captions"
    lines = [f"captions found for {' and '.join(counts)}; the trigger '{trigger}' is in {share}"]
    if not having:
        lines.append(f"no caption contains the trigger '{trigger}', so it will call nothing; write it first in each caption")
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
        (long, f"captions of more than {CHUNK} tokens", f"all of each is trained, in chunks of {CHUNK} as prompts are drawn"),
        (fitted, "pictures scaled down or cut to whole latent cells", f"sizes trained: {', '.join(sizes)}"),
        (left_out, "masks not used", "`--set masks=loss` weights the loss by them"),
        (elsewhere, "pictures not used", "only those directly in folders like 10_testdress are trained"),
    ):
        if paths:
            lines.append(f"{len(paths)} {what}: {list_names(paths, dataset.folder)}; {why}")
    if others:
        lines.append(f"{len(others)} files not used: {list_names(others, dataset.folder)}")
    return lines


def contains(caption: str, trigger: str) -> bool:
    """Whether `trigger` is a word or phrase of `caption`; the text encoder reads no capitals."""
    pattern = re.escape(" ".join(trigger.split())).replace(r"\ ", r"\s+")
    return re.search(rf"(?<![a-z0-9_]){pattern}(?![a-z0-9_])", caption, re.IGNORECASE) is not None
