"""LoRAs that a tool lists beside its prompt, with those that the prompt's tags name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from studies.picture_settings.lora_tags import added, named_loras, without_tags
from studies.picture_settings.settings import file_stem, same_lora


@dataclass(frozen=True)
class Listed:
    """One LoRA of a list; `text` is the text encoder's weight where it differs."""

    name: str
    weight: float
    text: float | None = None
    hash: str = ""


@dataclass
class Loras:
    """The LoRAs of a picture, and its prompt without tags."""

    prompt: str
    weights: dict[str, float] = field(default_factory=dict)
    text_weights: dict[str, float] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def listed_and_tagged(prompt: str, listed: Iterable[Listed], where: object) -> Loras:
    """The list names what was drawn with, and counts as a tool keeps it: a tag adds only what it lacks. Entries of one name add
    up. Raises InputError for a weight in a tag that is no number."""
    tagged = named_loras(prompt, {}, where)
    found = Loras(without_tags(prompt), options=tagged.options)
    for entry in listed:
        name = file_stem(entry.name) or entry.name
        if name in found.weights:
            found.notes.append(f"LoRA {name}: listed several times, and added up")
        text = entry.weight if entry.text is None else entry.text
        found.text_weights[name] = added(found.text_weights.get(name, found.weights.get(name)), text)
        found.weights[name] = added(found.weights.get(name), entry.weight)
        if entry.hash:
            found.hashes[name] = entry.hash
    in_list = dict(found.weights)
    for name, weight in tagged.weights.items():
        known = same_lora(name, in_list)
        if known is None:
            found.weights[name], found.text_weights[name] = weight, tagged.text[name]
        elif in_list[known] != weight:
            found.notes.append(f"LoRA {name}: {weight:g} in the prompt, {in_list[known]:g} in the list of those used")
    found.text_weights = {name: text for name, text in found.text_weights.items() if text != found.weights[name]}
    return found
