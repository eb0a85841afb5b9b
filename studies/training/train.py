"""Trains a LoRA from names: the preset is looked up, the base and companion LoRAs are opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import LoraKind
from studies.callback import Callback, SilentCallback
from studies.devices import best_device
from studies.training.describe import describe_progress
from studies.training.overrides import overridden
from trainers.train.callback import TrainingCallback
from trainers.train.progress import Trained
from trainers.train.settings.request import TrainRequest

if TYPE_CHECKING:
    from models.base.family import Base


def train_request(
    dataset: Path | str,
    out: Path | str,
    kind: LoraKind,
    *,
    family: str = "sd15",
    trigger: str | None = None,
    settings: Sequence[str] | str = (),
) -> TrainRequest:
    """A training with the preset of a `family` ("sd15", "lab") for a `kind` of LoRA, overridden by `settings` such as "rank=16".

    The trigger is by default the token of the set's folder. The checkpoint of an unfinished training lies in a hidden folder next
    to `out`. Raises InputError for an unknown preset or setting, an unclear trigger, and an `out` that is no .safetensors name.
    """
    from trainers.train.settings.preset_families import preset

    dataset, out = Path(dataset), Path(out)
    chosen = overridden(preset(family, kind), [settings] if isinstance(settings, str) else settings)
    request = TrainRequest(dataset, out, trigger or "", chosen, checkpoints=out.parent / ".training", kind=kind)
    # The name of the file is refused before the set is read.
    return request if trigger else replace(request, trigger=folder_trigger(dataset))


def train_lora(
    request: TrainRequest,
    base: str | Path,
    companions: Sequence[Path | str] = (),
    *,
    callback: Callback | None = None,
    training_callback: Callable[[Base], TrainingCallback] | None = None,
) -> Trained:
    """Trains one LoRA in float32 weights on the best device here. A killed training resumes when it is called again.

    `base` is a .safetensors file, a diffusers folder or a hub name; `companions` are files of finished LoRAs that will be active
    together with this one. `callback` follows the progress; `training_callback` makes, for the opened base, what follows the
    losses and the LoRA itself.
    Raises InputError for a base or companion that does not open or cannot be trained, and as `trainers.train.train.train` does.
    """
    from models.base.opening import open_base
    from models.lora.file import open_lora
    from trainers.train.train import train

    follower = callback or SilentCallback()
    with follower.progress(phrase("train {name}", name=request.out.stem)) as advance:
        opened = open_base(base, device=best_device("auto"))
        if not opened.family.trainable:
            what = phrase("LoRAs are trained on SD1.5 bases here, and this is {title}", title=opened.family.title)
            raise InputError(what, base, "name an SD1.5 base")
        return train(
            request,
            opened,
            [open_lora(Path(file), opened.modules) for file in companions],
            progress=lambda p: advance(p.step, p.steps, describe_progress(p)),
            callback=training_callback(opened) if training_callback is not None else None,
            message=follower.message,
        )


def folder_trigger(dataset: Path) -> str:
    """The token of the set's folders such as 10_testdress. Raises InputError if there is not exactly one."""
    from trainers.train.data.layout import repeated_folders

    if not dataset.is_dir():
        raise InputError("no such training set", dataset, "make one with `huanhua prepare`")
    tokens = {folder.token.split()[0] for folder in repeated_folders(dataset) if folder.token.strip()}
    if len(tokens) != 1:
        found = ", ".join(sorted(tokens)) or phrase("no folder such as 10_testdress")
        raise InputError(phrase("the trigger is not clear ({found})", found=found), dataset, "name it with --trigger")
    return tokens.pop()
