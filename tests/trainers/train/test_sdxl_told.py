"""What an SDXL base is told of captions and pictures, and that a step's loss and gradients are those of diffusers' arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from models.base.family import Base, Frame
from models.base.sdxl import POOLED, TIME_IDS
from models.lora.sites import DENOISER, TEXT, TEXT_2
from trainers.testing.tiny_xl import CAPTION, SHORT_XL, tiny_xl, write_xl_set
from trainers.train.data.batches import Batch
from trainers.train.data.dataset import read_dataset
from trainers.train.data.encoding import Texts, encode_pictures
from trainers.train.layers.adapters import adapted, part_layers
from trainers.train.layers.companion_loras import Companions
from trainers.train.loss import open_diffusion
from trainers.train.settings.preset import Preset
from trainers.train.step import StepContext, backward, draw_noise, step_generator


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_xl(tmp_path_factory.mktemp("xl"))


@pytest.mark.parametrize(
    ("size", "original", "told"),
    [
        # height and width of the file, top and left of the crop, height and width that are trained; by the scripts' own code
        ((1024, 1024), (1024, 1024), (1024, 1024, 0, 0, 1024, 1024)),
        ((832, 1216), (2000, 3000), (3000, 2000, 0, 10, 1216, 832)),
        ((1024, 1024), (832, 1216), (1216, 832, 0, 161, 1024, 1024)),
        ((1216, 832), (1300, 700), (700, 1300, 88, 0, 832, 1216)),
    ],
)
def test_sizes_are_told_as_kohyas_scripts_tell_them(
    base: Base, size: tuple[int, int], original: tuple[int, int], told: tuple[int, ...]
) -> None:
    found = base.family.picture_conditioning(base, [Frame(size, original)])[TIME_IDS]
    assert found.tolist() == [list(told)]
    assert found.dtype == torch.float32, "bfloat16 would round them"


def test_captions_are_encoded_as_the_script_does(base: Base) -> None:
    """Last but one layers side by side, the pooled end of the second, padded as the published tokenizers pad."""
    found = base.family.encode_captions(base, [CAPTION, ""])
    states = []
    for part in (TEXT, TEXT_2):
        tokenizer = base.tokenizers[part]
        ids = tokenizer([CAPTION, ""], padding="max_length", max_length=77, return_tensors="pt").input_ids
        out = base.text_encoders[part](ids, output_hidden_states=True, return_dict=False)
        states.append(out[-1][-2])
    assert torch.allclose(found.hidden, torch.cat(states, dim=-1), atol=1e-6)
    assert torch.allclose(found.extra[POOLED], out[0], atol=1e-6)


def test_a_caption_of_two_chunks_has_the_pooled_end_of_its_first(base: Base) -> None:
    long = ", ".join([CAPTION] * 12)
    found = base.family.encode_captions(base, [long, CAPTION])
    assert found.hidden.shape[1] == 154
    first = base.family.encode_captions(base, [CAPTION])
    assert torch.allclose(found.extra[POOLED][1], first.extra[POOLED][0], atol=1e-6)
    with torch.no_grad():
        prompt, _ = base.family.encode(base, long, long, size=(64, 64))
    assert torch.allclose(found.hidden[0], prompt.hidden[0], atol=1e-5), "as it is drawn"
    assert torch.allclose(found.extra[POOLED][0], prompt.extra[POOLED][0], atol=1e-5)


SCHEDULES: dict[str, dict[str, Any]] = {
    "epsilon": {"prediction_type": "epsilon"},
    "v": {"prediction_type": "v_prediction"},
    "v, zero-terminal SNR": {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_loss_and_gradients_of_a_step_are_those_of_diffusers_script(base: Base, tmp_path: Path, schedule: dict[str, Any]) -> None:
    base = replace(base, schedule={**base.schedule, **schedule})
    preset = replace(SHORT_XL, rank=3, alpha=3.0, layers="attention", init="gaussian", min_snr_gamma=None)
    dataset = read_dataset(write_xl_set(tmp_path / "set"), base.family.picture_step(base), preset.size)
    ones = [torch.ones(1, p.size[1] // base.factor, p.size[0] // base.factor) for p in dataset.pictures]
    context = StepContext(
        base, preset, "", open_diffusion(base.schedule), dataset, encode_pictures(base, dataset.pictures, lambda done: None),
        ones, ones, Texts(base, trained=True), [p.frame for p in dataset.pictures], Companions(base, []), bfloat16=False,
    )  # fmt: skip
    batch = Batch((0, 1), (CAPTION, "dress"))
    assert dataset.pictures[0].size == dataset.pictures[1].size
    x0, noise, t = draw_noise(context, batch, step_generator(preset.seed, 0))
    with wrapped(base, preset) as parameters:
        ours = backward(context, batch, 0)
        grads = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        with as_peft_computes(base):
            theirs = script_loss(base, batch.captions, x0, noise, t)
            theirs.backward()  # type: ignore[no-untyped-call]
        assert float(ours) == pytest.approx(float(theirs.detach()), rel=1e-5)
        checked = 0
        for p, grad in zip(parameters, grads, strict=True):
            assert (p.grad is None) == (grad is None)
            if p.grad is not None and grad is not None:
                assert float((p.grad - grad).abs().max()) <= 1e-4 * max(float(p.grad.abs().max()), 1e-6)
                checked += float(p.grad.abs().max()) > 0
        assert checked > 100


@contextmanager
def wrapped(base: Base, preset: Preset) -> Iterator[list[torch.Tensor]]:
    """Layers on all parts, none of whose matrices is zero."""
    with ExitStack() as stack:
        found = []
        for part, model in base.modules.items():
            found += stack.enter_context(adapted(model, part_layers(part, model, preset), 0, preset.init))
        generator = torch.Generator().manual_seed(1)
        for p in found:
            p.data = torch.randn(p.shape, generator=generator) * 0.1
        yield found


@contextmanager
def as_peft_computes(base: Base) -> Iterator[None]:
    """Without the forward that the training puts in the place of peft's, while it lasts."""
    layers = [m for model in base.modules.values() for m in model.modules() if "forward" in m.__dict__]
    own = [layer.__dict__.pop("forward") for layer in layers]
    assert own
    yield
    for layer, forward in zip(layers, own, strict=True):
        layer.__dict__["forward"] = forward


def script_loss(base: Base, captions: Any, x0: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The arithmetic of train_dreambooth_lora_sdxl.py with its text encoders trained, for one prompt an image."""
    states = []
    for part in (TEXT, TEXT_2):
        ids = base.tokenizers[part](list(captions), padding="max_length", max_length=77, return_tensors="pt").input_ids
        out = base.text_encoders[part](ids, output_hidden_states=True, return_dict=False)
        states.append(out[-1][-2])
    noising = DDPMScheduler(**base.schedule)
    height, width = (side * 8 for side in x0.shape[2:])
    sizes = torch.tensor([[height, width, 0, 0, height, width]] * len(x0), dtype=torch.float32)
    told = {"time_ids": sizes, "text_embeds": out[0]}
    text = torch.cat(states, dim=-1)
    predicted = base.modules[DENOISER](noising.add_noise(x0, noise, t), t, text, added_cond_kwargs=told, return_dict=False)[0]
    is_v = base.schedule["prediction_type"] == "v_prediction"
    target = noising.get_velocity(x0, noise, t) if is_v else noise
    return functional.mse_loss(predicted.float(), target.float(), reduction="mean")
