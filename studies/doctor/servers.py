"""The lines of `validate` and `doctor` on the servers that draw a study: what each has of it. Draws nothing of the study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import joined, labelled, phrase
from optimizer.point import lora_of_key
from studies.doctor.machine import LABEL
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
        yield labelled("servers", LABEL, phrase("{count}, alike: they draw at the same time", count=len(backend.urls)))


def tried_server_lines(study: Study, backend: RemoteBackend) -> Iterator[Line]:
    """The same for each server, whatever the others give."""
    for url in backend.urls:
        try:
            lines = list(_lines(study, url, backend.ask(url)))
        except InputError as error:
            yield labelled("server", LABEL, phrase("{name}: DOES NOT FIT: {error}", name=url, error=error.told())), False
        else:
            yield from ((line, True) for line in lines)


def _lines(study: Study, url: str, facts: ServerFacts) -> Iterator[str]:
    name = " ".join(filter(None, [facts.kind, facts.version]))
    yield labelled("server", LABEL, _listed(phrase("{name} at {url}", name=name, url=url), facts.device))
    file = study.spec.base.checkpoint
    named = facts.checkpoint or phrase("{file}, by the study file alone", file=file)
    digest = facts.checkpoint_hash[:SHOWN]
    known = phrase("{name} ({hash})", name=named, hash=digest) if digest else _listed(named, phrase("a hash of it cannot be had"))
    yield labelled("base", LABEL, _listed(known, facts.family))
    files = study.spec.lora_files()
    for name, lora in facts.loras.items():
        here = study.path(files[name])
        if not here.is_file():
            same = phrase("not compared: there is no {file} here", file=files[name])
        elif cached_hash(study.workspace, here) == lora.hash:
            same = phrase("the same file as here")
        else:
            same = phrase("not compared: the server does not tell its hash")
        trigger = trigger_of(study.spec.loras[lora_of_key(name)].trigger, lora.metadata) or phrase("not named")
        text = "{name}: {file} ({hash}), {same}, trigger {trigger}"
        made = phrase(text, name=name, file=lora.server_name, hash=lora.hash[:SHOWN], same=same, trigger=trigger)
        yield labelled("LoRA", LABEL, made)
    for slot, node in facts.slots.items():
        yield labelled("workflow", LABEL, f"{slot}: {node}")
    render = study.spec.render
    size = f"{facts.width}x{facts.height}" if facts.width and facts.height else phrase("a size that the workflow computes")
    text = "{size}, {steps} steps of {sampler}, CFG {cfg:g}"
    made = phrase(text, size=size, steps=render.steps, sampler=render.sampler, cfg=render.cfg)
    yield labelled("draws", LABEL, made)


def _listed(*parts: str) -> str:
    return joined(", ", [part for part in parts if part])
