"""huanhua from Python: train LoRAs, run studies, score images. docs/api.md shows each name in use.

Names are imported from their packages on first use (PEP 562), so that `import huanhua` loads no heavy library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from huanhua.scoring import score
    from models.errors import InputError
    from models.lora.file import open_lora
    from optimizer.point import Point
    from optimizer.search.samplers.least_weight_sampler import LeastWeightSampler
    from optimizer.search.space import Axis, Space
    from studies.cli.options import open_study
    from studies.run.outcome import Outcome
    from studies.study import Study
    from studies.training.train import train_lora

__all__ = [
    "Axis",
    "InputError",
    "LeastWeightSampler",
    "Outcome",
    "Point",
    "Space",
    "Study",
    "open_lora",
    "open_study",
    "score",
    "train_lora",
]

_MODULES: Final = {
    "Axis": "optimizer.search.space",
    "InputError": "models.errors",
    "LeastWeightSampler": "optimizer.search.samplers.least_weight_sampler",
    "Outcome": "studies.run.outcome",
    "Point": "optimizer.point",
    "Space": "optimizer.search.space",
    "Study": "studies.study",
    "open_lora": "models.lora.file",
    "open_study": "studies.cli.options",
    "score": "huanhua.scoring",
    "train_lora": "studies.training.train",
}
"""Where each public name is defined; as the imports above, which type checkers read."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
