"""What a ComfyUI server has: node classes, files, its version. Asked before anything is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.comfyui.reading.graph import Graph
from optimizer.render.remote.server_lora import nearest

LISTED: Final = (
    *("ckpt_name", "lora_name", "vae_name", "unet_name", "clip_name", "clip_name1", "clip_name2", "clip_name3"),
    *("control_net_name", "style_model_name", "model_name", "sampler_name", "scheduler", "hypernetwork_name", "gligen_name"),
)
"""Inputs whose values are names of a list that the server has. Others that look so may take more than is listed."""


class Catalogue:
    """Answers are kept for the catalogue's life. All methods raise InputError where the server cannot be asked."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._infos: dict[str, Mapping[str, Any] | None] = {}

    def version_and_device(self) -> tuple[str, str]:
        """Raises InputError if another program answers."""
        try:
            stats = self.client.get("/system_stats")
        except RefusedError as error:
            if error.status != 404:
                raise
            raise self._other() from error
        system, devices = (stats.get(key) for key in ("system", "devices")) if isinstance(stats, dict) else (None, None)
        if not isinstance(system, dict) or not isinstance(devices, list):
            raise self._other()
        version = system.get("comfyui_version")
        first = devices[0] if devices and isinstance(devices[0], dict) else {}
        return _words(version), _words(first.get("name"))

    def _other(self) -> InputError:
        return InputError("another program than ComfyUI answers", self.client.url, "mend draw.url")

    def has(self, kind: str) -> bool:
        """Whether the server has a node class."""
        return self._info(kind) is not None

    def _info(self, kind: str) -> Mapping[str, Any] | None:
        if kind not in self._infos:
            from urllib.parse import quote

            answer = self.client.get(f"/object_info/{quote(kind, safe='')}")
            found = answer.get(kind) if isinstance(answer, dict) else None
            self._infos[kind] = found if isinstance(found, dict) else None
        return self._infos[kind]

    def choices(self, kind: str, name: str) -> Sequence[str] | None:
        """The values that an input of a node class may have; None where the server lists none."""
        for input_, config in self._inputs(kind):
            if input_ == name:
                return _choices(config)
        return None

    def _inputs(self, kind: str) -> Iterator[tuple[str, Any]]:
        inputs = (self._info(kind) or {}).get("input")
        for group in ("required", "optional"):
            configs = inputs.get(group) if isinstance(inputs, dict) else None
            yield from configs.items() if isinstance(configs, dict) else ()

    def required(self, kind: str) -> list[str]:
        inputs = (self._info(kind) or {}).get("input")
        configs = inputs.get("required") if isinstance(inputs, dict) else None
        return list(configs) if isinstance(configs, dict) else []

    def check(self, nodes: Mapping[str, Any], graph: Graph) -> None:
        """Raises InputError for a node class or a file that the server lacks, and for an input that is missing."""
        for id_, entry in nodes.items():
            kind, inputs = entry["class_type"], entry["inputs"]
            label = graph.nodes[id_].label if id_ in graph.nodes else id_
            if not self.has(kind):
                near = nearest(kind, self._classes())
                what = phrase(
                    "the server has no node {kind}, which node {label} of the workflow is{near}",
                    kind=kind,
                    label=label,
                    near=near,
                )
                raise InputError(what, self.client.url, "install it there, or take the node out")
            for name in self.required(kind):
                # Switches between several kinds of inputs are written as NAME.SUB.
                if name not in inputs and not any(key.startswith(f"{name}.") for key in inputs):
                    what = phrase(
                        "node {label} of the workflow lacks its input {name}: what led there is muted or gone",
                        label=label,
                        name=name,
                    )
                    raise InputError(what, graph.where, "connect it, and save the workflow again")
            for name in LISTED:
                listed = self.choices(kind, name)
                if listed is not None and isinstance(inputs.get(name), str) and inputs[name] not in listed:
                    what = phrase(
                        "the server has no {input} for {name} of node {label}{near}",
                        input=inputs[name],
                        name=name,
                        label=label,
                        near=nearest(inputs[name], listed),
                    )
                    raise InputError(what, self.client.url, "put it there, or choose another")

    def _classes(self) -> list[str]:
        answer = self.client.get("/object_info")
        return list(answer) if isinstance(answer, dict) else []

    def loras(self) -> Sequence[str]:
        """Names of the LoRA files that the server lists."""
        try:
            answer = self.client.get("/models/loras")
        except RefusedError:
            return self.choices("LoraLoader", "lora_name") or []
        return [name for name in answer if isinstance(name, str)] if isinstance(answer, list) else []

    def metadata(self, lora: str) -> Mapping[str, str]:
        """A LoRA file's own metadata; empty if it has none that the server tells."""
        try:
            answer = self.client.get("/view_metadata/loras", {"filename": lora})
        except RefusedError:
            return {}
        return {str(k): v for k, v in answer.items() if isinstance(v, str)} if isinstance(answer, dict) else {}

    def folders(self) -> Mapping[str, Sequence[Path]]:
        """The server's folders of models by kind, if it is on this machine and tells them."""
        if not self.client.place.loopback:
            return {}
        try:
            answer = self.client.get("/internal/folder_paths")
        except RefusedError:
            return {}
        entries = answer.items() if isinstance(answer, dict) else ()
        return {str(k): [Path(p) for p in v if isinstance(p, str)] for k, v in entries if isinstance(v, list)}

    def input_hash(self, name: str, kind: str) -> str:
        """SHA-256 of a file that a workflow reads, such as a ControlNet's picture: other contents make another image."""
        path = name.removesuffix(f" [{kind}]").replace("\\", "/")
        folder, _, file = path.rpartition("/")
        content = self.client.get_bytes("/view", {"filename": file, "subfolder": folder, "type": kind})
        return hashlib.sha256(content).hexdigest()


def _words(value: Any) -> str:
    """Printable and short."""
    return "".join(c for c in str(value or "") if c.isprintable())[:80]


def _choices(config: Any) -> Sequence[str] | None:
    """Lists of both forms: [[a, b], {...}] and ["COMBO", {"options": [a, b]}]."""
    if not isinstance(config, list) or not config:
        return None
    listed = config[0]
    if listed == "COMBO" and len(config) > 1 and isinstance(config[1], dict):
        listed = config[1].get("options")
    return [str(value) for value in listed] if isinstance(listed, list) else None


def local_file(folders: Mapping[str, Sequence[Path]], kinds: Sequence[str], name: str) -> Path | None:
    """A file of the server's on this machine, looked for in its folders of these kinds."""
    for kind in kinds:
        for folder in folders.get(kind, ()):
            path = folder / name.replace("\\", "/")
            if path.is_file():
                return path
    return None


class FileHashes:
    """SHA-256 of files, each computed once while it stays as it is."""

    def __init__(self, compute: Callable[[Path], str]) -> None:
        self._compute = compute
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def of(self, path: Path) -> str:
        stat = path.stat()
        mark = stat.st_mtime_ns, stat.st_size
        if path not in self._known or self._known[path][0] != mark:
            self._known[path] = mark, self._compute(path)
        return self._known[path][1]
