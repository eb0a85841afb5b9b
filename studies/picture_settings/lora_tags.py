"""LoRAs in A1111's infotext: tags in the prompt, and the fields of the Additional Networks extension."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

TAG: Final = re.compile(r"<(?:lora|lyco):([^:>]+)((?::[^:>]*)*)>")
"""Since 1.5 the WebUI reads `lyco` as `lora`."""
ALONE: Final = re.compile(rf"\s*(?:{TAG.pattern})(?=\s|,|$)")
"""A tag whose blanks in front may go with it, because it separates no words."""
ADDITIONAL: Final = re.compile(r"AddNet (?:Enabled|(?:Module|Model|Weight|Weight [AB]) (\d{1,3}))")
MODEL: Final = re.compile(r"(.*?)\s*\(([0-9a-fA-F]+)\)")
HASH_DIGITS: Final = 12


@dataclass
class NamedLoras:
    """The LoRAs of one infotext, by name."""

    weights: dict[str, float] = field(default_factory=dict)
    """Weights of the UNet, the one that a study has."""
    text: dict[str, float] = field(default_factory=dict)
    """Weights of the text encoder."""
    hashes: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    """Other settings of a tag, as they are written: `dyn=16`."""
    tags: dict[str, list[str]] = field(default_factory=dict)
    """The tags of the prompt as they are written."""

    @property
    def differing(self) -> dict[str, float]:
        """The text-encoder weights that differ from the UNet's."""
        return {name: weight for name, weight in self.text.items() if weight != self.weights[name]}


def clean_name(name: str) -> str:
    """A LoRA's name without the characters that have a meaning in the format."""
    return " ".join(re.sub(r'[:,<>"\\]', " ", name).split()) or "lora"


def lora_tag(name: str, unet: float, text: float, options: str = "") -> str:
    """`<lora:name:weight>`, with two weights where the text encoder's differs."""
    weights = format_number(unet) if unet == text else f"{format_number(text)}:{format_number(unet)}"
    return f"<lora:{':'.join(part for part in (clean_name(name), weights, options) if part)}>"


def without_tags(prompt: str) -> str:
    """The prompt as the text encoder gets it."""
    return TAG.sub("", ALONE.sub("", prompt)).strip()


def named_loras(prompt: str, values: Mapping[str, str], where: object) -> NamedLoras:
    """The LoRAs that the prompt's tags name, `<lora:name:te:unet>` with `te=` and `unet=`, and those of Additional Networks; one
    that is named several times gets the sum of its weights, as the WebUI adds all. Raises InputError for a weight that is no
    number."""
    found = NamedLoras()
    for match in TAG.finditer(prompt):
        found.tags.setdefault(match[1].strip(), []).append(match[0])
        _read_tag(found, match[1].strip(), [part.strip() for part in match[2].split(":")[1:]], where)
    for number in _numbers(values):
        _read_additional(found, number, values, where)
    return found


def additional_keys(values: Mapping[str, str]) -> set[str]:
    """The keys of the Additional Networks extension that `named_loras` reads."""
    numbers = _numbers(values)
    matches = (match for match in map(ADDITIONAL.fullmatch, values) if match)
    return {match[0] for match in matches if numbers and (match[1] is None or match[1] in numbers)}


def _read_tag(found: NamedLoras, name: str, parts: list[str], where: object) -> None:
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    plain = [part for part in parts if "=" not in part]
    text = number(named.pop("te", plain[0] if plain else "1"), f"LoRA {name}", where)
    second = plain[1] if len(plain) > 1 else str(text)
    unet = number(named.pop("unet", second), f"LoRA {name}", where)
    found.text[name], found.weights[name] = added(found.text.get(name), text), added(found.weights.get(name), unet)
    if len(plain) > 2:
        named.setdefault("dyn", plain[2])
    if named:
        options = ":".join(f"{key}={value}" for key, value in named.items())
        found.options[name] = ":".join(part for part in (found.options.get(name), options) if part)


def _numbers(values: Mapping[str, str]) -> list[str]:
    """The slots of Additional Networks in which there is a LoRA."""
    if values.get("AddNet Enabled", "True") != "True":
        return []
    slots = [
        key.removeprefix("AddNet Module ") for key, kind in values.items() if key.startswith("AddNet Module ") and kind == "LoRA"
    ]
    return [slot for slot in slots if slot.isdecimal() and values.get(f"AddNet Model {slot}", "None") not in ("", "None")]


def _read_additional(found: NamedLoras, slot: str, values: Mapping[str, str], where: object) -> None:
    model = values[f"AddNet Model {slot}"]
    match = MODEL.fullmatch(model)
    name = clean_name(match[1] if match else model)
    # The first versions wrote one weight for both.
    both = values.get(f"AddNet Weight {slot}", "1")
    unet, text = (number(values.get(f"AddNet Weight {part} {slot}", both), f"LoRA {name}", where) for part in "AB")
    found.text[name], found.weights[name] = added(found.text.get(name), text), added(found.weights.get(name), unet)
    # The older hash has eight digits, and A1111 finds no file by it.
    if match and len(match[2]) == HASH_DIGITS:
        found.hashes.setdefault(name, match[2].lower())


def added(weight: float | None, more: float) -> float:
    """0.1 + 0.2 is 0.3: weights are decimals that people wrote."""
    return more if weight is None else round(weight + more, 10)


def number(value: str, key: str, where: object) -> float:
    """Raises InputError if `value`, which stands under `key`, is no finite number."""
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InputError(
            phrase("'{key}' is '{value}', not a number", key=key, value=value[:40]),
            where,
            "name another picture, or mend its text",
        )
    return found


def format_number(value: float) -> str:
    return format(value, ".10g")
