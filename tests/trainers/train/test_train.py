from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.boxes import PixelBox
from models.errors import InputError
from models.lora.file import open_lora, read_metadata
from models.lora.fold import Folded
from models.lora.layout import KIND_KEY
from models.lora.sites import DENOISER, TEXT
from trainers.prepare.manifest import Cut, Manifest, PhotoRecord
from trainers.step_plan import Plan
from trainers.testing.recording_callback import RecordingCallback
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import write_tiny_set
from trainers.testing.training_callback_suite import SHORT, TrainingCallbackSuite, expected_events
from trainers.train.data.encoding import Texts
from trainers.train.progress import Progress, Trained
from trainers.train.settings.preset import Preset
from trainers.train.settings.preset_families import PRESETS, preset
from trainers.train.settings.request import TrainRequest
from trainers.train.settings.variety import Variety
from trainers.train.train import train


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("sets") / "set")


def run(dataset: Path, out: Path, base: Base, settings: Preset = SHORT, **changes: Any) -> Trained:
    asked = {name: changes.pop(name) for name in ("trigger", "checkpoints", "checkpoint_seconds", "kind") if name in changes}
    request = replace(TrainRequest(dataset, out, "dress", settings, out.parent / "work"), **asked)
    return train(request, base, **changes)


def test_a_training_gives_a_lora_of_this_base_and_leaves_the_base(dataset: Path, tmp_path: Path, base: Base) -> None:
    parts = (base.denoiser, base.text_encoders[TEXT])
    before = [{k: v.clone() for k, v in p.state_dict().items()} for p in parts]
    modules = [[(n, type(m)) for n, m in p.named_modules()] for p in parts]
    reported: list[Progress] = []
    settings = replace(SHORT, conv_rank=1, text_rank=2, gradient_checkpointing=True)
    made = run(dataset, tmp_path / "dress.safetensors", base, settings, progress=reported.append)
    for part, state, names in zip(parts, before, modules, strict=True):
        assert [(n, type(m)) for n, m in part.named_modules()] == names
        assert all(torch.equal(v, state[k]) for k, v in part.state_dict().items())
        assert not any(p.requires_grad for p in part.parameters())
        assert not part.training
        assert not hasattr(part, "peft_config")
    found = open_lora(made.path, base.modules)
    assert any(".attn2." in n for n in found.layers[DENOISER])
    assert any(n.endswith("conv1") for n in found.layers[DENOISER])
    assert found.layers[TEXT]
    assert all(float(layer.delta().abs().max()) > 0 for layer in found.layers[DENOISER].values())
    assert {(layer.rank, layer.alpha) for n, layer in found.layers[DENOISER].items() if ".attentions." in n} == {(2, 1.0)}
    assert (made.steps, made.train_steps, made.reg_steps) == (6, 4, 2)
    assert [(p.step, p.steps) for p in reported if p.stage == "training"] == [(i + 1, 6) for i in range(6)]
    assert reported[-1].seconds_left == 0.0


def test_the_file_describes_itself(dataset: Path, tmp_path: Path, base: Base) -> None:
    made = run(dataset, tmp_path / "dress.safetensors", base, kind="clothing")
    metadata = read_metadata(made.path)
    assert metadata["modelspec.trigger_phrase"] == "dress"
    assert metadata[KIND_KEY] == "clothing"
    assert metadata["ss_network_dim"] == "2"
    assert '"pink": 1' in metadata["ss_tag_frequency"]
    assert metadata["sshs_model_hash"] == made.hash
    assert [p.name for p in (tmp_path / "work").glob("*")] == []


@pytest.mark.parametrize("changes", [{}, {"text_rank": 2, "min_snr_gamma": None}])
def test_a_batch_in_parts_gives_the_same_lora(dataset: Path, tmp_path: Path, base: Base, changes: dict[str, Any]) -> None:
    settings = replace(SHORT, **changes)
    whole = run(dataset, tmp_path / "whole.safetensors", base, settings)
    parts = run(dataset, tmp_path / "parts.safetensors", base, replace(settings, accumulate=2))
    assert parts.steps == whole.steps
    assert parts.loss == pytest.approx(whole.loss, rel=1e-4)
    a, b = (open_lora(made.path, base.modules).layers[DENOISER] for made in (whole, parts))
    assert a.keys() == b.keys()
    for name, layer in a.items():
        assert torch.allclose(layer.delta(), b[name].delta(), rtol=2e-2, atol=2e-5), name


@pytest.mark.parametrize("text_rank", [0, 2])
def test_where_it_preserves_a_fresh_lora_has_nothing_to_learn(dataset: Path, tmp_path: Path, base: Base, text_rank: int) -> None:
    made = run(dataset, tmp_path / "dress.safetensors", base, replace(SHORT, text_rank=text_rank, preserve=1 - 1e-9))
    found = open_lora(made.path, base.modules)
    assert made.loss == pytest.approx(0.0, abs=1e-9)
    assert all(float(layer.delta().abs().max()) < 1e-4 for part in found.layers.values() for layer in part.values())


def test_preserving_keeps_what_is_drawn_without_the_trigger(dataset: Path, tmp_path: Path, base: Base) -> None:
    settings = replace(SHORT, plan=Plan(steps=40, epochs=5, batch=2), text_rank=2)
    free = run(dataset, tmp_path / "free.safetensors", base, settings)
    kept = run(dataset, tmp_path / "kept.safetensors", base, replace(settings, preserve=0.6))
    assert moved(base, kept.path, "pink, long") < 0.7 * moved(base, free.path, "pink, long")


@pytest.fixture
def boxed(dataset: Path, tmp_path: Path) -> Path:
    """The set as `prepare` would have left it, had the thing been the left half of every picture."""
    copy = tmp_path / "boxed"
    shutil.copytree(dataset, copy)
    write_boxes(copy, share=0.5)
    return copy


def write_boxes(folder: Path, share: float) -> None:
    def cut(path: Path) -> Cut:
        with Image.open(path) as picture:
            size = picture.size
        return Cut(path.relative_to(folder).as_posix(), (0, 0, *size), size, (), None)

    pairs = zip(sorted(folder.glob("train/*/*.png")), sorted(folder.glob("reg/*/*.png")), strict=True)
    photos = tuple(
        PhotoRecord(train.name, "", (16, 32), PixelBox(0, 0, 16 * share, 32), PixelBox(0, 0, 16, 32), cut(train), cut(reg))
        for train, reg in pairs
    )
    Manifest("clothing", "dress", "photos", 2, 1, photos, (), (), "dress").write(folder)


def layers_of(made: Trained, base: Base) -> dict[str, torch.Tensor]:
    found = open_lora(made.path, base.modules)
    return {name: layer.delta() for name, layer in (*found.layers[DENOISER].items(), *found.layers[TEXT].items())}


def test_outside_of_the_thing_a_lora_learns_to_leave_the_base_alone(boxed: Path, tmp_path: Path, base: Base) -> None:
    settings = replace(SHORT, text_rank=2)
    photo = run(boxed, tmp_path / "photo.safetensors", base, settings)
    half = run(boxed, tmp_path / "half.safetensors", base, replace(settings, outside="base"))
    assert 0.1 * photo.loss < half.loss < 0.9 * photo.loss, "a fresh LoRA is right outside already"
    masked = run(boxed, tmp_path / "masked.safetensors", base, replace(settings, outside="nothing"))
    assert 0.1 * photo.loss < masked.loss < 0.9 * photo.loss, "half of the cells count"
    write_boxes(boxed, share=1.0)
    whole = run(boxed, tmp_path / "whole.safetensors", base, replace(settings, outside="base"))
    assert whole.loss == pytest.approx(photo.loss)
    for name, delta in layers_of(photo, base).items():
        assert torch.allclose(layers_of(whole, base)[name], delta, atol=1e-5)
    write_boxes(boxed, share=0.0)
    none = run(boxed, tmp_path / "none.safetensors", base, replace(settings, outside="base", variety=Variety(keep=0)))
    assert none.loss < 0.1 * photo.loss


def test_a_training_with_a_companion(boxed: Path, tmp_path: Path, base: Base) -> None:
    face = open_lora(run(boxed, tmp_path / "face.safetensors", base, trigger="face").path, base.modules)
    settings = replace(SHORT, text_rank=2, outside="base")
    weights = [p.clone() for p in (*base.denoiser.parameters(), *base.text_encoders[TEXT].parameters())]
    alone = run(boxed, tmp_path / "alone" / "dress.safetensors", base, settings)
    accompanied = run(boxed, tmp_path / "accompanied" / "dress.safetensors", base, settings, companions=[face])
    after = (*base.denoiser.parameters(), *base.text_encoders[TEXT].parameters())
    assert all(torch.equal(p, q) for p, q in zip(weights, after, strict=True))
    assert accompanied.hash != alone.hash
    assert json.loads(read_metadata(accompanied.path)["huanhua_beside"]) == {"face": face.hash}

    def kill(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    out = tmp_path / "killed" / "dress.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(boxed, out, base, settings, companions=[face], progress=kill, checkpoint_seconds=0.0)
    assert all(torch.equal(p, q) for p, q in zip(weights, after, strict=True)), "a killed training leaves the base too"
    run(boxed, out, base, settings, companions=[face])
    assert out.read_bytes() == accompanied.path.read_bytes()


def test_companions_and_boxes_that_cannot_be(dataset: Path, boxed: Path, tmp_path: Path, base: Base) -> None:
    out = tmp_path / "dress.safetensors"
    with pytest.raises(InputError, match="must know where the thing is"):
        run(dataset, out, base, replace(SHORT, outside="base"))
    face = open_lora(run(boxed, tmp_path / "face.safetensors", base, trigger="face").path, base.modules)
    with pytest.raises(InputError, match="outside=base"):
        run(boxed, out, base, companions=[face])
    assert not out.exists()


@torch.no_grad()
def moved(base: Base, lora: Path, caption: str) -> float:
    """How far the LoRA moves the base's prediction for noise, at full weight."""
    x = torch.randn((4, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    before = predicted(base, caption, x)
    found = open_lora(lora, base.modules)
    unet, text = Folded(base.denoiser, {"a": found.layers[DENOISER]}), Folded(base.text_encoders[TEXT], {"a": found.layers[TEXT]})
    with unet.at([{"a": 1.0}]), text.at([{"a": 1.0}]):
        after = predicted(base, caption, x)
    return float((after - before).pow(2).mean())


def predicted(base: Base, caption: str, x: torch.Tensor) -> torch.Tensor:
    context = Texts(base, trained=True).embed([caption] * len(x)).hidden
    found: torch.Tensor = base.denoiser(x, torch.full((len(x),), 500), context, return_dict=False)[0]
    return found


@pytest.mark.parametrize("killed_after", [1, 4])
@pytest.mark.parametrize("text_rank", [0, 2])
def test_a_killed_training_ends_with_the_same_file(
    dataset: Path, tmp_path: Path, base: Base, killed_after: int, text_rank: int
) -> None:
    settings = replace(SHORT, text_rank=text_rank, preserve=0.3)
    whole = run(dataset, tmp_path / "a" / "dress.safetensors", base, settings)

    def kill(progress: Progress) -> None:
        if progress.step == killed_after:
            raise KeyboardInterrupt

    out = tmp_path / "b" / "dress.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(dataset, out, base, settings, progress=kill, checkpoint_seconds=0.0)
    assert not out.exists()
    first: list[int] = []
    resumed = run(dataset, out, base, settings, progress=lambda p: first.append(p.step) if p.stage == "training" else None)
    assert first[0] == killed_after + 1
    assert out.read_bytes() == whole.path.read_bytes()
    assert resumed.loss == whole.loss


def test_the_same_training_again_does_nothing_and_another_does(dataset: Path, tmp_path: Path, base: Base) -> None:
    out = tmp_path / "dress.safetensors"
    first = run(dataset, out, base)
    before = out.read_bytes()
    reported: list[Progress] = []
    again = run(dataset, out, base, progress=reported.append)
    assert (again.hash, again.seconds, reported) == (first.hash, 0.0, [])
    assert run(dataset, out, base, replace(SHORT, seed=1)).hash != first.hash
    assert out.read_bytes() != before


def test_a_checkpoint_of_another_training_is_not_taken(dataset: Path, tmp_path: Path, base: Base) -> None:
    def kill(progress: Progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path / "dress.safetensors", base, progress=kill, checkpoint_seconds=0.0)
    steps: list[int] = []
    run(dataset, tmp_path / "dress.safetensors", base, replace(SHORT, seed=3), progress=lambda p: steps.append(p.step))
    assert 1 in steps


def test_a_damaged_checkpoint_is_named(dataset: Path, tmp_path: Path, base: Base) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "dress.checkpoint").write_bytes(b"noise")
    with pytest.raises(InputError, match="damaged checkpoint"):
        run(dataset, tmp_path / "dress.safetensors", base)
    assert not (tmp_path / "dress.safetensors").exists()


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_training_lowers_the_loss_for_both_kinds_of_vae(dataset: Path, tmp_path: Path, prediction: str) -> None:
    base = tiny_base(variational=True, prediction=prediction)
    settings = replace(SHORT, plan=Plan(steps=16, epochs=8, batch=2), rank=4, alpha=4.0, noise_offset=0.05)
    learnt = run(dataset, tmp_path / "a.safetensors", base, settings)
    idle = run(dataset, tmp_path / "b.safetensors", base, replace(settings, learning_rate=1e-12))
    assert learnt.loss < idle.loss, "the same pictures, noise and steps"


def test_a_training_that_diverges_is_reported(dataset: Path, tmp_path: Path, base: Base) -> None:
    with pytest.raises(InputError, match="diverged"):
        run(dataset, tmp_path / "dress.safetensors", base, replace(SHORT, learning_rate=1e30, warmup=0.0))
    assert not (tmp_path / "dress.safetensors").exists()
    assert not hasattr(base.denoiser, "peft_config")


def test_the_name_of_the_file(dataset: Path, tmp_path: Path, base: Base) -> None:
    with pytest.raises(InputError, match="safetensors"):
        run(dataset, tmp_path / "dress.pt", base)
    (tmp_path / "dress.safetensors").write_text("a note of mine")
    with pytest.raises(InputError, match="not a safetensors"):
        run(dataset, tmp_path / "dress.safetensors", base)


def test_presets_follow_the_tutorial() -> None:
    assert preset("sd15", "clothing").plan.steps == 4000
    assert preset("sd15", "clothing").rank == 32
    assert all(preset("lab", kind).size == (128, 192) for kind in PRESETS["lab"])
    with pytest.raises(InputError, match="family"):
        preset("sd3", "face")


@pytest.mark.parametrize("every", [1, 2])
def test_a_callback_is_called_in_order_and_a_resumed_training_goes_on(
    dataset: Path, tmp_path: Path, base: Base, every: int
) -> None:
    whole = RecordingCallback(every)
    run(dataset, tmp_path / "a" / "dress.safetensors", base, callback=whole)
    assert whole.events == expected_events(0, 6, every)

    def kill(progress: Progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    out = tmp_path / "b" / "dress.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(dataset, out, base, progress=kill, checkpoint_seconds=0.0)
    resumed = RecordingCallback(every)
    run(dataset, out, base, callback=resumed)
    assert resumed.events == expected_events(2, 6, every)
    assert resumed.losses == whole.losses


def test_a_sample_shows_no_companion(boxed: Path, tmp_path: Path, base: Base) -> None:
    face = open_lora(run(boxed, tmp_path / "face.safetensors", base, trigger="face").path, base.modules)
    name = next(name for name in face.layers[DENOISER])
    pristine = base.denoiser.get_parameter(f"{name}.weight").detach().clone()

    class Sampling(RecordingCallback):
        def on_sample(self, step: int) -> None:
            super().on_sample(step)
            assert torch.equal(base.denoiser.get_submodule(name).get_base_layer().weight, pristine)

    settings = replace(SHORT, outside="base")
    run(boxed, tmp_path / "dress.safetensors", base, settings, companions=[face], callback=Sampling())


class TestRecordingCallback(TrainingCallbackSuite):
    @pytest.fixture
    def callback(self) -> RecordingCallback:
        return RecordingCallback()


def test_what_was_found_is_reported_before_the_training(dataset: Path, tmp_path: Path, base: Base) -> None:
    (dataset / "train/2_dress/0.txt").write_text(", ".join(["dress"] * 90))
    lines: list[str] = []
    seen_first: list[int] = []
    run(
        dataset,
        tmp_path / "dress.safetensors",
        base,
        progress=lambda progress: seen_first.append(len(lines)),
        message=lines.append,
    )
    assert set(seen_first) == {2}
    assert lines[0].endswith("the trigger 'dress' is in 2 of 2 trained captions")
    assert lines[1].startswith("1 captions of more than 75 tokens: train/2_dress/0.png; all of each is trained")


def test_stray_files_do_not_train_a_finished_lora_again(dataset: Path, tmp_path: Path, base: Base) -> None:
    first = run(dataset, tmp_path / "dress.safetensors", base)
    for name in ("Thumbs.db", "train/.DS_Store", "train/2_dress/0.npz", "reg/1_dress/desktop.ini"):
        (dataset / name).write_bytes(b"stray")
    again = run(dataset, tmp_path / "dress.safetensors", base)
    assert (again.seconds, again.hash) == (0, first.hash)
