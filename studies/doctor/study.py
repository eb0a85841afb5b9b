"""The lines of `doctor STUDY`: whether each model that a study names opens, where it lies, and its licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import joined, labelled, phrase
from studies.backends.remote import RemoteBackend
from studies.doctor.machine import LABEL, Line
from studies.doctor.servers import tried_server_lines

if TYPE_CHECKING:
    from studies.study import Study

LICENCE_KEYS: Final = ("modelspec.license", "license")


def study_lines(study: Study) -> Iterator[Line]:
    """One line a model; the others are tried whatever the first one gives."""
    from studies.references.source import source_of, words_of

    if isinstance(study.backend, RemoteBackend):
        yield from tried_server_lines(study, study.backend)
    else:
        yield from _model_lines(study)
    yield from _scorers(study)
    for name, section in study.spec.searched().items():
        if section.references is None:
            words = words_of({name: source_of(study, name)})[name]
            yield labelled("photos", LABEL, phrase("{name}: {note}", name=name, note=words)), True
            continue
        there = study.path(section.references).is_dir()
        text = "{name}: {folder} is there" if there else "{name}: {folder} IS NOT THERE"
        yield labelled("photos", LABEL, phrase(text, name=name, folder=section.references)), there


def _model_lines(study: Study) -> Iterator[Line]:
    base = _tried("base", study.spec.base.checkpoint, lambda: study.models.base)
    yield base
    if base[1]:
        for file in study.spec.lora_files().values():
            yield _lora(study, file)
        for file in study.spec.embeddings:
            yield _tried("embedding", file, lambda file=file: _embedding(study, file))  # type: ignore[misc]
    else:
        yield labelled("LoRAs", LABEL, phrase("not checked: they need the base")), False


def _lora(study: Study, file: str) -> Line:
    from models.lora.file import open_lora

    modules = study.models.base.modules
    return _tried("LoRA", file, lambda: open_lora(study.path(file), modules).metadata)


def _embedding(study: Study, file: str) -> None:
    from models.base.textual_inversion import check_width, open_embedding

    check_width(open_embedding(study.path(file)), study.models.base.text_widths)


def _scorers(study: Study) -> Iterator[Line]:
    from models.catalogue import limits_of_use
    from models.vision.faces import open_faces
    from models.vision.part_parser import open_parser
    from models.vision.pose import open_pose
    from scorers.observe.limbs.hand_judge import open_hand_judge
    from scorers.observe.posed.pose_parts import LIMITS
    from scorers.observe.window_observer import LACKS
    from scorers.plugins import open_region_scorer, open_scorers
    from studies.devices import scorers_device
    from studies.observers.opening import local_name, open_garment_embedder
    from studies.scorer_spec import FROM_POSE

    scorers, root = study.spec.scorers, study.root
    device = scorers_device(scorers.device)
    garment, face, hands, parts = scorers.garment, scorers.face, scorers.hands, scorers.parts
    if parts.model is None:
        yield labelled("parts", LABEL, phrase(LACKS)), True
    elif parts.model == FROM_POSE:
        yield labelled("parts", LABEL, phrase(LIMITS)), True
    else:
        name = local_name(parts.model, root)
        yield _tried("parts", parts.model, lambda: open_parser(name, device), limits_of_use("", parts.model))
    for model, alone in ((garment.model, {"dino": None}), (garment.dino, {"model": None})):
        if model is not None:
            only = garment.model_copy(update=alone)
            yield _tried("garment", model, lambda only=only: open_garment_embedder(only, root, device))  # type: ignore[misc]
    pack = local_name(face.pack, root)
    yield _tried("face", face.pack, lambda: open_faces(pack, face.det_size), limits_of_use(face.pack, ""))
    if hands.judge is not None:
        yield _tried("hands", hands.judge, lambda judge=root / hands.judge: open_hand_judge(judge))  # type: ignore[misc]
    if hands.pose is not None:
        yield _tried("hands", hands.pose, lambda pose=root / hands.pose: open_pose(pose, device))  # type: ignore[misc]
    for name in scorers.whole_images():
        yield _tried("extra", name, lambda name=name: open_scorers([name]))  # type: ignore[misc]
    for name in dict.fromkeys(duty.scorer for duty in scorers.regions()):
        yield _tried("extra", name, lambda name=name: open_region_scorer(name))  # type: ignore[misc]


def _tried(kind: str, name: str, opened: Callable[[], Any], limits: Sequence[str] = ()) -> Line:
    """Whether it opens; `limits` are what the licence of a well-known model forbids."""
    try:
        found = opened()
    except InputError as error:
        what = phrase("{name}: DOES NOT OPEN: {error}", name=name, error=error.told())
        return labelled(kind, LABEL, joined("; ", [what, *limits])), False
    licence = next((found[key] for key in LICENCE_KEYS if found.get(key)), None) if isinstance(found, Mapping) else None
    what = (
        phrase("{name}: opens, licence {licence}", name=name, licence=licence[:80])
        if licence
        else phrase("{name}: opens", name=name)
    )
    return labelled(kind, LABEL, joined("; ", [what, *limits])), True
