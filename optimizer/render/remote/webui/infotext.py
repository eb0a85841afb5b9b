"""The last line of A1111's infotext: what the program states of a picture that it drew."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

PAIR: Final = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""`Key: value`, the value in JSON's quotes where it holds a comma, a colon or a line break."""


def stated(infotext: str) -> dict[str, str]:
    """The values of the last line by their names; empty if it is no such line."""
    last = infotext.strip().rpartition("\n")[2]
    return {name: _unquoted(value.strip()) for name, value in PAIR.findall(last)}


def hashes_in(values: Mapping[str, str], key: str) -> dict[str, str]:
    """ "Lora hashes" or "TI hashes" by names: `dress: 0123456789ab, shoes: ...`."""
    found = {}
    for pair in values.get(key, "").split(","):
        name, colon, digest = pair.rpartition(":")
        if colon:
            found[name.strip()] = digest.strip().lower()
    return found


def _unquoted(value: str) -> str:
    if len(value) < 2 or not value.startswith('"'):
        return value
    try:
        text = json.loads(value)
    except ValueError:
        return value
    return text if isinstance(text, str) else value
