"""validate names all missing files at once, reads prompts as the renderer does, and folds the LoRAs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.errors import InputError
from models.testing.bases import small_base
from models.testing.loras import STEM, save_small_lora
from studies.doctor.places import check_places, mends
from studies.doctor.validate import prompts_of
from studies.local_models import LocalModels
from studies.scorer_spec import POSE, HandScorer
from studies.testing.fake_study import fake_study


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    check_places(study)
    for name in ("face", "dress", "shoes"):
        (study.root / f"{name}.safetensors").unlink()
    (study.root / "hands.onnx").unlink()
    told = " ".join(mends(study))
    for key in ("loras.face.file (face.safetensors)", "loras.dress.file", "loras.shoes.file", "scorers.hands.judge (hands.onnx)"):
        assert key in told
    with pytest.raises(
        InputError, match=r"^4 files are missing: .*study\.yaml; type first: huanhua train \S+ --out face\.saf\w+$"
    ):
        check_places(study)


def test_every_prompt_of_a_run_is_read(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    assert set(prompts_of(study)) == {"1girl, testdress, myshoes", "1girl", "1girl, testdress", "1girl, myshoes"}


@pytest.mark.parametrize(
    ("prompt", "negative", "line"),
    [
        ("1girl, smile", "bad", None),
        ("1girl AND cat", "", "AND"),
        ("1girl", "[a:b:0.5]", "prompt editing"),
        ("[a|b]", "", "alternat"),
    ],
)
def test_both_prompts_are_read_as_the_renderer_reads_them(tmp_path: Path, prompt: str, negative: str, line: str | None) -> None:
    study = fake_study(tmp_path / "a")
    spec = study.spec.model_copy(update={"negative_prompt": negative})
    models = LocalModels(spec, study.root, small_base(tmp_path / "configs", "sd15"))
    if line is None:
        models.check_prompts([prompt])
        return
    with pytest.raises(InputError, match=line):
        models.check_prompts([prompt])


def test_weights_that_overflow_the_bases_dtype_are_refused(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    base = small_base(tmp_path / "configs", "sd15")
    for number, name in enumerate(("face", "dress", "shoes")):
        save_small_lora(study.root / f"{name}.safetensors", seed=number)
    LocalModels(study.spec, study.root, base).check_folds()
    tensors = load_file(study.root / "dress.safetensors")
    save_file({**tensors, f"{STEM}.alpha": torch.tensor(1e6)}, study.root / "dress.safetensors")
    LocalModels(study.spec, study.root, base).check_folds()
    half = replace(base, modules={part: module.half() for part, module in base.modules.items()})
    with pytest.raises(InputError, match="make 1 layers infinite in float16, mid_block"):
        LocalModels(study.spec, study.root, half).check_folds()


def test_one_lora_under_two_names_is_refused(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    for name, seed in (("face", 0), ("dress", 1), ("shoes", 0)):
        save_small_lora(study.root / f"{name}.safetensors", seed=seed)
    models = LocalModels(study.spec, study.root, small_base(tmp_path / "configs", "sd15"))
    with pytest.raises(InputError, match=r"loras\.face and loras\.shoes are the same LoRA"):
        _ = models.loras


def test_each_missing_file_is_named_with_what_mends_it_in_the_order_to_do_so(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    assert mends(study) == []
    scorers = study.spec.scorers.model_copy(update={"hands": HandScorer(pose=POSE)})
    loras = {
        n: s.model_copy(update={"references": f"data/{n}", "file": f"loras/{s.trigger}.safetensors"})
        for n, s in study.spec.loras.items()
    }
    base = study.spec.base.model_copy(update={"checkpoint": "models/chilloutmix.safetensors"})
    study.spec = study.spec.model_copy(update={"scorers": scorers, "loras": loras, "base": base})
    with pytest.raises(InputError, match=r"^8 files are missing: [^:;,]*study\.yaml; type first: huanhua models get dwpose$"):
        check_places(study)
    lines = mends(study)
    assert lines[0].startswith("base.checkpoint (models/chilloutmix.safetensors): fetch it from https://civitai.com")
    assert lines[1] == f"scorers.hands.pose ({POSE}): huanhua models get dwpose"
    prepare = "huanhua prepare photos/dress data/dress --kind clothing --trigger testdress"
    assert f"loras.dress.references (data/dress): {prepare}" in lines[2:5]
    train = "huanhua train data/dress --out loras/testdress.safetensors"
    assert f"loras.dress.file (loras/testdress.safetensors): put the LoRA there, or train it: {train}" in lines[5:]
    assert len(lines) == 8


def test_a_model_of_two_downloads_is_fetched_by_both_and_names_are_quoted(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    face = study.spec.scorers.face.model_copy(update={"pack": "models/auraface"})
    dress = study.spec.loras["dress"].model_copy(update={"references": "data/the dress"})
    loras = {**study.spec.loras, "dress": dress}
    study.spec = study.spec.model_copy(update={"scorers": study.spec.scorers.model_copy(update={"face": face}), "loras": loras})
    assert mends(study) == [
        "scorers.face.pack (models/auraface): huanhua models get yunet auraface",
        "loras.dress.references (data/the dress): huanhua prepare 'photos/the dress' 'data/the dress' --kind clothing --trigger "
        "testdress",
    ]


def test_what_no_command_mends_is_left_to_the_lines_above(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    (study.root / "hands.onnx").unlink()
    with pytest.raises(InputError, match=r"^a file is missing: .*study\.yaml; mend it as said above$"):
        check_places(study)
