"""Every function that opens a file from outside (a door), with a small file that it opens."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save

from models.base.detect import checkpoint_shapes, family_of
from models.base.textual_inversion import open_embedding
from models.errors import InputError
from models.io.images import open_photo
from models.lora.file import open_lora
from models.lora.sites import DENOISER, TEXT, Part
from models.testing.rrdb import rrdb
from models.testing.tiny import tiny_text_encoder, tiny_unet
from models.vision.onnx import open_onnx
from models.vision.upscaler import open_upscaler
from studies.run.lease import only_runner
from studies.spec import read_spec
from studies.starter.template import filled_from
from studies.testing.lab_study import SPEC
from trainers.prepare.caption_files import read_caption


@dataclass(frozen=True)
class Door:
    """`open` reads a file of this name from outside; `valid` opens."""

    name: str
    suffix: str
    valid: bytes
    open: Callable[[Path], Any]


def _picture(kind: str) -> bytes:
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (24, 16, 3), dtype=np.uint8)).save(stream, kind)
    return stream.getvalue()


def _with_settings() -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info, stream = PngInfo(), io.BytesIO()
    info.add_text(
        "parameters",
        "1girl <lora:dress:0.5>\nNegative prompt: bad\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x96",
    )
    Image.new("RGB", (8, 8)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _lora() -> bytes:
    stem = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"
    return save(
        {
            f"{stem}.lora_down.weight": torch.ones(2, 16),
            f"{stem}.lora_up.weight": torch.ones(16, 2),
            f"{stem}.alpha": torch.tensor(2.0),
        }
    )


def _pickled(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def _onnx() -> bytes:
    import onnx
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4, 4])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 4, 4])
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubler", [given], [found])
    model: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    assert onnx is not None
    return model


def _database() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table huanhua_leases (study text primary key, token text, holder text, beats integer)")
        data: bytes = database.serialize()
    database.close()
    return data


@cache
def _modules() -> dict[Part, Any]:
    return {DENOISER: tiny_unet(), TEXT: tiny_text_encoder()}


def _checkpoint(path: Path) -> None:
    family_of(path, checkpoint_shapes(path, True))


def _leased(path: Path) -> None:
    with only_runner(f"sqlite:///{path}", "outfit", lambda line: None):
        pass


def _spec_bytes() -> bytes:
    loras = {name: dict(lora) for name, lora in SPEC["loras"].items()}
    return yaml.safe_dump({**SPEC, "loras": loras}).encode()


def doors() -> list[Door]:
    vectors = torch.ones(2, 12)
    base = save({"model.diffusion_model.input_blocks.0.0.weight": torch.ones(4, 4, 3, 3)})
    return [
        Door("photo", ".png", _picture("PNG"), open_photo),
        Door("photo", ".jpg", _picture("JPEG"), open_photo),
        Door("photo", ".webp", _picture("WEBP"), open_photo),
        Door("photo", ".bmp", _picture("BMP"), open_photo),
        Door("photo", ".gif", _picture("GIF"), open_photo),
        Door("photo", ".tiff", _picture("TIFF"), open_photo),
        Door("photo", ".avif", _picture("AVIF"), open_photo),
        Door("caption", ".caption", b"testdress, pink dress", read_caption),
        Door("checkpoint", ".safetensors", base, _checkpoint),
        Door("checkpoint", ".ckpt", _pickled({"state_dict": {"a": torch.ones(2)}}), _checkpoint),
        Door("LoRA", ".safetensors", _lora(), lambda path: open_lora(path, _modules())),
        Door("embedding", ".safetensors", save({"emb_params": vectors}), open_embedding),
        Door("embedding", ".pt", _pickled({"string_to_param": {"*": vectors}}), open_embedding),
        Door("upscaler", ".pth", _pickled(rrdb(width=16, growth=32)), open_upscaler),
        Door("ONNX", ".onnx", _onnx(), lambda path: open_onnx(path, inputs=(None, 3, 4, 4))),
        Door("YAML", ".yaml", _spec_bytes(), read_spec),
        Door("picture with settings", ".png", _with_settings(), filled_from),
        Door("database", ".db", _database(), _leased),
    ]


def tried(door: Door, path: Path) -> str | None:
    """None if the file opens, the door's one line if it is refused. Any other exception is a fault."""
    try:
        door.open(path)
    except InputError as error:
        line = str(error)
        assert "\n" not in line
        return line
    return None
