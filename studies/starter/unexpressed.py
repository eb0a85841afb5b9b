"""Settings of a picture that no study expresses, and why."""

from __future__ import annotations

import re
from typing import Final

REASONS: Final = (
    ("hires ", "hires fix draws another image; enlarge the pick instead"),
    ("first pass ", "hires fix draws another image; enlarge the pick instead"),
    ("hrf", "hires fix draws another image; enlarge the pick instead"),
    ("denois", "belongs to hires fix or img2img, which draw from another image"),
    ("strength", "belongs to img2img, which draws from another image"),
    ("init image", "img2img draws from another image"),
    ("init_image", "img2img draws from another image"),
    ("prompt strength", "img2img draws from another image"),
    ("adetailer", "redraws faces or hands of the finished image"),
    ("detailer", "redraws faces or hands of the finished image"),
    ("controlnet", "guides the image by another"),
    ("control", "guides the image by another"),
    ("ipadapter", "guides the image by another"),
    ("t2iadapter", "guides the image by another"),
    ("subseed", "mixes the noise of two seeds"),
    ("variation", "mixes the noise of two seeds"),
    ("seed resize", "takes the noise of another size"),
    ("face restoration", "redraws faces of the finished image"),
    ("use face correction", "redraws faces of the finished image"),
    ("refine", "changes the base halfway"),
    ("hypernet", "is no LoRA"),
    ("module ", "Forge's VAE or text encoder: a VAE goes to base.vae"),
    ("addnet", "names a network that is no LoRA"),
    ("ti hashes", "textual inversions whose names are no file names"),
    ("pad conds", "pads the shorter of both prompts, which changes the image where their lengths differ"),
    ("template", "the words that a wildcard extension filled in; the prompt has them already"),
    ("negative template", "the words that a wildcard extension filled in; the negative prompt has them already"),
    ("styles", "add words; A1111's infotext has them in the prompt already, other settings may not"),
    ("freeu", "reweighs the UNet's features"),
    ("rp ", "prompts by regions of the image"),
    ("tiling", "makes the image's edges meet"),
    ("seamless", "makes the image's edges meet"),
    ("script", "a grid or loop of several images"),
    ("emphasis", "another way of emphasis than A1111's default"),
)
"""Beginnings of keys in small letters; the first that fits tells."""
OTHERWISE: Final = "has no place in a study"
SILENT: Final = frozenset(
    [
        *("Version", "User", "VAE hash", "App", "Backend", "Created Date", "Civitai metadata", "Batch", "Index", "Time taken"),
        *("Raw prompt", "Raw negative prompt", "Performance", "Batch size", "Batch pos"),
    ]
)
"""Keys that change no image, or say again what others say."""
UNCHANGED: Final = {
    "Denoising strength": re.compile(r"1(\.0*)?"),
    "Denoise": re.compile(r"1(\.0*)?"),
    "Operations": re.compile(r"none|txt2img", re.IGNORECASE),
    "Pipeline": re.compile(r"StableDiffusion(XL)?Pipeline"),
    "Parser": re.compile(r"a1111|full parser", re.IGNORECASE),
}
"""Values with which a setting changes nothing."""


def unexpressed(key: str, value: str) -> str | None:
    """A note on a setting that a study lacks; None if it changes no image."""
    if key in SILENT or (key in UNCHANGED and UNCHANGED[key].fullmatch(value.strip())):
        return None
    return dropped(key, value)


def dropped(key: str, value: str) -> str:
    """`key: value (why not)`."""
    lowered = key.lower()
    reason = next((reason for start, reason in REASONS if lowered.startswith(start)), OTHERWISE)
    shown = value if len(value) <= 80 else f"{value[:80]}..."
    return f"{key}: {shown} ({reason})"
