"""What waits in main memory is on the device while it is needed, bit for bit the same afterwards, and nothing of it stays there.

The meta device stands for a graphics card: a weight that was left behind cannot be multiplied with what is there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from models.base.family import Base, joined
from models.base.opening import open_base
from models.lora.file import open_lora
from models.lora.fold import Folded
from models.lora.sites import DENOISER
from models.testing.flow.folders import FOLDERS
from models.testing.flow.loras import save_lora
from optimizer.point import Job, Point
from optimizer.render import diffusers_renderer
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.memory import Fit
from optimizer.render.placement import Placement

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
CARD, PARTS = torch.device("meta"), ["layers.0.attention.to_q", "layers.1.feed_forward.w1"]


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return open_base(FOLDERS["z-image"](tmp_path / "z-image"))


def predicted(base: Base, device: torch.device) -> torch.Tensor:
    with torch.no_grad():
        both = joined(base.family.encode(base, "a red hat", "dog", size=(64, 64)))
        both = type(both)(both.hidden.to(device), {}, both.lengths)
        latents = torch.zeros(2, *base.family.latent_shape(base, 64, 64), device=device)
        return base.family.predict(base.denoiser, latents, torch.tensor(500.0, device=device), both)


@pytest.mark.parametrize("modules", [None, PARTS])
def test_copies_take_the_place_of_what_loras_touch(base: Base, tmp_path: Path, modules: list[str] | None) -> None:
    file = open_lora(save_lora(tmp_path / "x.safetensors", base.denoiser, "diffusers", modules), base.modules)
    before = {name: (value, value.clone()) for name, value in base.denoiser.state_dict(keep_vars=True).items()}
    folded = Folded(base.denoiser, {"x": file.layers[DENOISER]}, device=CARD)
    placement = Placement(CARD, offload=True, staying=folded.touched)
    with placement.present(base.denoiser):
        there = dict(base.denoiser.named_parameters())
        touched = {f"{name}.weight" for name in file.layers[DENOISER]}
        assert {name for name, value in there.items() if value.device != CARD} == touched
        for weights in ({"x": 0.5}, {}):
            with folded.at([weights]):
                assert predicted(base, CARD).device == CARD
    folded.release()
    for name, value in base.denoiser.state_dict(keep_vars=True).items():
        assert value is before[name][0]
        assert torch.equal(value, before[name][1])


def test_a_model_whose_weights_are_shared_is_moved_once() -> None:
    one, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    other.weight = one.weight
    model = torch.nn.Sequential(one, other)
    with Placement(CARD, offload=True).present(model):
        assert one.weight is other.weight
        assert one.weight.device == CARD
    assert one.weight.device.type == "cpu"


def test_weights_that_do_not_arrive_leave_the_model_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    from optimizer.render import placement

    model, moved = torch.nn.Linear(2, 2), list[torch.Tensor]()

    def once(own: torch.Tensor, device: torch.device) -> torch.Tensor:
        if moved:
            raise torch.OutOfMemoryError("full")
        moved.append(own)
        return own.to(device)

    monkeypatch.setattr(placement, "_moved", once)
    with pytest.raises(torch.OutOfMemoryError), Placement(CARD, offload=True).present(model):
        pass
    assert {p.device.type for p in model.parameters()} == {"cpu"}


def test_the_same_pictures_with_everything_waiting(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = open_lora(save_lora(tmp_path / "x.safetensors", base.denoiser, "diffusers", size=0.2), base.modules)
    settings = RenderSettings("a red hat", "dog", 64, 64, 3, "Euler")
    jobs = [Job(1, Point({"x": weight}, 4.0)) for weight in (0.6, 0.0)]

    def drawn() -> list[bytes]:
        images = DiffusionRenderer(base, {"x": file}, settings).render(jobs)
        return [image.tobytes() for image in images if isinstance(image, Image.Image)]

    plain = drawn()
    monkeypatch.setattr(diffusers_renderer, "fit", lambda *_, **__: Fit(1, tiled=False, offload=True, lean=True))
    assert drawn() == plain
    assert plain[0] != plain[1]
