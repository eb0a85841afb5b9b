"""What A1111, ComfyUI and diffusers read otherwise in a LoRA's file is said by exports, and written so that it is equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.base.family import Base
from models.base.opening import open_base
from models.base.textual_inversion import open_embedding
from models.errors import InputError
from models.lora.file import open_lora
from models.lora.layers.lora import LoraLayer
from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, Site
from models.testing.lora_namings import NAMINGS
from optimizer.point import Job, Point
from studies.export.export import export_to
from studies.export.other_loaders import other_reading
from studies.paperdoll.bundle import WEIGHTS
from studies.picture_settings.infotext import read
from studies.study import Study
from tests.studies.export.test_diffusers_script import run
from tests.studies.export.test_export import outcome_at
from tests.studies.test_inversions_in_loras import VECTORS, WORD, bundle, study_at

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
POINT = Point({"face": 0.0, "dress": 0.5}, 5.0)


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def respelt(path: Path, base: Base, naming: str) -> dict[str, Tensor]:
    """The tensors of a LoRA of kohya's under another tool's names, without alphas."""
    spelling, original = NAMINGS[naming], original_names(base.denoiser)
    found: dict[str, Tensor] = {}
    for module, layer in open_lora(path, base.modules).layers[DENOISER].items():
        assert isinstance(layer, LoraLayer)
        down, up = spelling.keys(spelling.denoiser(module, original[module]))
        found |= {down: layer.down.contiguous(), up: layer.up.contiguous()}
    return found


def peft_folder(folder: Path, base: Base) -> None:
    tensors = respelt(folder / "dress.safetensors", base, "peft, saved")
    (folder / "dress.safetensors").unlink()
    (folder / "dress.safetensors").mkdir()
    save_file(tensors, folder / "dress.safetensors" / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 1, "alpha_pattern": {".*to_q": 6}}
    (folder / "dress.safetensors" / "adapter_config.json").write_text(json.dumps(settings))


def alpha_in_metadata(folder: Path, base: Base) -> None:
    tensors = {k: v for k, v in load_file(folder / "dress.safetensors").items() if not k.endswith(".alpha")}
    save_file(tensors, folder / "dress.safetensors", {"lora_alpha": "8", "ss_output_name": "dress"})


def one_trainer(folder: Path, base: Base) -> None:
    save_file(respelt(folder / "dress.safetensors", base, "OneTrainer"), folder / "dress.safetensors")


KINDS: dict[str, tuple[Callable[[Path, Base], None], str]] = {
    "peft's folder": (peft_folder, "passes over {n} of the {n} layers"),
    "alpha in the metadata": (alpha_in_metadata, "takes alpha = rank in {n} of the {n} layers"),
    "OneTrainer's names": (one_trainer, "passes over {n} of the {n} layers"),
}


def made(folder: Path, base: Base, kind: str) -> Study:
    study_at(folder, base)
    KINDS[kind][0](folder, base)
    return study_at(folder, base)


@pytest.mark.parametrize("kind", KINDS)
def test_the_export_says_it_and_names_an_equal_file(tmp_path: Path, base: Base, kind: str) -> None:
    study = made(tmp_path, base, kind)
    wanted = {Site(part, m): layer for part, found in study.models.loras["dress"].layers.items() for m, layer in found.items()}
    for to, tool in (("a1111", "A1111"), ("comfyui", "ComfyUI")):
        done = export_to(study, outcome_at(7, POINT), to)  # type: ignore[arg-type]
        (path,) = (path for path in done.paths if path.suffix == ".safetensors")
        found = {Site(part, m): layer for part, some in open_lora(path, base.modules).layers.items() for m, layer in some.items()}
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[site].delta(), wanted[site].delta()) for site in wanted)
        assert other_reading(path, tool, "sd15").is_equal  # type: ignore[arg-type]
        (note,) = (note for note in done.notes if "is equal" in note)
        assert note.startswith(f"dress: {tool} {KINDS[kind][1].format(n=len(wanted))} of dress")
        text = done.paths[0].read_text(encoding="utf-8")
        if to == "a1111":
            info = read(text)
            assert info.loras == {path.stem: 0.5}
            assert info.lora_hashes == {path.stem: open_lora(path, base.modules).hash}
        else:
            inputs = [node["inputs"] for node in json.loads(done.paths[1].read_text()).values()]
            assert [one["lora_name"] for one in inputs if "lora_name" in one] == [path.name]
            assert "is equal" in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_diffusers_script_draws_it(tmp_path: Path, base: Base, kind: str) -> None:
    study = made(tmp_path, base, kind)
    (wanted,) = study.models.renderer.render([Job(7, POINT)])
    (bare,) = study.models.renderer.render([Job(7, Point({}, 5.0))])
    script = export_to(study, outcome_at(7, POINT), "diffusers").paths[0]
    assert isinstance(wanted, Image.Image)
    drawn = np.asarray(run(script)).astype(int)
    assert np.abs(drawn - np.asarray(wanted)).max() <= 1
    assert np.abs(drawn - np.asarray(bare)).max() > 20, "the LoRA must show, or nothing was compared"


def test_a_plain_lora_is_named_as_it_is_and_no_model_is_opened(tmp_path: Path, base: Base) -> None:
    study = study_at(tmp_path, base)
    assert study.base_facts.family == "sd15"
    del study.models.__dict__["loras"]
    for to in ("a1111", "comfyui", "diffusers"):
        done = export_to(study, outcome_at(7, POINT), to)
        assert not [path for path in done.paths if path.suffix == ".safetensors"]
        assert not [note for note in done.notes if note.startswith("dress")]
    assert "loras" not in study.models.__dict__


def test_textual_inversions_in_lora_files_are_files_of_their_own_elsewhere(tmp_path: Path, base: Base) -> None:
    study_at(tmp_path, base)
    bundle(tmp_path / "dress.safetensors")
    study = study_at(tmp_path, base)
    done = export_to(study, outcome_at(7, POINT), "comfyui")
    (path,) = (path for path in done.paths if path.suffix == ".safetensors")
    assert torch.equal(open_embedding(path).vectors[TEXT], VECTORS)
    assert any("does" in note or f"reads the textual inversion {WORD} in its file not" in note for note in done.notes)
    assert f"embedding:{WORD}" in done.paths[0].read_text()
    # A1111 reads it where the LoRA's tag stands, and only there.
    assert export_to(study, outcome_at(7, POINT), "a1111").paths[1:] == ()
    done = export_to(study, outcome_at(7, Point({"face": 0.5, "dress": 0.0}, 5.0)), "a1111")
    assert [path.name for path in done.paths[1:]] == [f"{WORD}.safetensors"]
    assert any("only where the LoRA has a weight" in note for note in done.notes)


def test_the_script_and_the_combined_lora_draw_it(tmp_path: Path, base: Base) -> None:
    study_at(tmp_path, base)
    bundle(tmp_path / "dress.safetensors")
    study = study_at(tmp_path, base)
    (wanted,) = study.models.renderer.render([Job(7, POINT)])
    assert isinstance(wanted, Image.Image)
    script = export_to(study, outcome_at(7, POINT), "diffusers").paths[0]
    assert np.abs(np.asarray(run(script)).astype(int) - np.asarray(wanted)).max() <= 1
    combined = export_to(study, outcome_at(7, POINT), "lora").paths[0]
    found = open_lora(combined, base.modules)
    assert torch.equal(found.inversions[WORD][TEXT], VECTORS)


def loha(folder: Path) -> None:
    """The same LoRA as a LoHa, whose second factor is 1 everywhere."""
    plain = load_file(folder / "dress.safetensors")
    found: dict[str, Tensor] = {}
    for key in [key for key in plain if key.endswith(".lora_down.weight")]:
        stem = key.removesuffix(".lora_down.weight")
        down, up = plain[key].flatten(1), plain[f"{stem}.lora_up.weight"].flatten(1)
        found |= {f"{stem}.hada_w1_a": up, f"{stem}.hada_w1_b": down, f"{stem}.alpha": plain[f"{stem}.alpha"]}
        found |= {f"{stem}.hada_w2_a": torch.ones_like(up) / len(down), f"{stem}.hada_w2_b": torch.ones_like(down)}
    save_file(found, folder / "dress.safetensors")


def test_a_script_for_diffusers_is_refused_where_diffusers_lacks_the_method(tmp_path: Path, base: Base) -> None:
    study_at(tmp_path, base)
    loha(tmp_path)
    study = study_at(tmp_path, base)
    with pytest.raises(InputError, match=r"LoHa.*diffusers lacks its method"):
        export_to(study, outcome_at(7, POINT), "diffusers")
    assert not any(study.workspace.exports.glob("*"))
    assert export_to(study, outcome_at(7, POINT), "a1111").paths[0].is_file()
