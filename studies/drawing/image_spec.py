"""What decides an image besides its job, as study.yaml names it: the base, and what all images share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from models.base.registry import FAMILIES
from studies.spec_section import Section

if TYPE_CHECKING:
    FamilyName: TypeAlias = str
else:
    # A type checker cannot read the registry.
    FamilyName = Literal[tuple(FAMILIES)]


class BaseSection(Section):
    """The base that the LoRAs were trained on."""

    checkpoint: str
    """single .safetensors file, diffusers folder, or hub name"""
    config: FamilyName | None = None
    """base family; null to detect it from the checkpoint's tensors"""
    vae: str | None = None
    """file or folder of another VAE than the checkpoint's own"""
    allow_pickle: bool = False
    """open a .ckpt too, reading its weights alone"""
    dtype: Literal["float32", "bfloat16", "float16"] = "float16"
    """number format of the weights on a GPU; a CPU always computes in float32"""
    clip_skip: Annotated[int, Field(ge=1, le=4)] = 1
    """text encoder's layer that is used, counted from the last as A1111 does: 1 is the last layer"""


class RenderSection(Section):
    """What all images of the study share."""

    width: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 768
    """pixels"""
    height: Annotated[int, Field(ge=32, le=4096, multiple_of=8)] = 1024
    """pixels"""
    steps: Annotated[int, Field(ge=1, le=200)] = 30
    """sampling steps an image"""
    sampler: str = "DPM++ SDE Karras"
    """sampler and schedule by A1111's name"""
    cfg: Annotated[float, Field(ge=1, le=30)] = 7.5
    """classifier-free guidance scale; 1 is without guidance"""
    rng: Literal["cpu", "gpu", "nv"] = "gpu"
    """where noise is drawn, as A1111 offers it; nv: on any device what a CUDA device draws"""
    ensd: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """A1111's eta noise seed delta"""
    pad_conds: bool = False
    """A1111's "Pad prompt/negative prompt": the shorter of the two is filled up with empty chunks"""
    like: Literal["a1111", "comfyui"] = "a1111"
    """whose noise, noise levels and reading of prompts are followed; comfyui draws noise on the CPU, whatever rng"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps"""
    batch: Annotated[int, Field(ge=1, le=64)] | None = None
    """images at once in scouting, ladders and grids; null for as many as fit"""
    compile: bool = False
    """torch.compile the UNet: the first image takes minutes, the others less time"""
    cache_gb: Annotated[float, Field(gt=0)] = 20
    """gigabytes of images that are kept; the least recently used go first"""
