"""Whether a file can take a LoRA's place in a study: opened by the same door as the study's own LoRAs."""

from __future__ import annotations

from pathlib import Path

from models.errors import InputError
from models.language.translate import phrase
from models.lora.families import CONTEXT_WIDTHS
from models.lora.file import open_lora
from models.lora.layout import LoraLayout, read_layout
from models.lora.summary import summarise
from studies.drawing.section import HuanhuaDraw
from studies.file_hashes import cached_hash
from studies.study import Study


def check_replacement(study: Study, name: str, file: Path) -> tuple[LoraLayout, str | None]:
    """The layout of a file that is to take the place of the LoRA `name`, and a note if it was not tried on the base.

    Raises InputError if it is no whole LoRA, is for another family of bases, does not fit the base where that opens here, or is a
    LoRA that the study has already: by its content, or by another LoRA's trigger word.
    """
    found, layout = summarise(file), read_layout(file)
    if layout.method is not None:
        raise InputError(
            phrase("a {method} file is no plain LoRA", method=layout.method), file, "use a LoRA or LoCon version of it"
        )
    for other, section in study.spec.loras.items():
        if _content(study, file) in {_content(study, study.path(own)) for own in section.files}:
            raise InputError(phrase("the study has this LoRA already, as {other}", other=other), file, "name another file")
    wide = {"sd15": CONTEXT_WIDTHS[768], "sdxl": CONTEXT_WIDTHS[2048]}.get(study.base_facts.family)
    if wide is not None and found.family not in (None, wide) and found.family in CONTEXT_WIDTHS.values():
        raise InputError(
            phrase("a LoRA for {family}, where the study's base is {wide}", family=found.family, wide=wide),
            file,
            "use one for this kind of base",
        )
    for other, trigger in study.triggers.items():
        if other != name and trigger == layout.trigger:
            raise InputError(
                phrase("its trigger word {trigger} is that of {other}", trigger=trigger[:60], other=other),
                file,
                phrase("name a LoRA to be {name}", name=name),
            )
    if not isinstance(study.spec.draw, HuanhuaDraw):
        return layout, phrase("not tried on the base, which {title} opens", title=study.spec.draw.title)
    try:
        modules = study.models.base.modules
    except InputError as error:
        return layout, phrase("not tried on the base, which does not open here ({what})", what=error.what)
    open_lora(file, modules)
    return layout, None


def _content(study: Study, path: Path) -> str:
    """The hash of the file's bytes; its name if it is not there."""
    return cached_hash(study.workspace, path) if path.exists() else str(path)
