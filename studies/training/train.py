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
    from models.base.family import Base, BaseFamily
    from models.base.opening import Dtype
    from trainers.train.settings.preset import Preset


def train_request(
    dataset: Path | str,
    out: Path | str,
    kind: LoraKind,
    *,
    family: str | None = None,
    base: str | Path | None = None,
    trigger: str | None = None,
    settings: Sequence[str] | str = (),
    save_every: int | None = None,
) -> TrainRequest:
    """A training with the preset of a `family` ("sd15", "sdxl", "lab") for a `kind` of LoRA, overridden by `settings` such as
    "rank=16". Without a `family` it is that of the `base`, of which the header alone is read, and without either "sd15".

    The trigger is by default the token of the set's folder. The checkpoint of an unfinished training lies in a hidden folder next
    to `out`. Raises InputError for an unknown preset or setting, a base that does not open, cannot be trained or is of another
    family, an unclear trigger, and an `out` that is no .safetensors name.
    """
    from trainers.train.settings.preset_families import FAMILIES, preset

    dataset, out = Path(dataset), Path(out)
    if base is not None:
        family = _preset_family(base, family)
    family = family or "sd15"
    chosen = overridden(preset(family, kind), [settings] if isinstance(settings, str) else settings)
    request = TrainRequest(
        dataset, out, trigger or "", chosen, checkpoints=out.parent / ".training", kind=kind, save_every=save_every
    )
    request = replace(request, family=FAMILIES.get(family, family))
    # The name of the file is refused before the set is read.
    return request if trigger else replace(request, trigger=folder_trigger(dataset))


def _preset_family(base: str | Path, asked: str | None) -> str:
    """That of the base, or the one asked for if it is for such bases."""
    from models.base.opening import family_at
    from trainers.train.settings.preset_families import FAMILIES, PRESETS

    own = family_at(base)
    _check_trainable(own, base)
    if asked in PRESETS and FAMILIES.get(asked, asked) != own.name:
        what = phrase("the preset {preset} is not for {family} bases", preset=asked, family=own.title)
        raise InputError(what, base, "leave --preset out: it follows the base")
    return asked or own.name


def _check_trainable(family: BaseFamily, base: str | Path) -> None:
    from models.base.registry import FAMILIES

    if not family.trainable:
        names = " or ".join(one.title for one in FAMILIES.values() if one.trainable)
        what = phrase("LoRAs are trained on {families} bases here, and this is {family}", families=names, family=family.title)
        raise InputError(what, base, phrase("name a base of {families}", families=names))


def train_lora(
    request: TrainRequest,
    base: str | Path,
    companions: Sequence[Path | str] = (),
    *,
    callback: Callback | None = None,
    training_callback: Callable[[Base], TrainingCallback] | None = None,
) -> Trained:
    """Trains one LoRA on the best device here. A killed training resumes when it is called again.

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
        device = best_device("auto")
        # In full where the VAE is: its latents are encoded once, and every step learns from them.
        opened = open_base(base, dtype=_weights(request.preset, device), vae_dtype="float32", device=device)
        _check_trainable(opened.family, base)
        if request.family not in (None, opened.family.name):
            what = phrase(
                "the preset is for {family} bases, and this is {title}", family=request.family, title=opened.family.title
            )
            raise InputError(what, base, phrase("use the preset of family {name}", name=opened.family.name))
        return train(
            request,
            opened,
            [open_lora(Path(file), opened.modules) for file in companions],
            progress=lambda p: advance(p.step, p.steps, describe_progress(p)),
            callback=training_callback(opened) if training_callback is not None else None,
            message=follower.message,
        )


def _weights(preset: Preset, device: str) -> Dtype:
    from torch import device as device_of

    from models.precision import multiplies_in_bfloat16

    if preset.weights == "auto":
        return "bfloat16" if multiplies_in_bfloat16(device_of(device)) else "float32"
    return preset.weights


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
