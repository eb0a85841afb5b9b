"""Numbers and sentences of the page, escaped for HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboards.lookbook.book import DISTINCT, JudgedImage, Requirement, Slider
from models.language.translate import Phrase, said, translated


def text(value: object) -> str:
    """Any value as HTML text or as a quoted attribute, phrases in the language of the page; controls that no page may hold are
    dropped."""
    plain = value.translated() if isinstance(value, Phrase) else str(value)
    return escape("".join(letter for letter in plain if letter.isprintable() or letter in "\n\t"), quote=True)


def number(value: float | None) -> str:
    """Two decimals, or a dash."""
    return "–" if value is None else format(value + 0.0, ".2f")


def slider_value(slider: Slider, value: float) -> str:
    """With as many decimals as its steps need, at least two for weights; a file by its name."""
    if slider.labels:
        return slider.labels[round(value)]
    return format(value, "g") if slider.step >= 0.5 else format(value, ".2f" if round(slider.step * 100, 6) % 1 == 0 else ".3f")


def weights(sliders: Sequence[Slider], at: Sequence[float]) -> str:
    """`dress 0.35, shoes 0.40`, in plain text."""
    return ", ".join(f"{slider.name} {slider_value(slider, value)}" for slider, value in zip(sliders, at, strict=True))


def limit_text(requirement: Requirement) -> str:
    """What an image must show to meet it, in plain text: `anna: at least 0.70`."""
    whose = f"{requirement.whose}{said(': ')}" if requirement.whose else ""
    return whose + _limit_text(requirement)


def _limit_text(requirement: Requirement) -> str:
    if requirement.counted:
        return said("as in the start image")
    if requirement.limit is None:
        return said("only reported")
    if requirement.measure == DISTINCT:
        return said("at most 0: its own face, not another's")
    return said("at least {limit:.2f}" if requirement.at_least else "at most {limit:.2f}", limit=requirement.limit)


def first_capital(sentence: str) -> str:
    """The sentence with its first letter a capital one."""
    return sentence[:1].upper() + sentence[1:]


def verdict(judged: JudgedImage) -> str:
    """What an image meets or breaks, or why there is none, in plain text."""
    return said("not drawn: {why}", why=judged.failed) if judged.failed else translated(judged.verdict)
