"""Numbers and sentences of the page, safe to stand in HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from dashboards.lookbook.book import Dial, Look, Need


def text(value: object) -> str:
    """Any value as HTML text or as a quoted attribute; controls that no page may hold are dropped."""
    return escape("".join(letter for letter in str(value) if letter.isprintable() or letter in "\n\t"), quote=True)


def number(value: float | None) -> str:
    return "–" if value is None else format(value + 0.0, ".2f")


def dial_value(dial: Dial, value: float) -> str:
    """With as many decimals as its steps need, at least two for weights."""
    return format(value, "g") if dial.step >= 0.5 else format(value, ".2f" if round(dial.step * 100, 6) % 1 == 0 else ".3f")


def weights(dials: Sequence[Dial], at: Sequence[float]) -> str:
    """`dress 0.35, shoes 0.40`, in plain text."""
    return ", ".join(f"{dial.name} {dial_value(dial, value)}" for dial, value in zip(dials, at, strict=True))


def requirement(need: Need) -> str:
    """What an image must show to meet it, in plain text."""
    if need.measure == "body":
        return "as in the start image"
    if need.limit is None:
        return "only told"
    return f"at {'least' if need.at_least else 'most'} {need.limit:.2f}"


def breaks(unmet: Mapping[str, float], faults: Sequence[str] = ()) -> str:
    """`breaks dress by 0.05, body (3 feet)`, in plain text."""
    found = [
        f"{name} ({', '.join(faults)})" if name == "body" and faults else f"{name} by {by:.2f}" for name, by in unmet.items()
    ]
    return f"breaks {', '.join(found)}" if found else "meets every requirement"


def verdict(look: Look) -> str:
    return f"not drawn: {look.failed}" if look.failed else breaks(look.breaks, look.faults)
