from __future__ import annotations

import pytest
import torch

from models.errors import InputError
from trainers.train.loss import Diffusion, denoising_loss, open_diffusion

SCHEDULE = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_the_picture_follows_from_the_target(prediction: str) -> None:
    diffusion = open_diffusion({**SCHEDULE, "prediction_type": prediction, "use_karras_sigmas": True})
    x0, noise, t = torch.randn(4, 2, 3, 3), torch.randn(4, 2, 3, 3), torch.tensor([0, 10, 500, 999])
    x_t, target = diffusion.add_noise(x0, noise, t), diffusion.target(x0, noise, t)
    a = diffusion.alphas[t].sqrt().view(-1, 1, 1, 1)
    s = (1 - diffusion.alphas[t]).sqrt().view(-1, 1, 1, 1)
    found = {"epsilon": (x_t - s * target) / a, "v_prediction": a * x_t - s * target, "sample": target}[prediction]
    assert torch.allclose(found, x0, atol=1e-4)


def test_min_snr_weights_of_all_predictions_mean_the_same_loss_of_the_picture() -> None:
    t = torch.arange(0, 1000, 37)
    weights = {}
    for prediction in ("epsilon", "v_prediction", "sample"):
        diffusion = Diffusion(open_diffusion(SCHEDULE).alphas, prediction)
        snr = diffusion.alphas[t] / (1 - diffusion.alphas[t])
        share = {"epsilon": snr, "v_prediction": snr + 1, "sample": torch.ones_like(snr)}[prediction]
        weights[prediction] = diffusion.min_snr_weights(t, 5.0) * share
    assert torch.allclose(weights["epsilon"], weights["sample"], rtol=1e-4)
    assert torch.allclose(weights["v_prediction"], weights["sample"], rtol=1e-4)
    assert float(weights["sample"].max()) == 5.0


def test_weights_count_by_picture() -> None:
    predicted, target = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)
    all_cells = torch.ones(2, 1, *predicted.shape[2:])
    assert float(denoising_loss(predicted, target, torch.tensor([1.0, 0.5]), all_cells)) == pytest.approx((1 + 0.5 * 4) / 2)
    assert float(denoising_loss(predicted, target, torch.ones(2), 0 * all_cells)) == 0


def test_an_unknown_prediction_is_refused() -> None:
    with pytest.raises(InputError, match="prediction"):
        open_diffusion({**SCHEDULE, "prediction_type": "flow"})
