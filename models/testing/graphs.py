"""Builds ONNX files of random weights, layer by layer."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Graph:
    """Nodes and weights as they are gathered."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self.rng = np.random.default_rng(0)

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        scale = math.sqrt(2 / max(1, math.prod(shape[1:])))
        self.weights.append(numpy_helper.from_array(self.rng.normal(0, scale, shape).astype(np.float32), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str, inner: int, outer: int, size: int = 3, stride: int = 1, groups: int = 1) -> str:
        weight = self.weight(outer, inner // groups, size, size)
        return self.node("Conv", x, weight, kernel_shape=[size] * 2, strides=[stride] * 2, pads=[size // 2] * 4, group=groups)

    def constant(self, values: list[int]) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def array(self, values: NDArray[np.float32]) -> str:
        name = f"a{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def scalar(self, value: float) -> str:
        name = f"s{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def split(self, x: str, widths: tuple[int, ...]) -> list[str]:
        """Along the last axis."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(len(widths))]
        self.nodes.append(helper.make_node("Split", [x, self.constant(list(widths))], names, axis=-1))
        return names

    def name(self, name: str, x: str) -> None:
        """Gives an output its name."""
        self.nodes.append(helper.make_node("Identity", [x], [name]))

    def save(self, path: Path, given: tuple[str, list[object]], found: list[tuple[str, list[object]]]) -> None:
        ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in some] for some in ([given], found)]
        graph = helper.make_graph(self.nodes, path.stem, *ends, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, str(path))
