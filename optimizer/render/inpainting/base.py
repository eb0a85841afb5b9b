"""The Inpainter protocol: what a renderer that can redraw a part of a picture has besides `optimizer.render.base.Renderer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from models.base.family import Base, BaseFamily

Mask: TypeAlias = "NDArray[np.bool_]"
NO_RENDERER = "what draws this study cannot redraw a part of a picture"


@dataclass(frozen=True)
class Redrawing:
    """A part of a picture that is to be drawn again."""

    job: Job
    """Its seed is that of the noise; its point and regions are what draws."""
    picture: Image
    """RGB, of the size that the renderer draws."""
    mask: Mask
    """(height, width) of the picture, True where it is redrawn: by whole latent cells, those of which half are in it."""
    strength: float
    """A1111's denoising strength, in (0, 1]: the share of the steps that are taken, from the picture with that much noise."""


@runtime_checkable
class Inpainter(Protocol):
    """Redraws what a mask covers, in latent space: noise is added to the picture, and at every step what lies outside of the mask
    is the picture again, at the step's noise level, as A1111 and ComfyUI's SetLatentNoiseMask do.

    Optional: a renderer that is none is refused where a picture is mended. Equal redrawings give equal images, as with `render`;
    an image that comes out as NaN is a NotDrawn. `optimizer.testing.inpainter_conformance` checks one.
    """

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image | NotDrawn]:
        """One RGB image of the picture's size each, in order. Outside of the mask it is the picture as the VAE gives it back:
        who wants the picture's own pixels there pastes the rest (`optimizer.render.inpainting.crop`).

        Raises InputError for a base that cannot be drawn so."""
        ...


def as_inpainter(renderer: object) -> Inpainter:
    """The renderer itself. Raises InputError if it cannot redraw a part of a picture."""
    if not isinstance(renderer, Inpainter):
        raise InputError(NO_RENDERER, "draw", "only huanhua itself redraws: leave draw out")
    return renderer


def check_inpaints(base: Base) -> None:
    """Raises InputError for a flow-matching base, and for one whose denoiser is told the masked picture besides its latents."""
    check_family(base.family, base.name)
    channels, latents = int(base.denoiser.config["in_channels"]), int(base.vae.config["latent_channels"])
    if channels != latents:
        what = phrase(
            "an inpainting base of {channels} channels, where latents have {latents}", channels=channels, latents=latents
        )
        raise InputError(what, base.name, "name the base that it was made from, whose parts are redrawn by blending latents")


def check_family(family: BaseFamily, name: str) -> None:
    """Raises InputError for flow-matching bases; `name` is the base's."""
    if family.samplers is not None:
        what = phrase("{family} draws along a flow, and parts of its pictures are not redrawn", family=family.title)
        raise InputError(what, name, "only pictures of SD1.5 and SDXL bases are redrawn")
