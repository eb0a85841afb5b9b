"""Opens ONNX files with onnxruntime, guarded: the file is there, it is a model, and its input has the expected shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError, first_line
from models.language.translate import phrase

if TYPE_CHECKING:
    import onnxruntime

Shape = Sequence[int | None]


@dataclass(frozen=True)
class OnnxModel:
    """One session; `input` is the name of its only input."""

    session: onnxruntime.InferenceSession
    input: str

    def run(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output for one input array of the shape that `open_onnx` checked."""
        return self.run_all(array)[0]

    def run_all(self, array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All outputs, in the model's order."""
        found = self.session.run(None, {self.input: np.ascontiguousarray(array, dtype=np.float32)})
        return [np.asarray(output, np.float32) for output in found]


def open_onnx(path: str | Path, *, inputs: Shape, device: str = "cpu") -> OnnxModel:
    """Opens `path`, whose one input must have the shape `inputs`; None there stands for any size, and a free axis fits all.

    Raises InputError if the file is absent, no ONNX model, or takes other input.
    """
    import onnxruntime

    file = Path(path)
    if not file.is_file():
        raise InputError("no such ONNX model", path, "name a .onnx file on this machine")
    try:
        session = onnxruntime.InferenceSession(str(file), sess_options=session_options(), providers=providers_for(device))
    except InputError:
        raise
    except Exception as error:  # onnxruntime has no common base class for what a foreign file sets off
        raise InputError(
            phrase("not an ONNX model that opens ({error})", error=first_line(error)), path, "fetch the file again"
        ) from error
    found = session.get_inputs()
    if len(found) != 1 or not _fits(found[0].shape, inputs):
        shapes = ", ".join(str(i.shape) for i in found)
        raise InputError(
            phrase("the model takes {shapes} where {list} is expected", shapes=shapes, list=list(inputs)),
            path,
            "name a model made for this use",
        )
    return OnnxModel(session, found[0].name)


def session_options() -> Any:
    """Threads that sleep while they wait: models of a few milliseconds must not keep cores busy between calls."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def providers_for(device: str) -> list[str]:
    """onnxruntime's providers for "cpu" or "cuda". Raises InputError if this onnxruntime cannot use the device."""
    import onnxruntime

    if not device.startswith("cuda"):
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise InputError("this onnxruntime cannot use CUDA", device, "install onnxruntime-gpu or use device cpu")
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _fits(shape: Sequence[object], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        w is None or not isinstance(s, int) or s == w for s, w in zip(shape, wanted, strict=True)
    )
