"""`prepare` with the models it needs: hands a locator and a tagger to the trainers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.kinds import LoraKind
from models.vision.tagger import MODEL
from studies.training.locate import PartLocator

if TYPE_CHECKING:
    from trainers.prepare.dataset_writer import Prepared
    from trainers.prepare.tagger import Tagger
    from trainers.step_plan import Plan

COMMON_TAGS: Mapping[str, Sequence[str]] = {
    "framing": ("full body", "upper body", "close-up"),
    "pose": ("standing", "sitting", "walking"),
    "view": ("from front", "from side", "from behind"),
    "place": ("simple background", "indoors", "outdoors"),
}

GENERAL_THRESHOLD, CHARACTER_THRESHOLD, NEVER = 0.35, 0.85, 2.0
"""Probabilities from which a WD14 tagger's tags are given, as kohya's scripts have them; ratings are never given."""


def parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match is None:
        raise InputError(f"not a size: {text}", "--size", "write it as 512x768")
    return int(match[1]), int(match[2])


def prepare_photos(
    photos: Path,
    out: Path,
    *,
    kind: LoraKind,
    trigger: str,
    size: tuple[int, int],
    parser: str,
    tagger: str = "none",
    tags: Path | None = None,
    plan: Plan | None = None,
    caption_reg: bool = False,
    reg_class: str | None = None,
    boxes: Path | None = None,
    left_to_trigger: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Opens the part parser and the tagger, then prepares. Raises InputError before anything is written."""
    from models.io.images import list_photos
    from models.vision.part_parser import open_parser
    from trainers.prepare.dataset_writer import prepare

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
        reg_class=reg_class,
        boxes=boxes,
        left_to_trigger=left_to_trigger,
        progress=progress,
    )


def open_tagger(name: str, tags: Path | None) -> Tagger | None:
    """`name` is "none", a tagger of the WD14 family (its folder or .onnx file), or "MODEL/PRETRAINED", "local-dir:PATH" or
    "hf-hub:NAME" of open_clip. `tags` are the groups that an open_clip model chooses from."""
    if name == "none":
        return None
    if name.endswith(".onnx") or (Path(name) / MODEL).is_file():
        if tags is not None:
            raise InputError("a tagger with tags of its own takes no list", tags, "leave --tags away, or name an open_clip model")
        return _trained_tagger(Path(name))
    from models.vision.clip import open_clip_model
    from trainers.prepare.tagger import ZeroShotTagger

    model, _, pretrained = (name, "", "") if name.startswith(("local-dir:", "hf-hub:")) else name.partition("/")
    clip = open_clip_model(model, pretrained or None)
    return ZeroShotTagger(clip.embed_images, clip.embed_texts, read_tags(tags) if tags else COMMON_TAGS)


def _trained_tagger(path: Path) -> Tagger:
    from models.vision.tagger import CHARACTER, GENERAL, open_tagging_model
    from trainers.prepare.tagger import TrainedTagger

    model = open_tagging_model(path)
    least = {GENERAL: GENERAL_THRESHOLD, CHARACTER: CHARACTER_THRESHOLD}
    return TrainedTagger(model.probabilities, model.names, [least.get(c, NEVER) for c in model.categories])


def read_tags(path: Path) -> dict[str, list[str]]:
    import yaml

    try:
        held: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(group): [str(tag) for tag in words] for group, words in held.items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise InputError(
            "not a list of tag groups", path, "write groups of tags as YAML: {hair: [red hair, black hair]}"
        ) from error
