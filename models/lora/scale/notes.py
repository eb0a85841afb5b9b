"""Lines for people about where a LoRA's scale stands."""

from __future__ import annotations

from collections.abc import Sequence

from models.language.translate import phrase
from models.lora.scale.adapter_settings import CONFIG_FILE
from models.lora.scale.stated import IN_TENSORS, Scale


def scale_notes(scales: Sequence[Scale], *, unread_config: bool) -> list[str]:
    """One line for each place outside the tensors in which a scale is stated, and one if it is not stated at all.

    `unread_config` is whether an adapter_config.json lies next to the file that may be another one's.
    """
    notes: list[str] = []
    for source in dict.fromkeys(scale.source for scale in scales if scale.source not in (IN_TENSORS, "")):
        alphas = sorted({scale.alpha for scale in scales if scale.source == source})
        shown = ", ".join(f"{alpha:g}" for alpha in alphas[:3]) + (" ..." if len(alphas) > 3 else "")
        text = "alpha {alphas} from {source}, which A1111 and ComfyUI do not read: they take alpha = rank"
        notes.append(phrase(text, alphas=shown, source=source))
    unknown = sum(not scale.source for scale in scales)
    if unknown:
        what = phrase("no alpha is stated")
        if unknown < len(scales):
            what = phrase("no alpha of {unknown} of its {count} layers is stated", unknown=unknown, count=len(scales))
        if unread_config:
            what = phrase("{what} ({file} next to it may be another file's, and is not read)", what=what, file=CONFIG_FILE)
        notes.append(phrase("{what}: taken as the rank, as A1111, ComfyUI and diffusers take it", what=what))
    return notes
