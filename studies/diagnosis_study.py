"""What `doctor STUDY` looks at: whether each model that a study names opens, where it lies, and under what licence it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from studies.diagnosis import Line

if TYPE_CHECKING:
    from studies.building import Study

LICENCE_KEYS: Final = ("modelspec.license", "license")
PACKS: Final = frozenset({"antelopev2", "buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc"})
NON_COMMERCIAL: Final = "for non-commercial research only, as its makers say of all their packs"


def study_lines(study: Study) -> Iterator[Line]:
    """One line a model; the others are tried whatever the first one gives."""
    base = _tried("base", study.spec.base.checkpoint, lambda: study.base)
    yield base
    if base[1]:
        for name in study.spec.loras:
            yield _lora(study, name)
        for file in study.spec.embeddings:
            yield _tried("embedding", file, lambda file=file: _embedding(study, file))  # type: ignore[misc]
    else:
        yield "LoRAs      not looked at: they need the base", False
    yield from _scorers(study)
    for name, section in study.spec.searched().items():
        there = study.path(section.references or "").is_dir()
        yield f"photos     {name}: {section.references} {'is there' if there else 'IS NOT THERE'}", there


def _lora(study: Study, name: str) -> Line:
    from models.lora import open_lora

    base = study.base
    second = base.second.text_encoder if base.second else None
    file = study.path(study.spec.loras[name].file)
    return _tried("LoRA", study.spec.loras[name].file, lambda: open_lora(file, base.unet, base.text_encoder, second).metadata)


def _embedding(study: Study, file: str) -> None:
    from models.embedding import fits, open_embedding

    fits(open_embedding(study.path(file)), study.base)


def _scorers(study: Study) -> Iterator[Line]:
    from models.clip import open_clip_model
    from models.faces import open_faces
    from models.parser import open_parser
    from scorers.hands import open_hand_judge
    from studies.building import local_clip_name, local_name
    from studies.devices import scorers_device

    scorers, root = study.spec.scorers, study.root
    device = scorers_device(scorers.device)
    garment, face = scorers.garment, scorers.face
    yield _tried("parts", scorers.parts.model, lambda: open_parser(local_name(scorers.parts.model, root), device))
    clip = local_clip_name(garment.model, root)
    yield _tried("garment", garment.model, lambda: open_clip_model(clip, garment.pretrained, device))
    line, well = _tried("face", face.pack, lambda: open_faces(local_name(face.pack, root), face.det_size))
    yield (f"{line}, {NON_COMMERCIAL}" if face.pack in PACKS else line), well
    yield _tried("hands", scorers.hands.judge, lambda: open_hand_judge(root / scorers.hands.judge))


def _tried(kind: str, name: str, opened: Callable[[], Any]) -> Line:
    try:
        found = opened()
    except InputError as error:
        return f"{kind:<10} {name}: DOES NOT OPEN: {error}", False
    licence = next((found[key] for key in LICENCE_KEYS if found.get(key)), None) if isinstance(found, Mapping) else None
    return f"{kind:<10} {name}: opens{f', licence {licence[:80]}' if licence else ''}", True
