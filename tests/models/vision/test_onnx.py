from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.errors import InputError
from models.vision.onnx import open_onnx, providers_for


def write_doubler(path: Path, shape: tuple[int | str, ...] = ("n", 3, 4, 4)) -> Path:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, list(shape))
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubler", [given], [found])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def test_a_model_runs_on_batches_of_any_size(tmp_path: Path) -> None:
    model = open_onnx(write_doubler(tmp_path / "m.onnx"), inputs=(None, 3, 4, 4))
    for n in (1, 5):
        assert np.array_equal(model.run(np.ones((n, 3, 4, 4), np.float32)), np.full((n, 3, 4, 4), 2, np.float32))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such ONNX model"):
        open_onnx(tmp_path / "none.onnx", inputs=(None, 3, 4, 4))


@pytest.mark.parametrize("content", [b"", b"garbage" * 50])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(content)
    with pytest.raises(InputError, match="not an ONNX model"):
        open_onnx(file, inputs=(None, 3, 4, 4))


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    file = write_doubler(tmp_path / "m.onnx")
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(InputError):
        open_onnx(file, inputs=(None, 3, 4, 4))


def test_a_model_for_other_input_is_refused(tmp_path: Path) -> None:
    file = write_doubler(tmp_path / "m.onnx", ("n", 3, 8, 8))
    with pytest.raises(InputError, match=r"where .* is expected"):
        open_onnx(file, inputs=(None, 3, 4, 4))


def test_a_device_that_is_not_there_is_refused() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can use CUDA")
    with pytest.raises(InputError, match="cannot use CUDA"):
        providers_for("cuda")
