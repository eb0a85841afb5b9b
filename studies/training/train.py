"""`train` with the base opened and the preset chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.kinds import LoraKind
from studies.devices import best_device
from studies.training.overrides import changed
from trainers.train.callback import TrainingCallback
from trainers.train.loop import check_out
from trainers.train.progress import Progress, Trained

if TYPE_CHECKING:
    from models.base.opening import Base
    from trainers.train.preset import Preset


def train_lora(
    dataset: Path,
    out: Path,
    *,
    base: str,
    kind: LoraKind,
    trigger: str | None,
    family: str,
    settings: Sequence[str] = (),
    beside: Sequence[Path] = (),
    progress: Callable[[Progress], None] | None = None,
    watching: Callable[[Base, Preset, str], TrainingCallback] | None = None,
) -> Trained:
    """Trains one LoRA in float32 weights on the best device here. `family` is the preset family: sd15 or lab;
    `settings` change it (see studies.training.overrides). `beside` are finished LoRAs that it will be worn together with.
    `watching` is given the opened base, the settings and the trigger, and makes who looks on.

    The checkpoint of an unfinished training lies in a hidden folder beside `out`.
    """
    from models.base.opening import open_base
    from models.lora.file import open_lora
    from trainers.train.loop import train
    from trainers.train.preset import preset

    check_out(out)
    chosen = changed(preset(family, kind), settings)
    word = trigger or folder_trigger(dataset)
    opened = open_base(base, device=best_device("auto"))
    if opened.is_xl:
        raise InputError("LoRAs are trained on SD1.5 bases here, and this is SDXL", base, "name an SD1.5 base")
    companions = [open_lora(file, opened.unet, opened.text_encoder) for file in beside]
    work = out.parent / ".training"
    watcher = watching(opened, chosen, word) if watching is not None else None
    return train(dataset, out, opened, chosen, trigger=word, work=work, companions=companions, progress=progress, watcher=watcher)


def folder_trigger(dataset: Path) -> str:
    """The token of kohya's `train/N_token` (or `N_token`) folder. Raises InputError if there is not exactly one."""
    inner = dataset / "train" if (dataset / "train").is_dir() else dataset
    if not inner.is_dir():
        raise InputError("no such training set", dataset, "make one with `huanhua prepare`")
    names = [p.name.partition("_") for p in inner.iterdir() if p.is_dir()]
    tokens = {token.split()[0] for count, _, token in names if count.isdigit() and token.strip()}
    if len(tokens) != 1:
        found = ", ".join(sorted(tokens)) or "no folder such as 10_testdress"
        raise InputError(f"the trigger is not clear ({found})", dataset, "name it with --trigger")
    return tokens.pop()
