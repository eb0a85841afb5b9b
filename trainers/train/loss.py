"""The denoising loss: noise prediction (Ho et al. 2020), v-prediction (Salimans and Ho 2022) or the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Diffusion:
    """The noise schedule of a base. `alphas`: cumulative products of 1 - beta, (steps,) in float32."""

    alphas: Tensor
    prediction: str

    @property
    def steps(self) -> int:
        return len(self.alphas)

    def add_noise(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        kept, spoilt = self._shares(x0, t)
        return kept * x0 + spoilt * noise

    def target(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What the UNet should say."""
        if self.prediction == "epsilon":
            return noise
        if self.prediction == "sample":
            return x0
        kept, spoilt = self._shares(x0, t)
        return kept * noise - spoilt * x0

    def min_snr_weights(self, t: Tensor, gamma: float) -> Tensor:
        """Weights (N,) by which all steps pull alike (Hang et al. 2023, arXiv 2303.09556), for this prediction type."""
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

    def _shares(self, x0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alphas = self.alphas.to(x0.device)[t].view(-1, 1, 1, 1)
        return alphas.sqrt(), (1 - alphas).sqrt()


def open_diffusion(schedule: dict[str, Any]) -> Diffusion:
    """From a scheduler's configuration. Raises InputError for a prediction type that is not known."""
    from diffusers import DDPMScheduler

    prediction = str(schedule.get("prediction_type", "epsilon"))
    if prediction not in ("epsilon", "v_prediction", "sample"):
        raise InputError("a base of unknown prediction type", prediction, "use an epsilon or v_prediction base")
    names = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "rescale_betas_zero_snr")
    scheduler = DDPMScheduler(**{name: schedule[name] for name in names if name in schedule})
    return Diffusion(scheduler.alphas_cumprod.float(), prediction)


def denoising_loss(predicted: Tensor, target: Tensor, weights: Tensor, counted: Tensor) -> Tensor:
    """Mean squared error of (N, C, h, w), each picture weighted by `weights` (N,) and each cell by `counted` (N, 1, h, w)."""
    each = ((predicted.float() - target.float()).pow(2) * counted).mean(dim=(1, 2, 3))
    return (each * weights).mean()
