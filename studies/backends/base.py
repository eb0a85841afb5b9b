"""The seam to wherever a study's images are drawn: the Backend protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.render.inpainting.base import Inpainter
from scorers.observe.base import Observer
from studies.backends.listener import Listener
from studies.model_facts import ModelFacts


class Backend(Protocol):
    """Draws and observes for one study: in this process, on a Ray cluster, or through a server over HTTP.

    `Study` takes one by its constructor and calls it for what its workspace does not answer. It stores what `models`, `identity`
    and `seconds_per_image` return, and asks again only if the study file or a file that it names has changed. A backend need not
    open the base or the LoRAs on this machine at all; where a renderer is all that differs, `evaluator` is a LocalEvaluator with
    that renderer (behind a LazyRenderer) and an observer of this machine.

    All methods may be called in any order and any number of times. They raise InputError, one line with the way on, if a
    file is missing or a server is away. `studies.testing.backend_suite` checks an implementation.
    """

    def report_to(self, listener: Listener) -> None:
        """From now on `listener` is called with what happens while images are drawn; nobody is before."""
        ...

    def width(self) -> int:
        """How many images it draws at the same time: seeds then run together. Opens nothing."""
        ...

    def is_open(self) -> bool:
        """Whether the renderer is ready, so that `identity` costs nothing. The study then compares it with what is stored."""
        ...

    def device(self) -> str:
        """The label under which a measured time per image is stored, such as "cpu"; empty if measuring is free. Opens nothing."""
        ...

    def models(self) -> ModelFacts:
        """What the base and the LoRAs are. May open them."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """The renderer's identity: everything that decides an image besides its job, as JSON values. May open the renderer."""
        ...

    def seconds_per_image(self) -> float:
        """The time to announce for one image, all workers together. May open the renderer and measure."""
        ...

    def verify(self) -> None:
        """Called at the end of a run: raises InputError if what was drawn in it cannot be trusted, because whatever draws has
        changed meanwhile."""
        ...

    def observer(self) -> Observer:
        """Observes reference photos and images of other origin, by the models whose hash is the study's `observer_id`."""
        ...

    def inpainter(self) -> Inpainter:
        """What redraws a part of a picture. Opens nothing until it is used; raises InputError, then or before, where what draws
        cannot."""
        ...

    def evaluator(self, cache: EvaluationCache, check: Callable[[Mapping[str, Any]], None]) -> Evaluator:
        """What draws and observes the evaluations that `cache` lacks, and stores them there.

        Opens nothing for what is stored. Calls `check` with the renderer's identity once that is open and before it draws;
        `check` raises InputError if the cached images have another identity: the error must reach the caller.
        """
        ...
