"""Bad files for every door: cut short, flipped, lying about their size, of another kind, and made to do harm."""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studies.testing.hostile.entry_points import Door


def bad_files(door: Door, others: list[Door], canary: Path, *, each: int = 12) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the bytes. Harmful ones touch `canary` if they are ever run."""
    rng = random.Random(f"{door.name}{door.suffix}")
    valid = door.valid
    yield "empty", b""
    for part in range(1, each):
        yield f"cut at {part}/{each}", valid[: len(valid) * part // each]
    for index in range(each):
        yield f"noise {index}", rng.randbytes(1 << (index + 2))
        yield f"head kept, noise behind {index}", valid[: 4 + 4 * index] + rng.randbytes(64)
        flipped = bytearray(valid)
        for _ in range(1 + index):
            flipped[rng.randrange(min(len(flipped), 200))] ^= 1 << rng.randrange(8)
        yield f"flipped {index}", bytes(flipped)
    for other in others:
        if other.suffix != door.suffix:
            yield f"a {other.name} called {door.suffix}", other.valid
    yield from _harmful(canary)
    if door.suffix == ".safetensors":
        yield from _lying_headers()
    if door.suffix == ".png":
        yield from _bombs()
    if door.suffix == ".yaml":
        yield from _yaml(valid.decode(), canary)
    if door.suffix == ".onnx":
        yield "weights outside of its folder", _reaching_out()


class _Run:
    def __init__(self, function: Any, *given: Any) -> None:
        self.made = function, given

    def __reduce__(self) -> Any:
        return self.made


def _harmful(canary: Path) -> Iterator[tuple[str, bytes]]:
    import os

    for name, thing in {
        "a command": _Run(os.system, f"touch {canary}"),
        "code": _Run(eval, f"open({str(canary)!r}, 'w')"),
        "code in a state": {"state_dict": {"a": _Run(exec, f"open({str(canary)!r}, 'w')")}},
        "code in a vector": {"string_to_param": {"*": _Run(eval, f"open({str(canary)!r}, 'w')")}},
    }.items():
        for protocol in (0, 2, 4):
            yield f"pickle with {name} {protocol}", pickle.dumps(thing, protocol)
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps(thing, protocol))
                archive.writestr("archive/version", "3")
            yield f"torch archive with {name} {protocol}", stream.getvalue()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../escaped", b"x")
    yield "archive with a way out", stream.getvalue()
    yield "a script", f"#!/bin/sh\ntouch {canary}\n".encode()


def _lying_headers() -> Iterator[tuple[str, bytes]]:
    def made(header: bytes, length: int | None = None, body: bytes = b"") -> bytes:
        return struct.pack("<Q", len(header) if length is None else length) + header + body

    for length in (0, 1, 2**20, 2**31, 2**40, 2**63, 2**64 - 1):
        yield f"header of {length} bytes", made(b'{"a":{}}', length)
    tensor = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    entries: dict[str, Any] = {
        "more than is there": {**tensor, "data_offsets": [0, 2**40]},
        "backwards": {**tensor, "data_offsets": [16, 0]},
        "negative": {**tensor, "data_offsets": [-16, 0]},
        "a huge shape": {**tensor, "shape": [2**40, 2**40]},
        "a negative shape": {**tensor, "shape": [-2, -2]},
        "a shape of text": {**tensor, "shape": "2x2"},
        "no such type": {**tensor, "dtype": "X99"},
        "no offsets": {"dtype": "F32", "shape": [2, 2]},
        "a list": [],
        "nothing": None,
    }
    for name, entry in entries.items():
        yield f"tensor with {name}", made(json.dumps({"lora_unet_x.lora_down.weight": entry}).encode(), body=bytes(16))
    yield "metadata of numbers", made(json.dumps({"__metadata__": {"a": 1}}).encode())
    yield "deep header", made(b'{"a":' * 5000 + b"1" + b"}" * 5000)
    yield "header of a list", made(b"[]")
    yield "header not UTF-8", made(b"\xff\xfe{}")
    names = {f"../../../{'x' * n}/lora_up.weight": {**tensor} for n in range(3)}
    yield "names with a way out", made(json.dumps(names).encode(), body=bytes(16))


def _bombs() -> Iterator[tuple[str, bytes]]:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    signature = b"\x89PNG\r\n\x1a\n"
    for side in (20_000, 65_535, 2**31 - 1):
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        yield f"{side} x {side} pixels", signature + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    small = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    text = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(200_000_000)))
    yield (
        "a text that unpacks to 200 MB",
        signature + small + text + chunk(b"IDAT", zlib.compress(bytes(52))) + chunk(b"IEND", b""),
    )


def _yaml(valid: str, canary: Path) -> Iterator[tuple[str, bytes]]:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    texts = {
        "code": f"!!python/object/apply:os.system ['touch {canary}']",
        "a module": "!!python/module:os",
        "many laughs": valid + laughs,
        "deep lists": "a: " + "[" * 5000,
        "deep maps": "{a: " * 3000,
        "itself": "&a [*a]",
        "a loop of maps": valid + "embeddings: &e [*e]\n",
        "a list": "- a",
        "a number": "7",
        "no text": "\x00",
        "no number": valid.replace("steps: 20", "steps: .nan"),
        "infinity": valid.replace("cfg: 5.0", "cfg: .inf"),
        "a huge number": valid.replace("steps: 20", f"steps: {'9' * 4000}"),
        "a huge size": valid.replace("width: 64", "width: 64000000"),
        "a name with a way out": valid.replace("name: outfit", "name: ../../outfit"),
        "an absolute name": valid.replace("name: outfit", "name: /etc/outfit"),
        "a name with a line": valid.replace("name: outfit", 'name: "a\\nb"'),
        "a LoRA's name with a way out": valid.replace("dress:", "../../dress:"),
        "a LoRA's name with markup": valid.replace("dress:", '"<img src=x>":'),
        "a LoRA's name with a colon": valid.replace("dress:", '"a:1>":'),
        "a LoRA's name with nothing": valid.replace("dress:", '"":'),
        "a key twice": valid + "name: [",
        "a date": valid.replace("name: outfit", "name: 2020-01-01"),
        "a map for a prompt": valid.replace("prompt: 1girl, testdress", "prompt: {a: b}"),
        "keys that are lists": "[a, b]: c",
    }
    for name, text in texts.items():
        if text != valid:
            yield name, text.encode()


def _reaching_out() -> bytes:
    from onnx import TensorProto, helper

    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4, 4])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 4, 4])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [given], [found], [tensor])
    data: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    return data
