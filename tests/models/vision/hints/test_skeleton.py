from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.vision.hints.skeleton import BODY, FACE, HANDS, skeleton
from models.vision.pose import Pose

SIZE = (512, 768)


@dataclass
class KnownPose:
    """A pose model that finds these points, whatever it is shown."""

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    boxes: list[PixelBox] = field(default_factory=list)

    def find(self, image: Image.Image, box: PixelBox) -> Pose:
        self.boxes.append(box)
        return Pose(self.points, self.confidence, 1.0)


def standing() -> KnownPose:
    """Shoulders, elbows, wrists and hips of one who faces us; her left is at the right."""
    points, confidence = np.zeros((133, 2), np.float32), np.zeros(133, np.float32)
    for joint, at in {
        0: (256, 100),
        5: (320, 200),
        6: (192, 200),
        7: (360, 300),
        9: (380, 400),
        11: (300, 400),
        12: (212, 400),
    }.items():
        points[joint], confidence[joint] = at, 0.9
    return KnownPose(points, confidence)


def drawn(model: KnownPose) -> NDArray[np.uint8]:
    return np.asarray(skeleton(Image.new("RGB", SIZE), model, [PixelBox(0, 0, *SIZE)]))  # type: ignore[arg-type]


def test_the_joints_are_openposes() -> None:
    assert len(BODY) == 18
    assert sorted(at for at in BODY if at >= 0) == list(range(17)), "each of COCO's once"
    assert (FACE.stop - FACE.start, [hand.stop - hand.start for hand in HANDS]) == (68, [21, 21])


def test_limbs_have_openposes_colours_and_what_is_not_seen_is_not_drawn() -> None:
    made = drawn(standing())
    assert made.shape == (768, 512, 3)
    assert tuple(made[200, 224]) == (153, 0, 0), "from the neck to her right shoulder: red"
    assert tuple(made[200, 288]) == (153, 50, 0), "and to her left: orange"
    assert tuple(made[200, 192]) == (255, 170, 0), "her right shoulder is a joint"
    assert not made[500:].any(), "knees and feet are not seen"
    nobody = KnownPose(np.zeros((133, 2), np.float32), np.zeros(133, np.float32))
    assert not drawn(nobody).any()


def test_a_pose_is_found_again_nearer() -> None:
    model = standing()
    drawn(model)
    assert model.boxes == [PixelBox(0, 0, *SIZE), PixelBox(192.0, 100.0, 380.0, 400.0)]


def test_hands_and_face_are_drawn_too() -> None:
    model = standing()
    model.points[HANDS[0]] = np.stack([np.linspace(380, 400, 21), np.linspace(400, 460, 21)], axis=1)
    model.confidence[HANDS[0]] = 0.9
    model.points[FACE.start] = (250, 60)
    model.confidence[FACE.start] = 0.9
    made = drawn(model)
    assert made[405:465, 375:405].any()
    assert tuple(made[60, 250]) == (255, 255, 255)
