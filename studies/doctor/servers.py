"""The lines of `validate` and `doctor` on the servers that draw a study: what each has of it. Draws nothing of the study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from studies.file_hashes import cached_hash
from studies.prompts import trigger_of

if TYPE_CHECKING:
    from optimizer.render.remote.base import ServerFacts
    from studies.backends.remote import RemoteBackend
    from studies.doctor.machine import Line
    from studies.study import Study

SHOWN: Final = 12
"""Letters of a hash."""


def server_lines(study: Study, backend: RemoteBackend) -> Iterator[str]:
    """Raises InputError at the first thing that does not fit, and if two servers would draw different images."""
    for url in backend.urls:
        yield from _lines(study, url, backend.ask(url))
    if len(backend.urls) > 1:
        backend.identity()
        yield f"servers    {len(backend.urls)}, alike: they draw at the same time"


def tried_server_lines(study: Study, backend: RemoteBackend) -> Iterator[Line]:
    """The same for each server, whatever the others give."""
    for url in backend.urls:
        try:
            lines = list(_lines(study, url, backend.ask(url)))
        except InputError as error:
            yield f"server     {url}: DOES NOT FIT: {error}", False
        else:
            yield from ((line, True) for line in lines)


def _lines(study: Study, url: str, facts: ServerFacts) -> Iterator[str]:
    device = f", {facts.device}" if facts.device else ""
    yield f"server     {' '.join(filter(None, [facts.kind, facts.version]))} at {url}{device}"
    named = facts.checkpoint or f"{study.spec.base.checkpoint}, by the study file alone"
    digest = f" ({facts.checkpoint_hash[:SHOWN]})" if facts.checkpoint_hash else ", a hash of it cannot be had"
    family = f", {facts.family}" if facts.family else ""
    yield f"base       {named}{digest}{family}"
    for name, lora in facts.loras.items():
        here = study.path(study.spec.loras[name].file)
        if not here.is_file():
            same = f", not compared: there is no {study.spec.loras[name].file} here"
        elif cached_hash(study.workspace, here) == lora.hash:
            same = ", the same file as here"
        else:
            same = ", not compared: the server does not tell its hash"
        trigger = trigger_of(study.spec.loras[name].trigger, lora.metadata) or "not named"
        yield f"LoRA       {name}: {lora.server_name} ({lora.hash[:SHOWN]}){same}, trigger {trigger}"
    for slot, node in facts.slots.items():
        yield f"workflow   {slot}: {node}"
    render = study.spec.render
    size = f"{facts.width}x{facts.height}" if facts.width and facts.height else "a size that the workflow computes"
    yield f"draws      {size}, {render.steps} steps of {render.sampler}, CFG {render.cfg:g}"
