"""A picture's prompt as a study's: without what is no word, and with a note on what the renderer reads otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from models.base.prompt.schedules import refuse_schedules
from models.errors import InputError
from studies.picture_settings.settings import file_stem

NETWORK: Final = re.compile(r"<(\w+):[^>]+>")
"""What A1111 takes out of a prompt: extra networks of any name."""
ALONE: Final = re.compile(rf"\s*{NETWORK.pattern}(?=\s|,|$)")
INVERSION: Final = re.compile(r"\bembedding:((?:[\w.+ -]+[/\\])*[\w.+-]+)")
"""ComfyUI's way to name a textual inversion."""
ENDINGS: Final = (".pt", ".safetensors", ".bin")


def drawn_prompt(text: str, name: str, notes: list[str], embeddings: list[str], *, here: bool = True) -> str:
    """`text` as the study file has it; adds to `notes`, and textual inversions to `embeddings`. `name` is what it is called;
    `here`: huanhua draws it, not A1111."""
    text = INVERSION.sub(lambda match: _inversion(match[1], embeddings), text)
    for match in NETWORK.finditer(text):
        what = "only LoRAs are known here" if name == "the prompt" else "A1111 draws it as words there"
        notes.append(f"{match[0]}: taken out of {name}, {what}")
    drawn = NETWORK.sub("", ALONE.sub("", text)).strip()
    notes += [f"{name}: {line}" for line in _unread(drawn, negative=name != "the prompt")] if here else []
    return drawn


def _unread(text: str, *, negative: bool) -> Iterator[str]:
    """A line for each thing that the renderer does not read as A1111 does, and refuses."""
    while text:
        try:
            refuse_schedules(text, negative=negative)
        except InputError as error:
            yield f"{error.what}; {error.mend}"
            quoted = re.search(r"'(.+)'", error.what, re.DOTALL)
            rest = text.replace(quoted[1], "", 1) if quoted else re.sub(r"\bAND\b", "and", text)
            text = rest if rest != text else ""
        else:
            return


def _inversion(place: str, embeddings: list[str]) -> str:
    name = file_stem(place)
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    embeddings.append(name)
    return name
