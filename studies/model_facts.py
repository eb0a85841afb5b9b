"""Facts about a study's models, stored in the workspace when they are first opened: later questions open nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.lora.layout import TRIGGER_KEY, inversion_words, lora_files, trigger_in
from optimizer.render.numerical_path import NUMERICAL_PATH, ORDER, ZERO_SNR
from studies.drawing.section import HuanhuaDraw
from studies.file_hashes import stamps
from studies.render_settings import render_settings_of
from studies.schedules.words import fixed_schedules
from studies.spec import StudySpec
from studies.workspace import Workspace

OPENED: Final = "opened"
"""The workspace's JSON file of these facts."""
FORMAT: Final = 1


@dataclass(frozen=True)
class BaseFacts:
    """As the fields of `models.base.family.Base` of these names."""

    name: str
    hash: str
    family: str
    """Its name in `models.base.registry`."""
    schedule: dict[str, Any]


@dataclass(frozen=True)
class LoraFacts:
    """As the fields of `models.lora.file.LoraFile` of these names; of the metadata only what names the trigger word."""

    hash: str
    metadata: Mapping[str, str]
    words: tuple[str, ...] = ()
    """Words of a prompt that stand for textual inversions in its file, in lower case."""


@dataclass(frozen=True)
class ModelFacts:
    """The base, and the LoRAs by name; earlier files of one by their `optimizer.point.file_key`."""

    base: BaseFacts
    loras: Mapping[str, LoraFacts]


@dataclass(frozen=True)
class OpenedFacts:
    """All that opening a study's models revealed."""

    models: ModelFacts
    identity: Mapping[str, Any]
    """The renderer's: everything that decides an image besides its job."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Measured seconds per image, by device. Decides no image."""


def trigger_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """The part of a LoRA's metadata that is stored."""
    trigger = trigger_in(metadata)
    return {} if trigger is None else {TRIGGER_KEY: trigger}


def store_facts(workspace: Workspace, source: Mapping[str, Any], facts: OpenedFacts) -> None:
    """Stores `facts` with the `facts_source` they are true of."""
    models = {"base": asdict(facts.models.base), "loras": {name: asdict(lora) for name, lora in facts.models.loras.items()}}
    stored = {"from": source, **models, "identity": facts.identity}
    workspace.write(OPENED, stored | ({"seconds": dict(facts.seconds)} if facts.seconds else {}))


def stored_facts(workspace: Workspace, source: Mapping[str, Any]) -> OpenedFacts | None:
    """The stored facts; None if there are none, or the study file or a file that it names has changed since.

    Raises InputError if what is stored are no facts.
    """
    stored = workspace.read(OPENED)
    if stored is None:
        return None
    try:
        if stored["from"] != source or stored["identity"].get(ORDER, list(source["loras"])) != list(source["loras"]):
            return None
        return _facts(stored)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        mend = "move it away: the next run opens the models and writes it anew"
        raise InputError("no facts about a study's models", workspace.root / f"{OPENED}.json", mend) from error


def _facts(stored: Mapping[str, Any]) -> OpenedFacts | None:
    base = _base_facts(**stored["base"])
    identity, seconds = dict(stored["identity"]), {str(k): float(v) for k, v in stored.get("seconds", {}).items()}
    if base.schedule.get("rescale_betas_zero_snr") and ZERO_SNR not in identity["path"].split():
        # Stored before such bases were drawn at their own noise levels: their images are others now.
        return None
    models = ModelFacts(base, {name: _lora_facts(**lora) for name, lora in stored["loras"].items()})
    return OpenedFacts(models, identity, seconds)


def _base_facts(*, is_xl: bool = False, **facts: Any) -> BaseFacts:
    """Of stored facts; before families had names, `is_xl` distinguished the two."""
    return BaseFacts(**{"family": "sdxl" if is_xl else "sd15", **facts})


def _lora_facts(*, words: Sequence[str] = (), **facts: Any) -> LoraFacts:
    """Of stored facts: JSON has no tuples."""
    return LoraFacts(**facts, words=tuple(words))


def facts_source(spec: StudySpec, root: Path) -> dict[str, Any]:
    """All that decides what the renderer is: the study's settings, and size and time of change of every file it names."""
    files = [spec.base.checkpoint, *([spec.base.vae] if spec.base.vae else []), *spec.embeddings, *spec.draw.files().values()]
    # Left out where this machine draws: what earlier versions stored is still valid.
    loras = spec.lora_files().values()
    inside = {file: list(inversion_words((root / file).expanduser())) for file in loras}
    bundled = {file: words for file, words in inside.items() if words}
    draw = {} if isinstance(spec.draw, HuanhuaDraw) else {"draw": spec.draw.model_dump(mode="json", by_alias=True)}
    schedules = {name: str(schedule) for name, schedule in fixed_schedules(spec).items()}
    return {
        **draw,
        **({"schedules": schedules} if schedules else {}),
        **({"inversions": bundled} if bundled else {}),
        "format": FORMAT,
        "path": NUMERICAL_PATH,
        "frame": render_settings_of(spec).as_json(),
        "base": spec.base.model_dump(mode="json"),
        "loras": {name: [lora.file, lora.fixed] for name, lora in spec.loras.items()},
        "device": spec.render.device,
        "compile": spec.render.compile,
        "files": {name: list(stamps((root / name).expanduser())) for name in files}
        | {file: _lora_stamps((root / file).expanduser()) for file in loras},
    }


def _lora_stamps(path: Path) -> list[list[str | int]]:
    """Those of all files that decide what a LoRA is: peft's settings next to it among them."""
    return [stamp for file in lora_files(path) for stamp in stamps(file)]
