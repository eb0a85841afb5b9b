"""Which scorers a study opens, and what stored observations depend on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from models.io.hashing import hash_path
from models.testing.poses import write_pose_model
from models.vision.clip import ClipModel
from models.vision.dino import DinoModel
from scorers.observe.embedders import Averaged
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.window_observer import WindowObserver
from studies.observers import opening
from studies.observers.opening import observer_id, open_garment_embedder, open_observer, scorer_models
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.scorer_spec import GarmentScorer, HandScorer, ScorersSection
from tests.models.vision.test_dino import write_dino

CLIP = f"local-dir:{WEIGHTS / 'clip'}"


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dino(tmp_path_factory.mktemp("dino"), hidden_size=16, num_hidden_layers=1, num_attention_heads=2)


def test_garments_are_embedded_by_clip_by_dino_or_by_both(dino: Path) -> None:
    clip = open_garment_embedder(GarmentScorer(model=CLIP, pretrained=None), WEIGHTS, "cpu")
    alone = open_garment_embedder(GarmentScorer(model=None, dino=dino.name), dino.parent, "cpu")
    both = open_garment_embedder(GarmentScorer(model=CLIP, pretrained=None, dino=str(dino)), WEIGHTS, "cpu")
    assert (type(clip), type(alone), type(both)) == (ClipModel, DinoModel, Averaged)
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30, 3), dtype=np.uint8))
    assert both.embed_images([photo]).shape[1] == clip.embed_images([photo]).shape[1] + 16


def test_a_pose_model_takes_the_place_of_the_hand_judge(tmp_path: Path) -> None:
    pose = write_pose_model(tmp_path / "dwpose.onnx")
    observer = open_observer(scorers().model_copy(update={"hands": HandScorer(pose=pose.name)}), tmp_path)
    assert isinstance(observer, ParserObserver)
    assert observer.hand_judge is None
    assert observer.pose is not None


def id_of(section: ScorersSection, root: Path = WEIGHTS) -> str:
    return observer_id(scorer_models(section, root, hash_path))


def test_observations_of_other_models_or_of_another_format_are_not_taken_for_ones_own(
    dino: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = scorers()
    pose = write_pose_model(tmp_path / "pose.onnx", size=(96, 96))
    found = {
        "lab": id_of(section),
        "dino": id_of(section.model_copy(update={"garment": GarmentScorer(model=CLIP, pretrained=None, dino=str(dino))})),
        "alone": id_of(section.model_copy(update={"garment": GarmentScorer(model=None, pretrained=None, dino=str(dino))})),
        "pose": id_of(section.model_copy(update={"hands": HandScorer(pose=str(pose))})),
        "judge": id_of(section.model_copy(update={"hands": HandScorer(judge=str(pose))})),
    }
    assert id_of(section, tmp_path) == found["lab"], "where the study lies does not matter"
    monkeypatch.setattr(opening, "FORMAT", 1)
    found["before"] = id_of(section)
    assert len(set(found.values())) == len(found)


def test_what_decides_observations_is_named_by_scorer(dino: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "versions_of", lambda names: {name: f"{name} 1.2" for name in names})
    pose = write_pose_model(tmp_path / "pose.onnx", size=(96, 96))
    garment = GarmentScorer(model="ViT-L-14", pretrained="openai", dino=str(dino))
    changed = {"garment": garment, "hands": HandScorer(pose=pose.name), "extra": {"parts": 0.5}}
    found = scorer_models(scorers().model_copy(update=changed), tmp_path, lambda path: f"{path.name:x<12}")
    assert list(found) == ["parts", "garment", "face", "hands", "extra parts"]
    assert found["garment"][1] == f"ViT-L-14 openai and {dino.name} ({f'{dino.name:x<12}'[:12]}) by parts 1"
    assert found["hands"] == ("pose pose.onnxxxx", "pose.onnx (pose.onnxxxx)")
    assert found["extra parts"] == ("parts 1.2", "parts 1.2")


def test_an_installed_scorer_of_another_release_gives_other_observations(monkeypatch: pytest.MonkeyPatch) -> None:
    section = scorers().model_copy(update={"extra": {"pretty": 0.5}})
    found = set()
    for release in ("1.0", "1.1"):
        monkeypatch.setattr(opening, "versions_of", lambda names, release=release: dict.fromkeys(names, release))
        found.add(id_of(section))
    assert len(found) == 2


def test_without_a_parser_a_window_observer_is_opened_whose_observations_are_its_own(tmp_path: Path) -> None:
    pose = write_pose_model(tmp_path / "pose.onnx")
    section = scorers().model_dump() | {"hands": {"pose": str(pose)}, "parts": {"model": None}}
    windowed = ScorersSection.model_validate(section)
    assert isinstance(open_observer(windowed, tmp_path), WindowObserver)
    parsed = ScorersSection.model_validate(section | {"parts": scorers().parts.model_dump()})
    assert id_of(windowed, tmp_path) != id_of(parsed, tmp_path)
    assert scorer_models(windowed, tmp_path, hash_path)["parts"] == ("windows", "none")


def test_a_hand_judge_without_a_parser_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"hands.judge needs the part parser"):
        ScorersSection.model_validate(scorers().model_dump() | {"parts": {"model": None}})


def test_comparing_by_parts_makes_observations_of_its_own_and_is_named() -> None:
    plain, parts = (scorer_models(scorers(simple=simple), WEIGHTS, hash_path) for simple in (True, False))
    assert parts["garment"][1] == f"{plain['garment'][1]} by parts 1"
    assert parts["face"][1] == f"{plain['face'][1]} head 1"
    assert parts["hands"][1] == f"{plain['hands'][1]} 12 views"
    assert len({id_of(scorers(simple=simple)) for simple in (True, False)}) == 2
    observer = open_observer(scorers(), WEIGHTS)
    assert isinstance(observer, ParserObserver)
    assert observer.garment_parts
    assert observer.whole_heads


@pytest.mark.parametrize(("scorer", "compare"), [("garment", "parts"), ("face", "head")])
def test_parts_without_a_parser_are_refused(scorer: str, compare: str) -> None:
    section = scorers().model_dump() | {"hands": {"pose": "pose.onnx"}, "parts": {"model": None}}
    section[scorer] |= {"compare": compare}
    with pytest.raises(ValidationError, match=f"{scorer}.compare: {compare} needs the part parser"):
        ScorersSection.model_validate(section)


def test_the_views_of_a_hand_are_part_of_what_observations_depend_on() -> None:
    section = scorers(simple=True)
    many = section.model_copy(update={"hands": section.hands.model_copy(update={"views": None})})
    assert id_of(many) != id_of(section)
    observer = open_observer(many, WEIGHTS)
    assert isinstance(observer, ParserObserver)
    assert observer.hand_judge is not None
    assert observer.hand_judge.many_views
    assert scorer_models(many, WEIGHTS, hash_path)["hands"][1].endswith(" 12 views")


def test_views_of_hands_need_the_judge() -> None:
    with pytest.raises(ValidationError, match=r"hands.views is the hand judge's"):
        HandScorer(pose="dwpose.onnx", views=12)


def test_garments_are_not_compared_by_parts_that_poses_tell() -> None:
    section = {"hands": {"pose": "pose.onnx"}, "parts": {"model": "pose"}}
    found = ScorersSection.model_validate(section)
    assert (found.compares_parts, found.compares_heads) == (False, True)
    with pytest.raises(ValidationError, match=r"garment.compare: parts needs a part parser.*poses lose hems: leave it out"):
        ScorersSection.model_validate({**section, "garment": {"compare": "parts"}})
