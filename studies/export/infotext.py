"""One image's settings in A1111's words. They promise the same settings, not identical pixels."""

from __future__ import annotations

from collections.abc import Mapping

from models.lora.layout import lora_name
from optimizer.point import Job, Point
from studies.control.words import controls_at
from studies.picture_settings.sampler_names import split_sampler
from studies.picture_settings.settings import PictureSettings
from studies.schedules.words import schedules_at
from studies.study import Study


def point_infotext(study: Study, job: Job, loras: Mapping[str, float], other: Mapping[str, str] | None = None) -> PictureSettings:
    """`loras` are the weights to name, by LoRA, those that are not searched included; `other` are further keys."""
    spec, point = study.spec, job.point
    sampler, schedule = split_sampler(point.sampler or spec.render.sampler)
    delta = {"ENSD": str(spec.render.ensd)} if spec.render.ensd else {}
    padded = {"Pad conds": "True"} if spec.render.pad_conds else {}
    return PictureSettings(
        prompt=point.prompt or spec.prompt,
        negative=spec.negative_prompt,
        steps=point.steps or spec.render.steps,
        sampler=sampler,
        schedule=schedule,
        cfg=point.cfg,
        seed=job.seed,
        size=(spec.render.width, spec.render.height),
        model=study.base_facts.name,
        model_hash=study.base_facts.hash[:10],
        clip_skip=spec.base.clip_skip,
        rng="CPU" if spec.render.like == "comfyui" else spec.render.rng.upper(),
        loras={file_name(study, name, point): weight for name, weight in loras.items()},
        lora_hashes={file_name(study, name, point): study.lora_facts_at(name, point).hash for name in loras},
        other={**delta, **padded, **(other or {}), **_regions(study), **_schedules(study, point), **_controls(study, point)},
    )


def _regions(study: Study) -> dict[str, str]:
    """A key of our own, which A1111 passes over: it would draw all LoRAs everywhere."""
    words = {} if study.regions is None else study.regions.described()
    return {"huanhua regions": "; ".join(f"{name}: {where}" for name, where in words.items())} if words else {}


def _schedules(study: Study, point: Point) -> dict[str, str]:
    """Likewise: it would draw all LoRAs in all steps."""
    found = schedules_at(study.spec, point)
    return {"huanhua schedules": "; ".join(f"{name}: {schedule}" for name, schedule in found.items())} if found else {}


def _controls(study: Study, point: Point) -> dict[str, str]:
    """Likewise: it would draw without the ControlNets."""
    found = controls_at(study.spec, point)
    return {"huanhua control": "; ".join(f"{name}: {words}" for name, words in found.items())} if found else {}


def file_name(study: Study, lora: str, point: Point) -> str:
    """What A1111 calls the file that draws a LoRA at a point: its stem; for a folder that peft saved, the folder's name."""
    return lora_name(study.lora_file(lora, point))


def fixed_weights(study: Study) -> dict[str, float]:
    """The LoRAs that are not searched."""
    return {name: lora.fixed for name, lora in study.spec.loras.items() if lora.fixed is not None}


def weights_at(study: Study, point: Point) -> dict[str, float]:
    """Of all LoRAs that are on at a point, those that are not searched included."""
    return {name: weight for name, weight in {**point.weights, **fixed_weights(study)}.items() if weight}
