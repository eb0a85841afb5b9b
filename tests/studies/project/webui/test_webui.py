"""Folders of A1111, Forge and ComfyUI: what lies where, what is refused, and what every verb finds there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from models.errors import InputError
from models.testing.loras import save_small_lora
from studies.cli.app import app
from studies.project.folder import MARKER
from studies.project.new import new_project
from studies.project.typed import typed_base, typed_lora, typed_upscaler
from studies.project.webui.program import SORTS, file_named, open_webui
from studies.project.webui.recorded import HEAD, record, recorded, webuis_of
from studies.spec import read_spec
from tests.studies.picture_settings.drawings import png, saved

TEXT = (
    "a girl, easyneg <lora:dress:0.8>\nNegative prompt: easyneg\nSteps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6, Seed: 123, "
    'Size: 512x768, Model: real, VAE: soft.vae.pt, TI hashes: "easyneg: 0123456789ab"'
)


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


@pytest.fixture
def a1111(tmp_path: Path) -> Path:
    folder = files(
        tmp_path / "stable-diffusion-webui",
        *("models/Stable-diffusion/sub/real.safetensors", "models/Stable-diffusion/soft.vae.pt", "models/VAE/mse.safetensors"),
        *("embeddings/easyneg.pt", "models/ESRGAN/4x-UltraSharp.pth", "models/ESRGAN/.cache/x.pth", "models/Lora/notes.txt"),
    )
    save_small_lora(folder / "models" / "Lora" / "dress.safetensors")
    return folder


@pytest.fixture
def project(tmp_path: Path, a1111: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    new_project(tmp_path / "p", [a1111])
    monkeypatch.chdir(tmp_path / "p")
    return tmp_path / "p"


def typed(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a1111_keeps_each_sort_in_its_place(a1111: Path) -> None:
    webui = open_webui(a1111)
    assert webui.program == "A1111 or Forge"
    assert {sort: [name for name, _ in webui.files(sort)] for sort in SORTS} == {
        "checkpoint": ["sub/real.safetensors"],
        "VAE": ["mse.safetensors", "soft.vae.pt"],
        "LoRA": ["dress.safetensors"],
        "embedding": ["easyneg.pt"],
        "upscaler": ["4x-UltraSharp.pth"],
    }
    assert webui.counts() == "1 checkpoint, 2 VAEs, 1 LoRA, 1 embedding, 1 upscaler"


def test_comfyui_names_more_folders_in_its_settings(tmp_path: Path, a1111: Path) -> None:
    comfyui = files(tmp_path / "ComfyUI", "models/checkpoints/xl.safetensors", "models/loras/a.safetensors")
    settings = {
        "a1111": {
            "base_path": "../stable-diffusion-webui",
            "checkpoints": "models/Stable-diffusion",
            "loras": "models/Lora\nmodels/LyCORIS\n",
            "is_default": True,
        },
        "gone": {"base_path": "/no/such/folder", "vae": "VAE"},
        "empty": None,
    }
    (comfyui / "extra_model_paths.yaml").write_text(yaml.safe_dump(settings))
    webui = open_webui(comfyui)
    assert [name for name, _ in webui.files("checkpoint")] == ["sub/real.safetensors", "xl.safetensors"]
    assert webui.folders["LoRA"][-1] == comfyui / "models" / "loras"
    assert file_named("dress", "LoRA", [webui]) == a1111 / "models" / "Lora" / "dress.safetensors"
    assert webui.notes == ("extra_model_paths.yaml: base_path of gone is not there (/no/such/folder)",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a1111: [", "not YAML \\(line 1"),
        ("- a", "no table of keys"),
        ("a1111: models", "the section a1111 holds no keys"),
        ("a1111: {loras: [a, b]}", "a1111.loras names no folder"),
        ("a1111: {base_path: 5}", "a1111.base_path names no folder"),
        ("a: \x07", "not YAML"),
    ],
)
def test_broken_settings_are_one_line(tmp_path: Path, text: str, says: str) -> None:
    comfyui = files(tmp_path / "ComfyUI", "models/checkpoints/xl.safetensors")
    (comfyui / "extra_model_paths.yaml").write_text(text)
    with pytest.raises(InputError, match=says) as refused:
        open_webui(comfyui)
    assert refused.value.where == str(comfyui / "extra_model_paths.yaml")


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_settings_open_or_are_refused(tmp_path_factory: pytest.TempPathFactory, settings: object) -> None:
    comfyui = files(tmp_path_factory.mktemp("c") / "ComfyUI", "models/checkpoints/xl.safetensors")
    (comfyui / "extra_model_paths.yaml").write_text(yaml.safe_dump(settings))
    with suppress(InputError):
        open_webui(comfyui)


def test_folders_of_another_shape_absent_and_empty_ones_are_refused(tmp_path: Path, a1111: Path) -> None:
    with pytest.raises(InputError, match="no such folder of a WebUI"):
        open_webui(tmp_path / "absent")
    for near in (a1111.parent, a1111 / "models", a1111 / "models" / "Lora"):
        with pytest.raises(InputError, match=f"lies there: .*; name {a1111.as_posix()}$"):
            open_webui(near)
    (tmp_path / "other" / "stuff").mkdir(parents=True)
    (tmp_path / "bare" / "models" / "checkpoints").mkdir(parents=True)
    with pytest.raises(InputError, match="in which the program is installed"):
        open_webui(tmp_path / "other" / "stuff")
    with pytest.raises(InputError, match="no checkpoint, VAE, LoRA, embedding or upscaler lies in this folder of ComfyUI"):
        open_webui(tmp_path / "bare")
    refused = typed("new", tmp_path / "p", "--from-webui", tmp_path / "bare")
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "p").exists()


def test_links_that_lead_back_end(a1111: Path) -> None:
    (a1111 / "models" / "Lora" / "again").symlink_to(a1111 / "models" / "Lora")
    assert [name for name, _ in open_webui(a1111).files("LoRA")] == ["dress.safetensors"]


def test_two_files_of_one_name_are_told(a1111: Path) -> None:
    save_small_lora(files(a1111, "models/Lora/b/x.safetensors") / "models" / "Lora" / "b" / "dress.safetensors")
    with pytest.raises(InputError, match="2 files are called so"):
        file_named("dress", "LoRA", [open_webui(a1111)])
    for name in ("b/dress.safetensors", "b\\dress", "b/dress"):
        assert file_named(name, "LoRA", [open_webui(a1111)]) == a1111 / "models" / "Lora" / "b" / "dress.safetensors"


def test_new_records_it_once(tmp_path: Path, project: Path, a1111: Path) -> None:
    before = (project / MARKER).read_text()
    assert HEAD in before
    again = typed("new", ".", "--from-webui", a1111)
    assert "1 checkpoint, 2 VAEs" in again.stdout
    assert (project / MARKER).read_text() == before
    comfyui = files(tmp_path / "ComfyUI", "models/checkpoints/xl.safetensors")
    assert typed("new", ".", "--from-webui", comfyui).exit_code == 0
    assert (project / MARKER).read_text().startswith(before)
    assert recorded(project) == [a1111, comfyui]


@pytest.mark.parametrize("text", ["from_webui: [a]\n", "from_webui: []\n", 'from_webui:\n  - "a"\n'])
def test_a_list_in_another_form_is_left_as_it_is(project: Path, a1111: Path, text: str) -> None:
    (project / MARKER).write_text(text)
    with pytest.raises(InputError, match="add by hand"):
        record(project, [a1111])
    assert (project / MARKER).read_text() == text


@pytest.mark.parametrize(("text", "says"), [("from_webu: [a]", "unknown key from_webu"), ("from_webui: a", "no list of folders")])
def test_a_project_file_that_does_not_read_is_refused(project: Path, text: str, says: str) -> None:
    (project / MARKER).write_text(text)
    with pytest.raises(InputError, match=says):
        recorded(project)


def test_a_recorded_folder_that_went_away_is_told_with_its_line(project: Path, a1111: Path) -> None:
    a1111.rename(a1111.with_name("moved"))
    refused = typed("init", "s").exception
    assert str(refused).startswith("no such folder of a WebUI or ComfyUI: ")
    assert MARKER in str(refused)
    assert not (project / "studies" / "s").exists()


def test_names_that_are_typed_mean_files_there(project: Path, a1111: Path) -> None:
    models = a1111 / "models"
    assert typed_base("real") == str(models / "Stable-diffusion" / "sub" / "real.safetensors")
    assert typed_lora("dress.safetensors") == models / "Lora" / "dress.safetensors"
    assert typed_upscaler("4x-UltraSharp.pth") == models / "ESRGAN" / "4x-UltraSharp.pth"
    assert typed_lora("absent.safetensors") == Path("absent.safetensors")
    assert typed_base("owner/name") == "owner/name"
    save_small_lora(project / "dress.safetensors")
    assert typed_lora("dress.safetensors") == Path("dress.safetensors")
    assert typed("lora", "show", "dress").exit_code == 0


def test_init_names_what_lies_there_by_absolute_places(project: Path, a1111: Path) -> None:
    assert typed("init", "s").exit_code == 0
    spec = read_spec(project / "studies" / "s" / "study.yaml")
    assert spec.loras["dress"].file == (a1111 / "models" / "Lora" / "dress.safetensors").as_posix()
    assert spec.loras["dress"].kind == "clothing"


@pytest.mark.parametrize("inside", [True, False])
def test_a_picture_s_files_are_found_there(
    tmp_path: Path, project: Path, a1111: Path, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture: Sequence[str | Path] = ("--from", saved(tmp_path, "a.png", png({"parameters": TEXT})))
    if not inside:
        monkeypatch.chdir(tmp_path)
        picture = (*picture, "--from-webui", a1111)
    assert typed("init", "s", *picture).exit_code == 0
    spec = read_spec((project / "studies" if inside else tmp_path) / "s" / "study.yaml")
    models = (a1111 / "models").as_posix()
    assert spec.base.checkpoint == f"{models}/Stable-diffusion/sub/real.safetensors"
    assert spec.base.vae == f"{models}/Stable-diffusion/soft.vae.pt"
    assert spec.embeddings == [f"{a1111.as_posix()}/embeddings/easyneg.pt"]
    assert spec.loras["dress"].file == f"{models}/Lora/dress.safetensors"


def test_what_lies_in_the_project_comes_first(tmp_path: Path, project: Path) -> None:
    files(project, "models/real.safetensors", "embeddings/easyneg.pt")
    save_small_lora(project / "loras" / "dress.safetensors", seed=1)
    assert typed("init", "s", "--from", saved(tmp_path, "a.png", png({"parameters": TEXT}))).exit_code == 0
    spec = read_spec(project / "studies" / "s" / "study.yaml")
    assert spec.base.checkpoint == "models/real.safetensors"
    assert spec.embeddings == ["embeddings/easyneg.pt"]
    assert spec.loras["dress"].file == "loras/dress.safetensors"


def test_models_list_names_each_file(project: Path, a1111: Path) -> None:
    listed = typed("models", "list").stdout
    assert f"{a1111} (A1111 or Forge), used in place: 1 checkpoint, 2 VAEs, 1 LoRA, 1 embedding, 1 upscaler" in listed
    assert f"here     {a1111 / 'models' / 'ESRGAN' / '4x-UltraSharp.pth'}" in listed
    entries = {entry["name"]: entry["path"] for entry in json.loads(typed("models", "list", "--json").stdout)}
    assert entries["dress.safetensors"] == str(a1111 / "models" / "Lora" / "dress.safetensors")


def test_a_folder_beside_the_project_moves_with_it(tmp_path: Path, project: Path, a1111: Path) -> None:
    assert '\n- "../stable-diffusion-webui"\n' in (project / MARKER).read_text()
    new_project(tmp_path / "deep" / "p", [a1111])
    assert f'\n- "{a1111.as_posix()}"\n' in (tmp_path / "deep" / "p" / MARKER).read_text()
    (tmp_path / "moved").mkdir()
    for folder in (project, a1111):
        folder.rename(tmp_path / "moved" / folder.name)
    assert recorded(tmp_path / "moved" / "p") == [tmp_path / "moved" / a1111.name]
    assert [webui.folder for webui in webuis_of(tmp_path / "moved" / "p")] == [tmp_path / "moved" / a1111.name]
