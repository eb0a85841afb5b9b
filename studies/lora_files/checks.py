"""What the opened LoRA files of a study must not be: one twice, and earlier files that say words of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import lora_of_key

if TYPE_CHECKING:
    from models.lora.file import LoraFile


def check_different(files: Mapping[str, LoraFile]) -> None:
    """By `optimizer.point.file_key`. Raises InputError for one LoRA under two names, whose weights would add up and could not be
    told apart, and for one LoRA's file that is another of its files again."""
    keys: dict[str, str] = {}
    for key, file in files.items():
        other = keys.setdefault(file.digest, key)
        if other == key:
            continue
        name, other_name = lora_of_key(key), lora_of_key(other)
        if name == other_name:
            what = phrase("loras.{name}: {file} holds the same as {other}", name=name, file=file.name, other=files[other].name)
        else:
            what = phrase("loras.{other} and loras.{name} are the same LoRA", other=other_name, name=name)
        raise InputError(what, file.path, "leave one out")


def check_earlier(files: Mapping[str, LoraFile]) -> None:
    """Raises InputError for textual inversions in a LoRA of several files: one word would mean another thing at each of them."""
    for key, file in files.items():
        name = lora_of_key(key)
        if file.inversions and any(lora_of_key(other) == name != other for other in files):
            what = phrase("loras.{name} has several files, and a textual inversion in one of them", name=name)
            raise InputError(what, file.path, "name one file, or files without textual inversions")
