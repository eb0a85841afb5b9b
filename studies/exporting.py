"""The pick in A1111's words. It promises the same settings, not identical pixels."""

from __future__ import annotations

from studies.building import Study
from studies.infotext import Infotext
from studies.outcome import Outcome


def pick_infotext(study: Study, outcome: Outcome) -> Infotext:
    """Prompt, LoRA weights, seed and settings of the pick. `outcome.pick` must not be None."""
    assert outcome.pick is not None
    spec, point = study.spec, outcome.pick.point
    sampler, karras = spec.render.sampler.removesuffix(" Karras"), spec.render.sampler.endswith(" Karras")
    fixed = {n: s.fixed for n, s in spec.loras.items() if s.fixed is not None}
    weights = {study.path(spec.loras[n].file).stem: w for n, w in {**point.weights, **fixed}.items() if w}
    hashes = {study.path(spec.loras[n].file).stem: study.loras[n].hash for n in spec.loras}
    return Infotext(
        prompt=point.prompt or spec.prompt,
        negative=spec.negative_prompt,
        steps=spec.render.steps,
        sampler=sampler,
        schedule="Karras" if karras else None,
        cfg=point.cfg,
        seed=outcome.seed,
        size=(spec.render.width, spec.render.height),
        model=study.base.name,
        model_hash=study.base.hash[:10],
        clip_skip=spec.base.clip_skip,
        rng=spec.render.rng.upper(),
        loras=weights,
        lora_hashes={name: hashes[name] for name in weights},
    )
