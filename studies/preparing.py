"""`prepare` with the models it needs: hands a locator and a tagger to the trainers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from studies.locating import PartLocator
from trainers.manifest import Kind

if TYPE_CHECKING:
    from trainers.plan import Plan
    from trainers.prepare import Prepared
    from trainers.tagger import Tagger

COMMON_TAGS: Mapping[str, Sequence[str]] = {
    "framing": ("full body", "upper body", "close-up"),
    "pose": ("standing", "sitting", "walking"),
    "view": ("from front", "from side", "from behind"),
    "place": ("simple background", "indoors", "outdoors"),
}


def parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match is None:
        raise InputError(f"not a size: {text}", "--size", "write it as 512x768")
    return int(match[1]), int(match[2])


def prepare_photos(
    photos: Path,
    out: Path,
    *,
    kind: Kind,
    trigger: str,
    size: tuple[int, int],
    parser: str,
    tagger: str = "none",
    tags: Path | None = None,
    plan: Plan | None = None,
    caption_reg: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Opens the part parser and the tagger, then prepares. Raises InputError before anything is written."""
    from models.images import list_photos
    from models.parser import open_parser
    from trainers.prepare import prepare

    list_photos(photos)
    locator = PartLocator(open_parser(parser), kind)
    return prepare(
        photos,
        out,
        kind=kind,
        trigger=trigger,
        locator=locator,
        tagger=open_tagger(tagger, tags),
        size=size,
        plan=plan,
        caption_reg=caption_reg,
        progress=progress,
    )


def open_tagger(name: str, tags: Path | None) -> Tagger | None:
    """`name` is "none", "MODEL/PRETRAINED" or "local-dir:PATH" of open_clip."""
    if name == "none":
        return None
    from models.clip import open_clip_model
    from trainers.tagger import ZeroShotTagger

    model, _, pretrained = (name, "", "") if name.startswith(("local-dir:", "hf-hub:")) else name.partition("/")
    clip = open_clip_model(model, pretrained or None)
    return ZeroShotTagger(clip.embed_images, clip.embed_texts, read_tags(tags) if tags else COMMON_TAGS)


def read_tags(path: Path) -> dict[str, list[str]]:
    import yaml

    try:
        held: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(group): [str(tag) for tag in words] for group, words in held.items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise InputError(
            "not a list of tag groups", path, "write groups of tags as YAML: {hair: [red hair, black hair]}"
        ) from error
