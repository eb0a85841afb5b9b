"""ComfyUI: the graph in the API's form, as the PNG text `prompt`, EXIF of WebP, or a file. Its links say what it draws."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import TAG, without_tags
from studies.picture_settings.sampler_names import comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings, file_stem

if TYPE_CHECKING:
    from optimizer.render.remote.comfyui.workflow import Workflow

PAGE_KEYS: Final = frozenset(["nodes", "links"])
"""Of the form that ComfyUI's page saves."""
TAG_READERS: Final = re.compile(r"wildcard|lora.?tag|tag.?loader|prompt.?control|LoraFromText|Efficient", re.IGNORECASE)
"""Kinds of nodes that read `<lora:name:weight>` out of a text."""
PLAIN: Final = frozenset(
    [
        *(
            "KSampler",
            "KSamplerAdvanced",
            "SamplerCustom",
            "SamplerCustomAdvanced",
            "KSamplerSelect",
            "BasicScheduler",
            "BasicGuider",
        ),
        *("CFGGuider", "RandomNoise", "CheckpointLoaderSimple", "CheckpointLoader", "CLIPTextEncode", "CLIPSetLastLayer"),
        *("EmptyLatentImage", "VAEDecode", "VAEDecodeTiled", "VAELoader", "SaveImage", "PreviewImage", "SaveImageWebsocket"),
        *("KarrasScheduler", "ExponentialScheduler", "Reroute", "PrimitiveNode", "Note", "Seed", "CLIPLoader", "UNETLoader"),
    ]
)
"""Nodes whose doing a study expresses."""


def is_graph(document: Mapping[str, Any]) -> bool:
    """Whether the JSON is a graph of ComfyUI's, in either form, bare or as a request holds it."""
    if document.keys() >= PAGE_KEYS:
        return True
    within = document.get("prompt")
    bare = within if isinstance(within, dict) else document
    nodes = [node for node in bare.values() if isinstance(node, dict)]
    return any("class_type" in node for node in nodes) and all("class_type" in node for node in nodes if "inputs" in node)


def read(raw: Any, where: object) -> PictureSettings:
    """Raises InputError for the form that the page saves, and where the graph does not tell what draws the picture."""
    from optimizer.render.remote.comfyui.workflow import workflow_from

    workflow = workflow_from(raw, str(where))
    own = workflow.own
    notes: list[str] = []
    prompt = _untagged(own.prompt or "", workflow, notes)
    loras = listed_and_tagged(prompt, _listed(workflow, notes), where)
    sampler, _, schedule = (own.sampler or "").partition(" ")
    named = comfy_sampler(sampler, schedule or None) or (sampler or None, comfy_schedule(schedule or None))
    needed = workflow.graph.upstream(workflow.slots.image.node)
    nodes = [node for node in workflow.graph.nodes.values() if node.id in needed]
    loaders = {slot.node.id for slot in workflow.slots.loras}
    vae = next((str(node.inputs["vae_name"]) for node in nodes if isinstance(node.inputs.get("vae_name"), str)), "")
    others = sorted({node.label for node in nodes if node.kind not in PLAIN and node.id not in loaders})
    if others:
        notes.append(f"nodes that a study of its own does not draw: {', '.join(others)}")
    if len(workflow.slots.sampling) > 1:
        labels = ", ".join(sampling.node.label for sampling in workflow.slots.sampling[1:])
        notes.append(f"the samplers behind the first ({labels}): hires fix draws another image; enlarge the pick instead")
    if own.prompt is None:
        notes.append("the prompt: computed by other nodes")
    return PictureSettings(
        prompt=loras.prompt,
        negative=own.negative_prompt or "",
        steps=own.steps,
        sampler=named[0],
        schedule=named[1],
        cfg=own.cfg,
        seed=own.seed,
        size=own.size,
        model=file_stem(own.checkpoint or "") or None,
        clip_skip=_clip_skip(workflow, needed),
        rng="CPU",
        loras=loras.weights,
        text_encoder_weights=loras.text_weights,
        lora_options=loras.options,
        other=({"VAE": vae} if vae else {}) | _denoise(workflow),
        notes=(*notes, *loras.notes),
        tool="ComfyUI",
    )


def filled_up(graph: PictureSettings, text: PictureSettings) -> PictureSettings:
    """What the graph computes is taken from the text that a saver node wrote beside it."""
    return replace(
        graph,
        prompt=graph.prompt or text.prompt,
        negative=graph.negative or text.negative,
        steps=text.steps if graph.steps is None else graph.steps,
        sampler=graph.sampler or text.sampler,
        schedule=graph.schedule if graph.sampler else text.schedule,
        cfg=text.cfg if graph.cfg is None else graph.cfg,
        seed=text.seed if graph.seed is None else graph.seed,
        size=graph.size or text.size,
        model=graph.model or text.model,
        model_hash=text.model_hash,
        loras=graph.loras or text.loras,
        text_encoder_weights=graph.text_encoder_weights if graph.loras else text.text_encoder_weights,
        lora_hashes=text.lora_hashes,
        embeddings=text.embeddings,
    )


def _untagged(prompt: str, workflow: Workflow, notes: list[str]) -> str:
    """A tag loads a LoRA only where a node reads it; elsewhere ComfyUI draws it as words."""
    if any(TAG_READERS.search(node.kind) for node in workflow.graph.nodes.values()):
        return prompt
    notes += [
        f"{match[0]}: words to ComfyUI, which no node of the graph reads; taken out of the prompt"
        for match in TAG.finditer(prompt)
    ]
    return without_tags(prompt)


def _listed(workflow: Workflow, notes: list[str]) -> list[Listed]:
    listed = []
    for slot in workflow.slots.loras:
        weight = slot.model.raw(workflow.graph)
        text = slot.clip.raw(workflow.graph) if slot.clip is not None else None
        if not slot.active:
            continue
        if not _is_number(weight):
            notes.append(f"LoRA {file_stem(slot.file)}: its weight is computed by other nodes")
            weight = text = 1.0
        same = not _is_number(text)
        listed.append(Listed(slot.file, float(weight), None if same else float(text or 0)))
    for slot in workflow.slots.idle_loras:
        notes.append(f"LoRA {file_stem(slot.file)}: loaded by {slot.node.label}, but no sampler reads it")
    return listed


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _clip_skip(workflow: Workflow, needed: set[str]) -> int:
    """As A1111 counts, of the node that sets it; ComfyUI counts from -1."""
    for node in workflow.graph.nodes.values():
        layer = node.inputs.get("stop_at_clip_layer")
        if node.id in needed and isinstance(layer, int):
            return abs(layer) or 1
    return 1


def _denoise(workflow: Workflow) -> dict[str, str]:
    denoise = workflow.slots.sampling[0].node.inputs.get("denoise")
    return {"Denoising strength": str(denoise)} if _is_number(denoise) and denoise != 1 else {}
