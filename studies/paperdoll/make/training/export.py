"""Writes a trained network as one ONNX file."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


def export_onnx(model: nn.Module, example: Tensor, path: Path, outputs: list[str], *, any_batch: bool = True) -> None:
    """`example` gives the input's shape; with `any_batch` its first axis is free. Weights lie in the file itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free = {0: torch.export.Dim("batch", min=1, max=4096)} if any_batch else None
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval(),
            (example,),
            dynamo=True,
            input_names=["input"],
            output_names=outputs,
            dynamic_shapes=(free,) if free else None,
            external_data=False,
            verbose=False,
        )
        assert program is not None
        program.save(str(path), external_data=False)
    strip(path)


def strip(path: Path) -> None:
    """Takes out what the exporter notes of each node, such as the lines of code it came from: it differs by machine."""
    import onnx

    model = onnx.load(str(path))
    for holder in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    onnx.save(model, str(path))
