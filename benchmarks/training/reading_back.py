"""Whether diffusers reads a LoRA file as it was trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.lora.sites import TEXT

PROMPT = "1girl, testdress"


FRAME = (128, 192)


def read_back(base: str, data: str, out: str, stored: str) -> dict[str, Any]:
    """Trains a LoRA whose alphas differ from its ranks; the trained model draws, and so does diffusers with the file.

    `difference` is the largest of any pixel of 0 to 1; `moved` what the LoRA changes of the base's picture, on the same scale.
    Both draw by peft's arithmetic; `rounding` is the difference where the trained model draws by that of its training.
    """
    import numpy as np

    from studies.training.train import train_lora, train_request

    shown: dict[str, np.ndarray] = {}
    settings = ["plan.epochs=1", "plan.batch=8", "rank=4", "alpha=2.5", "text_rank=6", "text_alpha=9", "learning_rate=2e-3",
                "text_learning_rate=2e-3", "precision=float32", f"stored={stored}"]  # fmt: skip

    def training_callback(opened: Any) -> Any:
        def draw_trained() -> None:
            shown["rounding"] = _drawn(_pipeline_of(opened))
            with _by_peft(opened):
                shown["difference"] = _drawn(_pipeline_of(opened))

        return _AtTheEnd(8, draw_trained)

    request = train_request(Path(data), Path(out), "clothing", trigger="testdress", settings=settings)
    trained = train_lora(request, base, training_callback=training_callback)
    pipe = _pipeline(base)
    bare = _drawn(pipe)
    pipe.load_lora_weights(str(Path(out).parent), weight_name=Path(out).name)
    read = _drawn(pipe)
    found = {name: float(np.abs(read - image).max()) for name, image in shown.items()}
    return {**found, "moved": float(np.abs(read - bare).max()), "steps": trained.steps}


@contextmanager
def _by_peft(opened: Any) -> Iterator[None]:
    """Without the forward that the training puts in the place of peft's, while it lasts."""
    layers = [m for part in (opened.denoiser, opened.text_encoders[TEXT]) for m in part.modules() if "forward" in m.__dict__]
    own = [layer.__dict__.pop("forward") for layer in layers]
    assert own
    try:
        yield
    finally:
        for layer, forward in zip(layers, own, strict=True):
            layer.__dict__["forward"] = forward


@dataclass
class _AtTheEnd:
    """A training callback that acts on the finished LoRA."""

    steps: int
    act: Callable[[], None]

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None: ...

    def on_step(self, step: int, loss: float) -> None: ...

    def wants_sample(self, step: int) -> bool:
        return step == self.steps

    def on_sample(self, step: int) -> None:
        self.act()


def _pipeline_of(opened: Any) -> Any:
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    pipe = StableDiffusionPipeline(
        vae=opened.vae, text_encoder=opened.text_encoders[TEXT], tokenizer=opened.tokenizers[TEXT], unet=opened.denoiser,
        scheduler=DPMSolverMultistepScheduler.from_config(opened.schedule), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pipeline(base: str) -> Any:
    import torch
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(base, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _drawn(pipe: Any) -> Any:
    import torch

    width, height = FRAME
    latents = torch.randn((1, 12, height // 8, width // 8), generator=torch.Generator().manual_seed(5))
    asked = {"width": width, "height": height, "num_inference_steps": 8, "guidance_scale": 2.5, "output_type": "np"}
    return pipe(PROMPT, latents=latents, **asked).images[0]
