"""A LoRA report as JSON values."""

from __future__ import annotations

from statistics import median
from typing import Any

from studies.lora_report.levels import least_epoch
from studies.lora_report.measures import AtWeight
from studies.lora_report.measuring import Measured, Member
from studies.lora_report.quarrels import Quarrel
from studies.lora_report.report import Report
from studies.report.lora.sentences import answer, quarrel_answer

DIGITS = 4


def as_json(report: Report) -> dict[str, Any]:
    """Paths as they were typed; numbers to four decimals."""
    return {
        "seeds": list(report.seeds),
        "prompt": report.spec.prompt,
        "loras": [_lora(lora) for lora in report.loras],
        "quarrels": [_quarrel(quarrel) for quarrel in report.quarrels],
    }


def _lora(lora: Measured) -> dict[str, Any]:
    causes, photos = lora.causes, lora.thing.photos
    least = least_epoch([member.rungs for member in lora.members])
    return {
        "name": lora.name,
        "kind": lora.member.reported.kind,
        "answer": str(answer(lora)),
        "file": str(lora.member.reported.path),
        "least_weight": None if least is None else lora.member.rungs.chosen.weight,
        "photos": lora.photos,
        "photos_alike": _short(lora.thing.alike),
        "photos_nearest": None if photos is None else _short(photos.among_themselves()),
        "files": [_member(member) for member in lora.members],
        "leak": {
            "weight": causes.weight,
            "outside": _short(causes.leak),
            "by_place": {place: _short(value) for place, value in causes.by_place.items()},
            "words_alone": _short(causes.words),
            "without_text_encoders": _short(causes.without_text),
            "moved": _short(causes.moved),
            "faces_of_photos": None if causes.carried is None else [_short(value) for value in causes.carried],
            "likeness": {thing: [_short(before), _short(after)] for thing, (before, after) in causes.likeness.items()},
            "causes": causes.found(),
        },
    }


def _member(member: Member) -> dict[str, Any]:
    rungs = member.rungs
    return {
        "file": str(member.reported.path),
        "label": str(member.label),
        "least_weight": None if rungs.least is None else rungs.least.weight,
        "weights": [_at(at, rungs.scores(at), rungs.failing(at)) for at in rungs.at],
    }


def _at(at: AtWeight, scores: list[float], failing: list[str]) -> dict[str, Any]:
    return {
        "weight": at.weight,
        "score": _short(median(scores)) if scores else None,
        "raw": _middle(at, "raw"),
        "outside": _middle(at, "outside"),
        "inside": _middle(at, "inside"),
        "hands": _middle(at, "hands"),
        "moved": _middle(at, "moved"),
        "nearest_photo": _middle(at, "nearness"),
        "lacks": failing,
        "images": [str(seen.image) for seen in at.seen],
    }


def _quarrel(quarrel: Quarrel) -> dict[str, Any]:
    return {
        "answer": str(quarrel_answer(quarrel)),
        "loras": [
            {"name": f.name, "weight": f.weight, "alone": _short(f.alone), "beside": _short(f.beside)} for f in quarrel.falls
        ],
        "overlap": {
            block: {
                "layers": summed.layers,
                "shared": [_short(value) for value in summed.shared],
                "chance": [_short(value) for value in summed.chance],
                "cosine": _short(summed.cosine),
                "widest_angle_cosine": _short(summed.widest),
            }
            for block, summed in quarrel.blocks.items()
        },
        "images": [str(image) for image in quarrel.images],
        "faults": [str(fault) for fault in quarrel.faults],
    }


def _middle(at: AtWeight, name: str) -> float | None:
    found = at.of(name)
    return _short(median(found)) if found else None


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
