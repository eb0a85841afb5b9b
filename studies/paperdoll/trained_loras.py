"""Photos, training sets and LoRAs of the lab's products, made by the verbs that users take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studies.callback import SilentCallback

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.paperdoll.study import Outfit


def make_data(folder: Path, callback: Callback | None = None) -> None:
    """Study file, photos and training sets, each unless it is there already."""
    from models.io.files import write_whole
    from studies.paperdoll.frozen import check
    from studies.paperdoll.study import OUTFITS, study_text

    check()
    if not (folder / "study.yaml").exists():
        write_whole(folder / "study.yaml", study_text(folder).encode())
    for outfit in OUTFITS:
        training_set_of(outfit, folder, callback=callback)


def training_set_of(outfit: Outfit, folder: Path, *, caption_reg: bool | None = None, callback: Callback | None = None) -> None:
    """Photos of a product and the training set of them, in `folder`, unless they are there already.

    Wearers have captions as `caption_reg` says, or else as is best for the kind: all but those of clothing (decision 0023).
    """
    from studies.cli.prepare import describe, prepare_showing
    from studies.paperdoll.bundle import WEIGHTS
    from studies.paperdoll.photos import write_photos
    from studies.paperdoll.study import LEFT_TO_TRIGGER, PHOTOS, SIZE
    from trainers.train.preset import preset

    callback = callback or SilentCallback()
    photos, dataset = folder / "photos" / outfit.name, folder / "data" / outfit.name
    if not photos.exists():
        write_photos(outfit.product, photos, PHOTOS)
    if dataset.exists():
        callback.message(f"prepare {outfit.product}: done already")
        return
    prepared, _ = prepare_showing(
        photos, dataset, kind=outfit.kind, trigger=outfit.product, size=SIZE, parser=str(WEIGHTS / "parser"),
        tagger=str(WEIGHTS / "tagger"), left_to_trigger=LEFT_TO_TRIGGER,
        caption_reg=outfit.kind != "clothing" if caption_reg is None else caption_reg,
        plan=preset("lab", outfit.kind).plan,
    )  # fmt: skip
    for line in describe(prepared):
        callback.message(line)


def lora_of(
    outfit: Outfit,
    folder: Path,
    settings: Sequence[str] = (),
    beside: Sequence[Path] = (),
    callback: Callback | None = None,
) -> Path:
    """The LoRA of a product, trained on its set in `folder` beside those it is worn with; a finished one is left as it is."""
    from studies.cli.train import describe_training, train_showing
    from studies.paperdoll.bundle import WEIGHTS

    callback = callback or SilentCallback()
    out = folder / "loras" / f"{outfit.product}.safetensors"
    trained = train_showing(
        folder / "data" / outfit.name,
        out,
        base=str(WEIGHTS / "base"),
        kind=outfit.kind,
        trigger=outfit.product,
        family="lab",
        settings=settings,
        beside=beside,
    )
    for line in describe_training(trained):
        callback.message(line)
    return out
