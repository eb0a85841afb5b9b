"""Makes the backend that draws with A1111, Forge, reForge or SD.Next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.backends.remote import RemoteBackend, check_here, study_loras
from studies.drawing.webui import WebuiDraw
from studies.render_settings import render_settings_of

if TYPE_CHECKING:
    from optimizer.render.remote.base import OnStep, RemoteRenderer
    from optimizer.render.remote.client import Client
    from studies.backends.registry import DrawnStudy

LARGEST: Final = 64 * 2**20
"""Bytes of a payload: pictures may stand in it in base64."""


def make(study: DrawnStudy) -> RemoteBackend:
    spec, draw = study.spec, study.spec.draw
    assert isinstance(draw, WebuiDraw)

    def connect(client: Client, on_step: OnStep) -> RemoteRenderer:
        check_here(client)
        from optimizer.render.remote.webui.renderer import WebuiRenderer

        return WebuiRenderer(
            client,
            render_settings_of(spec),
            study_loras(spec, study.root),
            spec.base.checkpoint,
            vae=spec.base.vae,
            payload=None if draw.payload is None else read_payload((study.root / draw.payload).expanduser()),
            embeddings=[Path(name).stem for name in spec.embeddings],
            on_step=on_step,
        )

    return RemoteBackend(study, draw, connect)


def read_payload(path: Path) -> dict[str, Any]:
    """Raises InputError for a file that is missing, too large, or no JSON object."""
    mend = 'write a JSON object, such as {"alwayson_scripts": {}}'
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(phrase("a payload of more than {largest} MB", largest=LARGEST // 2**20), path, "make it smaller")
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            phrase("the payload cannot be read ({error})", error=error.strerror), path, "mend draw.payload"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError("the payload is no JSON", path, mend) from error
    if not isinstance(found, dict):
        raise InputError("the payload is no JSON object", path, mend)
    return found
