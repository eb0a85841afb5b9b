"""Lines for people about where a LoRA's scale stands."""

from __future__ import annotations

from collections.abc import Sequence

from models.lora.scale.adapter_settings import CONFIG_FILE
from models.lora.scale.stated import IN_TENSORS, Scale


def scale_notes(scales: Sequence[Scale], *, unread_config: bool) -> list[str]:
    """One line for each place outside the tensors in which a scale is stated, and one if it is not stated at all.

    `unread_config` is whether an adapter_config.json lies next to the file that may be another one's.
    """
    notes = []
    for source in dict.fromkeys(scale.source for scale in scales if scale.source not in (IN_TENSORS, "")):
        alphas = sorted({scale.alpha for scale in scales if scale.source == source})
        shown = ", ".join(f"{alpha:g}" for alpha in alphas[:3]) + (" ..." if len(alphas) > 3 else "")
        notes.append(f"alpha {shown} from {source}, which A1111 and ComfyUI do not read: they take alpha = rank")
    unknown = sum(not scale.source for scale in scales)
    if unknown:
        of = "" if unknown == len(scales) else f" of {unknown} of its {len(scales)} layers"
        beside = f" ({CONFIG_FILE} next to it may be another file's, and is not read)" if unread_config else ""
        notes.append(f"no alpha{of} is stated{beside}: taken as the rank, as A1111, ComfyUI and diffusers take it")
    return notes
