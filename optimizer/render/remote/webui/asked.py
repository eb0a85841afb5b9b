"""One request for one picture, and what its answer must state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job
from optimizer.render.base import RenderSettings
from optimizer.render.remote.webui.kinds import SDNEXT, SIGMAS, noise_settings
from optimizer.render.remote.webui.lists import ListedCheckpoint, ListedLora, Lists
from optimizer.render.remote.webui.names import AUTOMATIC, Sampling, sampling
from optimizer.render.remote.webui.payload import Payload
from optimizer.render.remote.webui.prompt import SMALLEST, check_prompt, with_loras
from optimizer.render.remote.webui.settings import ADDED, REPORTS


@dataclass(frozen=True)
class Frame:
    """What all requests of a renderer share."""

    settings: RenderSettings
    payload: Payload
    lists: Lists
    checkpoint: ListedCheckpoint
    vae: str
    """The server's name of it, "None" for the checkpoint's own; in Forge empty for the modules that are chosen there."""
    loras: Mapping[str, ListedLora]
    """By the study's names, in the order of their tags."""
    size: tuple[int, int]
    """Width and height of the picture, in pixels."""
    followed: Mapping[str, Any]
    """The server's own settings that are sent, a payload's over them."""

    def overrides(self) -> dict[str, Any]:
        """`override_settings` of every request."""
        kind, own = self.lists.kind, self.settings
        chosen: dict[str, Any] = {"sd_model_checkpoint": self.checkpoint.title}
        if not kind.modules:
            chosen["sd_vae"] = self.vae
        elif self.vae:
            chosen["forge_additional_modules"] = [self.vae, *self.payload.settings.get("forge_additional_modules", [])]
        noise = noise_settings(kind, own.rng, own.ensd, own.clip_skip)
        known = {name: value for name, value in {**ADDED, **REPORTS}.items() if name in self.lists.options}
        return {**self.followed, **known, **chosen, **noise}


@dataclass(frozen=True)
class Asked:
    """A request, and what its answer is compared with."""

    fields: Mapping[str, Any]
    sampling: Sampling
    loras: Mapping[str, float]
    """Weights by the server's names; only those that act."""
    size: tuple[int, int]
    """Width and height of the picture, in pixels."""

    @property
    def overrides(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.fields["override_settings"]
        return found


def asked(job: Job, weights: Mapping[str, float], frame: Frame) -> Asked:
    """The request for a job at weights by the study's names. Raises InputError for what the server lacks or cannot be asked."""
    point, own = job.point, frame.settings
    if job.seed < 0:
        raise InputError(phrase("seed {seed} means a random one to the server", seed=job.seed), "seeds", "use a number from 0 on")
    unknown = sorted(set(weights) - set(frame.loras))
    if unknown:
        raise InputError(
            phrase("no LoRA {unknown} was named to the server", unknown=unknown[0]),
            f"loras.{unknown[0]}",
            "name it in the study file",
        )
    prompt = point.prompt or own.prompt
    for text, where in ((prompt, "prompt"), (own.negative_prompt, "negative_prompt")):
        check_prompt(text, where)
    found = sampling(point.sampler or own.sampler, frame.lists)
    tags = {listed.name: float(weights[name]) for name, listed in frame.loras.items() if abs(weights.get(name, 0.0)) >= SMALLEST}
    overrides = frame.overrides()
    body: dict[str, Any] = {
        "tiling": False,
        **frame.payload.fields,
        "prompt": with_loras(prompt, tags),
        "negative_prompt": own.negative_prompt,
        "seed": job.seed,
        "steps": point.steps or own.steps,
        "cfg_scale": point.cfg,
        "width": own.width,
        "height": own.height,
        "sampler_name": found.sampler.name,
        "styles": [],
        "script_name": "",
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
        "override_settings_restore_afterwards": True,
    }
    if frame.payload.fields.get("hr_prompt"):
        body["hr_prompt"] = with_loras(frame.payload.fields["hr_prompt"], tags)
    if frame.lists.kind is SDNEXT:
        body["clip_skip"] = own.clip_skip
        overrides["schedulers_sigma"] = SIGMAS["" if found.schedule in ("", AUTOMATIC) else found.schedule]
    elif found.schedule:
        body["scheduler"] = found.schedule
    body["override_settings"] = overrides
    return Asked(body, found, tags, frame.size)
