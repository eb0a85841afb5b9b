"""Axes as people write them: `dress=0.3:0.6:0.1` (last value included), `cfg=5,6,7`, `prompt=pink dress|white dress`, and
`dress.file=dress-000004,dress`, the epochs of a LoRA of several files; `dress.start=0,0.25` and `dress.end=0.75,1`, the steps in
which it acts, in shares of all; `edges.strength=0,0.5` and `edges.end=0.5,1` of a ControlNet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layout import lora_name
from optimizer.render.sampling.samplers import sampler_named
from optimizer.search.searched_controls import Setting
from optimizer.search.searched_schedules import VALUES
from optimizer.search.space import CFG, FILE
from studies.drawing.section import HuanhuaDraw
from studies.grid.axes import CfgAxis, FileAxis, GridAxis, PromptAxis, SamplerAxis, ScheduleAxis, SeedAxis, StepsAxis, WeightAxis
from studies.grid.control_axis import ControlAxis
from studies.spec import StudySpec

LONGEST: Final = 50
NUMBER: Final = r"-?\d{1,12}(?:\.\d{1,12})?"
SETTINGS: Final = (CFG, "steps", "sampler", "seed", "prompt")
SETTINGS_OF_CONTROLS: Final[tuple[Setting, ...]] = ("strength", "end")
EXACT: Final = 2**53
"""The largest whole number that is exact among those of an axis."""


def parse_axis(text: str, spec: StudySpec) -> GridAxis:
    """Raises InputError for what the study does not have, a bad range, more than 50 values or one of them twice, and values out
    of bounds."""
    axis = _axis(text, spec)
    twice = next((label for label in axis.labels if axis.labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(phrase("{twice} is given twice", twice=twice), text, "give each value once")
    return axis


def _axis(text: str, spec: StudySpec) -> GridAxis:
    name, _, values = (part.strip() for part in text.partition("="))
    match name:
        case "cfg":
            return CfgAxis(_within(_numbers(values, text), "CFG", 1, 30, text))
        case "steps":
            return StepsAxis(_whole(_within(_numbers(values, text), "steps", 1, 200, text), text), spec.render.steps)
        case "seed":
            return SeedAxis(
                _whole(_within(_numbers(values, text), phrase("the seed"), 0, min(spec.draw.largest_seed, EXACT), text), text)
            )
        case "sampler":
            return SamplerAxis(_samplers(values, text, here=isinstance(spec.draw, HuanhuaDraw)), spec.render.sampler)
        case "prompt":
            return PromptAxis(_words(values, spec.prompt, text), spec.prompt)
    if name.endswith(FILE):
        return _files(name.removesuffix(FILE), values, spec, text)
    for setting in SETTINGS_OF_CONTROLS:
        if name.endswith(f".{setting}") and name.removesuffix(f".{setting}") in spec.control:
            return _control(name.removesuffix(f".{setting}"), setting, values, spec, text)
    given = spec.space().schedules.given
    for end in VALUES:
        if name.endswith(f".{end}"):
            _check_parts_steps(spec, text)
            shares = _within(_numbers(values, text), phrase("a share of the steps"), 0, 1, text)
            return ScheduleAxis(_loras(name.removesuffix(f".{end}"), spec, text), end, shares, given)
    return WeightAxis(_loras(name, spec, text), _within(_numbers(values, text), phrase("a weight"), 0, 2, text), given)


def _control(net: str, setting: Setting, values: str, spec: StudySpec, where: str) -> ControlAxis:
    strength = setting == "strength"
    what = phrase("a strength") if strength else phrase("a share of the steps")
    found = _within(_numbers(values, where), what, 0, 2 if strength else 1, where)
    if not strength and min(found) <= 0:
        raise InputError("a ControlNet that ends before the first step never acts", where, "give a share above 0, or strength 0")
    return ControlAxis(net, setting, found, spec.space().controls.given)


def _check_parts_steps(spec: StudySpec, where: str) -> None:
    """Raises InputError where something else draws."""
    if not isinstance(spec.draw, HuanhuaDraw):
        words = "only huanhua itself draws a LoRA in some of the steps, and {title} draws here"
        raise InputError(
            phrase(words, title=spec.draw.title), where, "take an axis of weights, cfg, steps, sampler, seed or prompt"
        )


def _files(lora: str, text: str, spec: StudySpec, where: str) -> FileAxis:
    """Files by label or by file name; without any, all of the LoRA's."""
    files = spec.space().files
    if lora not in files:
        names = ", ".join(f"{name}{FILE}" for name in files) or phrase("none: no LoRA here has several files")
        raise InputError(phrase("no axis '{lora}'", lora=f"{lora}{FILE}"), where, phrase("use one of: {names}", names=names))
    section = spec.loras[lora]
    named = {**dict(zip(section.files, section.labels, strict=True)), **{label: label for label in section.labels}}
    named |= {f"{label}.safetensors": label for label in section.labels}
    labels = [value.strip() for value in text.split(",") if value.strip()] or list(section.labels)
    for label in labels:
        if label not in named:
            raise InputError(
                phrase("{name} has no file {label}", name=lora, label=label),
                where,
                phrase("name one of: {names}", names=", ".join(section.labels)),
            )
    _check_count(len(labels), where)
    values = tuple(named[label] for label in labels)
    return FileAxis(lora, values, tuple(lora_name(Path(section.labelled(value))) for value in values), section.labels[-1])


def _loras(name: str, spec: StudySpec, where: str) -> str:
    loras = [part.strip() for part in name.split("+")]
    searched = list(spec.searched())
    for lora in loras:
        if lora not in searched:
            raise InputError(
                phrase("no axis '{lora}'", lora=lora),
                where,
                phrase("use one of: {names}", names=", ".join([*searched, *_of_loras(spec), *SETTINGS])),
            )
    if len(set(loras)) != len(loras):
        raise InputError("a LoRA is named twice", where, "name each once")
    return "+".join(loras)


def _of_loras(spec: StudySpec) -> list[str]:
    """Axes of something else of a LoRA than its weight, and of ControlNets."""
    ends = [f"{name}.{end}" for name in spec.searched() for end in VALUES] if isinstance(spec.draw, HuanhuaDraw) else []
    controls = [f"{net}.{setting}" for net in spec.control for setting in SETTINGS_OF_CONTROLS]
    return [*(f"{name}{FILE}" for name in spec.space().files), *ends, *controls]


def _numbers(text: str, where: str) -> tuple[float, ...]:
    text = re.sub(r"\s*([,:])\s*", r"\1", text)
    if re.fullmatch(rf"{NUMBER}(?:,{NUMBER})*", text):
        _check_count(text.count(",") + 1, where)
        return tuple(float(value) for value in text.split(","))
    match = re.fullmatch(rf"({NUMBER}):({NUMBER}):({NUMBER})", text)
    if match is None:
        raise InputError("not a range", where, "write start:stop:step as in dress=0.3:0.6:0.1, or values as in cfg=5,6,7")
    start, stop, step = (float(value) for value in match.groups())
    if stop < start:
        raise InputError(
            phrase("the range runs from {start:g} down to {stop:g}", start=start, stop=stop),
            where,
            "write the smaller value first",
        )
    if step <= 0:
        raise InputError(
            phrase("the step of the range is {step:g}", step=step), where, "write start:stop:step with a step above 0"
        )
    count = int((stop - start) / step + 1e-9) + 1
    _check_count(count, where)
    return tuple(round(start + i * step, 6) for i in range(count))


def _check_count(count: int, where: str) -> None:
    if count > LONGEST:
        raise InputError(
            phrase("{count} values on one axis", count=count), where, phrase("give at most {longest}", longest=LONGEST)
        )


def _within(values: tuple[float, ...], what: str, low: int, high: int, where: str) -> tuple[float, ...]:
    for value in values:
        if not low <= value <= high:
            raise InputError(
                phrase("{what} goes from {low} to {high}, not to {value:g}", what=what, low=low, high=high, value=value),
                where,
                "mend the value",
            )
    return values


def _whole(values: tuple[float, ...], where: str) -> tuple[int, ...]:
    for value in values:
        if value != int(value):
            raise InputError(phrase("{value:g} is no whole number", value=value), where, "write whole numbers")
    return tuple(int(value) for value in values)


def _samplers(text: str, where: str, *, here: bool) -> tuple[str, ...]:
    """Not `here`, a server knows which it has: `studies.grid.grid.check_cells`."""
    names = tuple(name.strip() for name in text.split(","))
    _check_count(len(names), where)
    if not here and not all(names):
        raise InputError("a sampler without a name", where, "write names with commas between them")
    for name in names if here else ():
        try:
            sampler_named(name)
        except InputError as error:
            raise InputError(error.what, where, error.mend) from error
    return names


def _words(text: str, prompt: str, where: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split("|"))
    _check_count(len(words), where)
    if not words[0]:
        raise InputError("no words to look for", where, "write prompt=words in the prompt|words in their place|...")
    if words[0] not in prompt:
        raise InputError(
            phrase("'{word}' is not in the prompt", word=words[0]), where, "the first words are looked for, letter by letter"
        )
    if any(not prompt.replace(words[0], word).strip() for word in words):
        raise InputError("nothing would be left of the prompt", where, "put other words in its place")
    return words
