"""A server and a study's workflow together: whether the one can draw the other, and what decides the images."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.base import ServerFacts
from optimizer.render.remote.client import RefusedError
from optimizer.render.remote.comfyui.catalogue import Catalogue, FileHashes, local_file
from optimizer.render.remote.comfyui.reading.matching import WeightedSlot
from optimizer.render.remote.comfyui.sampler_names import METHODS, sampler_words
from optimizer.render.remote.comfyui.workflow import Workflow
from optimizer.render.remote.server_lora import ServerLora, StudyLora, named_on_server, nearest
from optimizer.render.sampling.samplers import SAMPLERS

BASES: Final = ("checkpoints", "diffusion_models", "unet")
"""The server's folders of bases."""
READS: Final = ("LoadImage", "LoadImageMask", "LoadImageOutput")
"""Node classes that read a picture by its name."""


@dataclass(frozen=True)
class Asked:
    """What a server answered about a workflow, once."""

    facts: ServerFacts
    inputs: Mapping[str, str]
    """SHA-256 of the pictures that the workflow reads, by their nodes."""
    files: Mapping[str, Path]
    """The LoRAs' files that are on this machine, by the study's names: the server's own where it is here."""


@dataclass(frozen=True)
class Question:
    """What is asked of a server."""

    workflow: Workflow
    loras: Sequence[StudyLora]
    slots: Mapping[str, Sequence[WeightedSlot]]
    hashes: FileHashes
    size: tuple[int, int]
    """Of the judged image, 0 where it is not known."""

    def ask(self, catalogue: Catalogue) -> Asked:
        """Raises InputError as `RemoteRenderer.facts` does. `loras_of` has been asked before, and what is sent been checked."""
        version, device = catalogue.version_and_device()
        folders, listed = catalogue.folders(), catalogue.loras()
        found = {lora.name: self._lora(lora, catalogue, folders, listed) for lora in self.loras}
        checkpoint = self.workflow.own.checkpoint or ""
        base = local_file(folders, BASES, checkpoint) if checkpoint else None
        facts = ServerFacts(
            kind="comfyui",
            version=version,
            checkpoint=checkpoint,
            checkpoint_hash="" if base is None else self.hashes.of(base),
            family="" if base is None else _family(base),
            loras={name: lora for name, (lora, _) in found.items()},
            width=self.size[0],
            height=self.size[1],
            device=device,
            samplers=self._samplers(catalogue),
            slots=self._places(),
        )
        return Asked(facts, self._inputs(catalogue), {name: path for name, (_, path) in found.items() if path is not None})

    def server_names(self, listed: Sequence[str], url: str) -> Mapping[str, str]:
        """The server's names of the LoRAs. Raises InputError for one that it lacks."""
        return {lora.name: self._server_name(lora, listed, url) for lora in self.loras}

    def _server_name(self, lora: StudyLora, listed: Sequence[str], url: str) -> str:
        slot = self.slots[lora.name][0]
        if slot.renamed:
            return named_on_server(lora, listed, url)
        file = slot.slot.file
        if file not in listed:
            what = phrase(
                "the server has no LoRA {file}, which node {label} loads{near}",
                file=file,
                label=slot.slot.node.label,
                near=nearest(file, listed),
            )
            raise InputError(
                what, phrase("loras.{name} at {url}", name=lora.name, url=url), "put it there, or choose another in the workflow"
            )
        return file

    def _lora(
        self, lora: StudyLora, catalogue: Catalogue, folders: Mapping[str, Sequence[Path]], listed: Sequence[str]
    ) -> tuple[ServerLora, Path | None]:
        url = catalogue.client.url
        name = self._server_name(lora, listed, url)
        metadata = catalogue.metadata(name)
        there = local_file(folders, ("loras",), name)
        here = lora.file if lora.file.is_file() else None
        what = phrase("the server has another file under the name {name}", name=name)
        other = InputError(
            what, phrase("loras.{name} at {url}", name=lora.name, url=url), phrase("copy {file} there", file=lora.file)
        )
        if there is not None and here is not None and self.hashes.of(there) != self.hashes.of(here):
            raise other
        if there is None and here is not None and metadata and metadata != _metadata(here):
            raise other
        path = there or here
        if path is not None:
            return ServerLora(name, self.hashes.of(path), metadata or _metadata(path)), path
        stated = json.dumps(metadata, sort_keys=True).encode()
        return ServerLora(name, f"metadata {hashlib.sha256(stated).hexdigest()}" if metadata else name, metadata), None

    def _samplers(self, catalogue: Catalogue) -> Sequence[str]:
        first = self.workflow.slots.sampling[0]
        names = self._choices(catalogue, self.workflow.slots.sampler)
        schedulers = self._choices(catalogue, self.workflow.slots.scheduler)
        known = [name for name in SAMPLERS if not schedulers or sampler_known(name)]
        fits = [name for name in known if _has(sampler_words(name), names, schedulers)] if first.scheduler else []
        return [*fits, *(f"{name} {schedule}" for name in names for schedule in schedulers)] if schedulers else list(names)

    def _choices(self, catalogue: Catalogue, places: Sequence[Any]) -> Sequence[str]:
        if not places:
            return []
        place = places[0]
        return catalogue.choices(self.workflow.graph.nodes[place.node].kind, place.keys[0]) or []

    def _places(self) -> Mapping[str, str]:
        graph, slots = self.workflow.graph, self.workflow.slots
        settings = {"seed": slots.seed, "steps": slots.steps, "cfg": slots.cfg, "prompt": slots.positive}
        settings |= {"negative_prompt": slots.negative, "sampler": slots.sampler}
        words = {name: [graph.nodes[place.node].label for place in places] for name, places in settings.items() if places}
        words |= {f"loras.{name}": [each.slot.node.label for each in weighted] for name, weighted in self.slots.items()}
        words["image"] = [graph.nodes[slots.image.node].label]
        return {name: ", ".join(dict.fromkeys(labels)) for name, labels in words.items()}

    def _inputs(self, catalogue: Catalogue) -> Mapping[str, str]:
        found = {}
        graph = self.workflow.graph
        needed = graph.upstream(self.workflow.slots.image.node)
        for node in graph.nodes.values():
            name = node.inputs.get("image")
            if node.id not in needed or node.kind not in READS or not isinstance(name, str):
                continue
            kind = re.search(r" \[(input|output|temp)\]$", name)
            try:
                found[node.id] = catalogue.input_hash(name, kind[1] if kind else "input")
            except RefusedError as error:
                what = phrase("the server has no picture {name}, which node {label} reads", name=name, label=node.label)
                raise InputError(what, catalogue.client.url, "put it in its input folder") from error
        return found


def sampler_known(name: str) -> bool:
    """Whether ComfyUI has a counterpart of one of A1111's samplers."""
    return any(name.startswith(method) for method in METHODS)


def _has(words: tuple[str, str | None], names: Sequence[str], schedulers: Sequence[str]) -> bool:
    return words[0] in names and (words[1] is None or words[1] in schedulers)


def _metadata(path: Path) -> Mapping[str, str]:
    from models.lora.file import read_metadata

    try:
        return read_metadata(path)
    except InputError:
        return {}


def _family(path: Path) -> str:
    from models.base.detect import checkpoint_shapes, family_of

    try:
        return family_of(path, checkpoint_shapes(path, allow_pickle=False)).name
    except InputError:
        return ""
