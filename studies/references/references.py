"""The references of the searched LoRAs: their pictures observed once, and stored in the workspace."""

from __future__ import annotations

from dataclasses import replace

from models.errors import InputError
from models.language.translate import phrase
from scorers.observe.references import References
from studies.references.pictures import reference_pictures, stored_as
from studies.references.source import preview_of, source_of
from studies.references.tags import shared_tags
from studies.study import Study


def references_of(study: Study) -> dict[str, References]:
    """The references of every searched LoRA, by name. Raises InputError as `references_for` does."""
    loras = study.spec.searched()
    return {name: replace(references_for(study, name), figure=lora.figure) for name, lora in loras.items()}


def references_for(study: Study, name: str) -> References:
    """Of one searched LoRA. Raises InputError if its pictures are not there or do not show it."""
    kind = study.spec.loras[name].kind
    assert kind != "other"
    pictures = reference_pictures(study, name)
    key = stored_as(study, name, pictures)
    stored = study.workspace.read(key)
    if stored is not None:
        return _with_tags(study, name, References.from_json(stored))
    photos = [photo for _, photo in pictures.open()]
    try:
        found = study.observer.references_of(photos, kind, pictures.boxes())
    except InputError as error:
        if source_of(study, name) == "photos":
            raise
        raise _not_shown(study, name) from error
    study.workspace.write(key, found.to_json())
    return _with_tags(study, name, found)


def _with_tags(study: Study, name: str, found: References) -> References:
    """Named by the captions as they are now: no score depends on them."""
    folder = study.spec.loras[name].references
    if folder is None or not found.cells:
        return found
    return replace(found, tags=shared_tags(study.path(folder)))


def _not_shown(study: Study, name: str) -> InputError:
    """What to do where a LoRA's preview picture, or images of it alone, do not show what it should."""
    section = study.spec.loras[name]
    preview = preview_of(study.path(section.last))
    mend = phrase("name photos: loras.{name}.references", name=name)
    if preview is None:
        return InputError(
            phrase("none of its images alone at full weight shows a {kind}", kind=section.kind), f"loras.{name}", mend
        )
    moved = phrase("{mend}, or move the preview away: images of the LoRA alone then take its place", mend=mend)
    return InputError(phrase("no {kind} found in the preview picture", kind=section.kind), preview, moved)
