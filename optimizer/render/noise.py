"""All randomness of drawing: a generator for each image, so that an image of a batch equals the same image drawn alone.

Follows A1111's "Random number generator source" (CPU, GPU, NV) and its "eta noise seed delta": the generator that gave an image's
first noise goes on to give the noise of its sampler; Brownian paths (DPM++ SDE and its kin) have generators of their own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.philox import PhiloxNormal
from optimizer.render.sampling.samplers import SAMPLERS

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Rng = Literal["cpu", "gpu", "nv"]


NOISE_MEND: Final = "set rng: cpu, and in A1111 'RNG: CPU'; or rng: nv for the numbers that a CUDA device draws"


def noise_is_elsewhere(rng: str, device: str) -> bool:
    """Whether the noise that `rng` names is drawn on another kind of device than `device`, such as "cpu" or "cuda:1"."""
    return rng == "gpu" and not device.startswith("cuda")


class Noise:
    """The noise of one batch of images, one seed an image.

    `cpu` draws with torch on the CPU, `gpu` with torch on the device, `nv` computes on the CPU what torch draws on a CUDA device.
    Numbers are always drawn in float32 and cast then, as in A1111. `ensd` is added to the seeds of the sampler's noise, and not
    to those of Brownian paths, which the scheduler keeps.
    """

    def __init__(
        self, rng: Rng, seeds: Sequence[int], device: torch.device | str, ensd: int = 0, *, restarting: bool = False
    ) -> None:
        """With `restarting` the sampler's noise begins with the seed again, on the device, as ComfyUI's does.

        Raises InputError if a seed is not a whole number from 0 to 2**64 - 1."""
        import torch

        for seed in seeds:
            if not (0 <= seed < 2**64 and 0 <= seed + ensd < 2**64):
                raise InputError(
                    phrase("{seed} (eta noise seed delta {ensd}) is no seed", seed=seed, ensd=ensd),
                    "seed",
                    "use a whole number from 0 to 2**64 - 1",
                )
        self._rng, self._seeds, self._ensd = rng, list(seeds), ensd
        self._device, self._restarting = torch.device(device), restarting
        self._sources = [self._source(seed) for seed in seeds]

    def first(self, shape_of_one: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
        """The noise that images begin with: (B, *shape_of_one) on the device, the same on every call. Begins the images anew."""
        self._sources = [self._source(seed) for seed in self._seeds]
        noise = self.next(shape_of_one, dtype)
        if self._restarting:
            self._sources = [self._torch_source(seed, self._device) for seed in self._seeds]
        elif self._ensd:
            self._sources = [self._source(seed + self._ensd) for seed in self._seeds]
        return noise

    def next(self, shape_of_one: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
        """The noise of a further step: (B, *shape_of_one) on the device, other numbers on every call."""
        import torch

        noise = torch.stack([source(shape_of_one) for source in self._sources])
        return noise.to(self._device, dtype or torch.float32)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """While it lasts, diffusers' schedulers and torchsde's Brownian paths draw from here, in this thread.

        Other threads draw as ever; of nested ones the innermost counts. A scheduler that is handed `generator` uses that.
        """
        token = _drawing.set(self)
        _seam.open()
        try:
            yield
        finally:
            _seam.close()
            _drawing.reset(token)

    def _source(self, seed: int) -> Callable[[Sequence[int]], Tensor]:
        import torch

        if self._rng == "nv":
            philox = PhiloxNormal(seed)
            return lambda shape: torch.from_numpy(philox.draw(shape))
        # A1111 draws on the CPU for Metal, too, whatever is asked.
        where = self._device if self._rng == "gpu" and self._device.type != "mps" else torch.device("cpu")
        return self._torch_source(seed, where)

    def _torch_source(self, seed: int, where: torch.device) -> Callable[[Sequence[int]], Tensor]:
        import torch

        generator = torch.Generator(where).manual_seed(seed)
        return lambda shape: torch.randn(tuple(shape), generator=generator, device=where)

    def _for_scheduler(self, shape: Sequence[int], dtype: torch.dtype | None) -> Tensor:
        if shape[0] != len(self._seeds):
            raise ValueError(f"a scheduler asks for noise of {shape[0]} images, and {len(self._seeds)} are drawn")
        return self.next(shape[1:], dtype)

    def _for_path(self, size: Sequence[int], dtype: torch.dtype, device: torch.device | str, seed: int) -> Tensor:
        return self._source(int(seed))(size).to(device, dtype)


_drawing: ContextVar[Noise | None] = ContextVar("drawing", default=None)


class _Seam:
    """Stands in for `randn_tensor` in the schedulers' modules and for `_randn` in torchsde's while any thread draws.

    `scheduler.step(generator=...)` would do for torch's own generators, but takes none that computes Philox, and Brownian paths
    have no such door at all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._replaced: list[tuple[Any, str, Any]] = []

    def open(self) -> None:
        with self._lock:
            self._open += 1
            if self._open == 1:
                self._replace()

    def close(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                while self._replaced:
                    module, name, plain = self._replaced.pop()
                    setattr(module, name, plain)

    def _replace(self) -> None:
        import diffusers
        from torchsde._brownian import brownian_interval

        modules = {sys.modules[getattr(diffusers, sampler.scheduler).__module__] for sampler in SAMPLERS.values()}
        for module in modules:
            if hasattr(module, "randn_tensor"):
                self._put(module, "randn_tensor", _for_schedulers(module.randn_tensor))
        self._put(brownian_interval, "_randn", _for_paths(brownian_interval._randn))

    def _put(self, module: Any, name: str, stand_in: Callable[..., Tensor]) -> None:
        self._replaced.append((module, name, getattr(module, name)))
        setattr(module, name, stand_in)


_seam: Final = _Seam()


def _for_schedulers(plain: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def randn_tensor(
        shape: Sequence[int], generator: Any = None, device: Any = None, dtype: Any = None, layout: Any = None
    ) -> Tensor:
        noise = _drawing.get()
        if noise is None or generator is not None:
            return plain(shape, generator=generator, device=device, dtype=dtype, layout=layout)
        return noise._for_scheduler(shape, dtype)

    return randn_tensor


def _for_paths(plain: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def randn(size: Sequence[int], dtype: Any, device: Any, seed: int) -> Tensor:
        noise = _drawing.get()
        return plain(size, dtype, device, seed) if noise is None else noise._for_path(size, dtype, device, seed)

    return randn
