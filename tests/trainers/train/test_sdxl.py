"""SDXL is trained: both text encoders, the file that other programs open, resuming, companions, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from safetensors import safe_open

from models.base.family import Base, Conditioning, Frame
from models.lora.file import open_lora, read_metadata
from models.lora.fold import Folded
from models.lora.sites import DENOISER, TEXT, TEXT_2
from studies.export.other_loaders import Tool, other_reading
from tests.trainers.train.test_train import run
from trainers.step_plan import Plan
from trainers.testing.recording_callback import RecordingCallback
from trainers.testing.tiny_xl import CAPTION, SHORT_XL, tiny_xl, write_xl_set
from trainers.train.progress import Progress

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


TOOLS: tuple[Tool, ...] = ("A1111", "ComfyUI", "diffusers")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_xl(tmp_path_factory.mktemp("xl"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_xl_set(tmp_path_factory.mktemp("sets") / "set")


def predicted(base: Base, caption: str = CAPTION) -> torch.Tensor:
    """The base's answer to noise under a caption, as training asks for it."""
    told = base.family.picture_conditioning(base, [Frame((64, 96), (640, 480))])
    x = torch.randn((1, 4, 12, 8), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        text = base.family.encode_captions(base, [caption])
        conditioning = Conditioning(text.hidden, {**text.extra, **told})
        return base.family.predict(base.denoiser, x, torch.tensor([500]), conditioning)


class Last(RecordingCallback):
    """Keeps what the trained model itself predicts at the end."""

    def __init__(self, base: Base) -> None:
        super().__init__()
        self.base = base
        self.predicted = torch.zeros(0)

    def on_sample(self, step: int) -> None:
        self.predicted = predicted(self.base)


def test_the_loss_falls_and_the_file_folds_to_the_trained_model(dataset: Path, tmp_path: Path, base: Base) -> None:
    before = predicted(base)
    settings = replace(SHORT_XL, plan=Plan(steps=8, epochs=4, batch=2), rank=4, conv_rank=1)
    last = Last(base)
    learnt = run(dataset, tmp_path / "a/dress.safetensors", base, settings, callback=last, kind="clothing")
    idle = run(dataset, tmp_path / "b/dress.safetensors", base, replace(settings, learning_rate=1e-12, text_learning_rate=1e-12))
    assert learnt.loss < idle.loss, "the same pictures, noise and steps"
    assert torch.equal(predicted(base), before), "the base is as it was"
    found = open_lora(learnt.path, base.modules)
    folded = [Folded(model, {"a": found.layers[part]}) for part, model in base.modules.items()]
    with folded[0].at([{"a": 1.0}]), folded[1].at([{"a": 1.0}]), folded[2].at([{"a": 1.0}]):
        after = predicted(base)
    assert float((last.predicted - before).abs().max()) > 0.01
    assert torch.allclose(after, last.predicted, atol=1e-5)


def test_the_file_has_kohyas_names_and_says_what_it_is(dataset: Path, tmp_path: Path, base: Base) -> None:
    made = run(dataset, tmp_path / "dress.safetensors", base, replace(SHORT_XL, conv_rank=1))
    with safe_open(made.path, "pt") as file:
        stems = {key.split(".")[0] for key in file.keys()}  # noqa: SIM118  # no mapping
    assert {stem.partition("_text_model_")[0].partition("_input_")[0] for stem in stems if "output" not in stem} >= {
        "lora_te1", "lora_te2", "lora_unet",
    }  # fmt: skip
    assert "lora_unet_input_blocks_4_1_transformer_blocks_1_attn2_to_k" in stems
    assert "lora_unet_middle_block_1_proj_in" in stems
    assert "lora_unet_output_blocks_2_2_conv" in stems
    assert "lora_te1_text_model_encoder_layers_0_mlp_fc1" in stems
    assert "lora_te2_text_model_encoder_layers_2_self_attn_out_proj" in stems
    assert not any("down_blocks" in stem or "lora_te_" in stem for stem in stems)
    for tool in TOOLS:
        assert other_reading(made.path, tool, "sdxl").is_equal, tool
    metadata = read_metadata(made.path)
    assert metadata["ss_base_model_version"] == "sdxl_base_v1-0"
    assert metadata["modelspec.architecture"] == "stable-diffusion-xl-v1-base/lora"
    assert metadata["ss_clip_skip"] == "None"
    layers = open_lora(made.path, base.modules).layers
    moved = {part: {n for n, layer in found.items() if float(layer.delta().abs().max()) > 0} for part, found in layers.items()}
    assert moved[DENOISER] == set(layers[DENOISER])
    assert moved[TEXT_2] == set(layers[TEXT_2])
    # What comes after the last but one layer of the first encoder is read by nobody.
    assert {n for n in layers[TEXT] if ".layers.0." in n} == moved[TEXT] != set(layers[TEXT])


def test_diffusers_opens_the_file_as_it_was_trained(dataset: Path, tmp_path: Path, base: Base) -> None:
    last = Last(base)
    made = run(dataset, tmp_path / "dress.safetensors", base, replace(SHORT_XL, rank=4, alpha=3.0), callback=last)
    pipe = StableDiffusionXLPipeline(
        base.vae, base.text_encoders[TEXT], base.text_encoders[TEXT_2], base.tokenizers[TEXT], base.tokenizers[TEXT_2],
        base.denoiser, EulerDiscreteScheduler(), add_watermarker=False,
    )  # fmt: skip
    pipe.load_lora_weights(str(tmp_path), weight_name=made.path.name)
    try:
        assert torch.allclose(predicted(base), last.predicted, atol=1e-5)
    finally:
        pipe.unload_lora_weights()


@pytest.mark.parametrize("settings", [{}, {"text_rank": 0}, {"optimizer": "adamw8bit"}, {"gradient_checkpointing": True}])
def test_a_killed_training_ends_with_the_same_file(dataset: Path, tmp_path: Path, base: Base, settings: dict[str, Any]) -> None:
    if "optimizer" in settings:
        pytest.importorskip("bitsandbytes")
        # States of smaller matrices keep 32 bits.
        settings = {**settings, "rank": 256, "text_rank": 0, "layers": "attention", "plan": Plan(steps=2, epochs=1, batch=2)}
    asked = replace(SHORT_XL, **settings)
    whole = run(dataset, tmp_path / "a/dress.safetensors", base, asked)

    def kill(progress: Progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path / "b/dress.safetensors", base, asked, progress=kill, checkpoint_seconds=0.0)
    again = run(dataset, tmp_path / "b/dress.safetensors", base, asked)
    assert again.path.read_bytes() == whole.path.read_bytes()
