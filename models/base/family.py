"""The seam of the base families: what a family of diffusion models (SD1.5, SDXL ...) does for drawing, training and LoRA files.

A family is one file in this folder and one line in `models.base.registry`; `models/testing/family_conformance.py` checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from models.base.prompt.reading import A1111, Reading
from models.lora.sites import DENOISER, Part, Site

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from models.base.textual_inversion import Embedding

CONFIGS: Final = Path(__file__).parent / "configs"
"""One folder a family, in the layout of diffusers without weights: what its single files are read by."""


@dataclass(frozen=True)
class Conditioning:
    """Encoded prompts, one row each."""

    hidden: Tensor
    """Hidden states of the text encoders: (rows, tokens, width), in the dtype in which the denoiser computes."""
    extra: Mapping[str, Tensor] = field(default_factory=dict)
    """What else the denoiser takes, by the family's own names: (rows, ...) each."""
    lengths: tuple[int, ...] = ()
    """How many tokens of each row count, the others being padding that the denoiser is not given; empty where all count."""


Guidance = Literal["free", "told", "none"]
"""What CFG is to a base: the factor between a guided and an unguided prediction; a number that its denoiser is told and was
trained to follow; or nothing, where guidance was trained into it."""
GUIDANCE: Final = "guidance"
"""The name in `Conditioning.extra` of the number that such a denoiser is told: (rows,) float32."""


@dataclass(frozen=True)
class FlowSteps:
    """How a flow-matching base is drawn in so many steps."""

    levels: Sequence[float]
    """Falling shares of noise from 1 on, before they are shifted, one a step."""
    shift: float
    """What a scheduler that shifts them by the size of the picture is told (`mu`)."""


@dataclass(frozen=True)
class Frame:
    """A picture that is trained, in pixels (width, height)."""

    size: tuple[int, int]
    """What is trained of it."""
    original: tuple[int, int]
    """Its file, which was scaled to cover `size`, and of which the middle is trained."""


def joined(conditionings: Sequence[Conditioning]) -> Conditioning:
    """The rows of all, in this order. They must have equally many tokens and the same extra tensors."""
    import torch

    extra = {name: torch.cat([one.extra[name] for one in conditionings]) for name in conditionings[0].extra}
    lengths = tuple(length for one in conditionings for length in one.lengths)
    return Conditioning(torch.cat([one.hidden for one in conditionings]), extra, lengths)


@dataclass(frozen=True)
class Base:
    """An opened base model, all of it on one device and frozen."""

    family: BaseFamily
    modules: Mapping[Part, nn.Module]
    """The models that LoRAs may touch, by part: the denoiser and the text encoders, as `family.parts` names them."""
    tokenizers: Mapping[Part, Any]
    """One for each text encoder."""
    vae: Any
    """diffusers' AutoencoderKL or AutoencoderTiny."""
    schedule: dict[str, Any]
    """The config of its diffusers scheduler: betas, `prediction_type`, `rescale_betas_zero_snr`."""
    name: str
    """The stem of the file or folder, or the hub name."""
    hash: str
    """SHA-256 in hex over the file or folder; the hub name itself where nothing lies on this machine."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """What a diffusers folder's index states of the base besides its parts, by the pipeline's own names."""

    @property
    def denoiser(self) -> Any:
        return self.modules[DENOISER]

    @property
    def text_encoders(self) -> dict[Part, Any]:
        return {part: module for part, module in self.modules.items() if part != DENOISER}

    @property
    def models(self) -> list[nn.Module]:
        """All that must be on a device for drawing."""
        return [*self.modules.values(), self.vae]

    @property
    def device(self) -> torch.device:
        where: torch.device = self.denoiser.device
        return where

    @property
    def dtype(self) -> torch.dtype:
        """Of the denoiser's weights."""
        kind: torch.dtype = self.denoiser.dtype
        return kind

    @property
    def factor(self) -> int:
        """Pixels whose multiples width and height of images are."""
        return self.family.factor(self)

    @property
    def text_widths(self) -> dict[Part, int]:
        """Width of the token embeddings of each text encoder: that of a textual inversion made for this base."""
        return {part: int(model.get_input_embeddings().weight.shape[1]) for part, model in self.text_encoders.items()}


class BaseFamily(Protocol):
    """One kind of base model. Stateless: every call that needs weights is given the opened `Base`.

    `models.base.opening` calls the first group to open a checkpoint, a renderer the second for every image, and training the
    third. Calls on equal arguments must give equal bits. No method changes weights, moves a model or draws random numbers.
    """

    name: str
    """In study.yaml (`base.config`), and of the folder below `models/base/configs` that describes a single file."""
    title: str
    """For people, such as "SDXL"."""
    parts: tuple[Part, ...]
    """The models that a LoRA may touch: the denoiser, then the text encoders."""
    pipeline: str
    """The diffusers class that model_index.json names."""
    pipeline_options: Mapping[str, Any]
    """Arguments that keep that class from loading what drawing does not need."""
    denoiser_folder: str
    """Where the denoiser's weights lie in a diffusers folder."""
    kohya_version: str
    """`ss_base_model_version` in the metadata of LoRA files."""
    architecture: str
    """`modelspec.architecture` there, without "/lora"."""
    honours_clip_skip: bool
    """Whether a clip skip changes its conditioning."""
    trainable: bool
    """Whether LoRAs can be trained on it here."""
    size_step: int
    """Pixels whose multiples the levels of its published denoiser divide without a rest."""
    single_files: bool
    """Whether single-file checkpoints of it can be opened, which a folder below `models/base/configs` describes."""
    samplers: tuple[str, ...] | None
    """A1111's names of the samplers it can be drawn with; None for all."""

    # opening

    def recognises(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        """Whether a single file with tensors of these names and shapes is a whole checkpoint of this family, and of no other."""
        ...

    def read_tokenizers(self, folder: Path) -> dict[str, Any]:
        """The tokenizers that a config folder describes, as keyword arguments of the pipeline class."""
        ...

    def check(self, pipe: Any, name: str) -> None:
        """Raises InputError if the loaded pipeline is of another family after all."""
        ...

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        """The modules, in the order of `parts`, and the tokenizers of a loaded pipeline."""
        ...

    # drawing

    def encode(
        self,
        base: Base,
        prompt: str,
        negative: str,
        *,
        size: tuple[int, int],
        clip_skip: int = 1,
        embeddings: Mapping[str, Embedding] | None = None,
        reading: Reading = A1111,
    ) -> tuple[Conditioning, Conditioning]:
        """(negative, positive): one row each, of equally many tokens.

        `size` is (width, height) of the image in pixels; `clip_skip` counts as A1111 does; `embeddings` are textual inversions
        by the names that stand in prompts; `reading` is whose syntax they follow. Raises InputError for prompts that cannot be
        followed. The same prompt gives the same row whatever the other one is, but for how it is brought to the other's length.
        """
        ...

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """The denoiser's output for noised latents (rows, C, h, w) at training time steps (one, or one a row), of the same shape,
        in the denoiser's dtype. `denoiser` is the base's own or a compiled form of it."""
        ...

    def decode(self, base: Base, latents: Tensor) -> Tensor:
        """Latents (N, C, h, w) to pixels (N, 3, H, W), about -1 to 1, in the dtype that the VAE has at the moment."""
        ...

    def guidance(self, base: Base) -> Guidance:
        """What CFG is to this base."""
        ...

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        """Where `steps` steps of an image of `size` (width, height) in pixels lie on the flow; None for a base that is no
        flow-matching one, whose samplers lay their own levels."""
        ...

    def vae_overflows(self, base: Base) -> bool:
        """Whether the VAE gives NaN in float16, so that it is not tried there."""
        ...

    def factor(self, base: Base) -> int:
        """Pixels that a latent cell, or what the denoiser takes for one, is wide and high: width and height of images are
        multiples of it."""
        ...

    def latent_shape(self, base: Base, width: int, height: int) -> tuple[int, int, int]:
        """(C, h, w) of the latents of an image of this size in pixels."""
        ...

    # training

    def encode_captions(self, base: Base, captions: Sequence[str]) -> Conditioning:
        """Captions as training reads them: no emphasis, and as long as a prompt may be. One row each, of equally many tokens;
        carries gradients. Of `extra` it has what follows from the text. Raises InputError where `trainable` is False."""
        ...

    def picture_conditioning(self, base: Base, frames: Sequence[Frame]) -> Mapping[str, Tensor]:
        """What the denoiser is told of the pictures themselves, as more of `Conditioning.extra`: (pictures, ...) each on the
        base's device, in the type that it must keep; empty where it is told nothing."""
        ...

    def picture_step(self, base: Base) -> int:
        """Pixels whose multiples width and height of trained pictures are: those of a latent cell, or more of them where the
        denoiser's levels must divide without a rest."""
        ...

    def file_names(self, base: Base) -> Callable[[Site], str]:
        """What gives a layer its name in the LoRA files that training writes: one that other programs look for."""
        ...

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Pixels (N, 3, H, W), -1 to 1, to latents scaled for the denoiser, in float32 on the CPU: mean and, if the VAE is
        variational, standard deviation, (N, C, h, w) each. A family whose pictures are large encodes them one by one."""
        ...
