"""Pose models of random weights with the true names and shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.testing.graphs import Graph


def write_blind_pose(path: Path, size: tuple[int, int] = (96, 128), keypoints: int = 133) -> Path:
    """One that is sure of no point, whatever it is shown."""
    graph = Graph()
    nothing = graph.node("Mul", graph.node("ReduceMean", "input", keepdims=0), graph.scalar(0.0))
    found: list[tuple[str, list[object]]] = []
    for axis, pixels in zip("xy", size, strict=True):
        graph.name(f"simcc_{axis}", graph.node("Expand", nothing, graph.constant([1, keypoints, 2 * pixels])))
        found.append((f"simcc_{axis}", [1, keypoints, 2 * pixels]))
    graph.save(path, ("input", [1, 3, size[1], size[0]]), found)
    return path


def write_pose_model(path: Path, size: tuple[int, int] = (288, 384), keypoints: int = 133) -> Path:
    """As mmdeploy exports DWPose: "input" (batch, 3, height, width) to "simcc_x" (batch, 133, 2 width) and "simcc_y"."""
    width, height = size
    rng = np.random.default_rng(0)
    nodes, weights = [helper.make_node("AveragePool", ["input"], ["cells"], kernel_shape=[96, 96], strides=[96, 96])], []
    nodes.append(helper.make_node("Flatten", ["cells"], ["flat"]))
    inner = 3 * (height // 96) * (width // 96)
    for axis, bins in (("x", 2 * width), ("y", 2 * height)):
        weight = rng.normal(0, 0.05, (inner, keypoints * bins)).astype(np.float32)
        weights += [
            numpy_helper.from_array(weight, f"w{axis}"),
            numpy_helper.from_array(np.array([-1, keypoints, bins]), f"s{axis}"),
        ]
        nodes.append(helper.make_node("MatMul", ["flat", f"w{axis}"], [f"m{axis}"]))
        nodes.append(helper.make_node("Reshape", [f"m{axis}", f"s{axis}"], [f"simcc_{axis}"]))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, height, width])
    found = [
        helper.make_tensor_value_info(f"simcc_{axis}", TensorProto.FLOAT, ["batch", keypoints, bins])
        for axis, bins in (("x", 2 * width), ("y", 2 * height))
    ]
    graph = helper.make_graph(nodes, "pose", [given], found, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path
