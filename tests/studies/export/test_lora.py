"""The combined LoRA draws what the pick's LoRAs draw at their weights, on the lab's base."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from models.lora.file import LoraFile, open_lora, read_metadata
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT
from optimizer.point import Job, Point
from optimizer.render import decode
from optimizer.render.diffusers_renderer import DiffusionRenderer
from studies.export.export import export_to
from studies.export.lora import LARGE, MADE_OF
from studies.paperdoll.bundle import WEIGHTS
from tests.studies.export.test_diffusers_script import study_at
from tests.studies.export.test_export import outcome_at

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
POINT = Point({"face": 0.7, "dress": 0.45, "shoes": 0.0}, 5.0)


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def test_at_weight_1_it_draws_the_pick(tmp_path: Path, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    exact: list[torch.Tensor] = []

    def keeping(pixels: torch.Tensor, cut_off: bool) -> Image.Image:
        exact.append(pixels / 2 + 0.5)
        return picture_of(pixels, cut_off)

    picture_of = decode._picture
    monkeypatch.setattr(decode, "_picture", keeping)
    study = study_at(tmp_path, base, sampler="DPM++ 2M Karras")
    done = export_to(study, outcome_at(7, POINT), "lora")
    assert [path.name for path in done.paths] == ["exported-seed-7.safetensors"]
    assert done.notes == ("use it alone, at weight 1: <lora:exported-seed-7:1>",)
    combined = open_lora(done.paths[0], base.modules)
    wanted = {name: study.models.loras[name] for name in ("face", "dress")}
    for part in (DENOISER, TEXT):
        for module, layer in combined.layers[part].items():
            parts = [POINT.weights[n] * f.layers[part][module].delta() for n, f in wanted.items() if module in f.layers[part]]
            assert (layer.delta() - torch.stack(parts).sum(0)).abs().max() < 1e-4
    assert {m for f in wanted.values() for m in f.layers[DENOISER]} == set(combined.layers[DENOISER])
    together = study.models.renderer.render([Job(7, POINT)])[0]
    alone = DiffusionRenderer(base, {"sum": combined}, study.render_settings, embeddings=study.models.embeddings).render(
        [Job(7, Point({"sum": 1.0}, 5.0))]
    )[0]
    bare = study.models.renderer.render([Job(7, Point({}, 5.0))])[0]
    assert isinstance(together, Image.Image)
    assert isinstance(alone, Image.Image)
    assert off(together, alone) <= 1
    assert (exact[0] - exact[1]).abs().max() < 1e-4, "in [0, 1], before it is rounded to 256 levels"
    assert off(together, bare) > 20, "the LoRAs must show, or nothing was compared"


def off(first: Image.Image, second: object) -> int:
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())


def test_its_metadata_names_what_it_was_made_of(tmp_path: Path, base: Base) -> None:
    study = study_at(tmp_path, base)
    study.triggers = {"face": "myface", "shoes": "myshoes", "dress": "testdress"}
    path = export_to(study, outcome_at(7, POINT), "lora").paths[0]
    metadata = read_metadata(path)
    assert json.loads(metadata[MADE_OF]) == [
        {"name": name, "hash": study.models.loras[name].hash, "weight": POINT.weights[name]} for name in ("face", "dress")
    ]
    assert metadata["modelspec.trigger_phrase"] == "myface, testdress"
    assert metadata["ss_network_dim"] == metadata["ss_network_alpha"] == "5"
    assert metadata["ss_training_comment"] == "not trained: 0.7 face + 0.45 dress, the pick of study exported at seed 7"
    assert len(metadata["sshs_model_hash"]) == 64


def test_a_large_one_gets_a_warning(tmp_path: Path, base: Base) -> None:
    study, path = study_at(tmp_path, base), next(name for name, _ in base.denoiser.named_modules() if name.endswith("attn2.to_q"))
    wide = LoraLayer(torch.zeros(LARGE, 64), torch.zeros(64, LARGE), 1.0)
    layers, names = {DENOISER: {path: wide}}, ("face", "dress", "shoes")
    files = {n: LoraFile(Path(f"{n}.safetensors"), n, "0" * 12, n, layers, {}) for n in names}
    study.models.loras = files
    notes = export_to(study, outcome_at(7, POINT), "lora").notes
    assert notes[1] == "a large LoRA: rank 256 and 0 MB, since the ranks of its parts add up"


def test_a_pick_without_loras_is_refused_and_nothing_written(tmp_path: Path, base: Base) -> None:
    study = study_at(tmp_path, base)
    with pytest.raises(InputError, match="every LoRA has weight 0"):
        export_to(study, outcome_at(7, Point({"face": 0.0, "dress": 0.0}, 5.0)), "lora")
    assert not study.workspace.root.exists()
