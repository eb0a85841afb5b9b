"""The sides that `python -m benchmarks.training` compares: `python -m benchmarks.training.sides SIDE JSON` runs one.

Each is a process of its own. JSON holds the arguments of the side's function; "found" is the file that its answer goes to.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.training.clock import Clock, peak_mb, timed_script
from benchmarks.training.reading_back import PROMPT, read_back
from models.lora.sites import DENOISER, TEXT


def ours(
    base: str,
    data: str,
    out: str,
    settings: Sequence[str],
    family: str = "sd15",
    beside: Sequence[str] = (),
    checkpoints: bool = True,
) -> dict[str, Any]:
    """`huanhua train` without its command line; beside a trainer that stores no state to go on from, without `checkpoints`."""
    from studies.callback import Advance, SilentCallback
    from studies.training.train import train_lora, train_request

    clock, encoding, began = Clock().started(), [], time.perf_counter()

    def on_step(done: int, total: int, note: str = "") -> None:
        if note.startswith("encoding"):
            encoding.append(time.perf_counter())

    class EncodingTimes(SilentCallback):
        def progress(self, stage: str) -> AbstractContextManager[Advance]:
            return nullcontext(on_step)

    request = train_request(Path(data), Path(out), "clothing", family=family, trigger="testdress", settings=settings)
    request = request if checkpoints else replace(request, checkpoint_seconds=math.inf)
    trained = train_lora(request, base, [Path(file) for file in beside], callback=EncodingTimes())
    work, caching = time.perf_counter() - began, encoding[-1] - encoding[0]
    return {**clock.found(), "caching": caching, "peak_mb": peak_mb(), "steps": trained.steps, "work": work}


def example(script: str, arguments: Sequence[str]) -> dict[str, Any]:
    """The example as it stands. It opens an AutoencoderKL; the lab's is an AutoencoderTiny, which it is given in its place."""
    import diffusers

    diffusers.AutoencoderKL = _TinyAsKl
    return timed_script(script, arguments)


class _TinyAsKl:
    """As much of AutoencoderKL as the example uses: it has no deviation, so that a sample is the mean."""

    def __init__(self, vae: Any) -> None:
        self._vae, self.config = vae, vae.config

    @classmethod
    def from_pretrained(cls, path: str, subfolder: str, **_: Any) -> _TinyAsKl:
        from diffusers import AutoencoderTiny

        return cls(AutoencoderTiny.from_pretrained(path, subfolder=subfolder))

    def requires_grad_(self, wanted: bool) -> None:
        self._vae.requires_grad_(wanted)

    def to(self, *given: Any, **named: Any) -> None:
        self._vae.to(*given, **named)

    def encode(self, x: Any) -> Any:
        found = self._vae.encode(x).latents
        return SimpleNamespace(latent_dist=SimpleNamespace(sample=lambda: found))


def pictures(folder: str, count: int, seed: int) -> dict[str, Any]:
    """Square pictures of drawn figures in the dress, as the example crops its input, with captions in .txt files."""
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


def captions(folder: str) -> dict[str, Any]:
    for path in Path(folder).glob("*.png"):
        path.with_suffix(".txt").write_text(PROMPT)
    return {}


def held_out(base: str, data: str, files: dict[str, str | None]) -> dict[str, Any]:
    """The denoising loss of each file at weight 1 on pictures that nobody trained on; None is the base alone.

    Every file meets the same noise at the same 16 levels.
    """
    import torch

    from models.base.opening import open_base
    from models.lora.file import open_lora
    from models.lora.fold import Folded
    from trainers.train.data.dataset import read_dataset
    from trainers.train.data.encoding import Texts, encode_pictures
    from trainers.train.loss import open_diffusion

    opened = open_base(base)
    diffusion = open_diffusion(opened.schedule)
    latents = encode_pictures(opened, read_dataset(Path(data), opened.factor).pictures, lambda done: None)
    x0 = torch.stack([latent.mean for latent in latents])
    found = {}
    for name, file in files.items():
        lora = open_lora(Path(file), opened.modules) if file else None
        unet = Folded(opened.denoiser, {"a": lora.layers[DENOISER] if lora else {}})
        text = Folded(opened.text_encoders[TEXT], {"a": lora.layers[TEXT] if lora else {}})
        generator, losses = torch.Generator().manual_seed(0), []
        with torch.no_grad(), unet.at([{"a": 1.0}]), text.at([{"a": 1.0}]):
            context = Texts(opened, trained=True).embed([PROMPT] * len(x0)).hidden
            for level in range(16):
                noise = torch.randn(x0.shape, generator=generator)
                t = torch.full((len(x0),), int((level + 0.5) / 16 * diffusion.steps))
                predicted = opened.denoiser(diffusion.add_noise(x0, noise, t), t, context, return_dict=False)[0]
                losses.append(float((predicted - diffusion.target(x0, noise, t)).pow(2).mean()))
        found[name] = sum(losses) / len(losses)
    return found


def demo_set(folder: str) -> dict[str, Any]:
    from studies.paperdoll.study import OUTFITS
    from studies.paperdoll.trained_loras import training_set_of

    training_set_of(next(outfit for outfit in OUTFITS if outfit.product == "testdress"), Path(folder))
    return {}


def demo_epochs() -> dict[str, Any]:
    from trainers.train.settings.preset_families import preset

    return {"epochs": preset("lab", "clothing").plan.epochs}


SIDES: dict[str, Callable[..., dict[str, Any]]] = {
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
