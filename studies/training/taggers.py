"""Opens the tagger that a person names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.vision.tagger import MODEL

if TYPE_CHECKING:
    from trainers.prepare.tagger import Tagger

COMMON_TAGS: Final[Mapping[str, Sequence[str]]] = {
    "framing": ("full body", "upper body", "close-up"),
    "pose": ("standing", "sitting", "walking"),
    "view": ("from front", "from side", "from behind"),
    "place": ("simple background", "indoors", "outdoors"),
}
"""Tag groups for an open_clip model."""

GENERAL_THRESHOLD: Final = 0.35
"""Probability from which a WD14 tagger's general tags are used, as in kohya's scripts."""
CHARACTER_THRESHOLD: Final = 0.85
"""The same of character tags."""
NEVER: Final = 2.0
"""The same of ratings and all other tags: never."""


def open_tagger(name: str, tags: Path | None) -> Tagger | None:
    """`name` is "none", a tagger of the WD14 family (its folder or .onnx file), or "MODEL/PRETRAINED", "local-dir:PATH" or
    "hf-hub:NAME" of open_clip. `tags` is a YAML file of the groups that an open_clip model chooses from.

    Raises InputError for models and files that do not open.
    """
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
    thresholds = {GENERAL: GENERAL_THRESHOLD, CHARACTER: CHARACTER_THRESHOLD}
    return TrainedTagger(model.probabilities, model.names, [thresholds.get(c, NEVER) for c in model.categories])


def read_tags(path: Path) -> dict[str, list[str]]:
    """Tag groups from a YAML file. Raises InputError for a file of another form."""
    import yaml

    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(group): [str(tag) for tag in tags] for group, tags in content.items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise InputError(
            "not a list of tag groups", path, "write groups of tags as YAML: {hair: [red hair, black hair]}"
        ) from error
