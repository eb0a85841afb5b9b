"""What ComfyUI does otherwise than the study, as far as it matters to the exported picture: measured in docs/parity.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.base.prompt.chunks import CHUNK
from models.base.registry import family_named
from models.language.translate import phrase

if TYPE_CHECKING:
    from studies.study import Study

FIRST: Final = "These are the settings of the pick. What ComfyUI does otherwise, so that the picture differs:"
SAME: Final = "These are the settings of the pick, which was drawn as ComfyUI draws (render.like: comfyui)."
STEPS: Final = (
    "The UNet is given whole time steps and the first noise is scaled a little otherwise: about 1 of 255 on average. With "
    "render.like: comfyui the study searches as ComfyUI draws."
)
EMPHASIS: Final = (
    "Emphasis: the text stands as it is. (word:1.4) is weighed against an empty prompt here and the mean is not restored, so "
    "that it acts otherwise than in A1111; [word] is no emphasis."
)
HALF: Final = (
    "ComfyUI keeps the text encoder in float16, its LoRAs too, unless it is started with --fp32-text-enc; the study's dtype is "
    "{dtype}."
)
_AGAIN: Final = "draws the noise of its steps from a generator that begins with the seed again"
OTHERWISE: Final = {
    **dict.fromkeys(("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "lcm"), _AGAIN),
    "uni_pc": "takes other time steps and ends at another level",
    "dpmpp_3m_sde": "keeps the last level but one, which A1111 leaves out",
    "lms": "ends with a step of Euler's method",
    "ddim": "takes other time steps and ends at 0",
}
"""What ComfyUI's sampler does otherwise than A1111's of the same name, so that the whole picture is another one."""
LONG: Final = "A prompt of more than 75 tokens is cut where a chunk is full, not behind a comma."
RESIZED: Final = "The UNet does not divide {width}x{height}: ComfyUI enlarges in another order where it goes up a level."


def differences(study: Study, sampler: str, texts: Sequence[str]) -> list[str]:
    """One line each, after a line that says what they are. `sampler` is ComfyUI's name."""
    render = study.spec.render
    half = phrase(HALF, dtype=study.spec.base.dtype)
    if render.like == "comfyui":
        return [phrase(SAME), half]
    other = phrase(
        "Noise: ComfyUI draws it on the CPU, the study as RNG: {rng} says. It is another picture.", rng=render.rng.upper()
    )
    same = phrase("Noise: the picture begins with the same noise as in the study (RNG: CPU).")
    applies = {
        same if render.rng == "cpu" else other: True,
        phrase(STEPS): True,
        phrase("{sampler} {does}: another picture.", sampler=sampler, does=phrase(OTHERWISE.get(sampler, ""))): sampler
        in OTHERWISE,
        phrase("ENSD {ensd} has no counterpart here.", ensd=render.ensd): bool(render.ensd),
        phrase(EMPHASIS): any(re.search(r"(?<!\\)[()\[\]]", text) for text in texts),
        phrase("BREAK is a word like any other here."): any(re.search(r"\bBREAK\b", text) for text in texts),
        phrase(LONG): any(_long(study, t) for t in texts),
        phrase("Pad conds: ComfyUI repeats the shorter prompt instead of padding it."): render.pad_conds,
        phrase(RESIZED, width=render.width, height=render.height): not _divided(study),
        half: True,
    }
    return [phrase(FIRST), *(line for line, true in applies.items() if true)]


def _divided(study: Study) -> bool:
    step = family_named(study.base_facts.family).size_step
    return not (study.spec.render.width % step or study.spec.render.height % step)


def _long(study: Study, text: str) -> bool:
    """Whether a prompt fills more than one chunk."""
    if len(text.encode()) <= CHUNK and "BREAK" not in text:
        # A token is a byte at least.
        return False
    from models.base.prompt.chunks import chunks_of
    from models.base.stable_diffusion import VOCABULARY, read_clip_tokenizer

    own = study.path(study.spec.base.checkpoint) / "tokenizer"
    tokenizer = read_clip_tokenizer(own if own.is_dir() else Path(VOCABULARY))
    return len(chunks_of(tokenizer, text)) > 1
