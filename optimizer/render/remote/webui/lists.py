"""What a server has: samplers, schedules, checkpoints, LoRAs, VAEs, scripts and settings, as its lists state them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.webui.kinds import FORGE, SDNEXT, WEBUI, Kind
from optimizer.render.remote.webui.settings import listed

API: Final = "/sdapi/v1"


@dataclass(frozen=True)
class ListedSampler:
    name: str
    aliases: tuple[str, ...]
    schedule: str
    """Its own noise schedule; empty if it has none."""
    seed_delta: bool
    """Its noise depends on the "eta noise seed delta"."""


@dataclass(frozen=True)
class ListedSchedule:
    label: str
    names: tuple[str, ...]
    """Under which it is known, the label among them."""


@dataclass(frozen=True)
class ListedCheckpoint:
    title: str
    """The file's name within its folder, without the hash that a title ends with."""
    names: tuple[str, ...]
    """Under which it is known, hashes among them."""
    sha256: str
    """Empty until the server has computed it."""
    file: str
    """Its path on the server's machine."""


@dataclass(frozen=True)
class ListedLora:
    name: str
    """The stem of its file."""
    alias: str
    """The name that its training gave it."""
    file: str
    """Its path on the server's machine."""
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Lists:
    """All that is looked up before a request is sent."""

    kind: Kind
    samplers: Sequence[ListedSampler]
    schedules: Sequence[ListedSchedule]
    checkpoints: Sequence[ListedCheckpoint]
    loras: Sequence[ListedLora]
    modules: Mapping[str, str]
    """Paths of VAEs, in Forge of text encoders too, by their names."""
    scripts: Sequence[str]
    """Titles in lower case; empty if the server does not list them."""
    options: Mapping[str, Any]
    """Its settings. Those that were never saved are among them, at their defaults, and cannot be told apart."""
    device: str
    """What it draws on, as far as it tells."""


def ask_lists(client: Client) -> Lists:
    """Raises InputError if no such program answers, or its API is not started."""
    samplers = [_sampler(item) for item in _rows(client, "samplers")]
    kind = _kind(client)
    options = _asked(client, "options")
    if not isinstance(options, dict):
        raise _unlike(client, "options")
    return Lists(
        kind,
        samplers,
        [_schedule(item) for item in _rows(client, "schedulers", missing=True) if kind.schedulers],
        [_checkpoint(item) for item in _rows(client, "sd-models")],
        [_lora(item) for item in _rows(client, "loras")],
        {
            _text(item, "model_name"): _text(item, "filename")
            for item in _rows(client, "sd-modules" if kind.modules else "sd-vae", missing=True)
        },
        _scripts(_asked(client, "scripts", missing=True)),
        listed(options),
        _device(_asked(client, "memory", missing=True)),
    )


def refresh(client: Client) -> None:
    """Has the server look into its folders again; a server that does not know how is left alone."""
    for path in ("refresh-checkpoints", "refresh-loras", "refresh-vae"):
        try:
            client.post(f"{API}/{path}", {})
        except RefusedError as error:
            if error.status == 401:
                raise


def _kind(client: Client) -> Kind:
    if isinstance(_asked(client, "sd-modules", missing=True), list):
        return FORGE
    # reForge is told from A1111 by its version alone, which an answer states.
    return SDNEXT if _asked(client, "version", missing=True) is not None else WEBUI


def _asked(client: Client, path: str, *, missing: bool = False) -> Any:
    """The JSON of a list; None if it is `missing` there and may be."""
    try:
        return client.get(f"{API}/{path}")
    except RefusedError as error:
        if error.status == 404 and missing:
            return None
        if error.status == 404:
            what = phrase("no API of a WebUI answers here ({api}/{path} is unknown)", api=API, path=path)
            raise InputError(what, client.url, "start the WebUI with --api, or mend draw.url") from error
        raise


def _rows(client: Client, path: str, *, missing: bool = False) -> list[Mapping[str, Any]]:
    rows = _asked(client, path, missing=missing)
    if rows is None and missing:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unlike(client, path)
    return rows


def _unlike(client: Client, path: str) -> InputError:
    return InputError(
        phrase("{api}/{path} answers otherwise than a WebUI", api=API, path=path),
        client.url,
        "mend draw.url: another program may listen",
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _sampler(row: Mapping[str, Any]) -> ListedSampler:
    options = row.get("options")
    options = options if isinstance(options, dict) else {}
    schedule = options.get("scheduler")
    return ListedSampler(
        _text(row, "name"),
        _texts(row.get("aliases")),
        schedule if isinstance(schedule, str) else "",
        str(options.get("uses_ensd", "")).lower() == "true",
    )


def _schedule(row: Mapping[str, Any]) -> ListedSchedule:
    label = _text(row, "label") or _text(row, "name")
    return ListedSchedule(label, (label, _text(row, "name"), *_texts(row.get("aliases"))))


def _checkpoint(row: Mapping[str, Any]) -> ListedCheckpoint:
    title = _text(row, "title")
    plain = title.rpartition(" [")[0] if title.endswith("]") and " [" in title else title
    sha256 = _text(row, "sha256").lower()
    names = (title, plain, _text(row, "model_name"), _text(row, "hash"), sha256)
    return ListedCheckpoint(plain, tuple(name for name in names if name), sha256, _text(row, "filename"))


def _lora(row: Mapping[str, Any]) -> ListedLora:
    metadata = row.get("metadata")
    return ListedLora(_text(row, "name"), _text(row, "alias"), _text(row, "path"), metadata if isinstance(metadata, dict) else {})


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _scripts(value: Any) -> tuple[str, ...]:
    return tuple(name.lower() for name in _texts(value.get("txt2img"))) if isinstance(value, dict) else ()


def _device(memory: Any) -> str:
    cuda = memory.get("cuda") if isinstance(memory, dict) else None
    system = cuda.get("system") if isinstance(cuda, dict) else None
    total = system.get("total") if isinstance(system, dict) else None
    if isinstance(total, (int, float)) and total > 0:
        return f"GPU with {total / 2**30:.0f} GB"
    return "processor" if isinstance(cuda, dict) and "error" in cuda else ""
