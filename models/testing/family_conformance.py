"""What every base family guarantees. A test class derives from it, and gives an opened base of the family by a fixture `base`."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from models.base.family import GUIDANCE, Base, Conditioning, Frame, joined
from models.base.registry import FAMILIES
from models.errors import InputError
from models.lora.key_spellings import kohya_name, site_names
from models.lora.sites import DENOISER, TEXT_2, Site, layer_names

SIZE = (64, 96)
"""(width, height) in pixels: a multiple of the cells of all families so far."""
PROMPT, NEGATIVE = "a red hat, a cat", "dog"


def weights_of(base: Base) -> dict[str, Tensor]:
    return {f"{i}.{n}": p.detach().clone() for i, model in enumerate(base.models) for n, p in model.named_parameters()}


def tensors_of(conditioning: Conditioning) -> list[Tensor]:
    return [conditioning.hidden, *(conditioning.extra[name] for name in sorted(conditioning.extra))]


def encoded(base: Base, prompt: str = PROMPT, negative: str = NEGATIVE) -> tuple[Conditioning, Conditioning]:
    """As a renderer passes it on: with the guidance that the denoiser is told, where it is."""
    with torch.no_grad():
        pair = base.family.encode(base, prompt, negative, size=SIZE)
    if base.family.guidance(base) != "told":
        return pair
    told = {GUIDANCE: torch.full((1,), 3.5, device=base.device)}
    first, second = (replace(one, extra={**one.extra, **told}) for one in pair)
    return first, second


class BaseFamilySuite:
    """Each test is one guarantee of `models.base.family.BaseFamily`."""

    def test_its_modules_are_its_parts_the_denoiser_first(self, base: Base) -> None:
        assert tuple(base.modules) == base.family.parts
        assert base.family.parts[0] == DENOISER
        assert all(layer_names(module) for module in base.modules.values())

    def test_its_name_and_pipeline_are_its_own(self, base: Base) -> None:
        others = [family for family in FAMILIES.values() if family.name != base.family.name]
        assert base.family.name not in {family.name for family in others}
        assert base.family.pipeline not in {family.pipeline for family in others}

    def test_it_recognises_nothing_in_an_empty_file(self, base: Base) -> None:
        assert not base.family.recognises({})
        assert not base.family.recognises({"lora_unet_x.lora_down.weight": (4, 8)})

    def test_both_prompts_become_one_row_each_of_equal_length(self, base: Base) -> None:
        for prompt in (PROMPT, ", ".join([PROMPT] * 40)):
            negative, positive = encoded(base, prompt)
            for one, other in zip(tensors_of(negative), tensors_of(positive), strict=True):
                assert one.shape == other.shape
                assert len(one) == 1
                assert bool(one.isfinite().all())
            assert not torch.equal(negative.hidden, positive.hidden)

    def test_equal_arguments_give_equal_bits_and_change_no_weights(self, base: Base) -> None:
        before = weights_of(base)
        for one, other in zip(encoded(base), encoded(base), strict=True):
            assert all(torch.equal(a, b) for a, b in zip(tensors_of(one), tensors_of(other), strict=True))
        self._predicted(base, *encoded(base))
        assert all(torch.equal(value, before[name]) for name, value in weights_of(base).items())

    def test_the_prediction_has_the_latents_shape_and_follows_the_prompt(self, base: Base) -> None:
        negative, positive = encoded(base)
        both = self._predicted(base, negative, positive)
        assert both.shape == (2, *base.family.latent_shape(base, *SIZE))
        assert both.dtype == base.dtype
        assert not torch.equal(both[0], both[1])
        assert torch.allclose(both[1:], self._predicted(base, positive), atol=1e-4)

    def test_pixels_of_the_size_asked_for_come_out_of_latents_of_its_shape(self, base: Base) -> None:
        width, height = SIZE
        latents = torch.zeros(1, *base.family.latent_shape(base, width, height))
        with torch.no_grad():
            assert base.family.decode(base, latents).shape == (1, 3, height, width)
        assert width % base.factor == height % base.factor == 0

    def test_pixels_become_latents_of_its_shape(self, base: Base) -> None:
        width, height = SIZE
        pixels = torch.zeros(1, 3, height, width, device=base.device, dtype=base.vae.dtype)
        with torch.no_grad():
            mean, deviation = base.family.encode_pixels(base, pixels)
        assert mean.shape == (1, *base.family.latent_shape(base, width, height))
        assert (mean.dtype, mean.device.type) == (torch.float32, "cpu")
        assert deviation is None or deviation.shape == mean.shape

    def test_captions_become_rows_or_are_refused_in_one_line(self, base: Base) -> None:
        if base.family.trainable:
            assert len(base.family.encode_captions(base, ["a", "b c", ""]).hidden) == 3
            return
        line = ""
        try:
            base.family.encode_captions(base, ["a"])
        except InputError as error:
            line = str(error)
        assert line
        assert "\n" not in line

    def test_what_only_training_asks_is_refused_in_one_line_where_nothing_is_trained(self, base: Base) -> None:
        if base.family.trainable:
            return
        family = base.family
        for asked in (
            lambda: family.picture_conditioning(base, []),
            lambda: family.picture_step(base),
            lambda: family.file_names(base),
        ):
            line = ""
            try:
                asked()
            except InputError as error:
                line = str(error)
            assert family.title in line
            assert "\n" not in line

    def test_its_steps_fall_from_all_noise_if_it_is_drawn_along_a_flow(self, base: Base) -> None:
        laid = base.family.flow_steps(base, SIZE, 7)
        assert (laid is None) == (base.family.samplers is None)
        if laid is not None:
            assert len(laid.levels) == 7
            assert laid.levels[0] == 1
            assert all(one > other > 0 for one, other in zip(laid.levels, laid.levels[1:], strict=False))

    def test_captions_and_pictures_make_what_the_denoiser_takes(self, base: Base) -> None:
        if not base.family.trainable:
            return
        frames = [Frame(SIZE, SIZE), Frame(SIZE, (640, 480))]
        with torch.no_grad():
            captions = base.family.encode_captions(base, ["a", "b, c"])
        told = base.family.picture_conditioning(base, frames)
        assert not captions.extra.keys() & told.keys()
        assert all(len(tensor) == len(frames) for tensor in told.values())
        self._predicted(base, Conditioning(captions.hidden, {**captions.extra, **told}))

    def test_trained_pictures_are_whole_cells(self, base: Base) -> None:
        if base.family.trainable:
            assert base.family.picture_step(base) % base.factor == 0

    def test_the_files_that_training_writes_name_each_layer(self, base: Base) -> None:
        if not base.family.trainable:
            return
        names, spell = site_names(base.modules), base.family.file_names(base)
        for site in (Site(part, layer) for part, module in base.modules.items() for layer in layer_names(module)):
            assert names[spell(site)] == site

    def test_every_layer_is_found_by_the_name_that_files_have(self, base: Base) -> None:
        names = site_names(base.modules)
        for part, module in base.modules.items():
            for layer in layer_names(module):
                assert names[kohya_name(Site(part, layer), numbered=TEXT_2 in base.modules)] == Site(part, layer)

    @staticmethod
    def _predicted(base: Base, *rows: Conditioning) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        one = torch.randn(1, *base.family.latent_shape(base, *SIZE), generator=generator).to(base.device)
        both = joined(rows)
        with torch.no_grad():
            time = torch.tensor(500, device=base.device)
            return base.family.predict(base.denoiser, one.repeat(len(both.hidden), 1, 1, 1), time, both)
