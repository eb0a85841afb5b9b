"""RTMPose-l for 133 keypoints at 288x384 with random weights: the graph behind DWPose's dw-ll_ucoco_384.onnx.

As published: CSPNeXt-l with channel attention (Lyu et al. 2022, RTMDet), a 7x7 convolution to one map a keypoint, a gated
attention unit over the keypoints, and two linear classifiers (Jiang et al. 2023, RTMPose). Normalisation is folded into the
convolutions, as exports have it. The file is as large as theirs: 134 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from models.testing.graphs import Graph

SIZE: Final = (288, 384)
KEYPOINTS: Final = 133
SPLIT: Final = 2
STAGES: Final = ((128, 3), (256, 6), (512, 6), (1024, 3))
"""Width and blocks."""
POOLS: Final = (5, 9, 13)
TOKEN, INNER, KEYS = 256, 512, 128
"""Widths of the gated attention unit: of a keypoint, of its gate, of queries and keys."""


def write_rtmpose_l(path: Path) -> Path:
    """From "input" (batch, 3, 384, 288) to "simcc_x" (batch, 133, 576) and "simcc_y" (batch, 133, 768)."""
    graph = Graph()
    x = silu(graph, graph.conv("input", 3, 32, stride=2))
    x = silu(graph, graph.conv(x, 32, 32))
    x, width = silu(graph, graph.conv(x, 32, 64)), 64
    for wider, blocks in STAGES:
        last = (wider, blocks) == STAGES[-1]
        x = silu(graph, graph.conv(x, width, wider, stride=2))
        x = pooled(graph, x, wider) if last else x
        x, width = stage(graph, x, wider, blocks, residual=not last), wider
    tokens = gated(graph, tokens_of(graph, x, width))
    found: list[tuple[str, list[object]]] = []
    for axis, bins in (("x", SPLIT * SIZE[0]), ("y", SPLIT * SIZE[1])):
        graph.name(f"simcc_{axis}", graph.node("MatMul", tokens, graph.weight(TOKEN, bins)))
        found.append((f"simcc_{axis}", ["batch", KEYPOINTS, bins]))
    graph.save(path, ("input", ["batch", 3, SIZE[1], SIZE[0]]), found)
    return path


def silu(graph: Graph, x: str) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


def pooled(graph: Graph, x: str, width: int) -> str:
    """Spatial pyramid pooling."""
    half = silu(graph, graph.conv(x, width, width // 2, 1))
    pools = [graph.node("MaxPool", half, kernel_shape=[size] * 2, strides=[1, 1], pads=[size // 2] * 4) for size in POOLS]
    return silu(graph, graph.conv(graph.node("Concat", half, *pools, axis=1), 2 * width, width, 1))


def stage(graph: Graph, x: str, width: int, blocks: int, *, residual: bool) -> str:
    """Cross stage partial: half of the channels go through the blocks, half around them; attention weighs both."""
    half = width // 2
    deep, short = silu(graph, graph.conv(x, width, half, 1)), silu(graph, graph.conv(x, width, half, 1))
    for _ in range(blocks):
        wide = silu(graph, graph.conv(deep, half, half))
        wide = silu(graph, graph.conv(wide, half, half, 5, groups=half))
        wide = silu(graph, graph.conv(wide, half, half, 1))
        # Halved, so that layers without normalisation stay within float32.
        deep = graph.node("Mul", graph.node("Add", deep, wide), graph.scalar(0.5)) if residual else wide
    both = graph.node("Concat", deep, short, axis=1)
    weights = graph.node("HardSigmoid", graph.conv(graph.node("GlobalAveragePool", both), width, width, 1))
    return silu(graph, graph.conv(graph.node("Mul", both, weights), width, width, 1))


def tokens_of(graph: Graph, x: str, width: int) -> str:
    """One row of `TOKEN` numbers a keypoint."""
    places = (SIZE[0] // 32) * (SIZE[1] // 32)
    rows = graph.node("Reshape", graph.conv(x, width, KEYPOINTS, 7), graph.constant([-1, KEYPOINTS, places]))
    return graph.node("MatMul", normed(graph, rows, places), graph.weight(places, TOKEN))


def gated(graph: Graph, x: str) -> str:
    """A gated attention unit (Hua et al. 2022) with squared ReLU."""
    wide = silu(graph, graph.node("MatMul", normed(graph, x, TOKEN), graph.weight(TOKEN, 2 * INNER + KEYS)))
    gate, value, base = graph.split(wide, (INNER, INNER, KEYS))
    query, key = (graph.node("Mul", base, graph.weight(KEYS)) for _ in range(2))
    near = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 2, 1]))
    near = graph.node("Relu", graph.node("Mul", near, graph.scalar(KEYS**-0.5)))
    mixed = graph.node("Mul", gate, graph.node("MatMul", graph.node("Mul", near, near), value))
    return graph.node("Add", x, graph.node("MatMul", mixed, graph.weight(INNER, TOKEN)))


def normed(graph: Graph, x: str, width: int) -> str:
    """ScaleNorm (Nguyen and Salazar 2019)."""
    length = graph.node("ReduceL2", x, axes=[-1], keepdims=1)
    return graph.node("Div", x, graph.node("Max", graph.node("Mul", length, graph.scalar(width**-0.5)), graph.scalar(1e-5)))
