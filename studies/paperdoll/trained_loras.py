"""Photos, training sets and LoRAs of the lab's products, made as users make theirs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.language.translate import phrase
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

    `caption_reg` is whether the wearers' pictures have captions; by default all but those of clothing have (decision 0023).
    """
    from studies.paperdoll.bundle import WEIGHTS
    from studies.paperdoll.photos import write_photos
    from studies.paperdoll.study import LEFT_TO_TRIGGER, PHOTOS, SIZE
    from studies.training.describe import describe_prepared
    from studies.training.prepare import prepare_photos
    from trainers.prepare.settings import PrepareSettings
    from trainers.train.settings.preset_families import preset

    callback = callback or SilentCallback()
    photos, dataset = folder / "photos" / outfit.name, folder / "data" / outfit.name
    if not photos.exists():
        write_photos(outfit.product, photos, PHOTOS)
    if dataset.exists():
        callback.message(phrase("prepare {name}: done already", name=outfit.product))
        return
    settings = PrepareSettings(
        kind=outfit.kind,
        trigger=outfit.product,
        size=SIZE,
        plan=preset("lab", outfit.kind).plan,
        caption_reg=outfit.kind != "clothing" if caption_reg is None else caption_reg,
        left_to_trigger=LEFT_TO_TRIGGER,
    )
    parser, tagger = str(WEIGHTS / "parser"), str(WEIGHTS / "tagger")
    prepared, _ = prepare_photos(photos, dataset, settings, parser=parser, tagger=tagger, callback=callback)
    for line in describe_prepared(prepared):
        callback.message(line)


def lora_of(
    outfit: Outfit,
    folder: Path,
    settings: Sequence[str] = (),
    companions: Sequence[Path] = (),
    callback: Callback | None = None,
) -> Path:
    """The LoRA of a product, trained on its set in `folder` with its companions; a finished one is left as it is."""
    from studies.paperdoll.bundle import WEIGHTS
    from studies.training.describe import describe_trained
    from studies.training.train import train_lora, train_request

    callback = callback or SilentCallback()
    out = folder / "loras" / f"{outfit.product}.safetensors"
    data = folder / "data" / outfit.name
    request = train_request(data, out, outfit.kind, family="lab", trigger=outfit.product, settings=settings)
    trained = train_lora(request, str(WEIGHTS / "base"), companions, callback=callback)
    for line in describe_trained(trained):
        callback.message(line)
    return out


def shipped_lora_of(outfit: Outfit, folder: Path, callback: Callback | None = None) -> Path:
    """The LoRA of a product that ships, copied to where `lora_of` puts its own; one that lies there is left as it is.

    The same code trained it, 1.6 times as long, from photos drawn alike.
    """
    from models.io.files import write_whole
    from studies.paperdoll.bundle import lora_file

    out = folder / "loras" / f"{outfit.product}.safetensors"
    there = out.exists()
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, lora_file(outfit.product).read_bytes())
    ships = "train {name}: the LoRA that ships, trained by the same code from photos drawn alike"
    (callback or SilentCallback()).message(phrase("train {name}: there already" if there else ships, name=outfit.product))
    return out
