"""Opens insightface packs: a face detector (SCRFD, or YuNet) and a recogniser (ArcFace) in one folder of ONNX files."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.boxes import PixelBox
from models.errors import InputError, first_line
from models.language.translate import phrase
from models.vision.onnx import providers_for, session_options
from models.vision.yunet import YunetFaces, open_yunet, yunet_in

if TYPE_CHECKING:
    from PIL import Image

ROOT = Path("~/.insightface")
NARROWEST = 100
"""Sides of a picture that differ by more hold no face, and leave the detector a picture without a height."""


@dataclass(frozen=True)
class Face:
    """`box` encloses it, `score` in [0, 1], `keypoints` (5, 2) pixels: left eye, right eye, nose,
    left and right mouth corner as they lie in the image; `embedding` is a unit vector."""

    box: PixelBox
    score: float
    keypoints: NDArray[np.float32]
    embedding: NDArray[np.float32]


@dataclass(frozen=True)
class FaceModel:
    """insightface's FaceAnalysis with detection and recognition, or YuNet in its place."""

    analysis: Any

    def find(self, images: Sequence[Image.Image]) -> list[list[Face]]:
        """For each RGB image its faces, the surest first; an empty list where there is none."""
        return [self._one(np.ascontiguousarray(np.asarray(image)[:, :, ::-1])) for image in images]

    def boxes(self, image: Image.Image) -> list[tuple[PixelBox, float]]:
        """Where an RGB image shows faces, and how sure that is; nobody is recognised, which takes longer."""
        if _is_narrow(image.size):
            return []
        bgr = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
        one = self.analysis if isinstance(self.analysis, YunetFaces) else self.analysis.det_model
        found = one.detect(bgr)
        rows = found[0] if isinstance(found, tuple) else found
        return [(PixelBox(*(float(v) for v in row[:4])), float(row[4])) for row in rows]

    def _one(self, bgr: NDArray[np.uint8]) -> list[Face]:
        if _is_narrow(bgr.shape[:2]):
            return []
        # For good: of threads that score at the same time, one would put back what another one has changed.
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"insightface\.")
        found = self.analysis.get(bgr)
        faces = [
            Face(
                PixelBox(float(f.bbox[0]), float(f.bbox[1]), float(f.bbox[2]), float(f.bbox[3])),
                float(f.det_score),
                np.asarray(f.kps, np.float32),
                np.asarray(f.normed_embedding, np.float32),
            )
            for f in found
        ]
        return sorted(faces, key=lambda face: -face.score)


def _is_narrow(sides: tuple[int, ...]) -> bool:
    return min(sides) < 2 or max(sides) > NARROWEST * min(sides)


def open_faces(pack: str | Path, det_size: int = 640, device: str = "cpu") -> FaceModel:
    """Opens a pack by its folder, or by its name under ~/.insightface/models. Nothing is fetched.

    `det_size` is the side in pixels of the square that detection sees; a detector of fixed input size keeps its own.
    A folder that holds a YuNet (`*yunet*.onnx`) finds faces with that one, whatever other detector lies there.
    Raises InputError if the folder is absent or lacks a detector or a recogniser.
    """
    folder = _folder(pack)
    yunet = yunet_in(folder)
    with _silence():
        if yunet is not None:
            return FaceModel(open_yunet(yunet, folder, det_size, device))
        from insightface.app import FaceAnalysis

        try:
            analysis = FaceAnalysis(
                name=str(folder),
                allowed_modules=["detection", "recognition"],
                providers=providers_for(device),
                sess_options=session_options(),
            )
        except AssertionError as error:
            raise InputError("the face pack has no detector", folder, "unpack the whole pack, det_*.onnx included") from error
        except Exception as error:  # onnxruntime and protobuf raise their own for a foreign file
            raise InputError(
                phrase("the face pack does not open ({error})", error=first_line(error)), folder, "fetch the pack again"
            ) from error
        if "recognition" not in analysis.models:
            raise InputError("the face pack has no recogniser", folder, "unpack the whole pack, w600k_*.onnx included")
        analysis.prepare(ctx_id=0 if device.startswith("cuda") else -1, det_size=(det_size, det_size))
    return FaceModel(analysis)


def _folder(pack: str | Path) -> Path:
    path, default = Path(pack).expanduser(), (ROOT / "models" / str(pack)).expanduser()
    folder = path if path.is_dir() else default
    if not folder.is_dir():
        mend = phrase(
            "unpack {name}.zip of insightface's releases there, or set pack to the folder you have it in", name=Path(pack).name
        )
        raise InputError("no such face pack", folder, mend)
    if not any(folder.glob("*.onnx")):
        raise InputError("the face pack holds no .onnx file", folder, "unpack the pack's zip into this very folder")
    return folder


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """insightface prints what it opens, and warns of what its dependencies will drop. For the thread that opens models alone."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
