"""Why layers of a LoRA file are none of the base's: names that are not known, layers that it lacks, matrices of other shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Final

from models.errors import InputError
from models.language.translate import joined, phrase
from models.lora.families import family_of_layers, family_of_names, is_layer_name
from models.lora.layers.added import AddedLayer
from models.lora.layout import LoraLayout

SHOWN: Final = 3
"""Names that a refusal lists."""
STRAY: Final = 0.1
"""The largest share of a file's layers that may match nothing: programs pass over such layers in silence, and a file of which
more is lost is another thing than what was trained."""


@dataclass
class Misfits:
    """Collects them for one file and one base, and refuses the file if there are too many."""

    layout: LoraLayout
    base: str | None
    """The family of the base, for people; None if its widths are no family's."""
    unknown: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)

    def add_unknown(self, stem: str) -> None:
        """A layer whose name is none of the base's."""
        (self.lacking if is_layer_name(stem) else self.unknown).append(stem)

    def add_shape(self, stem: str, layer: AddedLayer, wanted: tuple[int, ...] | None) -> None:
        """A layer of the base whose weight has another shape than the file's matrices make; None where it has no bias."""
        if wanted is None:
            self.shapes.append(phrase("'{stem}' has a bias where the base has none", stem=stem[:80]))
            return
        if layer.method == "DoRA" and prod(layer.shape) == prod(wanted) and layer.shape[0] == wanted[0]:
            what = phrase(
                "the magnitudes of '{stem}' are of another shape than {wanted}", stem=stem[:80], wanted=_in_words(wanted)
            )
            self.shapes.append(what)
            return
        found = _in_words(layer.shape)
        self.shapes.append(
            phrase("'{stem}' is {found} where the base has {wanted}", stem=stem[:80], found=found, wanted=_in_words(wanted))
        )

    def told(self) -> list[str]:
        """A line about layers that match nothing, where they are few. Raises InputError where they are more, or one of another
        shape or another family."""
        if not (self.unknown or self.lacking or self.shapes):
            return []
        own = phrase(" ({base})", base=self.base) if self.base else ""
        count = len(self.layout.stems)
        stray = self.unknown + self.lacking
        matching = count - len(stray) - len(self.shapes)
        if not self.shapes and len(stray) <= count * STRAY:
            what = phrase(
                "{matching} of its {count} layers match this base; {stray} none of it",
                matching=matching,
                count=count,
                stray=_listed(stray),
            )
            return [phrase("{what}: passed over, as in A1111 and ComfyUI", what=what)]
        counts = phrase("{matching} of its {count} layers match this base{own}", matching=matching, count=count, own=own)
        family = family_of_layers(self.layout.down_shapes) or family_of_names(self.layout.stems)
        if family not in (None, self.base):
            what, mend = (
                phrase("a LoRA for {family}: {counts}; {why}", family=family, counts=counts, why=self._why()),
                "use a LoRA trained on this kind of base",
            )
        elif self.unknown and not self.lacking and not self.shapes:
            what = phrase("a LoRA with layer names that are not known here: {counts}; {why}", counts=counts, why=self._why())
            mend = "save it with the names of kohya, peft or diffusers"
        else:
            what = phrase("a LoRA of another architecture: {counts}; {why}", counts=counts, why=self._why())
            mend = "use a LoRA trained on this kind of base"
        raise InputError(what, self.layout.path, mend)

    def _why(self) -> str:
        reasons = []
        if self.shapes:
            reasons.append(self.shapes[0])
        if self.lacking:
            reasons.append(phrase("{names} not in it", names=_listed(self.lacking)))
        if self.unknown:
            reasons.append(phrase("{names} not known", names=_listed(self.unknown)))
        return joined(", ", reasons)


def _listed(names: list[str]) -> str:
    quoted = ", ".join(f"'{name[:80]}'" for name in names[:SHOWN])
    if len(names) > SHOWN:
        return phrase("{quoted} and {more} more are", quoted=quoted, more=len(names) - SHOWN)
    return phrase("{quoted} are", quoted=quoted) if len(names) > 1 else phrase("{quoted} is", quoted=quoted)


def _in_words(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape) or phrase("empty")
