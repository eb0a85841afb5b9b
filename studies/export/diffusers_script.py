"""The pick as a Python script that draws it with diffusers and peft alone.

The script is studies/export/script_template.py with its settings filled in: the noise levels as numbers, and this
project's corrections of diffusers' schedulers as source.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any, Final

from models.base.opening import is_hub_name
from models.base.registry import family_named
from models.errors import InputError
from models.lora.sites import TEXT_2
from optimizer.render.sampling.samplers import sampler_named
from optimizer.render.sampling.schedulers import make_scheduler
from studies.export.foreign_files import NO_FILES, ForeignFiles
from studies.export.infotext import weights_at

if TYPE_CHECKING:
    from optimizer.point import Point
    from studies.run.outcome import Outcome
    from studies.study import Study

TEMPLATE: Final = Path(__file__).with_name("script_template.py")
SETTINGS: Final = re.compile(r"# settings\n.*?# end of settings\n", re.DOTALL)
ADJUST: Final = re.compile(r"def adjust\(.*?\n\n\n", re.DOTALL)
PREPARE: Final = re.compile(r"def prepare\(.*?\n\n\n", re.DOTALL)
LEVELS: Final = "sigmas"
"""Noise levels, which LCM's scheduler has none of before it is corrected."""
OMITTED: Final = ("use_exponential_sigmas",)
"""An option that only gives this project access to a scheduler's noise levels; the script states them."""

DOCSTRING: Final = '''"""Draws the pick of study {study} at seed {seed} with diffusers and peft: python {file} [PICTURE.png]

    pip install {packages}

The settings are those of the study: A1111's emphasis, chunks of 75 tokens, noise and noise levels are followed. On the same kind
of device in float32 the picture is the study's but for rounding. What may differ:
- in {dtype} on a GPU: the study adds the LoRAs to the weights before it rounds, peft adds what they say after;
- with other versions of these libraries, or on another kind of device: small differences grow over the steps;
- the VAE runs in float32 here; in half precision the study's does where it can.
"""
'''


def diffusers_script(study: Study, outcome: Outcome, file: str, files: ForeignFiles = NO_FILES) -> str:
    """The text of the script, which will be called `file`. `outcome.pick` must not be None; `files` are named in the place of
    what they were made of."""
    assert outcome.pick is not None
    if study.spec.render.like == "comfyui":
        what = "the study draws as ComfyUI does (render.like), which the diffusers script does not follow"
        raise InputError(what, "render.like", "use --to comfyui")
    point = outcome.pick.point
    name, steps = point.sampler or study.spec.render.sampler, point.steps or study.spec.render.steps
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text[text.index("from __future__") :]
    settings = [f"{key} = {_literal(value)}" for key, value in _settings(study, outcome.seed, point, files).items()]
    settings += scheduler_settings(name, study.base_facts.schedule, steps)
    text = SETTINGS.sub(lambda _: "\n".join([*settings, ""]), text)
    text = ADJUST.sub(lambda _: adjustments(name) + "\n\n", text)
    if not _divided(study):
        text = PREPARE.sub(lambda _: preparation() + "\n\n", text)
    docstring = DOCSTRING.format(
        study=study.spec.name, seed=outcome.seed, file=file, packages=_packages(), dtype=study.spec.base.dtype
    )
    return f"{docstring}\n{text}"


def scheduler_settings(name: str, schedule: dict[str, Any], steps: int) -> list[str]:
    """Lines that make the scheduler of diffusers that follows sampler `name` for `steps` steps, and at which levels."""
    made = make_scheduler(name, schedule, [0])
    made.set_timesteps(steps)
    options = {k: v for k, v in made.config.items() if k not in (*OMITTED, *made.config["_use_default_values"]) and k[0] != "_"}
    plain = type(made)(**options)
    plain.set_timesteps(steps)
    laid = {
        key: _plain(value)
        for key, value in vars(made).items()
        if key in (*vars(plain), LEVELS) and key not in ("_internal_dict", "noise_sampler_seed", "alphas_cumprod")
        if not callable(value) and _plain(value) != _plain(vars(plain).get(key))
    }
    values = {"STEPS": steps, "SCHEDULER": type(made).__name__, "OPTIONS": options, "LAID": laid}
    return [f"{key} = {_literal(value)}" for key, value in values.items()]


def adjustments(name: str) -> str:
    """Source of `adjust(scheduler)`: the corrections of diffusers' scheduler for sampler `name`."""
    from optimizer.render.sampling import scheduler_corrections as corrections

    sampler = sampler_named(name)
    if sampler.times == "plms":
        why = "Where A1111 cuts the first time step off at the last of the base's, diffusers looks one further."
        line = "scheduler.alphas_cumprod = torch.cat([scheduler.alphas_cumprod, scheduler.alphas_cumprod[-1:]])"
        return _adjust(why, [line])
    if sampler.scheduler == "DPMSolverMultistepScheduler" and sampler.seeded:
        source = inspect.getsource(corrections.walk_brownian_paths) + "\n\n" + inspect.getsource(corrections.correct_third_order)
        calls = ["walk_brownian_paths(scheduler, [SEED])", "correct_third_order(scheduler)"]
        return source + "\n\n" + _adjust("Makes diffusers' scheduler follow k-diffusion's equations.", calls)
    if sampler.times == "lcm":
        source = inspect.getsource(corrections.step_between_learnt_levels)
        return source + "\n\n" + _adjust("Lets LCM step between any levels.", ["step_between_learnt_levels(scheduler)"])
    if name.startswith("DPM++ 2S a"):
        source = inspect.getsource(corrections.aim_from_start)
        return source + "\n\n" + _adjust("Makes diffusers' DPM2 a into DPM++ 2S a.", ["aim_from_start(scheduler)"])
    return _adjust("Nothing: this scheduler follows A1111's equations as it is.", [])


def preparation() -> str:
    """Source of `prepare(denoiser)` for sizes that the UNet's levels do not divide."""
    from optimizer.render import upsampling

    sources = [inspect.getsource(one) for one in (upsampling.Wanted, upsampling.resize_after_convolution)]
    why = "A1111 doubles, convolves and then cuts down, where diffusers enlarges to the size that is wanted."
    lines = ["def prepare(denoiser: Any) -> None:", f'"""{why}"""', "resize_after_convolution(denoiser)"]
    return "\n\n".join([*sources, "\n    ".join(lines) + "\n"])


def _divided(study: Study) -> bool:
    step = family_named(study.base_facts.family).size_step
    return not (study.spec.render.width % step or study.spec.render.height % step)


def _adjust(why: str, lines: list[str]) -> str:
    return "\n    ".join(["def adjust(scheduler: Any) -> None:", f'"""{why}"""', *lines]) + "\n"


def _settings(study: Study, seed: int, point: Point, files: ForeignFiles) -> dict[str, Any]:

    spec = study.spec
    weights = weights_at(study, point)
    # Names of files that are missing are refused before the models are opened for what they are.
    converted = {name: str(lora.path.resolve()) for name, lora in files.loras.items()}
    loras = {name: (converted.get(name) or _place(study, spec.file_at(name, point)), weight) for name, weight in weights.items()}
    inversions = {word.lower(): str(path.resolve()) for word, path in files.inversions.items()}
    return {
        "BASE": _place(study, spec.base.checkpoint),
        "VAE": _place(study, spec.base.vae) if spec.base.vae else None,
        "XL": TEXT_2 in family_named(study.base_facts.family).parts,
        "DTYPE": spec.base.dtype,
        "PROMPT": point.prompt or spec.prompt,
        "NEGATIVE": spec.negative_prompt,
        "SEED": seed,
        "WIDTH": spec.render.width,
        "HEIGHT": spec.render.height,
        "CFG": point.cfg,
        "CLIP_SKIP": spec.base.clip_skip,
        "RNG": spec.render.rng,
        "ENSD": spec.render.ensd,
        "PAD_CONDS": spec.render.pad_conds,
        "LORAS": loras,
        "EMBEDDINGS": {Path(name).stem.lower(): _place(study, name) for name in spec.embeddings} | inversions,
    }


def _place(study: Study, name: str) -> str:
    """The whole path where there is one, else a hub's name. Raises InputError for what is neither."""
    local = study.path(name)
    if not local.exists() and not is_hub_name(name):
        raise InputError(
            "the script would name a file that is not there", local, "put it back, or name it in the study where it lies"
        )
    return str(local.resolve()) if local.exists() else name


def _plain(value: Any) -> Any:
    """Tensors as lists of numbers, in as many digits as float32 needs to read back as it is."""
    import torch

    if not isinstance(value, torch.Tensor):
        return value.tolist() if hasattr(value, "tolist") else value
    if not value.ndim or not value.is_floating_point():
        return value.tolist()
    # Some schedulers store NaN where they never read.
    return [float(format(number, ".9g")) for number in value.nan_to_num().float().tolist()]


def _literal(value: Any) -> str:
    return pformat(value, width=126, compact=True, sort_dicts=False)


def _packages() -> str:
    from importlib.metadata import version

    pinned = [f"{name}=={version(name)}" for name in ("diffusers", "transformers", "peft")]
    return " ".join([*pinned, "torch", "torchsde", "scipy", "safetensors", "pillow"])
