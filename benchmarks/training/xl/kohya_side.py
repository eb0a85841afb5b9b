"""One step of kohya's sd-scripts on a small SDXL, in an environment of their own:

    PYTHON -m benchmarks.training.xl.kohya_side GIVEN FOUND SCRIPTS

GIVEN is what benchmarks.training.xl.beside_kohya wrote; FOUND gets losses and gradients by case; SCRIPTS is the folder of
sdxl_train_network.py. Imports nothing of this project. The scripts compute: tokens, both encoders, sizes, noising, UNet, LoRA
network, loss; noise and timesteps are given to them, since each side draws its own.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> int:
    given_path, found_path, scripts = sys.argv[1:]
    root = Path(__file__).parents[3]
    # This project's packages must not stand before the scripts' own of the same names.
    sys.path[:] = [scripts, *(path for path in sys.path if Path(path or ".").resolve() != root)]
    import torch

    given = torch.load(given_path, weights_only=True)
    torch.save({name: one_step(given, case) for name, case in given["cases"].items()}, found_path)
    return 0


def script(name: str) -> Any:
    """A module of the scripts or of their environment."""
    return importlib.import_module(name)


def one_step(given: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    import torch

    train_util, strategy_sdxl = script("library.train_util"), script("library.strategy_sdxl")
    unet, encoders = models(given)
    args = SimpleNamespace(**DEFAULTS, **case["args"])
    trainer, accelerator = script("sdxl_train_network").SdxlNetworkTrainer(), script("accelerate").Accelerator(cpu=True)
    network = script("networks.lora").create_network(1.0, given["rank"], given["alpha"], None, encoders, unet)
    network.apply_to(encoders, unet, True, True)
    network.load_state_dict(given["lora"])
    schedule = trainer.get_noise_scheduler(args, torch.device("cpu"))

    def drawn(args: Any, schedule: Any, latents: Any) -> tuple[Any, Any, Any]:
        return case["noise"], schedule.add_noise(latents, case["noise"], case["t"]), case["t"]

    train_util.get_noise_noisy_latents_and_timesteps = drawn
    tokens = strategy_sdxl.SdxlTokenizeStrategy(None, given["tokenizers"])
    encoding = strategy_sdxl.SdxlTextEncodingStrategy()
    corners = [
        train_util.BucketManager.get_crop_ltrb(size, original)
        for size, original in zip(case["sizes"], case["originals"], strict=True)
    ]
    batch = {
        "latents": case["x0"] / trainer.vae_scale_factor,
        "captions": case["captions"],
        "input_ids_list": list(tokens.tokenize(case["captions"])),
        "loss_weights": torch.ones(len(case["captions"])),
        "original_sizes_hw": torch.tensor([(h, w) for w, h in case["originals"]]),
        "crop_top_lefts": torch.tensor([(int(c[1]), int(c[0])) for c in corners]),
        "target_sizes_hw": torch.tensor([(h, w) for w, h in case["sizes"]]),
    }
    kind = torch.float32
    loss = trainer.process_batch(batch, encoders, unet, network, None, schedule, kind, kind, accelerator, args, encoding, tokens)
    loss.backward()
    grads = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    return {"loss": loss.detach(), "grads": grads, "parameters": [name for name, _ in network.named_parameters()]}


DEFAULTS = {
    "weighted_captions": False, "full_fp16": False, "gradient_checkpointing": False, "loss_type": "l2", "masked_loss": False,
    "scale_v_pred_loss_like_noise_pred": False, "v_pred_like_loss": None, "debiased_estimation_loss": False,
    "vae_batch_size": None,
}  # fmt: skip


def models(given: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The scripts' own UNet and their two encoders, narrow, with the given weights."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    sdxl_original_unet = script("library.sdxl_original_unet")
    shapes = given["shapes"]
    sdxl_original_unet.MODEL_CHANNELS = shapes["channels"]
    sdxl_original_unet.TIME_EMBED_DIM = 4 * shapes["channels"]
    sdxl_original_unet.ADM_IN_CHANNELS = shapes["told"]
    own = getattr(sdxl_original_unet, "_published", sdxl_original_unet.Transformer2DModel)

    def narrow(self: Any, *positional: Any, **named: Any) -> None:
        own.__init__(self, *positional, **{**named, "cross_attention_dim": shapes["text"]})

    # The network goes by this class's name.
    sdxl_original_unet._published = own
    sdxl_original_unet.Transformer2DModel = type("Transformer2DModel", (own,), {"__init__": narrow})
    unet = sdxl_original_unet.SdxlUNet2DConditionModel()
    unet.load_state_dict(given["unet"])
    kinds: tuple[Any, ...] = (CLIPTextModel, CLIPTextModelWithProjection)
    encoders = [kind(CLIPTextConfig(**config)) for kind, config in zip(kinds, given["configs"], strict=True)]
    for encoder, state in zip(encoders, given["encoders"], strict=True):
        names = set(encoder.state_dict())
        encoder.load_state_dict({name if name in names else f"text_model.{name}": value for name, value in state.items()})
        encoder.eval()
    for model in (unet, *encoders):
        model.requires_grad_(False)
    return unet.eval(), encoders


if __name__ == "__main__":
    sys.exit(main())
