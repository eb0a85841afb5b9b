"""The lab's face pack, in insightface's own form: an SCRFD detector and an ArcFace recogniser as two ONNX files.

A paper doll's eyes sit low and its mouth close under them. So that ArcFace's alignment frames the whole head, the nose and the
mouth corners that the detector learns are placed below the eyes in ArcFace's own proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from studies.paperdoll.make.training.corruption import corrupted
from studies.paperdoll.make.training.export import export_onnx
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.make.training.pool import Pool, drawn_pool
from studies.paperdoll.world import palette
from studies.paperdoll.world.figure import HAIR_STYLES, SHAPES, Identity, Mark

COUNT = 3000
DETECTOR_STEPS = 900
DETECTOR_BATCH = 24
RECOGNISER_STEPS = 900
RECOGNISER_BATCH = 48
SIDE = 128
ALIGNED = 112
STRIDES = (8, 16, 32)
ANCHORS = 2
LARGEST = (34.0, 70.0, float("inf"))
"""A face whose longer side is at most so many pixels belongs to the stride of the same place."""
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""ArcFace's landmarks in its 112 x 112 input (Deng et al. 2019)."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Truth:
    """A face's box (left, top, right, bottom) and five landmarks (5, 2) in pixels."""

    box: NDArray[np.float32]
    landmarks: Points


def truth_of(keypoints: dict[str, tuple[float, float]], size: tuple[int, int]) -> Truth | None:
    """The drawn face, or None if the picture does not hold at least three quarters of it. `size` is (width, height)."""
    left, right, head = (np.array(keypoints[k], np.float32) for k in ("left_eye", "right_eye", "head"))
    unit = float(np.linalg.norm(right - left)) / 18
    half = np.array([22 * unit, 23 * unit])
    box = np.concatenate([head - half, head + half]).astype(np.float32)
    inside = np.clip(box, 0, (*size, *size))
    if (inside[2] - inside[0]) * (inside[3] - inside[1]) < 0.75 * 44 * 46 * unit**2:
        return None
    middle = (left + right) / 2
    below = np.array([[0, 10], [-7.5, 21], [7.5, 21]], np.float32) * unit
    return Truth(box, np.stack([left, right, *(middle + below)]).astype(np.float32))


class Detector(nn.Module):
    """(1, 3, 128, 128), (RGB - 127.5) / 128, to SCRFD's nine outputs: scores, box distances, landmark offsets at three strides,
    each (cells x anchors, 1 | 4 | 10), distances and offsets in strides (Guo et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, 2), _conv(16, 24, 2), _conv(24, 32, 2), _conv(32, 32, 1))
        self.down = nn.ModuleList(
            [nn.Sequential(_conv(32, 48, 2), _conv(48, 48, 1)), nn.Sequential(_conv(48, 64, 2), _conv(64, 64, 1))]
        )
        widths = (32, 48, 64)
        self.heads = nn.ModuleList([nn.Conv2d(w, ANCHORS * 15, 3, padding=1) for w in widths])
        for head in self.heads:
            assert isinstance(head, nn.Conv2d)
            assert head.bias is not None
            nn.init.constant_(head.bias, 0.0)
        self.flat = False

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        levels = [self.stem(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        rows = [head(level).permute(0, 2, 3, 1).reshape(len(x), -1, 15) for head, level in zip(self.heads, levels, strict=True)]
        if not self.flat:
            return tuple(rows)
        split = [[r[0, :, :1].sigmoid() for r in rows], [r[0, :, 1:5] for r in rows], [r[0, :, 5:] for r in rows]]
        return tuple(part for kind in split for part in kind)


class Recogniser(nn.Module):
    """(N, 3, 112, 112), (RGB - 127.5) / 127.5, to (N, d)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(3, 16, 2), _conv(16, 32, 2), _conv(32, 48, 2), _conv(48, 64, 2), _conv(64, 64, 1))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(64 * 49, 96), nn.ReLU(), nn.Linear(96, width))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.body(x))
        return found


def _conv(a: int, b: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())


def code_of(identity: Identity) -> NDArray[np.float32]:
    """The unit vector that an identity's embedding should be: what two faces share, weighted, is their cosine. So a face that has
    only some of a person's marks lies between, as far as it has them. Hair and what is in it count for less than the face: the
    same face with other hair is nearer than another face with the same hair."""
    colours = (*palette.HAIR, *palette.RARE_HAIR)
    marks = ((identity.glasses, 0.6), (identity.blush, 0.6), (identity.mole, 0.6), (identity.freckles, 0.6))
    parts = [
        0.6 * _one_of(colours.index(identity.hair), len(colours)),
        0.35 * _one_of(HAIR_STYLES.index(identity.style), len(HAIR_STYLES)),
        0.7 * _one_of(tuple(palette.EYES).index(identity.eyes), len(palette.EYES)),
        0.6 * _one_of(tuple(palette.SKIN).index(identity.skin), len(palette.SKIN)),
        np.array([weight if there else 0.0 for there, weight in marks]),
        0.3 * _pin_code(identity.pin),
    ]
    code = np.concatenate(parts)
    return np.asarray(code / np.linalg.norm(code), np.float32)


def _pin_code(pin: Mark | None) -> NDArray[np.float64]:
    """Half of a pin is its shape and half its colour."""
    shapes, colours = np.zeros(len(SHAPES)), np.zeros(len(palette.CLOTH))
    if pin is not None:
        shapes[SHAPES.index(pin.shape)] = colours[tuple(palette.CLOTH).index(pin.colour)] = 0.5**0.5
    return np.concatenate([shapes, colours])


def _one_of(index: int, count: int) -> NDArray[np.float64]:
    """Unit vectors whose mutual cosine is below 0, so that strangers share nothing."""
    found = np.full(count, -1.0 / count)
    found[index] += 1
    return np.asarray(found / np.linalg.norm(found))


def framed(image: NDArray[np.uint8], truth: Truth | None, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Truth | None]:
    """The picture as the detector gets it: the whole or a crop around the head, in the left top corner of the square."""
    height, width = image.shape[:2]
    left, top, right, bottom = 0.0, 0.0, float(width), float(height)
    if truth is not None and rng.random() < 0.75:
        side = float(truth.box[2] - truth.box[0])
        grow = rng.uniform(0.2, 1.1, 4) * side
        left, top = max(0.0, truth.box[0] - grow[0]), max(0.0, truth.box[1] - grow[1])
        right, bottom = min(float(width), truth.box[2] + grow[2]), min(float(height), truth.box[3] + grow[3])
    scale = SIDE / max(right - left, bottom - top)
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    square = cv2.warpAffine(image, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    square[round((bottom - top) * scale) :], square[:, round((right - left) * scale) :] = 0, 0
    if truth is None:
        return np.asarray(square, np.uint8), None
    corner = np.array([left, top], np.float32)
    return np.asarray(square, np.uint8), Truth((truth.box - np.tile(corner, 2)) * scale, (truth.landmarks - corner) * scale)


def wanted(truths: list[Truth | None], stride: int, level: int) -> tuple[Tensor, Tensor]:
    """Targets (N, cells x anchors, 15) and weights (N, cells x anchors): 1 for a face, 0 for none, -1 for not asked."""
    cells = SIDE // stride
    ys, xs = np.divmod(np.arange(cells * cells), cells)
    centres = np.repeat(np.stack([xs, ys], 1) * stride, ANCHORS, axis=0).astype(np.float32)
    targets, states = np.zeros((len(truths), len(centres), 15), np.float32), np.zeros((len(truths), len(centres)), np.float32)
    for i, truth in enumerate(truths):
        if truth is None:
            continue
        side = float((truth.box[2:] - truth.box[:2]).max())
        mine = side <= LARGEST[level] and (level == 0 or side > LARGEST[level - 1])
        apart = np.linalg.norm(centres - (truth.box[:2] + truth.box[2:]) / 2, axis=1)
        states[i, apart < 0.4 * side] = -1
        if mine:
            states[i, apart <= max(0.22 * side, float(apart.min()) + 1e-3)] = 1
        box = np.concatenate([centres - truth.box[:2], truth.box[2:] - centres], 1)
        points = (truth.landmarks[None] - centres[:, None]).reshape(len(centres), 10)
        targets[i, :, 1:5], targets[i, :, 5:] = box / stride, points / stride
    return torch.from_numpy(targets), torch.from_numpy(states)


def detector_loss(rows: tuple[Tensor, ...], truths: list[Truth | None]) -> Tensor:
    total = torch.zeros(())
    for level, (stride, row) in enumerate(zip(STRIDES, rows, strict=True)):
        targets, states = wanted(truths, stride, level)
        faces, asked = states == 1, states >= 0
        score = F.binary_cross_entropy_with_logits(row[..., 0], states.clamp(min=0), reduction="none")
        focus = (row[..., 0].detach().sigmoid() - states.clamp(min=0)).abs() ** 2
        total = total + (score * focus)[asked].sum() / max(1, int(faces.sum())) / 2
        if faces.any():
            total = total + F.smooth_l1_loss(row[faces][:, 1:], targets[faces][:, 1:], beta=0.3)
    return total


def make(out: Path, work: Path) -> None:
    """Writes `out`/det_128.onnx and `out`/rec_112.onnx."""
    torch.manual_seed(47)
    pool = drawn_pool(COUNT, 0, work)
    make_detector(pool, out, work)
    make_recogniser(pool, out, work)


def make_detector(pool: Pool, out: Path, work: Path, steps: int = DETECTOR_STEPS) -> None:
    size = (pool.images.shape[2], pool.images.shape[1])
    truths = [truth_of(k, size) for k in pool.keypoints]
    detector = Detector()

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((48, step))
        rows = rng.integers(len(truths), size=DETECTOR_BATCH)
        found = [framed(pool.images[i], truths[i], rng) for i in rows]
        x = corrupted(torch.from_numpy(np.stack([f[0] for f in found])).permute(0, 3, 1, 2).float() / 255, rng)
        return detector_loss(detector((x * 255 - 127.5) / 128), [f[1] for f in found])

    trained = train(detector, loss, steps=steps, rate=3e-3, state=work / "det.pt", ema=0.99)
    assert isinstance(trained, Detector)
    trained.flat = True
    names = [f"{kind}_{stride}" for kind in ("score", "bbox", "kps") for stride in STRIDES]
    export_onnx(trained, torch.zeros(1, 3, SIDE, SIDE), out / "det_128.onnx", names, any_batch=False)


def aligned(image: NDArray[np.uint8], landmarks: Points) -> NDArray[np.uint8]:
    """The 112 x 112 picture that ArcFace sees: the similarity transform that fits the landmarks to the template best."""
    move = similarity_transform(landmarks, TEMPLATE)
    return np.asarray(cv2.warpAffine(image, move, (ALIGNED, ALIGNED), borderValue=0.0), np.uint8)


def similarity_transform(source: Points, target: Points) -> NDArray[np.float64]:
    """(2, 3): scale, turn and shift from `source` to `target` points by least squares (Umeyama 1991)."""
    a, b = source.astype(np.float64), target.astype(np.float64)
    a0, b0 = a - a.mean(0), b - b.mean(0)
    u, sizes, vt = np.linalg.svd(b0.T @ a0)
    flip = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = u @ flip @ vt
    scale = (sizes * np.diag(flip)).sum() / (a0**2).sum()
    return np.column_stack([scale * turn, b.mean(0) - scale * turn @ a.mean(0)])


def aligned_faces(pool: Pool, rng: np.random.Generator, times: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Aligned faces (N, 112, 112, 3) with landmarks as far off as a detector's, and their codes (N, d)."""
    size = (pool.images.shape[2], pool.images.shape[1])
    faces, codes = [], []
    for figure, image, keypoints in zip(pool.figures, pool.images, pool.keypoints, strict=True):
        truth = truth_of(keypoints, size)
        if truth is None:
            continue
        side = float(truth.box[2] - truth.box[0])
        for _ in range(times):
            off = rng.normal(0, 0.02 * side, (1, 2)) + rng.normal(0, 0.015 * side, (5, 2))
            faces.append(aligned(image, (truth.landmarks + off).astype(np.float32)))
            codes.append(code_of(figure.identity))
    return np.stack(faces), np.stack(codes)


def make_recogniser(pool: Pool, out: Path, work: Path, steps: int = RECOGNISER_STEPS) -> None:
    faces, codes = aligned_faces(pool, np.random.default_rng(49), times=2)
    recogniser = Recogniser(codes.shape[1])

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((50, step))
        rows = rng.integers(len(codes), size=RECOGNISER_BATCH)
        x = corrupted(torch.from_numpy(faces[rows]).permute(0, 3, 1, 2).float() / 255, rng, colour=0.4)
        code = torch.from_numpy(codes[rows])
        if rng.random() < 0.4:
            share = torch.from_numpy(rng.beta(1.0, 1.0, (len(rows), 1)).astype(np.float32))
            other = torch.from_numpy(rng.permutation(len(rows)))
            x = torch.lerp(x, x[other], share[:, :, None, None])
            code = torch.lerp(code, code[other], share)
        found = recogniser((x * 255 - 127.5) / 127.5)
        value: Tensor = (1 - F.cosine_similarity(found, code)).mean() + 0.02 * (found.norm(dim=1) - 1).pow(2).mean()
        return value

    trained = train(recogniser, loss, steps=steps, rate=2e-3, state=work / "rec.pt", ema=0.995)
    export_onnx(trained, torch.zeros(2, 3, ALIGNED, ALIGNED), out / "rec_112.onnx", ["embedding"])
