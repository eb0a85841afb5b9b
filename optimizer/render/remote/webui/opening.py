"""Opens a server for a study: lists, look-ups, and a first small picture that shows what no list states.

The first picture (64x64, one step, the study's checkpoint and LoRAs) has two uses: only an answer states the program's version
and the hashes that it goes by; and all settings are sent once as they are. A1111 restores only settings that it has stored, and
it stores one when it is first saved or sent: without that, some would keep the study's values until it is started again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.base import RenderSettings
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.server_lora import ServerLora, StudyLora, nearest
from optimizer.render.remote.webui.answer import Answer, Expected, in_infotext, read_answer, stated_loras
from optimizer.render.remote.webui.asked import Frame
from optimizer.render.remote.webui.hashes import checkpoint_hash, server_loras
from optimizer.render.remote.webui.infotext import hashes_in
from optimizer.render.remote.webui.kinds import REFORGE, WEBUI
from optimizer.render.remote.webui.lists import API, Lists, ask_lists, refresh
from optimizer.render.remote.webui.names import check_scripts, checkpoint, loras, module, sampling
from optimizer.render.remote.webui.payload import Payload, drawn_size
from optimizer.render.remote.webui.prompt import with_loras
from optimizer.render.remote.webui.refusals import in_one_line
from optimizer.render.remote.webui.settings import REPORTS, followed, recorded

EDGE: Final = 64
"""Pixels of the first picture."""
SLIGHT: Final = 0.01
"""Weight of each LoRA in it: at 0 some programs would not open the file."""


@dataclass(frozen=True)
class Wanted:
    """What a study asks of a server."""

    settings: RenderSettings
    loras: Sequence[StudyLora]
    checkpoint: str
    vae: str | None
    payload: Payload
    embeddings: Sequence[str] = ()
    """Names of textual inversions that the prompt uses."""


@dataclass(frozen=True)
class Opened:
    """A server, ready to draw."""

    frame: Frame
    expected: Expected
    checkpoint_hash: str
    loras: Mapping[str, ServerLora]
    """By the study's names."""
    recorded: Mapping[str, Any]
    """Settings that decide pictures and that no request can set."""


def look_up(client: Client, wanted: Wanted) -> Frame:
    """What is asked, in the server's own words. It looks into its folders again before InputError states what it lacks."""
    try:
        return _frame(ask_lists(client), wanted, client.url)
    except InputError as error:
        if not error.what.startswith("the server has no"):
            raise
    refresh(client)
    return _frame(ask_lists(client), wanted, client.url)


def _frame(lists: Lists, wanted: Wanted, url: str) -> Frame:
    own, payload = wanted.settings, wanted.payload
    sampling(own.sampler, lists)
    check_scripts(payload.scripts, lists)
    if payload.hires and not lists.kind.hires:
        raise InputError(
            phrase("hires fix through {title} is not supported", title=lists.kind.title), "draw.payload: enable_hr", "take it out"
        )
    if str(lists.options.get("samples_format", "png")).lower() != "png":
        what = phrase("the server sends pictures as {option}, which loses detail", option=lists.options["samples_format"])
        raise InputError(what, url, "set samples_format (File format for images) to png in its settings")
    vae = _vae(wanted.vae, lists, url)
    sent = {**followed(lists.options), **payload.settings}
    size = drawn_size(own.width, own.height, payload, old_hires=bool(sent.get("use_old_hires_fix_width_height")))
    found = checkpoint(wanted.checkpoint, lists, url)
    return Frame(own, payload, lists, found, vae, loras(wanted.loras, lists, url), size, sent)


def _vae(name: str | None, lists: Lists, url: str) -> str:
    if name is None:
        return "" if lists.kind.modules else "None"
    return name if name in ("None", "Automatic") and not lists.kind.modules else module(name, lists, url)


def open_server(client: Client, wanted: Wanted) -> Opened:
    """Raises InputError for what the server lacks, files that differ, and settings that it does not let anybody change."""
    frame = look_up(client, wanted)
    answer = first_picture(client, frame, wanted.embeddings)
    version = _version(answer)
    if frame.lists.kind is WEBUI and version.startswith("f"):
        frame = replace(frame, lists=replace(frame.lists, kind=REFORGE))
    _check_embeddings(client, wanted.embeddings)
    # The checkpoint's hash may have been computed as it was loaded.
    listed = checkpoint(wanted.checkpoint, ask_lists(client), client.url)
    loopback = client.place.loopback
    digest = checkpoint_hash(listed, loopback=loopback)
    stated, embeddings = stated_loras(answer.values, frame.lists.kind), hashes_in(answer.values, "TI hashes")
    _check_loaded(frame, stated, client.url)
    found = server_loras(wanted.loras, frame.loras, stated, url=client.url, loopback=loopback)
    inversions = {name: embeddings.get(name.replace(":", "").replace(",", ""), "") for name in wanted.embeddings}
    expected = Expected(frame.lists.kind, digest, stated, inversions, version)
    return Opened(frame, expected, digest, found, recorded(frame.lists.options))


def first_picture(client: Client, frame: Frame, embeddings: Sequence[str]) -> Answer:
    """The answer to a small picture. Raises InputError if it cannot be drawn: nor could the study's."""
    options = frame.lists.options
    as_it_is = {name: options[name] for name in frame.overrides() if options.get(name) is not None}
    reports = {name: value for name, value in REPORTS.items() if value and name in options}
    body: dict[str, Any] = {
        "prompt": with_loras(", ".join(embeddings), {lora.name: SLIGHT for lora in frame.loras.values()}),
        "seed": 1,
        "steps": 1,
        "cfg_scale": 1.0,
        "width": EDGE,
        "height": EDGE,
        "sampler_name": _simple(frame.lists),
        "save_images": False,
        "override_settings": {**as_it_is, **reports, "sd_model_checkpoint": frame.checkpoint.title},
        "override_settings_restore_afterwards": True,
    }
    try:
        return read_answer(client.post(f"{API}/txt2img", body), client.url)
    except RefusedError as error:
        raise _as_error(error, client.url) from error


def _simple(lists: Lists) -> str:
    """A sampler that draws one step."""
    names = [sampler.name for sampler in lists.samplers]
    return next((name for name in ("Euler", "euler", "DDIM") if name in names), names[0])


def _version(answer: Answer) -> str:
    version = answer.info.get("version") or answer.values.get("Version") or ""
    return version if isinstance(version, str) else ""


def _check_loaded(frame: Frame, stated: Mapping[str, str], url: str) -> None:
    """Raises InputError for a LoRA that the first picture was drawn without."""
    for name, lora in frame.loras.items():
        if in_infotext(lora.name) not in stated:
            what = phrase("the server cannot open the LoRA {name}, or states no hashes (--no-hashing)", name=lora.name)
            raise InputError(what, phrase("loras.{name} at {url}", name=name, url=url), "see the server's log")


def _check_embeddings(client: Client, names: Sequence[str]) -> None:
    """Raises InputError for a textual inversion that the server does not have, or has for another base."""
    if not names:
        return
    found = client.get(f"{API}/embeddings")
    loaded, skipped = (list(found.get(key) or ()) if isinstance(found, dict) else [] for key in ("loaded", "skipped"))
    for name in names:
        if name in skipped and name not in loaded:
            raise InputError(
                phrase("the server skips the embedding {name}", name=name),
                client.url,
                "it fits another base: take it out of embeddings",
            )
        if name not in loaded:
            what = phrase("the server has no embedding {name}{near}", name=name, near=nearest(name, loaded))
            raise InputError(what, client.url, "put it in its embeddings folder")


def _as_error(error: RefusedError, url: str) -> InputError:
    found = in_one_line(error, url, (EDGE, EDGE))
    if isinstance(found, InputError):
        return found
    return InputError("a first small picture comes out as NaN", url, "start the WebUI with --no-half, or mend its checkpoint")
