"""The denoising loss: noise prediction (Ho et al. 2020), v-prediction (Salimans and Ho 2022) or the image itself.

x_t = sqrt(alpha_t) x_0 + sqrt(1 - alpha_t) noise; x_0, noise (N, C, h, w), t (N,) timesteps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Diffusion:
    """The noise schedule of a base."""

    alphas: Tensor
    """Cumulative products of 1 - beta, (steps,), float32."""
    prediction: str
    """"epsilon", "v_prediction" or "sample"."""

    @property
    def steps(self) -> int:
        """Timesteps of the schedule."""
        return len(self.alphas)

    def add_noise(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """x_t."""
        signal, noisy = self._scales(x0, t)
        return signal * x0 + noisy * noise

    def target(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What the UNet should predict."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "sample":
            return x0
        signal, noisy = self._scales(x0, t)
        return signal * noise - noisy * x0

    def min_snr_weights(self, t: Tensor, gamma: float) -> Tensor:
        """Loss weights (N,) that balance timesteps (Hang et al. 2023, arXiv 2303.09556), for this prediction type."""
        import torch

        snr = self.alphas.to(t.device)[t] / (1 - self.alphas.to(t.device)[t]).clamp_min(1e-8)
        capped = torch.clamp(snr, max=gamma)
        match self.prediction:
            case "epsilon":
                return capped / snr.clamp_min(1e-8)
            case "v_prediction":
                return capped / (snr + 1)
            case _:
                return capped

    def _scales(self, x0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alphas = self.alphas.to(x0.device)[t].view(-1, 1, 1, 1)
        return alphas.sqrt(), (1 - alphas).sqrt()


def open_diffusion(schedule: dict[str, Any]) -> Diffusion:
    """From a scheduler's configuration. Raises InputError for an unknown prediction type."""
    from diffusers import DDPMScheduler

    prediction = str(schedule.get("prediction_type", "epsilon"))
    if prediction not in ("epsilon", "v_prediction", "sample"):
        raise InputError("a base of unknown prediction type", prediction, "use an epsilon or v_prediction base")
    names = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "rescale_betas_zero_snr")
    scheduler = DDPMScheduler(**{name: schedule[name] for name in names if name in schedule})
    return Diffusion(scheduler.alphas_cumprod.float(), prediction)


def denoising_loss(predicted: Tensor, target: Tensor, weights: Tensor, cells: Tensor) -> Tensor:
    """Mean squared error of (N, C, h, w), each image weighted by `weights` (N,) and each cell by `cells` (N, 1, h, w)."""
    each = ((predicted.float() - target.float()).pow(2) * cells).mean(dim=(1, 2, 3))
    return (each * weights).mean()
