"""Forge, reForge and SD.Next, as far as their sources differ from A1111."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.testing.fake_server.webui import encoded
from tests.optimizer.render.remote.webui.conftest import Around


@pytest.fixture
def of_kind(around: Around) -> Callable[..., WebuiRenderer]:
    """Serves anew as another program, and opens a renderer over it."""

    def made(kind: str, **given: Any) -> WebuiRenderer:
        around.server.stop()
        around.fake.kind = kind
        around.server.app = around.fake.app()
        around.server.start()
        return around.make(**given)

    return made


@pytest.mark.parametrize("kind", ["webui", "forge", "reforge", "sdnext"])
def test_each_program_is_told_and_draws(around: Around, of_kind: Callable[..., WebuiRenderer], kind: str) -> None:
    renderer = of_kind(kind)
    assert isinstance(around.draw(renderer=renderer), Image.Image)
    assert renderer.facts().kind == kind
    assert renderer.identity()["server"]["version"]


def test_a_vae_is_a_module_in_forge(around: Around, of_kind: Callable[..., WebuiRenderer]) -> None:
    renderer = of_kind("forge", vae="kl", payload={"override_settings": {"forge_additional_modules": ["t5.safetensors"]}})
    assert isinstance(around.draw(renderer=renderer), Image.Image)
    sent = around.fake.requests[-1]["override_settings"]
    assert sent["forge_additional_modules"] == ["kl.safetensors", "t5.safetensors"]
    assert "sd_vae" not in sent


def test_forges_further_pictures_are_left_out(around: Around, of_kind: Callable[..., WebuiRenderer]) -> None:
    renderer = of_kind("forge")
    expected = around.draw(renderer=renderer)
    more = encoded(Image.new("RGB", (512, 512), "white"))
    around.fake.change = lambda answer: {**answer, "images": [*answer["images"], more, more]}
    assert around.draw(renderer=renderer) == expected


def test_a_module_that_was_exchanged_is_named(around: Around, of_kind: Callable[..., WebuiRenderer]) -> None:
    renderer = of_kind("forge", vae="kl")
    renderer.facts()

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        answer["info"]["infotexts"] = [answer["info"]["infotexts"][0].replace("Module 1: kl", "Module 1: ae")]
        return answer

    around.fake.change = other
    with pytest.raises(InputError, match="Module 1 was to be kl, and is ae"):
        around.draw(renderer=renderer)


def test_reforges_own_settings_are_followed(around: Around, of_kind: Callable[..., WebuiRenderer]) -> None:
    around.fake.options["euler_og_s_noise"] = 1.003
    renderer = of_kind("reforge")
    around.draw(renderer=renderer)
    sent = around.fake.requests[-1]["override_settings"]
    assert (sent["euler_og_s_noise"], sent["deis_max_order"]) == (1.003, 3)
    assert renderer.identity()["frame"]["euler_og_s_noise"] == 1.003


def test_sdnext_takes_the_schedule_as_a_setting(around: Around, of_kind: Callable[..., WebuiRenderer]) -> None:
    renderer = of_kind("sdnext", clip_skip=2)
    assert isinstance(around.draw(renderer=renderer), Image.Image)
    body = around.fake.requests[-1]
    assert (body["sampler_name"], body["clip_skip"]) == ("DPM++ 2M", 2)
    assert "scheduler" not in body
    assert body["override_settings"]["schedulers_sigma"] == "karras"
    assert body["override_settings"]["diffusers_generator_device"] == "CPU"


def test_what_sdnext_cannot_is_refused(of_kind: Callable[..., WebuiRenderer]) -> None:
    with pytest.raises(InputError, match="not as NV"):
        of_kind("sdnext", rng="nv").identity()
    with pytest.raises(InputError, match="hires fix through SD"):
        of_kind("sdnext", payload={"enable_hr": True, "denoising_strength": 0.5}).identity()
