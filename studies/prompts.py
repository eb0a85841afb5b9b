"""Trigger words: where they are recorded, and a prompt without them; tags that a prompt may not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase
from models.lora.layout import trigger_in

if TYPE_CHECKING:
    from optimizer.search.prompt_edits import PromptEdit

TAG: Final = re.compile(r"<(\w+):([^<>]*)>")
"""What A1111 takes out of a prompt: the name of a kind of network, and its arguments."""
EMPTY: Final = re.compile(r"(?<!\\)\(\s*(?::\s*[+-]?[.\d]+\s*)?\)|(?<!\\)\[\s*\]")
"""Brackets in which nothing is left but a weight."""
FIRST: Final = re.compile(r"((?<!\\)[(\[])(?:\s*,)+\s*")
LAST: Final = re.compile(r"\s*(?:,\s*)+(?=(?::\s*[+-]?[.\d]+\s*)?(?<!\\)[)\]])")
"""Commas that nothing precedes, or follows, within brackets."""


def trigger_of(given: str | None, metadata: Mapping[str, str]) -> str | None:
    """The trigger that the study names, else the one written in the LoRA file."""
    return given or trigger_in(metadata)


def without_triggers(prompt: str, triggers: Iterable[str]) -> str:
    """The comma-separated prompt without triggers, in any case: tags of their own, within phrases and within emphasis.

    A trigger that has commas is several. What is left of a tag keeps its emphasis; empty tags and brackets are left out.
    """
    words = {word.strip() for trigger in triggers for word in trigger.split(",") if word.strip()}
    left = prompt
    for word in sorted(words, key=len, reverse=True):
        left = _spelling(word).sub("", left)
    if left != prompt:
        left = _tidied(left)
    return ", ".join(tag.strip() for tag in left.split(",") if tag.strip())


def check_tags(prompts: Mapping[str, str]) -> None:
    """Raises ValueError, with the place where it belongs, for A1111's `<lora:name:0.8>` and its like in a prompt, by the prompts'
    keys: they would be drawn as words."""
    for key, prompt in prompts.items():
        match = TAG.search(prompt)
        if match is None:
            continue
        kind, (name, *weights) = match[1].lower(), [part.strip() for part in match[2].split(":")]
        if kind in ("lora", "lyco"):
            weight = next((text for text in weights if re.fullmatch(r"[+-]?[.\d]+", text)), "1")
            mend = phrase(
                "name the file under loras: {{{name}: {{file: {name}.safetensors, start: {weight}}}}}, or fixed: {weight}",
                name=name,
                weight=weight,
            )
        else:
            tag = "hypernetworks" if kind.startswith("hyper") else f"a {kind}"
            mend = phrase("leave it out, since {tag} cannot be drawn here", tag=tag)
        raise ValueError(
            phrase("{key} holds {match}, which would be drawn as words: {mend}", key=key, match=match[0][:80], mend=mend)
        )


def check_edits(edits: Sequence[PromptEdit], prompt: str) -> None:
    """Raises ValueError for an edit of the prompt that says nothing, stands twice, or drops what the prompt lacks."""
    names = [edit.name for edit in edits]
    for edit in edits:
        if not (edit.add + edit.drop).strip():
            raise ValueError(phrase("search.levers holds an empty word"))
        if not edit.fits(prompt):
            raise ValueError(phrase("search.levers names {drop}, which is no tag of the prompt", drop=edit.drop))
        if names.count(edit.name) > 1:
            raise ValueError(phrase("search.levers says twice: {name}", name=edit.name))


def _spelling(word: str) -> re.Pattern[str]:
    """A word or phrase wherever it stands by itself, with brackets escaped or not, and any blanks between its words."""
    parts = ["".join(rf"\\?{re.escape(c)}" if c in "()[]" else re.escape(c) for c in part) for part in word.split()]
    return re.compile(r"(?<![\w-])" + r"\s+".join(parts) + r"(?![\w-])", re.IGNORECASE)


def _tidied(text: str) -> str:
    """Without empty brackets, and commas and blanks that are left over."""
    while True:
        tidier = EMPTY.sub("", LAST.sub("", FIRST.sub(r"\1", text)))
        if tidier == text:
            return re.sub(r" {2,}", " ", re.sub(r"(?<=[(\[]) +| +(?=[)\]]|:\s*[.\d]+\s*\))", "", text))
        text = tidier
