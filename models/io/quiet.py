"""Keeps other libraries from reporting their use and from printing over the program's own output."""

from __future__ import annotations

import os
from typing import Final

QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


def be_quiet() -> None:
    """Turns off the telemetry and the progress bars of all libraries, unless the user's environment sets them.

    To be called before they are imported.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def quiet_loading() -> None:
    """Turns off the progress bars and notes of diffusers and transformers, which it imports, and the warnings of bitsandbytes,
    which peft imports wherever it is installed."""
    import logging as standard_logging

    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.disable_progress_bar()
        logging.set_verbosity_error()
    standard_logging.getLogger("bitsandbytes").setLevel(standard_logging.ERROR)
