"""Looks up in a server's lists what a study names, or states in one line what the server has instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.server_lora import StudyLora, named_on_server, nearest
from optimizer.render.remote.webui.kinds import SIGMAS
from optimizer.render.remote.webui.lists import ListedCheckpoint, ListedLora, ListedSampler, Lists

UNIFORM: Final = "Uniform"
AUTOMATIC: Final = "Automatic"
SUFFIXES: Final = (".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".sft")
UNWRITABLE: Final = ":<>,=\n"
"""Letters that no name in a `<lora:...>` tag may hold."""


@dataclass(frozen=True)
class Sampling:
    """A sampler and its noise schedule in the server's own words."""

    sampler: ListedSampler
    schedule: str
    """The label of the schedule; empty where the sampler's name implies it."""


def sampling(name: str, lists: Lists) -> Sampling:
    """What the server calls a sampler such as "DPM++ 2M Karras".

    A name without a schedule means uniform levels, as everywhere in this project: A1111's "Automatic" is another for most
    of the DPM family. Raises InputError for what the server lacks: it would draw with another sampler and report success.
    """
    known = {same: sampler for sampler in lists.samplers for same in (*sampler.aliases, sampler.name)}
    if name in known:
        return Sampling(known[name], _plain(known[name], lists))
    for words, label in _schedules(lists):
        if name.endswith(f" {words}") and name.removesuffix(f" {words}") in known:
            return Sampling(known[name.removesuffix(f" {words}")], label)
    raise InputError(
        phrase("the server has no sampler {name}{near}", name=name, near=nearest(name, sampler_names(lists))),
        "render.sampler",
        "use one of them",
    )


def sampler_names(lists: Lists) -> tuple[str, ...]:
    """All that `sampling` takes, but for aliases."""
    labels = list(dict.fromkeys(label for _, label in _schedules(lists)))
    return tuple(f"{sampler.name}{end}" for sampler in lists.samplers for end in ("", *(f" {label}" for label in labels)))


def _schedules(lists: Lists) -> list[tuple[str, str]]:
    """Words that may end a sampler's name, and the schedule that they mean; the longest first: "SGM Uniform"."""
    if lists.kind.schedulers:
        pairs = [(words, schedule.label) for schedule in lists.schedules for words in schedule.names if words]
    else:
        pairs = [(words, words) for words in SIGMAS if words]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _plain(sampler: ListedSampler, lists: Lists) -> str:
    if not lists.schedules:
        return ""
    uniform = any(schedule.label == UNIFORM for schedule in lists.schedules)
    return UNIFORM if sampler.schedule and uniform else AUTOMATIC


def checkpoint(name: str, lists: Lists, url: str) -> ListedCheckpoint:
    """The one of a title, a file's name with or without its ending and folder, or a hash."""
    for same in (lambda text: text.lower(), _stem):
        fits = [listed for listed in lists.checkpoints if same(name) in {same(text) for text in listed.names}]
        if len(fits) == 1:
            return fits[0]
        if fits:
            titles = ", ".join(listed.title for listed in fits[:6])
            raise InputError(
                phrase(
                    "the server has {count} checkpoints of the name {name} ({titles})", count=len(fits), name=name, titles=titles
                ),
                url,
                "name one of them",
            )
    titles_all = [listed.title for listed in lists.checkpoints]
    raise InputError(
        phrase("the server has no checkpoint {name}{near}", name=name, near=nearest(name, titles_all)),
        url,
        "put it there, or mend base.checkpoint",
    )


def module(name: str, lists: Lists, url: str) -> str:
    """A VAE as the server lists it."""
    fits = [listed for listed in lists.modules if _stem(listed) == _stem(name)]
    exact = [listed for listed in fits if listed == name]
    if len(exact or fits) == 1:
        return (exact or fits)[0]
    raise InputError(
        phrase("the server has no VAE {name}{near}", name=name, near=nearest(name, list(lists.modules))),
        url,
        "put it there, or mend base.vae",
    )


def loras(wanted: Sequence[StudyLora], lists: Lists, url: str) -> dict[str, ListedLora]:
    """The server's LoRAs by the study's names. Two of the study must not be one of the server's."""
    by_name = {listed.name: listed for listed in lists.loras}
    found: dict[str, ListedLora] = {}
    for lora in wanted:
        listed = _aliased(lora, lists) or by_name[named_on_server(lora, list(by_name), url)]
        if any(letter in listed.name for letter in UNWRITABLE):
            what = phrase("no prompt can name the LoRA {name!r}: it holds one of : < > , =", name=listed.name)
            raise InputError(what, phrase("loras.{name} at {url}", name=lora.name, url=url), "give its file another name there")
        other = next((name for name, taken in found.items() if taken is listed), None)
        if other is not None:
            raise InputError(
                phrase("two LoRAs of the study are {name} there", name=listed.name),
                f"loras.{other}, loras.{lora.name}",
                "keep one",
            )
        found[lora.name] = listed
    return found


def _aliased(lora: StudyLora, lists: Lists) -> ListedLora | None:
    """The LoRA whose alias, but no LoRA's name, is what the study file states."""
    if lora.server_name is None or any(_stem(listed.name) == _stem(lora.server_name) for listed in lists.loras):
        return None
    fits = [listed for listed in lists.loras if listed.alias == lora.server_name]
    return fits[0] if len(fits) == 1 else None


def check_scripts(titles: Mapping[str, object], lists: Lists) -> None:
    """Raises InputError for an extension that the server does not have."""
    for title in titles:
        if lists.scripts and title.lower() not in lists.scripts:
            what = phrase("the server has no script {title}{near}", title=title, near=nearest(title.lower(), list(lists.scripts)))
            raise InputError(what, "draw.payload: alwayson_scripts", "install the extension there, or take it out")


def _stem(name: str) -> str:
    path: PurePath = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    last = path.name.partition(" [")[0]
    return next((last.removesuffix(end) for end in SUFFIXES if last.lower().endswith(end)), last).lower()
