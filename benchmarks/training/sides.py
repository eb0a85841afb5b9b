"""The sides of benchmarks/training/__main__.py: `python benchmarks/training/sides.py SIDE JSON` does one and writes what it
found.

Each is a process of its own. JSON holds the arguments of the side's function; "found" is the file that its answer goes to.
"""

from __future__ import annotations

import json
import resource
import runpy
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PROMPT = "1girl, testdress"
FRAME = (128, 192)


@dataclass
class Clock:
    """When each optimiser step ended, by the wall and by this process's time on a processor: alike for whoever trains here."""

    wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    def started(self) -> Clock:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        register_optimizer_step_post_hook(lambda *_: self._tick())
        return self

    def _tick(self) -> None:
        self.wall.append(time.perf_counter())
        self.own.append(time.process_time())

    def found(self) -> dict[str, float]:
        """Seconds a step, the first left out: it also holds what came before it."""
        steps = len(self.wall) - 1
        return {"wall": (self.wall[-1] - self.wall[0]) / steps, "own": (self.own[-1] - self.own[0]) / steps}


def peak_mb() -> float:
    """The most memory this process has held. Not getrusage's where it can be had otherwise: that begins at the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * (1024 if sys.platform == "darwin" else 1))


def ours(base: str, data: str, out: str, settings: Sequence[str], family: str = "sd15", beside: Sequence[str] = ()) -> dict:
    """`huanhua train` without its command line."""
    from studies.training.train import train_lora

    clock, encoding, began = Clock().started(), [], time.perf_counter()

    def told(progress: Any) -> None:
        if progress.stage.startswith("encoding"):
            encoding.append(time.perf_counter())

    trained = train_lora(
        Path(data), Path(out), base=base, kind="clothing", trigger="testdress", family=family, settings=settings,
        beside=[Path(file) for file in beside], progress=told,
    )  # fmt: skip
    work, caching = time.perf_counter() - began, encoding[-1] - encoding[0]
    return {**clock.found(), "caching": caching, "peak_mb": peak_mb(), "steps": trained.steps, "work": work}


def example(script: str, arguments: Sequence[str]) -> dict:
    """The example as it stands. It opens an AutoencoderKL; the lab's is an AutoencoderTiny, which it is given in its place."""
    import diffusers

    diffusers.AutoencoderKL = _TinyAsKl
    clock, sys.argv, began = Clock().started(), [script, *arguments], time.perf_counter()
    runpy.run_path(script, run_name="__main__")
    work = time.perf_counter() - began
    return {**clock.found(), "caching": 0.0, "peak_mb": peak_mb(), "steps": len(clock.wall), "work": work}


class _TinyAsKl:
    """As much of AutoencoderKL as the example uses: it has no deviation, so that a sample is the mean."""

    def __init__(self, held: Any) -> None:
        self._held, self.config = held, held.config

    @classmethod
    def from_pretrained(cls, path: str, subfolder: str, **_: Any) -> _TinyAsKl:
        from diffusers import AutoencoderTiny

        return cls(AutoencoderTiny.from_pretrained(path, subfolder=subfolder))

    def requires_grad_(self, wanted: bool) -> None:
        self._held.requires_grad_(wanted)

    def to(self, *given: Any, **named: Any) -> None:
        self._held.to(*given, **named)

    def encode(self, x: Any) -> Any:
        found = self._held.encode(x).latents
        return SimpleNamespace(latent_dist=SimpleNamespace(sample=lambda: found))


def pictures(folder: str, count: int, seed: int) -> dict:
    """Square pictures of drawn figures in the dress, as the example cuts all it is given, with captions beside them."""
    import numpy as np

    from studies.paperdoll.world.draw import draw
    from studies.paperdoll.world.everyday import random_figure
    from studies.paperdoll.world.products import wear

    into = Path(folder)
    into.mkdir(parents=True)
    for index in range(count):
        figure = wear(random_figure(np.random.default_rng((seed, index)), "full body"), "testdress")
        draw(figure, (128, 128), seed=index).image.save(into / f"{index:02d}.png")
    return {}


def captions(folder: str) -> dict:
    for path in Path(folder).glob("*.png"):
        path.with_suffix(".txt").write_text(PROMPT)
    return {}


def held_out(base: str, data: str, files: dict[str, str | None]) -> dict:
    """The denoising loss of each file at weight 1 on pictures that nobody trained on; None is the base alone.

    Every file meets the same noise at the same 16 levels.
    """
    import torch

    from models.base.opening import open_base
    from models.lora.file import open_lora
    from models.lora.fold import Folded
    from trainers.train.dataset import read_dataset
    from trainers.train.encoding import Texts, encode_pictures
    from trainers.train.loss import open_diffusion

    opened = open_base(base)
    diffusion = open_diffusion(opened.schedule)
    latents = encode_pictures(opened, read_dataset(Path(data), opened.factor).pictures, lambda done: None)
    x0 = torch.stack([latent.mean for latent in latents])
    found = {}
    for name, file in files.items():
        lora = open_lora(Path(file), opened.unet, opened.text_encoder) if file else None
        unet = Folded(opened.unet, {"a": lora.unet if lora else {}})
        text = Folded(opened.text_encoder, {"a": lora.text if lora else {}})
        generator, losses = torch.Generator().manual_seed(0), []
        with torch.no_grad(), unet.at([{"a": 1.0}]), text.at([{"a": 1.0}]):
            context = Texts(opened, trained=True).embed([PROMPT] * len(x0))
            for level in range(16):
                noise = torch.randn(x0.shape, generator=generator)
                t = torch.full((len(x0),), int((level + 0.5) / 16 * diffusion.steps))
                said = opened.unet(diffusion.add_noise(x0, noise, t), t, context, return_dict=False)[0]
                losses.append(float((said - diffusion.target(x0, noise, t)).pow(2).mean()))
        found[name] = sum(losses) / len(losses)
    return found


def read_back(base: str, data: str, out: str, stored: str) -> dict:
    """Trains a LoRA whose alphas differ from its ranks; the trained model draws, and so does diffusers with the file.

    `difference` is the largest of any pixel of 0 to 1; `moved` what the LoRA changes of the base's picture, on the same scale.
    Both draw by peft's arithmetic; `rounding` is the difference where the trained model draws by that of its training.
    """
    import numpy as np

    from studies.training.train import train_lora

    shown: dict[str, np.ndarray] = {}
    settings = ["plan.epochs=1", "plan.batch=8", "rank=4", "alpha=2.5", "text_rank=6", "text_alpha=9", "learning_rate=2e-3",
                "text_learning_rate=2e-3", "precision=float32", f"stored={stored}"]  # fmt: skip

    def watching(opened: Any, *_: Any) -> Any:
        def look() -> None:
            shown["rounding"] = _drawn(_pipeline_of(opened))
            with _by_peft(opened):
                shown["difference"] = _drawn(_pipeline_of(opened))

        return _AtTheEnd(8, look)

    trained = train_lora(
        Path(data),
        Path(out),
        base=base,
        kind="clothing",
        trigger="testdress",
        family="sd15",
        settings=settings,
        watching=watching,
    )
    pipe = _pipeline(base)
    bare = _drawn(pipe)
    pipe.load_lora_weights(str(Path(out).parent), weight_name=Path(out).name)
    read = _drawn(pipe)
    found = {name: float(np.abs(read - image).max()) for name, image in shown.items()}
    return {**found, "moved": float(np.abs(read - bare).max()), "steps": trained.steps}


@contextmanager
def _by_peft(opened: Any) -> Iterator[None]:
    """Without the forward that the training puts in the place of peft's, while it lasts."""
    layers = [m for part in (opened.unet, opened.text_encoder) for m in part.modules() if "forward" in m.__dict__]
    own = [layer.__dict__.pop("forward") for layer in layers]
    assert own
    try:
        yield
    finally:
        for layer, forward in zip(layers, own, strict=True):
            layer.__dict__["forward"] = forward


@dataclass
class _AtTheEnd:
    """A watcher that looks at the finished LoRA."""

    steps: int
    act: Callable[[], None]

    def begun(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None: ...

    def stepped(self, step: int, loss: float) -> None: ...

    def looks_at(self, step: int) -> bool:
        return step == self.steps

    def look(self, step: int) -> None:
        self.act()


def _pipeline_of(opened: Any) -> Any:
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    pipe = StableDiffusionPipeline(
        vae=opened.vae, text_encoder=opened.text_encoder, tokenizer=opened.tokenizer, unet=opened.unet,
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


def demo_set(folder: str) -> dict:
    from studies.paperdoll.study import OUTFITS
    from studies.paperdoll.trained_loras import training_set_of

    training_set_of(next(outfit for outfit in OUTFITS if outfit.product == "testdress"), Path(folder))
    return {}


def demo_epochs() -> dict:
    from trainers.train.preset import preset

    return {"epochs": preset("lab", "clothing").plan.epochs}


SIDES: dict[str, Callable[..., dict]] = {
    "ours": ours,
    "example": example,
    "pictures": pictures,
    "captions": captions,
    "held_out": held_out,
    "read_back": read_back,
    "demo_set": demo_set,
    "demo_epochs": demo_epochs,
}


def main() -> int:
    given = json.loads(sys.argv[2])
    into = Path(given.pop("found"))
    into.write_text(json.dumps(SIDES[sys.argv[1]](**given)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
