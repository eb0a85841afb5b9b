"""Real backends at full size, with random weights in their true file formats, opened as a study file names them and run once on a
photograph. What they see means nothing; that shapes, sizes and label names fit is what a first run needs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.boxes import PixelBox
from models.io.images import open_photo
from models.testing.rtmpose import KEYPOINTS, write_rtmpose_l
from scorers.observe.parser_observer import ParserObserver
from scorers.testing.face_pack import write_face_pack
from scorers.testing.full_size import CLOTHES, write_dinov2_base, write_segformer_b2, write_vit_l_14
from studies.observers.opening import open_observer
from studies.scorer_spec import ScorersSection

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    import skimage

    return open_photo(Path(skimage.__file__).parent / "data" / "astronaut.png")


@pytest.fixture(scope="module")
def observer(tmp_path_factory: pytest.TempPathFactory) -> ParserObserver:
    """Opened from the section of a study file, by relative names."""
    folder = tmp_path_factory.mktemp("models")
    write_vit_l_14(folder / "vit-l-14.safetensors")
    write_dinov2_base(folder / "dinov2-base")
    write_segformer_b2(folder / "segformer_b2_clothes")
    write_rtmpose_l(folder / "dw-ll_ucoco_384.onnx")
    write_face_pack(folder / "buffalo_l")
    section = ScorersSection.model_validate(
        {
            "garment": {"model": "ViT-L-14", "pretrained": str(folder / "vit-l-14.safetensors"), "dino": "dinov2-base"},
            "face": {"pack": "buffalo_l"},
            "hands": {"pose": "dw-ll_ucoco_384.onnx"},
            "parts": {"model": "segformer_b2_clothes"},
            "device": "cpu",
        }
    )
    found = open_observer(section, folder)
    assert isinstance(found, ParserObserver)
    return found


def test_the_parser_names_every_pixel(observer: ParserObserver, photograph: Image.Image) -> None:
    assert observer.parser.labels == CLOTHES
    (found,) = observer.parser.parse([photograph])
    assert found.shape == (photograph.height, photograph.width)
    assert found.max() < len(CLOTHES)


def test_clip_and_dino_are_averaged_into_one_unit_vector(observer: ParserObserver, photograph: Image.Image) -> None:
    found = observer.garments.embed_images([photograph, photograph.resize((512, 768))])
    assert found.shape == (2, 768 + 768)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-3)


def test_faces_are_looked_for_and_each_has_a_vector(observer: ParserObserver, photograph: Image.Image) -> None:
    assert observer.faces is not None
    for face in observer.faces.find([photograph])[0]:
        assert face.embedding.shape == (512,)
        assert face.keypoints.shape == (5, 2)


def test_the_detector_and_the_recogniser_have_buffalos_shapes(observer: ParserObserver, photograph: Image.Image) -> None:
    assert observer.faces is not None
    models = observer.faces.analysis.models
    assert models["detection"].input_size == (640, 640)
    assert models["detection"].use_kps
    assert models["detection"].fmc == 3
    assert models["recognition"].input_size == (112, 112)
    vector = models["recognition"].get_feat(np.asarray(photograph.resize((112, 112)))[:, :, ::-1])
    assert vector.shape == (1, 512)


def test_the_pose_has_every_keypoint_and_a_file_of_the_true_size(
    observer: ParserObserver, photograph: Image.Image, tmp_path: Path
) -> None:
    assert observer.pose is not None
    assert observer.pose.size == (288, 384)
    found = observer.pose.find(photograph, PixelBox(0, 0, *photograph.size))
    assert found.points.shape == (KEYPOINTS, 2)
    assert np.isfinite(found.points).all()
    size = write_rtmpose_l(tmp_path / "pose.onnx").stat().st_size
    assert size == pytest.approx(134e6, rel=0.01)


def test_one_look_gives_a_whole_observation(observer: ParserObserver, photograph: Image.Image) -> None:
    (found,) = observer.observe([photograph])
    assert found.size == photograph.size
    assert not found.failed
    assert json.loads(json.dumps(found.to_json())) == found.to_json()
