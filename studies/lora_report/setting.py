"""What a report is drawn with: a study's own settings, or those that `huanhua init` would write for a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.file import read_metadata
from models.lora.layout import inversion_words
from models.lora_kinds import LoraKind
from studies.drawing.section import HuanhuaDraw
from studies.lora_files.section import LoraSection
from studies.lora_report.epochs import Training, saved_file
from studies.project.folder import DATA, absolute, names_start
from studies.project.loras import FoundLora, loras_among
from studies.prompts import trigger_of, without_triggers
from studies.spec import StudySpec
from studies.study import Study

LEVEL: Final = 0.7
"""The calibrated score that is enough where no study says otherwise."""
TOP: Final = 1.0
"""The greatest weight that is drawn where no study says otherwise."""


@dataclass(frozen=True)
class Reported:
    """One LoRA file of a report."""

    path: Path
    kind: LoraKind
    kind_from: str
    """What tells it."""
    trigger: str | None
    references: Path | None
    level: float
    """The calibrated score that is enough."""
    top: float
    """The greatest weight that is drawn."""


@dataclass(frozen=True)
class Told:
    """What was typed of all LoRAs; None where nothing was."""

    kind: LoraKind | None = None
    photos: Path | None = None


def of_study(training: Training, study: Study, told: Told) -> list[Reported]:
    """The files of one training, as far as possible by what the study says of the LoRA; `told` comes first."""
    section = _section_of(training, study)
    if section is None:
        return alone(training, study.folder, told)
    name, lora = section
    references = told.photos or (None if lora.references is None else study.path(lora.references))
    return [
        Reported(
            saved.path,
            told.kind or lora.kind,
            phrase("the study's {name}", name=name),
            trigger_of(lora.trigger, read_metadata(saved.path)),
            references,
            study.spec.required(name),
            lora.bounds[1],
        )
        for saved in training.files
    ]


def alone(training: Training, place: Path, told: Told) -> list[Reported]:
    """The files of one training by what they and the project around `place` tell."""
    from studies.project.training_sets import sets_in

    sets = sets_in(names_start(absolute(place)) / DATA)
    found, wrong = loras_among([saved.path for saved in training.files], sets)
    if wrong:
        raise InputError(wrong[0], training.name, "fetch or save it again")
    by_path = {lora.path: lora for lora in found}
    ordered = [by_path[saved.path] for saved in training.files]
    # The last file decides for all: epochs of one LoRA are of one thing.
    last = ordered[-1]
    return [_reported(lora, last, told) for lora in ordered]


def _reported(lora: FoundLora, last: FoundLora, told: Told) -> Reported:
    source = phrase("--kind") if told.kind is not None else phrase(last.kind_from or "assumed, as nothing tells it")
    references = told.photos or last.references
    return Reported(lora.path, told.kind or last.kind, source, lora.trigger or last.trigger, references, LEVEL, TOP)


def _section_of(training: Training, study: Study) -> tuple[str, LoraSection] | None:
    """The study's LoRA that the files are, or are epochs of, by its place, its name or its trigger."""
    places = {saved.path.resolve() for saved in training.files}
    triggers = {trigger_of(None, read_metadata(saved.path)) for saved in training.files} - {None}
    for name, lora in study.spec.searched().items():
        paths = [study.path(file) for file in lora.files]
        if any(p.resolve() in places or (p.exists() and saved_file(p).training == training.name) for p in paths):
            return name, lora
    for name, lora in study.spec.searched().items():
        if lora.trigger in triggers or (lora.trigger is None and _trigger(study, lora) in triggers):
            return name, lora
    return None


def _trigger(study: Study, lora: LoraSection) -> str | None:
    path = study.path(lora.last)
    return trigger_of(None, read_metadata(path)) if path.exists() else None


def spec_from_study(study: Study, loras: Mapping[str, Reported]) -> StudySpec:
    """The study's settings with the report's LoRAs, by name, in the place of its own; drawn by this machine."""
    spec = study.spec
    words = [trigger_of(lora.trigger, _metadata(study, lora)) for lora in spec.loras.values()]
    words += [word for lora in spec.loras.values() for word in inversion_words(study.path(lora.last))]
    prompt = _prompt(spec.prompt, [word for word in words if word], loras)
    changes = {
        **_report_sections(prompt, loras),
        "base": spec.base.model_dump(),
        "negative_prompt": spec.negative_prompt,
        "embeddings": spec.embeddings,
        "render": spec.render.model_dump(),
        "search": {"hands": spec.search.hands},
        "scorers": {**spec.scorers.model_dump(), "extra": {}},
    }
    return StudySpec.model_validate(changes)


def spec_for_base(base: Path | str, loras: Mapping[str, Reported], start: Path) -> StudySpec:
    """The settings that `huanhua init` would write for this base in the folder `start`."""
    import yaml

    from studies.project.bases import base_at
    from studies.starter.presets import preset_named, size_of
    from studies.starter.sampling import sampling_of
    from studies.starter.template import scorers_text

    preset, found = preset_named(()), base_at(Path(base))
    family = found.family if found is not None else "sd15"
    small = found is not None and found.distilled is not None and found.distilled.small
    width, height = size_of(preset, "sd15" if small else family, found.side if found is not None else None)
    sampling = sampling_of(preset, found)
    prompt = ", ".join(["1girl", str(preset.quality), str(preset.framing)])
    sections: dict[str, Any] = {
        **_report_sections(_prompt(prompt, [], loras), loras),
        "base": {"checkpoint": str(base), "clip_skip": (preset.clip_skip or 1) if family == "sd15" else 1},
        "negative_prompt": str(preset.negative),
        "render": {
            "width": width,
            "height": height,
            "steps": sampling.steps,
            "sampler": sampling.sampler,
            "cfg": sampling.cfg,
            # Of `gpu`, which init writes, a machine without one can draw nothing.
            "rng": "cpu",
        },
        "scorers": yaml.safe_load(scorers_text(start))["scorers"],
    }
    return StudySpec.model_validate(sections)


def _report_sections(prompt: str, loras: Mapping[str, Reported]) -> dict[str, Any]:
    return {
        "name": "lora-report",
        "prompt": prompt,
        "draw": HuanhuaDraw().model_dump(by_alias=True),
        "loras": {
            name: {
                "file": str(absolute(lora.path)),
                "kind": lora.kind,
                "references": None if lora.references is None else str(absolute(lora.references)),
                "trigger": lora.trigger,
                "start": 0.0,
                "bounds": [0.0, lora.top],
            }
            for name, lora in loras.items()
        },
    }


def _prompt(prompt: str, words: Sequence[str], loras: Mapping[str, Reported]) -> str:
    """The prompt less words of LoRAs that are not reported on, and with those that are, at their places or at its end."""
    own = list(dict.fromkeys(word for lora in loras.values() for word in _own_words(lora)))
    kept = without_triggers(prompt, [word for word in words if word not in own])
    lacking = [word for word in own if without_triggers(kept, [word]) == without_triggers(kept, [])]
    return ", ".join([kept, *lacking])


def _own_words(lora: Reported) -> list[str]:
    return [*([lora.trigger] if lora.trigger else []), *inversion_words(lora.path)]


def _metadata(study: Study, lora: LoraSection) -> Mapping[str, str]:
    path = study.path(lora.last)
    return read_metadata(path) if path.exists() else {}
