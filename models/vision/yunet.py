"""YuNet, a face detector with five keypoints (Wu et al. 2023), in the place of an insightface pack's own.

The format is that of OpenCV's model zoo: BGR (1, 3, height, width) from 0 to 255, sides multiples of 32; for each stride of 8, 16
and 32 one row a cell of `cls`, `obj` (1), `bbox` (4) and `kps` (10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError, first_line
from models.language.translate import phrase
from models.vision.onnx import OnnxModel, open_onnx, providers_for, session_options

STRIDES: Final = (8, 16, 32)
SURE: Final = 0.8
"""Score from which a face counts: people in photographs have 0.9 and more, a cat had 0.75."""
OVERLAP: Final = 0.3
"""Of two boxes that share more of their union than this, the surer one counts."""
LARGEST: Final = 320
"""The detector sees faces of 10 to 300 pixels: the picture is shown a second time at this size, where larger ones fit."""
Rows = NDArray[np.float32]
"""(N, 15): box (left, top, right, bottom), score, and five points, in pixels of the picture."""


@dataclass(frozen=True)
class YunetFaces:
    """Finds faces with YuNet and recognises them with insightface's ArcFace, as insightface's FaceAnalysis does."""

    model: OnnxModel
    recogniser: Any
    side: int
    """Pixels of the longer side at which the picture is shown first."""

    def get(self, bgr: NDArray[np.uint8]) -> list[Any]:
        """insightface's Face objects with box, score, keypoints and embedding."""
        from insightface.app.common import Face

        found = []
        for row in self.detect(bgr):
            face = Face(bbox=row[:4], kps=row[5:].reshape(5, 2), det_score=row[4])
            self.recogniser.get(bgr, face)
            found.append(face)
        return found

    def detect(self, bgr: NDArray[np.uint8]) -> Rows:
        """The faces of a BGR picture (height, width, 3), the surest first."""
        sides = dict.fromkeys((self.side, min(self.side, LARGEST)))
        return _unique(np.concatenate([self._at(bgr, side) for side in sides]))

    def _at(self, bgr: NDArray[np.uint8], side: int) -> Rows:
        import cv2

        height, width = bgr.shape[:2]
        scale = side / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        shown = self._canvas(side)
        shown[: size[1], : size[0]] = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        names = [output.name for output in self.model.session.get_outputs()]
        given = np.ascontiguousarray(shown.transpose(2, 0, 1)[None], np.float32)
        outputs = dict(zip(names, self.model.run_all(given), strict=True))
        rows = np.concatenate(list(_decoded(outputs, shown.shape[1])))
        rows[:, [0, 1, 2, 3, *range(5, 15)]] /= scale
        return rows

    def _canvas(self, side: int) -> NDArray[np.uint8]:
        """As large as the model asks, or a multiple of 32."""
        fixed = self.model.session.get_inputs()[0].shape[2]
        held = fixed if isinstance(fixed, int) else -(-side // 32) * 32
        return np.zeros((held, held, 3), np.uint8)


def yunet_in(folder: Path) -> Path | None:
    """The detector of a face pack that is used in the place of its own; None if it holds no YuNet."""
    return next(iter(sorted(folder.glob("*yunet*.onnx"))), None)


def open_yunet(file: Path, folder: Path, det_size: int, device: str) -> YunetFaces:
    """The detector in `file`, and the recogniser that lies in `folder`. Raises InputError if either does not open."""
    model = open_onnx(file, inputs=(None, 3, None, None), device=device)
    wanted = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES}
    if {output.name for output in model.session.get_outputs()} != wanted:
        raise InputError("not a YuNet detector with keypoints", file, "fetch it again: huanhua models get yunet")
    fixed = model.session.get_inputs()[0].shape[2]
    side = min(det_size, fixed) if isinstance(fixed, int) else det_size
    return YunetFaces(model, _recogniser(folder, file, device), side)


def _recogniser(folder: Path, detector: Path, device: str) -> Any:
    from insightface.model_zoo import get_model

    for path in sorted(folder.glob("*.onnx")):
        if path == detector:
            continue
        try:
            found = get_model(str(path), providers=providers_for(device), sess_options=session_options())
        except Exception as error:  # onnxruntime and protobuf raise their own for a foreign file
            raise InputError(
                phrase("the face pack does not open ({error})", error=first_line(error)), path, "fetch it again"
            ) from error
        if getattr(found, "taskname", "") == "recognition":
            return found
    raise InputError("the face pack has no recogniser", folder, "put glintr100.onnx there: huanhua models get auraface")


def _decoded(outputs: dict[str, NDArray[np.float32]], side: int) -> Iterator[Rows]:
    for stride in STRIDES:
        score = np.sqrt(np.clip(outputs[f"cls_{stride}"], 0, 1) * np.clip(outputs[f"obj_{stride}"], 0, 1)).reshape(-1)
        kept = np.flatnonzero(score >= SURE)
        cells = side // stride
        place = np.stack([kept % cells, kept // cells], 1).astype(np.float32)
        box = outputs[f"bbox_{stride}"].reshape(-1, 4)[kept]
        centre, half = (place + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride / 2
        points = (outputs[f"kps_{stride}"].reshape(-1, 5, 2)[kept] + place[:, None]) * stride
        yield np.concatenate([centre - half, centre + half, score[kept, None], points.reshape(-1, 10)], 1)


def _unique(rows: Rows) -> Rows:
    """Without the less sure of two that overlap."""
    kept: list[NDArray[np.float32]] = []
    for row in rows[np.argsort(-rows[:, 4], kind="stable")]:
        if all(_shared(row, other) <= OVERLAP for other in kept):
            kept.append(row)
    return np.array(kept, np.float32).reshape(-1, 15)


def _shared(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    wide, high = np.minimum(a[2:4], b[2:4]) - np.maximum(a[:2], b[:2])
    both = max(float(wide), 0.0) * max(float(high), 0.0)
    areas = sum(float((row[2] - row[0]) * (row[3] - row[1])) for row in (a, b))
    return both / (areas - both) if areas > both else 0.0
