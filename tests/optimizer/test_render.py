"""The renderer's conformance suite, run on the real one over the lab's base and on the fake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.base import Base, open_base
from models.errors import InputError
from models.lora import LoraFile, LoraLayer
from optimizer.diffusion_samplers import SAMPLERS
from optimizer.fake import FakeRenderer
from optimizer.image_cache import CachedRenderer
from optimizer.point import Point
from optimizer.prompt import chunks_needed, encode_prompt, hidden_states
from optimizer.render import DiffusionRenderer, Frame, Renderer
from studies.paperdoll.bundle import WEIGHTS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PROMPT = "1girl, full body, red hair, blue dress"


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def frame(**changes: object) -> Frame:
    settings = {"prompt": PROMPT, "negative_prompt": "", "width": 64, "height": 96, "steps": 3, "sampler": "DPM++ 2M Karras"}
    return Frame(**{**settings, **changes})  # type: ignore[arg-type]


def lora(base: Base, name: str, strength: float = 0.5) -> LoraFile:
    torch.manual_seed(len(name))
    layers = {}
    for path, module in base.unet.named_modules():
        if isinstance(module, torch.nn.Linear) and "attn2" in path:
            layers[path] = LoraLayer(
                torch.randn(2, module.in_features) * strength, torch.randn(module.out_features, 2) * strength, 2.0
            )
    return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name * 8, layers, {}, {})


def real(base: Base) -> Renderer:
    return DiffusionRenderer(base, {n: lora(base, n) for n in ("dress", "shoes")}, frame())


def fake(_: Base) -> Renderer:
    return FakeRenderer()


@pytest.mark.parametrize("make", [real, fake])
def test_equal_arguments_draw_equal_images_and_other_weights_another(make: Callable[[Base], Renderer], base: Base) -> None:
    renderer = make(base)
    low, high = Point({"dress": 0.2, "shoes": 0.1}, 5.0), Point({"dress": 1.0, "shoes": 0.1}, 5.0)
    first = renderer.render(7, low)
    other = renderer.render(7, high)
    assert first.mode == "RGB"
    assert np.array_equal(first, renderer.render(7, low))
    assert not np.array_equal(first, other)
    assert renderer.identity() == make(base).identity()


def test_zero_weights_draw_what_the_bare_base_draws(base: Base) -> None:
    bare = DiffusionRenderer(base, {}, frame()).render(3, Point({}, 5.0))
    dressed = DiffusionRenderer(base, {"dress": lora(base, "dress")}, frame())
    dressed.render(3, Point({"dress": 0.9}, 5.0))
    assert np.array_equal(bare, dressed.render(3, Point({"dress": 0.0}, 5.0)))


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_draws_and_repeats_itself(base: Base, sampler: str) -> None:
    renderer = DiffusionRenderer(base, {}, frame(sampler=sampler))
    first = np.asarray(renderer.render(5, Point({}, 5.0)))
    assert np.isfinite(first).all()
    assert first.std() > 1
    assert np.array_equal(first, renderer.render(5, Point({}, 5.0)))


def test_refuses_an_unknown_sampler_and_a_size_off_the_grid(base: Base) -> None:
    with pytest.raises(InputError, match="unknown sampler"):
        DiffusionRenderer(base, {}, frame(sampler="Magic"))
    with pytest.raises(InputError, match="not divisible"):
        DiffusionRenderer(base, {}, frame(width=60))


def test_nothing_is_drawn_twice(tmp_path: Path) -> None:
    inner = FakeRenderer()
    cached = CachedRenderer(inner, tmp_path)
    point = Point({"a": 0.5, "b": 0.0}, 5.0)
    first = cached.render(1, point)
    same = CachedRenderer(inner, tmp_path).render(1, Point({"a": 0.5}, 5.0))
    assert np.array_equal(first, same)
    assert len(inner.calls) == 1
    assert Image.open(cached.path(1, point)).size == (64, 96)
    assert not cached.holds(2, point)


def test_clip_skip_is_the_normalised_earlier_layer(base: Base) -> None:
    ids = torch.tensor([[base.tokenizer.bos_token_id, *base.tokenizer("red hair", add_special_tokens=False).input_ids]])
    out = base.text_encoder(ids, output_hidden_states=True)
    assert torch.equal(hidden_states(base.text_encoder, ids), out.last_hidden_state)
    body = getattr(base.text_encoder, "text_model", base.text_encoder)
    assert torch.allclose(hidden_states(base.text_encoder, ids, 2), body.final_layer_norm(out.hidden_states[-2]))


def test_emphasis_keeps_the_mean_and_long_prompts_take_more_chunks(base: Base) -> None:
    tokenizer, encoder = base.tokenizer, base.text_encoder
    plain = encode_prompt(tokenizer, encoder, PROMPT, chunks=1)
    strong = encode_prompt(tokenizer, encoder, "1girl, full body, (red hair:1.4), blue dress", chunks=1)
    assert plain.shape == (1, 77, 96)
    assert not torch.allclose(plain, strong)
    assert strong.mean() == pytest.approx(plain.mean().item(), abs=1e-3)
    long = ", ".join(["red hair"] * 40)
    assert chunks_needed(tokenizer, long) == 2
    assert encode_prompt(tokenizer, encoder, long, chunks=2).shape == (1, 154, 96)
