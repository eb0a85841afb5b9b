from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.base.family import Base
from models.errors import InputError
from models.lora.file import LoraFile
from models.lora.fold import Folded
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT
from trainers.testing.tiny_base import tiny_base
from trainers.train.layers.companion_loras import ACTIVE_SHARE, MIN_WEIGHT, Companions, random_weights


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


def companion(base: Base, name: str, seed: int) -> LoraFile:
    """Rank 2 on every attention key of the UNet and one layer of the text encoder."""
    drawn = torch.Generator().manual_seed(seed)

    def layer(shape: torch.Size) -> LoraLayer:
        return LoraLayer(torch.randn((2, shape[1]), generator=drawn), torch.randn((shape[0], 2), generator=drawn), 1.0)

    unet = {n: layer(m.weight.shape) for n, m in base.denoiser.named_modules() if n.endswith("to_k")}
    text = {n: layer(m.weight.shape) for n, m in base.text_encoders[TEXT].named_modules() if n.endswith("0.self_attn.q_proj")}
    return LoraFile(Path(f"{name}.safetensors"), name, "", "", {DENOISER: unet, TEXT: text}, {"modelspec.trigger_phrase": name})


def outputs(base: Base) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        context: torch.Tensor = base.text_encoders[TEXT](torch.arange(77)[None])[0]
        noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0))
        return context, base.denoiser(noise, torch.tensor([5]), context, return_dict=False)[0]


def test_companions_act_as_they_do_in_a_render(base: Base) -> None:
    loras = [companion(base, "face", 1), companion(base, "dress", 2)]
    companions = Companions(base, loras)
    assert companions.triggers == ["face", "dress"]
    plain = outputs(base)
    with companions.restored():
        companions.set_weights([0.2, 0.9])
        companions.set_weights([0.5, 0.0])
        found = outputs(base)
    unet, text = (Folded(model, {"face": loras[0].layers[part]}) for part, model in base.modules.items())
    with unet.at([{"face": 0.5}]), text.at([{"face": 0.5}]):
        expected = outputs(base)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert all(torch.equal(one, other) for one, other in zip(outputs(base), plain, strict=True))


def test_weights_are_off_or_such_that_something_shows() -> None:
    drawn = torch.Generator().manual_seed(0)
    found = [w for _ in range(500) for w in random_weights(2, drawn)]
    assert all(w == 0 or MIN_WEIGHT <= w <= 1 for w in found)
    assert sum(w > 0 for w in found) / len(found) == pytest.approx(ACTIVE_SHARE, abs=0.05)


def test_a_lora_without_a_trigger_cannot_be_called(base: Base) -> None:
    with pytest.raises(InputError, match="no trigger word"):
        Companions(base, [replace(companion(base, "face", 1), metadata={})])
