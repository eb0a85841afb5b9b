"""Small taggers in the WD14 family's file form, for tests."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

TABLE = "tag_id,name,category,count\n1,general,9,5\n2,blue_part,0,5\n3,red_part,0,5\n4,^_^,0,5\n5,some_one,4,5\n"


def write_tagger(folder: Path, side: int = 8, table: str = TABLE) -> Path:
    """A tagger whose outputs are the means of blue, green, red, blue, red over 255."""
    folder.mkdir(parents=True, exist_ok=True)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", side, side, 3])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])
    constants = [
        helper.make_tensor("most", TensorProto.FLOAT, [], [255.0]),
        helper.make_tensor("which", TensorProto.INT64, [5], [0, 0, 2, 1, 2]),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Div", ["means", "most"], ["shares"]),
        helper.make_node("Gather", ["shares", "which"], ["y"], axis=1),
    ]
    graph = helper.make_graph(nodes, "tagger", [given], [found], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(folder / "model.onnx"))
    (folder / "selected_tags.csv").write_text(table, encoding="utf-8")
    return folder
