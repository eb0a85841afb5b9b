"""A1111 and its relatives: where their APIs differ, as far as drawing needs it.

A1111 1.10 was run; Forge, reForge and SD.Next were read (Forge dfdcbab, reForge 3b56b26, SD.Next 058a7f0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError
from optimizer.render.noise import Rng


@dataclass(frozen=True)
class Kind:
    """One program's API."""

    name: str
    title: str
    """For people."""
    jobs: frozenset[str] = frozenset(["scripts_txt2img"])
    """What its progress calls a request of the API, as opposed to one of its page; empty if it cannot be told."""
    modules: bool = False
    """VAE and text encoders are one setting, `forge_additional_modules`, and /sdapi/v1/sd-modules lists them."""
    schedulers: bool = True
    """A noise schedule is a field of the request; otherwise it is the setting `schedulers_sigma`."""
    hires: bool = True
    """Hires fix as A1111 has it."""

    def ours(self, job: str) -> bool:
        """Whether a job may be one of ours."""
        return job in self.jobs if self.jobs else job != ""


WEBUI: Final = Kind("webui", "A1111")
FORGE: Final = Kind("forge", "Forge", modules=True)
REFORGE: Final = Kind("reforge", "reForge")
SDNEXT: Final = Kind("sdnext", "SD.Next", frozenset(), schedulers=False, hires=False)

SIGMAS: Final = {"": "default", "Karras": "karras", "Exponential": "exponential", "Beta": "betas", "Lambdas": "lambdas"}
"""SD.Next's noise schedules by the words that end a sampler's name."""
NOISE: Final[Mapping[Rng, str]] = {"gpu": "GPU", "cpu": "CPU", "nv": "NV"}
"""A1111's "Random number generator source"."""


def noise_settings(kind: Kind, rng: Rng, ensd: int, clip_skip: int) -> dict[str, Any]:
    """The settings of noise and text encoder that a study decides. Raises InputError for what SD.Next has no setting for."""
    if kind is not SDNEXT:
        return {"CLIP_stop_at_last_layers": clip_skip, "randn_source": NOISE[rng], "eta_noise_seed_delta": ensd}
    if rng == "nv":
        raise InputError("SD.Next draws noise on the GPU or on the CPU, not as NV", "render.rng", "use gpu or cpu")
    return {"diffusers_generator_device": NOISE[rng], "eta_noise_seed_delta": ensd}
