"""Pictures drawn by nobody: settings from a seeded generator, and files that carry texts in every way that tools use."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

WORDS = (
    *(
        "1girl",
        "pink dress",
        "(photorealistic:1.4)",
        "[blurry]",
        "((best quality))",
        "a street at night, rain",
        "look: over shoulder",
    ),
    *("裙子", "красное платье", "café", 'a sign that says "open"', "f/1.8", "8k uhd", "50% off", "masterpiece", "BREAK", "x|y"),
    *("{red}", "score_9", "\\(anime\\)", "steps", "model: cat", "size 8"),
)
NAMES = ("dress", "my face_v2", "shoes-10", "Add.Detail", "裙子", "style XL (v2)", "epi_noiseoffset2", "ÜBER")
MODELS = ("chilloutmix_NiPrunedFp32Fix", "v1-5-pruned-emaonly", "real dream v9", "一号模型")


@dataclass(frozen=True)
class Drawn:
    """What a picture was drawn with. `sampler` is an index of each writer's own table."""

    prompt: str
    negative: str
    steps: int
    sampler: int
    cfg: float
    seed: int
    width: int
    height: int
    model: str
    clip_skip: int
    loras: Mapping[str, float]
    hashes: Mapping[str, str]

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def drawn(random: Random, samplers: int, *, lines: bool = True) -> Drawn:
    """`lines`: prompts may have several."""
    names = random.sample(NAMES, random.randint(1, 3))
    between = (", ", ",\n") if lines else (", ",)
    return Drawn(
        prompt=random.choice(between).join(random.sample(WORDS, random.randint(1, 6))),
        negative=random.choice(between).join(random.sample(WORDS, random.randint(0, 4))),
        steps=random.randint(1, 150),
        sampler=random.randrange(samplers),
        cfg=random.randint(10, 300) / 10,
        seed=random.randrange(2**32),
        width=8 * random.randint(8, 256),
        height=8 * random.randint(8, 256),
        model=random.choice(MODELS),
        clip_skip=random.randint(1, 4),
        loras={name: random.randint(0, 200) / 100 for name in names},
        hashes={name: f"{random.randrange(16**12):012x}" for name in names},
    )


def png(chunks: Mapping[str, str], kind: str = "tEXt", *, behind: bool = False) -> bytes:
    """A PNG with text chunks in UTF-8, packed or not, in front of the pixels or behind them."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 12)).save(stream, format="PNG")
    plain = stream.getvalue()
    at = len(plain) - 12 if behind else plain.index(b"IDAT") - 4
    return plain[:at] + b"".join(_chunk(kind, keyword, text) for keyword, text in chunks.items()) + plain[at:]


def _chunk(kind: str, keyword: str, text: str) -> bytes:
    body = text.encode()
    data = {
        "tEXt": lambda: b"\0" + body,
        "zTXt": lambda: b"\0\0" + zlib.compress(body),
        "iTXt": lambda: b"\0\0\0\0\0" + body,
        "iTXt packed": lambda: b"\0\1\0\0\0" + zlib.compress(body),
    }[kind]()
    data = keyword.encode() + data
    name = kind[:4].encode()
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_comment(comment: bytes, kind: str = "JPEG") -> bytes:
    """A picture with EXIF's UserComment."""
    image = Image.new("RGB", (8, 12))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0x9286] = comment
    stream = io.BytesIO()
    image.save(stream, format=kind, exif=exif)
    return stream.getvalue()


def with_jpeg_comment(text: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 12)).save(stream, format="JPEG", comment=text.encode())
    return stream.getvalue()


def with_xmp(packet: str) -> bytes:
    return png({"XML:com.adobe.xmp": packet}, "iTXt")


COMMENTS: Mapping[str, Callable[[str], bytes]] = {
    "big-endian": lambda text: b"UNICODE\0" + text.encode("utf-16-be"),
    "little-endian": lambda text: b"UNICODE\0" + text.encode("utf-16-le"),
    "marked": lambda text: b"UNICODE\0" + text.encode("utf-16"),
    "UTF-8 as UNICODE": lambda text: b"UNICODE\0" + text.encode(),
    "UTF-8 as ASCII": lambda text: b"ASCII\0\0\0" + text.encode(),
    "undefined": lambda text: bytes(8) + text.encode(),
    "bare": lambda text: text.encode(),
}
"""EXIF comments as writers encode them."""


def carriers(text: str) -> dict[str, bytes]:
    """A file of each kind that carries `text` as A1111 carries infotext."""
    chunks = {"parameters": text}
    return {
        "tEXt": png(chunks),
        "zTXt": png(chunks, "zTXt"),
        "iTXt": png(chunks, "iTXt"),
        "iTXt packed": png(chunks, "iTXt packed"),
        "behind the pixels": png(chunks, behind=True),
        **{f"JPEG {name}": with_comment(encode(text)) for name, encode in COMMENTS.items()},
        "WebP": with_comment(COMMENTS["big-endian"](text), "WEBP"),
        "JPEG comment": with_jpeg_comment(text),
        "text": text.encode(),
        "UTF-16 text": text.encode("utf-16"),
        "UTF-8 text with its mark": text.encode("utf-8-sig"),
    }


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path
