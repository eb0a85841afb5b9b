"""One training step on a small SDXL against kohya's sdxl_train_network.py, in an environment of its own.

    python -m benchmarks.training.xl.beside_kohya --kohya FOLDER --kohya-python PYTHON

FOLDER holds sdxl_train_network.py, PYTHON has what it needs. Both sides have the same random weights in SDXL's layout with few
channels, the same LoRA of both text encoders and the UNet, and one batch of pictures of another size than their files; noise and
timesteps are handed over. Compared are the loss and the gradient of every matrix: the largest difference of each, divided by the
largest value of its part (UNet, first and second encoder). Cases: noise prediction with and without min-SNR, v-prediction with
zero-terminal SNR. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from peft.tuners.lora import LoraLayer as Wrapped
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.training.script_side import ROOT
from models.base.family import CONFIGS, Base
from models.base.registry import family_named
from models.lora.sites import Site
from models.testing.ldm import unet_name
from models.testing.tiny import by_part
from trainers.step_plan import Plan
from trainers.train.data.batches import Batch
from trainers.train.data.dataset import read_dataset
from trainers.train.data.encoding import Texts, encode_pictures
from trainers.train.layers.adapters import adapted, part_layers
from trainers.train.layers.companion_loras import Companions
from trainers.train.loss import open_diffusion
from trainers.train.settings.preset import Preset
from trainers.train.step import StepContext, backward, draw_noise, step_generator

CHANNELS, POOLED, RANK, ALPHA = 64, 96, 4, 2.0
"""Fewer channels than 64 do not divide the scripts' attention heads."""
WIDTHS: Final = (64, POOLED)
NAMES: Final = ("openai_clip-vit-large-patch14", "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k")
"""The folders that the scripts look for in their tokenizers' cache."""
CAPTIONS: Final = ("dress, pink, long, dotted", "dress, 1girl, standing! (red:1.2)")
CASES: Final[Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "epsilon": ({}, {"min_snr_gamma": None}, {}),
    "epsilon, min-SNR 0.1": ({}, {"min_snr_gamma": 0.1}, {"min_snr_gamma": 0.1}),
    "v, min-SNR 0.1": (
        {"prediction_type": "v_prediction"},
        {"min_snr_gamma": 0.1},
        {"v_parameterization": True, "min_snr_gamma": 0.1},
    ),
    "v, zero-terminal SNR": (
        {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
        {"min_snr_gamma": None},
        {"v_parameterization": True, "zero_terminal_snr": True},
    ),
}
"""By name: changes of the base's schedule, of our preset, of the scripts' arguments."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kohya", type=Path, required=True, metavar="FOLDER", help="the folder of sdxl_train_network.py")
    options.add_argument("--kohya-python", type=Path, required=True, metavar="PYTHON", help="the Python that has its packages")
    asked = options.parse_args()
    if not (asked.kohya / "sdxl_train_network.py").is_file():
        options.error(f"--kohya: there is no sdxl_train_network.py in {asked.kohya}; name the folder of kohya's sd-scripts")
    with tempfile.TemporaryDirectory() as scratch:
        found = compared(Path(scratch), asked.kohya.resolve(), asked.kohya_python.absolute())
    print(json.dumps({"xl_loss_worst": worst(found, "loss"), "xl_gradient_worst": worst(found, "gradient"), "cases": found}))
    return 0


def worst(found: Mapping[str, Mapping[str, float]], kind: str) -> float:
    return max(value for case in found.values() for name, value in case.items() if name.startswith(kind))


def compared(folder: Path, scripts: Path, python: Path) -> dict[str, dict[str, float]]:
    base = small_base()
    write_pictures(folder / "set/1_dress")
    mine = {name: our_step(folder / "set", base, *CASES[name][:2]) for name in CASES}
    for name in NAMES:
        shutil.copytree(CONFIGS / "sd15" / "tokenizer", folder / "tokenizers" / name)
    cases = {name: {**ours["given"], "args": {**SCRIPT_CASE, **CASES[name][2]}} for name, ours in mine.items()}
    given = {
        "rank": RANK, "alpha": ALPHA, "lora": next(iter(mine.values()))["lora"], "cases": cases,
        "tokenizers": str(folder / "tokenizers"), "shapes": {"channels": CHANNELS, "told": POOLED + 6 * 256, "text": sum(WIDTHS)},
        "unet": {unet_name(name, xl=True): value for name, value in base.denoiser.state_dict().items()},
        "configs": [text_config(i) for i in range(2)],
        "encoders": [dict(encoder.state_dict()) for encoder in base.text_encoders.values()],
    }  # fmt: skip
    torch.save(given, folder / "given.pt")
    command = [str(python), "-m", "benchmarks.training.xl.kohya_side", folder / "given.pt", folder / "found.pt", scripts]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([str(part) for part in command], cwd=scripts, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"kohya ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    theirs = torch.load(folder / "found.pt", weights_only=True)
    return {name: differences(name, mine[name], theirs[name]) for name in CASES}


SCRIPT_CASE: Final = {"v_parameterization": False, "zero_terminal_snr": False, "min_snr_gamma": None}


def text_config(which: int) -> dict[str, Any]:
    """Twelve layers in the first, as the scripts read the twelfth's input by number."""
    width = WIDTHS[which]
    return {
        "vocab_size": 49408, "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": (12, 3)[which],
        "num_attention_heads": 2, "projection_dim": POOLED, "hidden_act": ("quick_gelu", "gelu")[which],
        "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
    }  # fmt: skip


def small_base() -> Base:
    torch.manual_seed(11)
    unet = UNet2DConditionModel(
        block_out_channels=(CHANNELS, 2 * CHANNELS, 4 * CHANNELS), attention_head_dim=[1, 2, 4],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=[1, 2, 10],
        cross_attention_dim=sum(WIDTHS), use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=256, projection_class_embeddings_input_dim=POOLED + 6 * 256,
    )  # fmt: skip
    encoders = CLIPTextModel(CLIPTextConfig(**text_config(0))), CLIPTextModelWithProjection(CLIPTextConfig(**text_config(1)))
    vae = AutoencoderTiny(
        encoder_block_out_channels=(4,) * 4, decoder_block_out_channels=(4,) * 4, num_encoder_blocks=(1,) * 4,
        num_decoder_blocks=(1,) * 4, latent_channels=4,
    )  # fmt: skip
    for model in (unet, *encoders, vae):
        model.requires_grad_(False).eval()
    kind = family_named("sdxl")
    modules = by_part(unet, *encoders)
    tokenizers = dict(zip(list(modules)[1:], kind.read_tokenizers(CONFIGS / "sdxl").values(), strict=True))
    schedule = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    return Base(kind, modules, tokenizers, vae, schedule, "narrow", "0" * 64)


def write_pictures(folder: Path) -> None:
    """Larger than they are trained, and of other ratios than their bucket."""
    folder.mkdir(parents=True)
    for i, (size, caption) in enumerate(zip(((500, 620), (610, 520)), CAPTIONS, strict=True)):
        Image.effect_noise(size, 60 + i).convert("RGB").save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text(caption)


def our_step(data: Path, base: Base, schedule: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Loss, gradients and LoRA by the names of its file, and what the other side needs of the batch."""
    preset = Preset(
        plan=Plan(1, 1, 2), size=(64, 96), rank=RANK, alpha=ALPHA, text_rank=RANK, text_alpha=ALPHA, precision="float32"
    )
    preset = replace(preset, **changes)
    base = replace(base, schedule={**base.schedule, **schedule})
    dataset = read_dataset(data, base.family.picture_step(base), preset.size)
    pictures, ones = (
        dataset.pictures,
        [torch.ones(1, p.size[1] // base.factor, p.size[0] // base.factor) for p in dataset.pictures],
    )
    latents = encode_pictures(base, pictures, lambda done: None)
    context = StepContext(
        base, preset, "", open_diffusion(base.schedule), dataset, latents, ones, ones, Texts(base, trained=True),
        [picture.frame for picture in pictures], Companions(base, []), bfloat16=False,
    )  # fmt: skip
    batch = Batch((0, 1), CAPTIONS)
    x0, noise, t = draw_noise(context, batch, step_generator(preset.seed, 0))
    with trained(base, preset) as matrices:
        loss = backward(context, batch, 0)
        grads = {name: p.grad.clone() for name, p in matrices.items() if p.grad is not None}
        lora = {name: p.detach().clone() for name, p in matrices.items()}
    lora |= {f"{name.partition('.')[0]}.alpha": torch.tensor(ALPHA) for name in lora}
    given = {
        "x0": x0, "noise": noise, "t": t, "captions": list(CAPTIONS),
        "sizes": [picture.frame.size for picture in pictures], "originals": [picture.frame.original for picture in pictures],
    }  # fmt: skip
    return {"loss": loss, "grads": grads, "lora": lora, "given": given}


@contextmanager
def trained(base: Base, preset: Preset) -> Iterator[dict[str, torch.Tensor]]:
    """Adapters on all parts, their up matrices not zero, by the keys of the file."""
    spell = base.family.file_names(base)
    found: dict[str, torch.Tensor] = {}
    with ExitStack() as stack:
        for i, (part, model) in enumerate(base.modules.items()):
            stack.enter_context(adapted(model, part_layers(part, model, preset), preset.seed + i, preset.init))
            for name, module in model.named_modules():
                if isinstance(module, Wrapped):
                    stem = spell(Site(part, name))
                    down, up = module.lora_A["default"].weight, module.lora_B["default"].weight
                    with torch.no_grad():
                        up.normal_(std=0.05, generator=torch.Generator().manual_seed(len(found)))
                    found |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
        yield found


def differences(case: str, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """Relative differences of the loss and of the gradients by part."""
    matrices = {name for name in ours["lora"] if not name.endswith(".alpha")}
    if matrices != {*theirs["parameters"]}:
        raise SystemExit(f"matrices of one side alone: {sorted(matrices ^ {*theirs['parameters']})[:3]}")
    if ours["grads"].keys() != theirs["grads"].keys():
        raise SystemExit(f"gradients of one side alone: {sorted(ours['grads'].keys() ^ theirs['grads'].keys())[:3]}")
    found = {"loss": abs(float(ours["loss"] / theirs["loss"]) - 1)}
    for part in ("lora_unet", "lora_te1", "lora_te2"):
        names = [name for name in ours["grads"] if name.startswith(part)]
        largest = max(float(theirs["grads"][name].abs().max()) for name in names)
        apart = max(
            float((ours["grads"][name] - theirs["grads"][name].view_as(ours["grads"][name])).abs().max()) for name in names
        )
        found[f"gradient {part}"] = apart / largest
    print(f"{case:<24}" + "".join(f"{name} {value:.1e}  " for name, value in found.items()), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
