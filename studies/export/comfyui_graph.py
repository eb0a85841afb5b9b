"""A ComfyUI workflow in its two formats: the graph (version 0.4, what its page saves) and the API's (what /prompt takes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

OUTPUTS: Final[dict[str, tuple[str, ...]]] = {
    "CheckpointLoaderSimple": ("MODEL", "CLIP", "VAE"),
    "DiffusersLoader": ("MODEL", "CLIP", "VAE"),
    "LoraLoader": ("MODEL", "CLIP"),
    "CreateHookLora": ("HOOKS",),
    "CreateHookKeyframe": ("HOOK_KF",),
    "SetHookKeyframes": ("HOOKS",),
    "CombineHooks2": ("HOOKS",),
    "SetClipHooks": ("CLIP",),
    "PairConditioningSetProperties": ("CONDITIONING", "CONDITIONING"),
    "PairConditioningSetPropertiesAndCombine": ("CONDITIONING", "CONDITIONING"),
    "LoadImage": ("IMAGE", "MASK"),
    "LoadImageMask": ("MASK",),
    "ControlNetLoader": ("CONTROL_NET",),
    "ControlNetApplyAdvanced": ("CONDITIONING", "CONDITIONING"),
    "ModelSamplingDiscrete": ("MODEL",),
    "CLIPSetLastLayer": ("CLIP",),
    "CLIPTextEncode": ("CONDITIONING",),
    "EmptyLatentImage": ("LATENT",),
    "VAELoader": ("VAE",),
    "KSampler": ("LATENT",),
    "KSamplerAdvanced": ("LATENT",),
    "VAEDecode": ("IMAGE",),
    "VAEEncode": ("LATENT",),
    "SetLatentNoiseMask": ("LATENT",),
    "ImageCrop": ("IMAGE",),
    "ImageScale": ("IMAGE",),
    "ImageCompositeMasked": ("IMAGE",),
    "SaveImage": (),
}
SEEDS: Final = {"KSampler": 1, "KSamplerAdvanced": 2}
"""Where the page has a widget more, after the seed: what becomes of it once a picture is drawn."""
COLUMN, ROW, WIDTH = 380, 280, 340


class Output(NamedTuple):
    node: int
    slot: int
    kind: str


@dataclass
class Node:
    number: int
    kind: str
    widgets: dict[str, Any]
    inputs: dict[str, Output]


@dataclass
class Graph:
    """Nodes in the order in which they can run."""

    nodes: list[Node] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    """Of all notes, as they were given."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    """By name, those that nodes open, which belong into ComfyUI's folder input."""

    def add(self, kind: str, widgets: Mapping[str, Any], **inputs: Output) -> tuple[Output, ...]:
        """Appends a node of `kind`; `widgets` are its settings in the order of its page. Returns its outputs."""
        node = Node(len(self.nodes) + 1, kind, dict(widgets), inputs)
        self.nodes.append(node)
        return tuple(Output(node.number, slot, out) for slot, out in enumerate(OUTPUTS[kind]))

    def note(self, *paragraphs: str) -> None:
        self.notes.append("\n\n".join(paragraphs))
        self.paragraphs += paragraphs

    def api(self) -> dict[str, Any]:
        """As /prompt takes it: no places; the notes stand in `_meta` of the last node, which the server does not read."""
        nodes = {
            str(node.number): {
                "class_type": node.kind,
                "inputs": {**node.widgets, **{name: [str(o.node), o.slot] for name, o in node.inputs.items()}},
            }
            for node in self.nodes
        }
        if self.notes:
            nodes[str(self.nodes[-1].number)]["_meta"] = {"title": "Save Image", "notes": self.notes}
        return nodes

    def ui(self) -> dict[str, Any]:
        """As ComfyUI's page saves and opens it."""
        links = [(node, slot, out) for node in self.nodes for slot, out in enumerate(node.inputs.values())]
        numbers = {(node.number, slot): number for number, (node, slot, _) in enumerate(links, 1)}
        places, notes = self._places(), [self._note(i, text) for i, text in enumerate(self.notes)]
        return {
            "last_node_id": len(self.nodes) + len(notes),
            "last_link_id": len(links),
            "nodes": [self._node(node, numbers, places[node.number]) for node in self.nodes] + notes,
            "links": [[i, o.node, o.slot, node.number, slot, o.kind] for i, (node, slot, o) in enumerate(links, 1)],
            "groups": [],
            "config": {},
            "extra": {},
            "version": 0.4,
        }

    def _node(self, node: Node, numbers: Mapping[tuple[int, int], int], place: tuple[int, int]) -> dict[str, Any]:
        outputs = [
            {"name": kind, "type": kind, "links": self._links_from(node.number, slot, numbers), "slot_index": slot}
            for slot, kind in enumerate(OUTPUTS[node.kind])
        ]
        inputs = [
            {"name": name, "type": out.kind, "link": numbers[node.number, slot]}
            for slot, (name, out) in enumerate(node.inputs.items())
        ]
        values = list(node.widgets.values())
        if node.kind in SEEDS:
            values.insert(SEEDS[node.kind], "fixed")
        return {
            "id": node.number,
            "type": node.kind,
            "pos": list(place),
            "size": [WIDTH, ROW - 60],
            "flags": {},
            "order": node.number - 1,
            "mode": 0,
            "inputs": inputs,
            "outputs": outputs,
            "properties": {"Node name for S&R": node.kind},
            "widgets_values": values,
        }

    def _links_from(self, number: int, slot: int, numbers: Mapping[tuple[int, int], int]) -> list[int]:
        ends = [(node, i, out) for node in self.nodes for i, out in enumerate(node.inputs.values())]
        return [numbers[node.number, i] for node, i, out in ends if (out.node, out.slot) == (number, slot)]

    def _note(self, index: int, text: str) -> dict[str, Any]:
        return {
            "id": len(self.nodes) + index + 1,
            "type": "Note",
            # Left of all nodes: the first column is as long as what has to be opened.
            "pos": [-2 * COLUMN, 2 * (ROW + 40) * index],
            "size": [2 * WIDTH, 2 * ROW],
            "flags": {},
            "order": len(self.nodes) + index,
            "mode": 0,
            "inputs": [],
            "outputs": [],
            "properties": {"text": ""},
            "widgets_values": [text],
        }

    def _places(self) -> dict[int, tuple[int, int]]:
        """A column for each step from the loaders on, and in it a row for each node."""
        columns: dict[int, int] = {}
        for node in self.nodes:
            columns[node.number] = max((columns[o.node] + 1 for o in node.inputs.values()), default=0)
        rows: dict[int, int] = {}
        places = {}
        for number, column in columns.items():
            rows[column] = rows.get(column, -1) + 1
            places[number] = column * COLUMN, rows[column] * ROW
        return places
