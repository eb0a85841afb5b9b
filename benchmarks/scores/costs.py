"""What an observation costs: milliseconds and memory of each model for one 512x768 image on a processor, and of drawing it.

    python -m benchmarks.scores.costs [--rounds 5]

Models of the sizes that people use, with random weights in their true files: SegFormer-B2 as part parser, ViT-L-14 and
DINOv2-base for garments, the detector and the recogniser of insightface's buffalo_l, DWPose's RTMPose-l for hands; and the lab's
own, all of them together.
Each is opened in a process of its own, whose memory is what it takes above one that has only imported torch. Drawing is SD1.5's
UNet, 20 steps with guidance, from one step's time. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

ROOT: Final = Path(__file__).resolve().parents[2]
SIZE: Final = (512, 768)
STEPS: Final = 20
MEGABYTE: Final = 1024
"""ru_maxrss counts kilobytes on Linux."""
Observe = Callable[[Image.Image], object]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--one", choices=(*SCORERS, DRAWING), default=None, help=argparse.SUPPRESS)
    options.add_argument("--models", type=Path, default=None, help=argparse.SUPPRESS)
    options.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.write:
        write(asked.models)
        return 0
    if asked.one is not None:
        print(json.dumps(measured(asked.one, asked.models, asked.rounds)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        in_a_process("--write", "--models", folder)
        found = {
            name: json.loads(in_a_process("--one", name, "--models", folder, "--rounds", str(asked.rounds)))
            for name in (*SCORERS, DRAWING)
        }
    drawing = found[DRAWING]["ms"] * STEPS
    print(f"{'':<44} {'ms':>8} {'MB':>7} {'of drawing':>11}")
    for name, costs in found.items():
        ms = drawing if name == DRAWING else costs["ms"]
        print(f"{name:<44} {ms:8.0f} {costs['mb']:7.0f} {ms / drawing:11.2%}")
    print(json.dumps({"costs": {name: {k: round(v, 1) for k, v in costs.items()} for name, costs in found.items()}}))
    return 0


def in_a_process(*asked: str) -> str:
    """The last line that this script prints when it is asked so."""
    done = subprocess.run([sys.executable, __file__, *asked], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(asked[:2])}: {done.stderr.strip().splitlines()[-1]}")
    return (done.stdout.splitlines() or [""])[-1]


def write(models: Path) -> None:
    sys.path.insert(0, str(ROOT))
    from models.testing.rtmpose import write_rtmpose_l
    from scorers.testing.face_pack import write_face_pack
    from scorers.testing.full_size import write_dinov2_base, write_segformer_b2, write_vit_l_14

    write_segformer_b2(models / "segformer")
    write_vit_l_14(models / "vit-l-14.safetensors")
    write_dinov2_base(models / "dinov2")
    write_face_pack(models / "buffalo_l")
    write_rtmpose_l(models / "pose.onnx")


def measured(name: str, models: Path, rounds: int) -> dict[str, float]:
    import torch

    torch.zeros(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    observe = unet_step() if name == DRAWING else SCORERS[name](models)
    image = figure()
    observe(image)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        observe(image)
        took.append(time.perf_counter() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms": statistics.median(took) * 1000, "mb": (most - before) / MEGABYTE}


def figure() -> Image.Image:
    from studies.paperdoll.world.draw import draw
    from studies.paperdoll.world.everyday import random_figure

    return draw(random_figure(np.random.default_rng(1)), size=SIZE, seed=1).image


def parser(models: Path) -> Observe:
    from models.vision.part_parser import open_parser

    opened = open_parser(models / "segformer")
    return lambda image: opened.parse([image])


def clip(models: Path) -> Observe:
    """A garment and shoes are two crops an image."""
    from models.vision.clip import open_clip_model

    opened = open_clip_model("ViT-L-14", str(models / "vit-l-14.safetensors"))
    return lambda image: opened.embed_images([image, image])


def dino(models: Path) -> Observe:
    from models.vision.dino import open_dino

    opened = open_dino(models / "dinov2")
    return lambda image: opened.embed_images([image, image])


def faces(models: Path) -> Observe:
    """Detected in the enlarged head, and one face embedded."""
    from models.vision.faces import open_faces

    opened = open_faces(models / "buffalo_l")
    recogniser = opened.analysis.models["recognition"]

    def observe(image: Image.Image) -> object:
        head = image.crop((128, 0, 384, 256))
        return opened.find([head]), recogniser.get_feat(np.asarray(head.resize((112, 112)))[:, :, ::-1])

    return observe


def pose(models: Path) -> Observe:
    """One person an image: both hands, arms, feet and the face at once."""
    from models.boxes import PixelBox
    from models.vision.pose import open_pose

    opened = open_pose(models / "pose.onnx")
    return lambda image: opened.find(image, PixelBox(128, 32, 384, 736))


def lab(_: Path) -> Observe:
    from studies.observers.opening import open_observer
    from studies.paperdoll.bundle import WEIGHTS, scorers

    opened = open_observer(scorers(), WEIGHTS)
    return lambda image: opened.observe([image])


def unet_step() -> Observe:
    import torch
    from diffusers import UNet2DConditionModel

    from models.base.family import CONFIGS

    config = UNet2DConditionModel.load_config(CONFIGS / "sd15" / "unet")
    unet = UNet2DConditionModel.from_config(config).requires_grad_(False).eval()
    latents, context = torch.randn(2, 4, SIZE[1] // 8, SIZE[0] // 8), torch.randn(2, 77, 768)

    def observe(_: Image.Image) -> object:
        with torch.no_grad():
            return unet(latents, 500, context)

    return observe


DRAWING: Final = "drawing: SD1.5's UNet, 20 steps"
SCORERS: Final[dict[str, Callable[[Path], Observe]]] = {
    "parts: SegFormer-B2": parser,
    "garments: ViT-L-14, two crops": clip,
    "garments: DINOv2-base, two crops": dino,
    "faces: buffalo_l's detector and recogniser": faces,
    "hands: RTMPose-l, 133 keypoints": pose,
    "the lab's four models together": lab,
}


if __name__ == "__main__":
    sys.exit(main())
