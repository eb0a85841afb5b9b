"""Keeps diffusers and transformers from drawing progress bars and notes of their own over the program's."""

from __future__ import annotations


def quiet_loading() -> None:
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.disable_progress_bar()
        logging.set_verbosity_error()
