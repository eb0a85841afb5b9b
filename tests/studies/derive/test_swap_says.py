"""A swap says what of the old LoRA stays in the prompt, and takes no LoRA or photos of another kind in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from models.errors import InputError
from models.lora.file import read_metadata, write_lora
from models.lora.layers.lora import LoraLayer
from models.lora.layout import TRIGGER_KEY
from models.lora.sites import DENOISER
from models.lora.summary import summarise
from models.testing.loras import save_small_lora
from models.testing.tiny import tiny_unet
from studies.cli.app import app
from studies.derive.left_words import left_words
from studies.derive.swap import swap_lora
from studies.testing.fake_study import fake_study
from trainers.prepare.manifest import Manifest


def swapped(folder: Path, prompt: str, trigger: str | None, references: Path | None = None) -> list[str]:
    study = fake_study(folder / "old")
    study.spec = study.spec.model_copy(update={"prompt": prompt})
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    (study.root / "coat").mkdir(exist_ok=True)
    Image.new("RGB", (64, 96)).save(study.root / "coat" / "photo.png")
    file = save_small_lora(study.root / "coat.safetensors", {TRIGGER_KEY: trigger} if trigger else {})
    said: list[str] = []
    swap_lora(study, text, "dress", file, folder / "new", references=references, trigger=None, report=said.append)
    return said


@pytest.mark.parametrize(
    ("prompt", "trigger", "told"),
    [
        ("1girl, pink dress, testdress, white boots", "bluedress", ["keeps 'pink dress': mend it"]),
        ("1girl, (pink dress:1.3), red skirt, testdress", "bluedress", ["keeps 'pink dress', 'red skirt': mend it"]),
        ("1girl, testdress, white boots", "bluedress", []),
        ("1girl, testdress", None, ["names no trigger word, so that the prompt keeps testdress"]),
        ("1girl", "bluedress", ["no trigger word that bluedress could take the place of"]),
    ],
)
def test_what_the_prompt_keeps(tmp_path: Path, prompt: str, trigger: str | None, told: list[str]) -> None:
    said = [line for line in swapped(tmp_path, prompt, trigger) if "not tried" not in line]
    assert len(said) == len(told), said
    assert all(words in line for words, line in zip(told, said, strict=True)), said


def test_photos_that_were_prepared_for_another_kind_are_refused(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Manifest("face", "x", ".", 1, 1, (), (), (), "x").write(photos)
    with pytest.raises(InputError, match="were prepared for face, and the LoRA is clothing"):
        swapped(tmp_path, "1girl, testdress", "bluedress", photos)
    assert not (tmp_path / "new").exists()


def test_words_of_a_kind() -> None:
    prompt = "1girl, long hair, pink dress, dresser, white boots, myshoes boots"
    assert left_words(prompt, "clothing", []) == ["pink dress"]
    assert left_words(prompt, "shoes", ["myshoes boots"]) == ["white boots"]
    assert left_words(prompt, "face", []) == ["long hair"]
    assert left_words(prompt, "other", []) == []


def test_half_of_the_layers_are_no_whole_lora(tmp_path: Path) -> None:
    """Its tensors are whole, and so is each layer: only the hash that it was saved with tells."""

    unet, layers = tiny_unet(), {}
    for name, _ in unet.named_modules():
        if name.endswith(("to_q", "to_k")):
            out, wide = unet.get_parameter(f"{name}.weight").shape
            layers[name] = LoraLayer(torch.ones(2, wide), torch.ones(out, 2), 2.0)
    write_lora(tmp_path / "whole.safetensors", {DENOISER: layers}, {})
    assert not any("sshs_model_hash" in note for note in summarise(tmp_path / "whole.safetensors").notes)

    kept = {k: v for k, v in load_file(tmp_path / "whole.safetensors").items() if "to_q" in k}
    save_file(kept, tmp_path / "half.safetensors", read_metadata(tmp_path / "whole.safetensors"))
    shown = CliRunner().invoke(app, ["lora", "show", str(tmp_path / "half.safetensors")])
    assert "not those that its sshs_model_hash is of: it was converted, resized or cut since" in shown.output
