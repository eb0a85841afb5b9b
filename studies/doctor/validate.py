"""Opens every file a study names, without drawing anything."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from models.base.family import Base
from models.base.textual_inversion import is_named
from models.catalogue import limits_of_use
from models.errors import InputError
from models.language.translate import labelled, phrase
from optimizer.point import lora_of_key
from optimizer.render.flow.scheduler import check_family, check_guidance, unread_settings
from optimizer.render.noise import NOISE_MEND, noise_is_elsewhere
from scorers.observe.posed.pose_parts import LIMITS
from scorers.observe.window_observer import LACKS
from studies.backends.remote import RemoteBackend
from studies.control.nets import check_nets
from studies.control.words import words_of_controls
from studies.devices import best_device, check_device
from studies.doctor.machine import LABEL
from studies.doctor.places import check_places, mends
from studies.doctor.servers import server_lines
from studies.references.photos import prepared_kind
from studies.references.pictures import reference_pictures
from studies.references.places import compared_with, place_notes
from studies.references.references import references_for
from studies.references.source import words_of
from studies.references.unopened import unopened_notes
from studies.regions.words import by_place, words_of_regions
from studies.schedules.words import words_of_schedules
from studies.scorer_spec import FROM_POSE
from studies.study import Study
from studies.workspace import Workspace

IN_THE_MIDDLE: Final = (
    "where it is in its references is not known: their middle is looked at (shoes: their bottom); photos that `huanhua prepare` "
    "has boxes of are better"
)

FLOAT16: Final = "{family} was published in bfloat16, and float16 can turn its pictures black: base.dtype: bfloat16 on a GPU"


def validate_study(study: Study) -> Iterator[str]:
    """One line for each thing that is well. Raises InputError at the first that is not, after a line for each file that is
    missing with the command that mends it; writes nothing."""
    backend = study.backend
    drawn_here = not isinstance(backend, RemoteBackend)
    yield from (_line("missing", line) for line in mends(study, drawn_here=drawn_here))
    check_places(study, drawn_here=drawn_here)
    _check_written(study)
    yield from server_lines(study, backend) if isinstance(backend, RemoteBackend) else _model_lines(study)
    models = study.models
    _ = models.observer
    parts = study.spec.scorers.parts.model
    yield _line(
        "scorers", phrase("{names}: open", names=", ".join(["garment", "face", "hands", *([] if parts is None else ["parts"])]))
    )
    if parts is None:
        yield _line("note", phrase(LACKS))
    if parts == FROM_POSE:
        yield _line("note", phrase(LIMITS))
    for line in limits_of_use(study.spec.scorers.face.pack, parts or ""):
        yield _line("licence", line)
    with tempfile.TemporaryDirectory() as scratch:
        quiet = Study(study.spec, study.root, Workspace(Path(scratch)), study.backend, models)
        yield from _places(study)
        sources = compared_with(quiet)
        for name, source in sources.items():
            section = study.spec.loras[name]
            prepared = None if section.references is None else prepared_kind(study.path(section.references))
            if prepared not in (None, section.kind):
                text = "{name}: its photos were prepared for {prepared}, and it is {kind}"
                yield _line("note", phrase(text, name=name, prepared=prepared, kind=section.kind))
            for words in words_of({name: source}).values():
                yield _line("references", phrase("{name}: {note}", name=name, note=words))
            if source == "close-ups":
                continue
            if parts is None and section.kind != "face" and reference_pictures(quiet, name).boxes() is None:
                yield _line("note", phrase("{name}: {note}", name=name, note=phrase(IN_THE_MIDDLE)))
            references = references_for(quiet, name)
            if source in ("photos", "crops"):
                text = (
                    "{name}: {count} photos show it, {unused} unused" if references.unused else "{name}: {count} photos show it"
                )
                show, unused = len(references.embeddings), len(references.unused)
                yield _line("references", phrase(text, name=name, count=show, unused=unused))
            if references.outliers:
                photos = reference_pictures(quiet, name).open()
                names = ", ".join(photos[i][0].name for i in references.outliers)
                yield _line(
                    "references", phrase("{name}: another face than the others', not used: {names}", name=name, names=names)
                )
    if study.regions is not None:
        for names, where in by_place(words_of_regions(study.spec)).items():
            yield _line("regions", phrase("{name} in {where}", name=names, where=where))
    for name, when in words_of_schedules(study.spec).items():
        yield _line("schedules", phrase("{name}: {note}", name=name, note=when))
    if study.hints is not None:
        _ = study.hints.described()
        study.hints.check_detectors()
        _ = study.models.control_nets
    for name, told in words_of_controls(study.spec).items():
        yield _line("control", phrase("{name}: {note}", name=name, note=told))
    conflicts = max(Counter(lora.figure for lora in study.spec.searched().values()).values())
    if conflicts > 3:
        yield _line("note", phrase("{count} LoRAs at once: more than three tend to conflict", count=conflicts))
    yield _line("study", phrase("{name}: valid", name=study.spec.name))


def _check_written(study: Study) -> None:
    """What is told without opening a model: masks, hints and ControlNets that somebody wrote down."""
    if study.regions is not None:
        _ = study.regions.written
    if study.hints is not None:
        _ = study.hints.written
    check_nets(study.spec, study.root)


def _line(label: str, text: str) -> str:
    return labelled(label, LABEL, text)


def prompts_of(study: Study) -> list[str]:
    """Every prompt that a run draws: with all triggers, without them, with one of them, and with each edit."""
    searched = study.spec.searched()
    edits = study.spec.search.levers.all() if study.spec.search.levers else []
    prompts = [study.spec.prompt, study.plain_prompt(), *(study.plain_prompt(name) for name in searched)]
    in_places = (f"{study.spec.prompt}, {words}" for words in study.spec.figure_words().values())
    return list(dict.fromkeys([*prompts, *(edit.apply(study.spec.prompt) for edit in edits), *in_places]))


def _places(study: Study) -> Iterator[str]:
    """Photos that are not where they were or do not open, as a run would report them; the workspace stays as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        for record in study.workspace.root.glob("*.json"):
            shutil.copyfile(record, Path(scratch) / record.name)
        copied = Study(study.spec, study.root, Workspace(Path(scratch)), study.backend, study.models)
        for name, line in (*place_notes(copied).items(), *unopened_notes(copied).items()):
            yield _line("note", phrase("{name}: {note}", name=name, note=line))


def _model_lines(study: Study) -> Iterator[str]:
    """The base, LoRAs and embeddings of a study that this machine draws."""
    models = study.models
    study.render_settings.check(models.base.factor)
    yield _line("base", phrase("{name}: opens", name=study.spec.base.checkpoint))
    yield from (_line("note", line) for line in family_notes(study))
    device = best_device(study.spec.render.device)
    try:
        check_device(device, "render.device")
    except InputError as error:
        yield _line("note", phrase("render.device: {what}; only workers that have it can draw", what=error.what))
    if noise_is_elsewhere(study.render_settings.rng, device):
        yield _line("note", phrase("rng gpu needs a CUDA device, which this machine lacks: {mend}", mend=phrase(NOISE_MEND)))
    for name, file in models.loras.items():
        layers = sum(len(modules) for modules in file.layers.values())
        trigger = study.triggers.get(lora_of_key(name)) or phrase("not named")
        name = name if name in study.spec.loras else phrase("{name} ({file})", name=lora_of_key(name), file=file.name)
        yield _line("LoRA", phrase("{name}: {layers} layers, trigger {trigger}", name=name, layers=layers, trigger=trigger))
        yield from (_line("note", phrase("{name}: {note}", name=name, note=note)) for note in file.notes)
        other = trained_on_another(file.metadata, models.base)
        if other is not None:
            text = "{name} was trained on {other}: on another base a LoRA shows less, or otherwise"
            yield _line("note", phrase(text, name=name, other=other))
    for word, embedding in models.embeddings.items():
        text = "{word}: {count} vectors, in the file of {lora}" if embedding.lora else "{word}: {count} vectors"
        yield _line("embedding", phrase(text, word=word, count=embedding.tokens, lora=embedding.lora))
        if embedding.lora and not is_named(word, [*prompts_of(study), study.spec.negative_prompt]):
            text = "{name}: no prompt has the word {word}, which calls the textual inversion in its file"
            yield _line("note", phrase(text, name=embedding.lora, word=word))
    models.check_prompts(prompts_of(study))
    models.check_folds()


def family_notes(study: Study) -> Iterator[str]:
    """What changes nothing on the base's family. Raises InputError for settings that the family cannot follow."""
    base, cfg = study.models.base, study.spec.render.cfg
    check_family(study.render_settings, base)
    for one in (cfg, *(study.spec.search.cfg or ())):
        check_guidance(one, base)
    yield from unread_settings(study.render_settings, cfg, base)
    if base.family.samplers is not None and study.spec.base.dtype == "float16":
        yield phrase(FLOAT16, family=base.family.title)


def trained_on_another(metadata: Mapping[str, str], base: Base) -> str | None:
    """The base that a LoRA's metadata names, if it is another than `base` by hash and by file name."""
    named, digest = metadata.get("ss_sd_model_name"), metadata.get("ss_new_sd_model_hash")
    if not named or digest == base.hash or Path(named).stem == Path(base.name).stem:
        return None
    return named
