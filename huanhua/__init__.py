"""huanhua from Python: train LoRAs, run studies, score images. docs/api.md shows each name in use.

Names are imported from their packages on first use (PEP 562), so that `import huanhua` loads no heavy library. The first use also
turns off the telemetry of the libraries behind them, as the command line does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from huanhua.scoring import score
    from models.base.opening import open_base
    from models.errors import InputError
    from models.lora.file import open_lora
    from optimizer.point import Point
    from optimizer.search.samplers.least_weight_sampler import LeastWeightSampler
    from optimizer.search.space import Axis, Space
    from studies.callback import RunCallback, SilentCallback
    from studies.pipeline import run_study, scout_study
    from studies.run.outcome import Outcome
    from studies.study import Study, open_study
    from studies.training.prepare import prepare_photos
    from studies.training.train import train_lora, train_request
    from trainers.prepare.settings import PrepareSettings
    from trainers.train.settings.request import TrainRequest

__all__ = [
    "Axis",
    "InputError",
    "LeastWeightSampler",
    "Outcome",
    "Point",
    "PrepareSettings",
    "RunCallback",
    "SilentCallback",
    "Space",
    "Study",
    "TrainRequest",
    "open_base",
    "open_lora",
    "open_study",
    "prepare_photos",
    "run_study",
    "score",
    "scout_study",
    "train_lora",
    "train_request",
]

_MODULES: Final = {
    "Axis": "optimizer.search.space",
    "InputError": "models.errors",
    "LeastWeightSampler": "optimizer.search.samplers.least_weight_sampler",
    "Outcome": "studies.run.outcome",
    "Point": "optimizer.point",
    "PrepareSettings": "trainers.prepare.settings",
    "RunCallback": "studies.callback",
    "SilentCallback": "studies.callback",
    "Space": "optimizer.search.space",
    "Study": "studies.study",
    "TrainRequest": "trainers.train.settings.request",
    "open_base": "models.base.opening",
    "open_lora": "models.lora.file",
    "open_study": "studies.study",
    "prepare_photos": "studies.training.prepare",
    "run_study": "studies.pipeline",
    "score": "huanhua.scoring",
    "scout_study": "studies.pipeline",
    "train_lora": "studies.training.train",
    "train_request": "studies.training.train",
}
"""Where each public name is defined; as the imports above, which type checkers read."""


if not TYPE_CHECKING:  # a type checker reads the imports above, and refuses other names

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        from models.io.quiet import be_quiet

        be_quiet()
        value = getattr(import_module(_MODULES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
