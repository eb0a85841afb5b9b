"""Studies filled in from pictures: in the words of the WebUI's versions and of Forge, and whatever else a picture may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app
from studies.picture_settings.infotext import read, save_png
from studies.picture_settings.settings import PictureSettings
from studies.spec import StudySpec, read_spec
from studies.starter.from_picture import StudySettings, settings_from
from studies.starter.template import _filled, filled_from

V16 = """1girl, pink dress, testdress <lora:testdress:0.4> <lora:myface:0.68>
Negative prompt: ng_deepnegative_v1_75t, lowres
Steps: 30, Sampler: DPM++ SDE Karras, CFG scale: 7.5, Seed: 1296893022, Size: 512x768, Model hash: fc2511737a, \
Model: chilloutmix_NiPrunedFp32Fix, VAE hash: f921fb3f29, VAE: kl-f8-anime2.ckpt, Clip skip: 2, ENSD: 31337, \
Lora hashes: "testdress: 0123456789ab, myface: ba9876543210", TI hashes: "ng_deepnegative_v1_75t: 54e7e4826d53", \
Version: v1.6.0"""
V18 = """1girl <lyco:testdress:0.4>
Steps: 20, Sampler: Euler a, Schedule type: exponential, CFG scale: 7, Seed: 1, Size: 512x512, Model: m, RNG: CPU, \
Denoising strength: 0.5, Hires upscale: 2, Hires steps: 10, Hires upscaler: R-ESRGAN 4x+, Version: v1.8.0"""
V110 = """1girl <lora:testdress:0.4:0.3>
Steps: 20, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: 6ce0161689, \
Model: v1-5-pruned-emaonly, RNG: NV, ADetailer model: face_yolov8n.pt, ADetailer confidence: 0.3, \
ControlNet 0: "Module: openpose_full, Model: control_v11p_sd15_openpose [cab727d4], Weight: 1.0", Version: v1.10.1"""
FORGE = """1girl <lora:testdress:1.2:lbw=MIDD>
Steps: 20, Sampler: DPM++ 2M SDE, Schedule type: SGM Uniform, CFG scale: 7, Seed: 1, Size: 512x512, Model: m, \
Module 1: vae-ft-mse-840000-ema-pruned, Version: f2.0.1v1.10.1-previous-224-g900196889"""
ADDITIONAL = """1girl, testdress
Negative prompt: lowres
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 8, Seed: 42, Size: 512x768, Model hash: fc2511737a, Model: chilloutmix, \
AddNet Enabled: True, AddNet Module 1: LoRA, AddNet Model 1: testdress(e2e472c06607), AddNet Weight A 1: 0.6, \
AddNet Weight B 1: 0.6, AddNet Module 2: LoRA, AddNet Model 2: my face_v2(06607aaa), AddNet Weight A 2: 0.7, \
AddNet Weight B 2: 0.2"""


def settings_of(text: str) -> StudySettings:
    return settings_from(read(text))


def study(found: StudySettings, folder: Path) -> StudySpec:
    path = folder / "study.yaml"
    path.write_text(_filled(found, "a study"), encoding="utf-8")
    return read_spec(path)


def test_a_picture_of_1_6(tmp_path: Path) -> None:
    spec = study(settings_of(V16), tmp_path)
    assert (spec.prompt, spec.negative_prompt) == ("1girl, pink dress, testdress", "ng_deepnegative_v1_75t, lowres")
    assert (spec.base.checkpoint, spec.base.vae) == (
        "models/chilloutmix_NiPrunedFp32Fix.safetensors",
        "models/kl-f8-anime2.ckpt",
    )
    assert (spec.base.clip_skip, spec.render.ensd, spec.render.rng, spec.seeds) == (2, 31337, "gpu", [1296893022])
    assert (spec.render.sampler, spec.render.steps, spec.render.cfg) == ("DPM++ SDE Karras", 30, 7.5)
    assert (spec.render.width, spec.render.height) == (512, 768)
    assert {n: (s.file, s.start) for n, s in spec.loras.items()} == {
        "testdress": ("loras/testdress.safetensors", 0.4),
        "myface": ("loras/myface.safetensors", 0.68),
    }
    assert spec.embeddings == ["embeddings/ng_deepnegative_v1_75t.pt"]
    assert "# 0123456789ab" in (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert settings_of(V16).notes == ["the base's hash: fc2511737a; the file's name is all that is looked for"]


@pytest.mark.parametrize(("said", "padded"), [(", Pad conds: True", True), ("", False), (", Pad conds: False", False)])
def test_padded_prompts_are_padded_in_the_study(tmp_path: Path, said: str, padded: bool) -> None:
    found = settings_of(f"{V16}{said}")
    assert study(found, tmp_path).render.pad_conds is padded
    assert not any("Pad conds" in note for note in found.notes)


def test_a_picture_of_1_8_with_hires_fix(tmp_path: Path) -> None:
    found = settings_of(V18)
    spec = study(found, tmp_path)
    assert (spec.render.sampler, spec.render.rng, spec.loras["testdress"].start) == ("Euler a Exponential", "cpu", 0.4)
    for start in ("Denoising strength: 0.5", "Hires upscale: 2 (hires fix", "Hires steps: 10", "Hires upscaler: R-ESRGAN 4x+"):
        assert any(note.startswith(start) for note in found.notes)
    assert "#   Hires upscale: 2 (hires fix draws another image" in (tmp_path / "study.yaml").read_text(encoding="utf-8")


def test_a_picture_of_1_10_with_extensions(tmp_path: Path) -> None:
    found = settings_of(V110)
    spec = study(found, tmp_path)
    # 1.9 and later take "Automatic" for Karras with this sampler.
    assert (spec.render.sampler, spec.render.rng, spec.loras["testdress"].start) == ("DPM++ 2M Karras", "nv", 0.3)
    assert [note.split(":")[0] for note in found.notes] == [
        "the base's hash",
        "LoRA testdress",
        "ADetailer model",
        "ADetailer confidence",
        "ControlNet 0",
    ]
    assert found.notes[1] == "LoRA testdress: text encoder at 0.4 in the picture; a study has one weight for both"


def test_a_picture_of_forge(tmp_path: Path) -> None:
    found = settings_of(FORGE)
    spec = study(found, tmp_path)
    assert (spec.render.sampler, spec.loras["testdress"].start, spec.loras["testdress"].bounds) == (
        "DPM++ 2M SDE",
        1.2,
        (0.0, 1.2),
    )
    assert [note.split(" in ")[0] for note in found.notes][:2] == [
        "Sampler: DPM++ 2M SDE SGM Uniform",
        "LoRA testdress: lbw=MIDD",
    ]
    assert found.notes[2].startswith("Module 1: vae-ft-mse-840000-ema-pruned (Forge's VAE")


def test_a_picture_of_additional_networks(tmp_path: Path) -> None:
    found = settings_of(ADDITIONAL)
    spec = study(found, tmp_path)
    assert {n: (s.file, s.start) for n, s in spec.loras.items()} == {
        "testdress": ("loras/testdress.safetensors", 0.6),
        "my_face_v2": ("loras/my face_v2.safetensors", 0.7),
    }
    assert any("LoRA my face_v2: text encoder at 0.2" in note for note in found.notes)
    assert not any("AddNet" in note for note in found.notes)


def test_other_networks_leave_the_prompt(tmp_path: Path) -> None:
    found = settings_of("1girl <hypernet:anime:0.8>, dress <lora:d:1>\nSteps: 20, Seed: 1, CFG scale: 7")
    assert study(found, tmp_path).prompt == "1girl, dress"
    assert any(note.startswith("<hypernet:anime:0.8>: taken out") for note in found.notes)
    assert {"Size", "Sampler", "the base"} <= {note.split(":")[0] for note in found.notes}


@pytest.mark.parametrize(
    ("info", "note"),
    [
        (PictureSettings("x", loras={"d": -0.5}), "LoRA d: -0.5"),
        (PictureSettings("x", loras={"d": 3.0}), "LoRA d: 3"),
        (PictureSettings("x", loras={"d": 1.0}, size=(511, 768)), "Size: 511x768"),
        (PictureSettings("x", loras={"d": 1.0}, clip_skip=12), "Clip skip: 12"),
        (PictureSettings("x", loras={"d": 1.0}, rng="TPU"), "RNG: TPU"),
        (PictureSettings("x", loras={"d": 1.0}, seed=2**32), "Seed: 4294967296"),
        (PictureSettings("x", loras={"d": 1.0}, sampler="Restart", schedule="Automatic"), "Sampler: Restart Karras"),
        (PictureSettings("x", loras={"d": 1.0}, other={"ENSD": "-3"}), "ENSD: -3"),
    ],
)
def test_what_a_study_cannot_express_is_noted_and_the_study_still_opens(tmp_path: Path, info: PictureSettings, note: str) -> None:
    found = settings_from(info)
    assert any(line.startswith(note) for line in found.notes)
    study(found, tmp_path)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        PictureSettings,
        prompt=texts.filter(lambda text: text.strip() and "<" not in text),
        negative=texts,
        steps=st.none() | st.integers(-5, 10**6),
        sampler=st.none() | texts | st.sampled_from(["Euler a", "DPM++ 2M"]),
        schedule=st.none() | texts | st.just("Karras"),
        cfg=st.none() | numbers,
        seed=st.none() | st.integers(-5, 2**40),
        size=st.none() | st.tuples(st.integers(0, 99999), st.integers(0, 99999)),
        model=st.none() | texts,
        model_hash=st.none() | texts,
        clip_skip=st.integers(-1, 20),
        rng=texts | st.sampled_from(["CPU", "GPU", "NV"]),
        loras=st.dictionaries(texts | st.sampled_from(["1", "null", "a b", "a_b", "../x", "-"]), numbers, min_size=1, max_size=4),
        lora_hashes=st.dictionaries(texts, texts, max_size=2),
        other=st.dictionaries(texts | st.sampled_from(["VAE", "ENSD", "TI hashes", "Hires steps"]), texts, max_size=4),
    )
)
def test_any_picture_gives_a_study_that_opens(tmp_path_factory: pytest.TempPathFactory, info: PictureSettings) -> None:
    spec = study(settings_from(info), tmp_path_factory.getbasetemp())
    assert len(spec.loras) == len(info.loras) + len(info.without_weight)
    for lora in spec.loras.values():
        assert Path("loras").resolve() in Path(lora.last).resolve().parents


def test_init_writes_the_study_of_a_picture(tmp_path: Path) -> None:
    save_png(Image.new("RGB", (8, 8)), tmp_path / "a.png", read(ADDITIONAL))
    run = CliRunner().invoke(app, ["init", str(tmp_path / "new"), "--from", str(tmp_path / "a.png")])
    assert run.exit_code == 0
    spec = read_spec(tmp_path / "new" / "study.yaml")
    assert {name: lora.start for name, lora in spec.loras.items()} == {"testdress": 0.6, "my_face_v2": 0.7}


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (PictureSettings("x", seed=1, steps=2, cfg=3), "no LoRA"),
        (PictureSettings("", seed=1, steps=2, cfg=3, loras={"d": 1.0}), "prompt is empty"),
    ],
)
def test_a_picture_that_no_study_can_be_made_of_is_refused(tmp_path: Path, info: PictureSettings, says: str) -> None:
    save_png(Image.new("RGB", (8, 8)), tmp_path / "a.png", info)
    with pytest.raises(InputError, match=says):
        filled_from(tmp_path / "a.png")
