"""What decides a study's images, in words: the renderer's identity, and how two of them differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from models.language.translate import phrase
from optimizer.point import FILE_MARK, lora_of_key

Entry: TypeAlias = tuple[str, str]
"""A value that is compared, such as a file's hash, and its label for people, such as the file's name."""

SHOWN: Final = 60
"""Letters of a long label that are shown."""
BEFORE_DIFFERENCE: Final = 16
"""Letters shown before the first that differs."""
WORDS: Final = {
    "path": "order of arithmetic", "frame.ensd": "ensd", "frame.rng": "rng", "server.kind": "program that draws",
    "server.version": "version of the program that draws",
}  # fmt: skip
"""Words for keys of the renderer's identity, where they are not the key's own."""

KINDS: Final = {
    "loras": "LoRA ", "embeddings": "embedding ", "fixed": "fixed weight of ", "schedules": "schedule of ",
    "controls": "ControlNet ",
}  # fmt: skip
"""What a key's first part says of the rest."""


def differences(stored: Mapping[str, Entry], current: Mapping[str, Entry]) -> list[str]:
    """One phrase for each entry whose value has changed: its labels then and now."""
    nothing = ("", phrase("nothing"))
    found: list[str] = []
    for name in dict.fromkeys([*stored, *current]):
        (old, old_label), (new, new_label) = stored.get(name, nothing), current.get(name, nothing)
        if old != new:
            was, now = _shortened(old_label, new_label)
            found.append(phrase("{name} was {before} and is {now}", name=name, before=was, now=now))
    return found


def identity_differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """As `differences`, of two identities of renderers."""

    def entries(identity: Mapping[str, Any]) -> dict[str, Entry]:
        return {in_words(key): (value, value) for key, value in flat(identity)}

    return differences(entries(stored), entries(current))


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and text values of nested mappings."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner if isinstance(inner, str) else json.dumps(inner)


def in_words(key: str) -> str:
    """`frame.clip_skip` becomes "clip skip"."""
    if key in WORDS:
        return WORDS[key]
    head, _, rest = key.partition(".")
    if head == "loras" and lora_of_key(rest) != rest:
        name, _, label = rest.partition(FILE_MARK)
        return f"LoRA {name}, file {label}"
    kind = KINDS.get(head, "")
    return kind + (rest.replace("_", " ") if head == "frame" else rest or head)


def _shortened(one: str, other: str) -> tuple[str, str]:
    """Both labels, cut to where they differ."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return _excerpt(one, same), _excerpt(other, same)


def _excerpt(text: str, at: int) -> str:
    if len(text) <= SHOWN:
        return repr(text) if " " in text or not text else text
    first = max(0, at - BEFORE_DIFFERENCE)
    piece = text[first : first + SHOWN]
    return repr(f"{'...' if first else ''}{piece}{'...' if first + SHOWN < len(text) else ''}")
