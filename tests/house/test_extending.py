"""docs/extending.md: each block is put where its first line says, registered as the text says, and tried."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/extending.md"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports the block of a path as if it stood there."""

    def placed(path: str) -> ModuleType:
        assert not (ROOT / path).exists(), f"{path} is there already: the page should show another"
        module = ModuleType(path.removesuffix(".py").replace("/", "."))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(blocks()[path], path, "exec"), module.__dict__)
        return module

    return placed


def blocks() -> dict[str, str]:
    """Code by the path that its first line names."""
    found = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_every_block_is_tried() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path for path in blocks() if f'place("{path}")' not in text] == []
    assert PAGE.read_text(encoding="utf-8").count("```python") == len(blocks())


def test_a_score(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    from scorers.score import constraints, registry, scores
    from scorers.score.requirements import Requirements
    from scorers.testing.fake_observer import Shown, observation_of

    module = place("scorers/score/company.py")
    for user in (registry, scores, constraints):
        monkeypatch.setattr(user, "SCORES", (*registry.SCORES, module.COMPANY))
    seen = observation_of(Shown())
    found = scores.score(seen, {}, {}, {}, seen)
    limits = constraints.limits_of(Requirements(), seen)
    names = [constraint.name for constraint in constraints.constraints_of(found, Requirements(), limits)]
    assert "company" in names


def test_a_sampler(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    from optimizer.search.samplers.registry import FACTORIES, make_sampler, sampler_names
    from optimizer.testing.sampler_conformance import CHECKS

    place("optimizer/search/samplers/shrink.py")
    monkeypatch.setitem(FACTORIES, "shrink", "optimizer.search.samplers.shrink:make")
    for check in CHECKS:
        check(lambda settings: make_sampler("shrink", settings))
    assert "shrink" in sampler_names()  # of which studies.spec makes its choice


def test_a_base_family(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    from models.base.registry import FAMILIES, family_named

    module = place("models/base/realistic.py")
    monkeypatch.setitem(FAMILIES, "realistic", module.Realistic())
    assert family_named("realistic").title == "Realistic"


class TestRenderer:
    def test_it_passes_the_suite(self, place: Callable[[str], ModuleType]) -> None:
        from optimizer.point import Job, Point
        from optimizer.render.base import RenderSettings
        from optimizer.testing.renderer_conformance import RendererSuite

        module = place("optimizer/render/over_http.py")
        frame = RenderSettings("1girl", "", 64, 96, 20, "DPM++ 2M Karras")
        with server() as url:
            renderer, twin = module.HttpRenderer(url, frame), module.HttpRenderer(url, frame)
            jobs = [Job(7, Point({"dress": weight, "face": 0.5}, 5.0)) for weight in (0.2, 0.5, 0.8)]
            given = {"renderer": renderer, "twin": twin, "jobs": jobs}
            suite = RendererSuite()
            for name in [name for name in dir(suite) if name.startswith("test_")]:
                check = getattr(suite, name)
                check(**{key: given[key] for key in check.__annotations__ if key in given})

    def test_a_server_that_is_away_is_one_line(self, place: Callable[[str], ModuleType]) -> None:
        from models.errors import InputError
        from optimizer.point import Job, Point
        from optimizer.render.base import RenderSettings

        module = place("optimizer/render/over_http.py")
        renderer = module.HttpRenderer("http://127.0.0.1:9/", RenderSettings("1girl", "", 64, 96, 20, "Euler"))
        with pytest.raises(InputError, match="does not draw"):
            renderer.render([Job(7, Point({}, 5.0))])


def test_a_way_to_draw(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from studies.backends.registry import DrawnStudy, make_backend
    from studies.drawing.registry import WAYS, way_named
    from studies.study import Study
    from studies.testing.lab_study import study_in
    from studies.testing.served_study import ObservingModels

    place("optimizer/render/over_http.py")
    place("studies/drawing/over_http.py")
    place("studies/backends/over_http.py")
    monkeypatch.setitem(WAYS, "over-http", "studies.drawing.over_http:OverHttpDraw")
    section = way_named("over-http")  # of which studies.spec makes its choice
    assert section is not None
    written = study_in(tmp_path)
    with server() as url:
        spec = written.spec.model_copy(update={"draw": section.model_validate({"with": "over-http", "url": url})})
        drawn = DrawnStudy(spec, tmp_path, written.workspace, ObservingModels(spec, tmp_path))
        study = Study(spec, tmp_path, written.workspace, make_backend(drawn), drawn.models)
        assert study.seconds_per_image() > 0
        found = study.evaluator.evaluate(7, study.start)
    assert found.image.is_file()
    assert set(study.workspace.read("acting")["effects"]) == set(spec.loras)


@contextmanager
def server() -> Iterator[str]:
    """Draws flat colours that follow the weights."""
    from optimizer.point import Job, Point
    from optimizer.render.decode import pictures
    from optimizer.testing.fake_renderer import FakeRenderer

    class Draw(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            (picture,) = pictures(FakeRenderer().render([Job(asked["seed"], Point(asked["weights"], asked["cfg"]))]))
            png = io.BytesIO()
            picture.save(png, "PNG")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png.getvalue())

        def log_message(self, *given: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Draw) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()


def test_a_tracker(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from studies.tracking.registry import TRACKERS, open_tracker

    module = place("studies/tracking/one_file.py")
    monkeypatch.setitem(TRACKERS, "json", module.OneFileTracker)
    for _ in range(2):
        tracker = open_tracker(f"json:{tmp_path / 'runs'}", "outfit")
        tracker.start_seed(7, {}, {})
        tracker.log_trial(7, 0, {"dress": 0.4}, {"cost": 1.1}, None, {})
        assert tracker.close().titles == ()
    assert json.loads((tmp_path / "runs" / "outfit.json").read_text()) == {"7-0": {"dress": 0.4, "cost": 1.1}}


def test_a_verb(place: Callable[[str], ModuleType], tmp_path: Path) -> None:
    import typer

    from studies.testing.fake_study import fake_study

    module = place("studies/cli/weights.py")
    fake_study(tmp_path / "study")
    app = typer.Typer()
    app.command()(module.weights)
    done = CliRunner().invoke(app, [str(tmp_path / "study")])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0].split() == ["face", "0.60"]


CONVOLUTION = "down_blocks.1.resnets.0.conv1"
QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"


def test_a_lora_method(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The update is the stored difference, and the model is folded with it."""
    import torch
    from safetensors.torch import save_file

    from models.lora import key_spellings, methods
    from models.lora.file import open_lora
    from models.lora.fold import Folded
    from models.lora.sites import DENOISER
    from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

    module = place("models/lora/layers/peft_ia3.py")
    readers: dict[frozenset[Any], Any] = {frozenset({"ia3_l"}): module.read_peft_ia3, **methods.METHODS}
    monkeypatch.setattr(methods, "METHODS", readers)
    monkeypatch.delitem(methods.UNSUPPORTED, "ia3_l")
    monkeypatch.setitem(key_spellings.SUFFIXES, ".ia3_l", "ia3_l")
    unet = tiny_unet()
    layer: Any = unet.get_submodule(QUERY)
    scales = torch.rand(len(layer.weight), 1) + 0.5
    save_file({f"unet.{QUERY}.ia3_l": scales}, tmp_path / "ia3.safetensors")
    lora = open_lora(tmp_path / "ia3.safetensors", by_part(unet, tiny_text_encoder()))
    assert lora.depends_on_order
    x = torch.randn(1, 5, layer.weight.shape[1])
    with torch.no_grad(), Folded(unet, {"a": lora.layers[DENOISER]}).at([{"a": 0.5}]):
        found = layer(x)
    wanted = torch.nn.functional.linear(x, layer.weight * (1 + 0.5 * (scales - 1)), layer.bias)
    assert torch.allclose(found, wanted, atol=1e-4)


def test_a_lora_key_spelling(place: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from models.lora import key_spellings
    from models.lora.file import open_lora
    from models.lora.sites import DENOISER
    from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

    module = place("models/lora/diffusion_names.py")
    monkeypatch.setattr(key_spellings, "SPELLINGS", (*key_spellings.SPELLINGS, module.diffusion_names))
    unet = tiny_unet()
    weight = unet.get_submodule(CONVOLUTION).weight
    assert isinstance(weight, torch.Tensor)
    stem = f"diffusion/{CONVOLUTION.replace('.', '/')}"
    tensors = {f"{stem}.lora_down.weight": torch.randn(2, *weight.shape[1:])}
    tensors[f"{stem}.lora_up.weight"] = torch.randn(weight.shape[0], 2, 1, 1)
    save_file(tensors, tmp_path / "spelt.safetensors")
    lora = open_lora(tmp_path / "spelt.safetensors", by_part(unet, tiny_text_encoder()))
    assert list(lora.layers[DENOISER]) == [CONVOLUTION]
