"""Studies and LoRAs as clients get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.errors import InputError
from models.language.as_json import error_from_json
from models.language.translate import said, translated
from studies.report.lookbook import settings_of
from studies.service.advice import on_page
from studies.service.queue.jobs import Job, job_of, open_jobs
from studies.service.rest import bodies
from studies.service.rest.cards import Card, card_id, lora_path
from studies.service.rooms import Rooms
from studies.spec import SeedsSection, StudySpec, read_spec
from studies.study import Study
from studies.workspace import workspace_of


def job_view(rooms: Rooms, folder: Path, job: Job) -> bodies.Job:
    """With the number of jobs before it, for one that waits."""
    before = [other for other, _ in open_jobs(rooms)] if job.state == "queued" else [folder]
    made = {**job.as_json(), "why": _why(job)}
    return bodies.Job(**made, ahead=before.index(folder) if folder in before else 0)


def _why(job: Job) -> str:
    """In the reader's language, with what the page has in place of commands."""
    try:
        return on_page(error_from_json(job.told)).translated() if job.told is not None else translated(job.why)
    except ValueError:
        return translated(job.why)


def line_view(rooms: Rooms, key: str, folder: Path) -> bodies.StudyLine:
    """A study whose file cannot be read is listed with its problem."""
    try:
        spec, job = read_spec(folder / "study.yaml"), job_of(workspace_of(folder / "study.yaml"))
    except InputError as error:
        return bodies.StudyLine(id=key, name=folder.name, problem=error.translated(), job=None, wears=[])
    view = None if job is None else job_view(rooms, folder, job)
    return bodies.StudyLine(id=key, name=spec.name, problem=None, job=view, wears=_wears(spec, folder))


def page_view(rooms: Rooms, key: str, study: Study) -> bodies.StudyPage:
    from studies.pipeline import DEFAULT_SCOUT
    from studies.run.shared_storage.stop_requests import running
    from studies.run.stored_results import stored_seeds

    spec, job = study.spec, job_of(study.workspace)
    holder = running(study.storage_url, spec.name) if job is None or not job.is_open else None
    return bodies.StudyPage(
        id=key,
        name=spec.name,
        problem=None,
        job=None if job is None else job_view(rooms, study.folder, job),
        wears=_wears(spec, study.folder),
        folder=str(study.folder),
        prompt=spec.prompt,
        negative=spec.negative_prompt,
        settings=[(said(name), value) for name, value in settings_of(study)],
        scout=spec.seeds.scout if isinstance(spec.seeds, SeedsSection) else DEFAULT_SCOUT,
        trials=spec.search.trials,
        run=stored_seeds(study),
        elsewhere=None if holder is None else str(holder),
    )


def lora_view(card: Card) -> bodies.LoraCard:
    return bodies.LoraCard(**_lora(card))


def lora_page(card: Card) -> bodies.LoraPage:
    """Reads the whole file. Raises InputError if it is no whole LoRA."""
    from models.io.hashing import hash_path
    from models.lora.summary import summarise

    found = summarise(card.path)
    notes = [translated(note) for note in found.notes]
    return bodies.LoraPage(**_lora(card), method=found.method, ranks=found.ranks, sha256=hash_path(card.path), notes=notes)


def _lora(card: Card) -> dict[str, Any]:
    found = card.found
    return {
        "id": card.id,
        "name": found.path.stem,
        "kind": card.kind,
        "kind_from": None if found.kind_from is None else said(found.kind_from),
        "trigger": found.trigger,
        "family": found.family,
        "base": found.base,
        "hash": card.hash,
        "weight": found.start,
        "weight_from": found.start_from,
        "preview": None if card.preview is None else f"api/wardrobe/{card.id}/preview",
        "file": str(card.path),
    }


def _wears(spec: StudySpec, folder: Path) -> list[bodies.Worn]:
    searched = spec.searched()
    return [
        bodies.Worn(
            name=name,
            kind=lora.kind,
            card=card_id(lora_path(folder, lora.last)),
            file=Path(lora.last).name,
            files=[Path(file).name for file in lora.files],
            trigger=lora.trigger,
            start=lora.start,
            bounds=lora.bounds,
            fixed=lora.fixed,
            require=spec.required(name) if name in searched else None,
        )
        for name, lora in spec.loras.items()
    ]
