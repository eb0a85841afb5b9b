"""A face pack of random weights with the file names, inputs and outputs of buffalo_l's detector and recogniser."""

from __future__ import annotations

from pathlib import Path

from models.testing.graphs import Graph

STRIDES = (8, 16, 32)
ANCHORS = 2
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))
"""Width and blocks of ArcFace's IResNet-50."""


def write_face_pack(folder: Path) -> Path:
    """`det_10g.onnx` (SCRFD of 10 GFLOPs with five keypoints: nine outputs, two anchors a place) and `w600k_r50.onnx` (ArcFace on
    IResNet-50)."""
    folder.mkdir(parents=True)
    write_detector(folder / "det_10g.onnx")
    write_recogniser(folder / "w600k_r50.onnx")
    return folder


def write_detector(path: Path) -> None:
    graph, x, width = Graph(), "input.1", 3
    heads: dict[str, list[str]] = {"score": [], "bbox": [], "kps": []}
    for stride in (2, 4, *STRIDES):
        wider = {2: 28, 4: 56, 8: 88, 16: 88, 32: 224}[stride]
        x, width = graph.node("Relu", graph.conv(x, width, wider, stride=2)), wider
        if stride in STRIDES:
            for name, values in (("score", 1), ("bbox", 4), ("kps", 10)):
                row = graph.node("Transpose", graph.conv(x, width, ANCHORS * values), perm=[2, 3, 0, 1])
                flat = graph.node("Reshape", row, graph.constant([-1, values]))
                heads[name].append(few_are_sure(graph, flat) if name == "score" else flat)
    found: list[tuple[str, list[object]]] = []
    for name, values in (("score", 1), ("bbox", 4), ("kps", 10)):
        found += [(output, ["places", values]) for output in heads[name]]
    graph.save(path, ("input.1", [1, 3, "?", "?"]), found)


def few_are_sure(graph: Graph, x: str) -> str:
    """Scores above a half only near the largest: random heads would else find thousands of faces."""
    share = graph.node("Div", x, graph.node("ReduceMax", x, keepdims=1))
    return graph.node("Sigmoid", graph.node("Sub", graph.node("Mul", share, graph.scalar(20.0)), graph.scalar(19.6)))


def write_recogniser(path: Path) -> None:
    graph, width = Graph(), 64
    x = graph.node("Relu", graph.conv("input.1", 3, width))
    for wider, blocks in STAGES:
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            short = graph.conv(x, width, wider, 1, stride) if block == 0 else x
            deep = graph.node("Relu", graph.conv(x, width, wider))
            deep = graph.conv(deep, wider, wider, 3, stride)
            # Halved, so that fifty layers without normalisation stay within float32.
            x, width = graph.node("Mul", graph.node("Add", short, deep), graph.scalar(0.5)), wider
    flat = graph.node("Flatten", x)
    found = graph.node("MatMul", flat, graph.weight(width * 7 * 7, 512))
    graph.save(path, ("input.1", ["None", 3, 112, 112]), [(found, [1, 512])])
