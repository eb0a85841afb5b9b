"""Several people in a study: what study.yaml says of them, where each of them is, and that her LoRAs act there alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from models.errors import InputError
from optimizer.point import Job, Point
from studies.local_models import LocalModels
from studies.regions.at_point import regions_at
from studies.run.compatibility import fingerprint
from studies.run.ladders import ladder_point, plain_point
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on

SIZE = 128, 96
SEED = 7
FIGURES = {"face": "anna", "dress": "anna", "shoes": "bea"}
NONE: Mapping[str, object] = {}

LABELS = {0: "background", 1: "face", 2: "dress", 3: "shoes", 4: "hands", 5: "legs"}


class TwoPeople:
    """Sees two people, the second one somewhat to the left of the middle of her half; one alone where told so."""

    labels = LABELS

    def __init__(self) -> None:
        self.people: tuple[int, ...] = (20, 74)
        self.asked = 0

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        self.asked += len(images)
        found = np.zeros((SIZE[1], SIZE[0]), np.uint8)
        for left in self.people:
            found[4:24, left + 4 : left + 20], found[24:60, left : left + 24] = 1, 2
            found[60:80, left + 4 : left + 20], found[80:92, left + 2 : left + 22] = 5, 3
        return [found for _ in images]


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> TwoPeople:
    found = TwoPeople()
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: found))
    return found


def painted(job: Job) -> Image.Image:
    return Image.fromarray(np.random.default_rng(job.seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8))


def written(
    folder: Path, figures: object = ("anna", "bea"), of: Mapping[str, str] = FIGURES, regions: Mapping[str, object] = NONE
) -> Path:
    """The fake study as one of several people."""
    if not (folder / "study.yaml").exists():
        fake_study(folder, size=SIZE)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["figures"] = list(figures) if isinstance(figures, tuple) else figures
    for name, figure in of.items():
        content["loras"][name]["figure"] = figure
    for key, value in regions.items():
        content["loras"][key]["region"] = value
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return folder


def two(folder: Path, **regions: object) -> Study:
    return opened_on(written(folder, regions=regions), FakeWorld(SIZE, painted))


def drawn(study: Study) -> list[Job]:
    world = study.backend.renderer  # type: ignore[attr-defined]
    found: list[Job] = world.drawn
    return found


def test_each_lora_acts_in_its_figures_place(tmp_path: Path, parser: TwoPeople) -> None:
    study = two(tmp_path)
    study.everywhere.evaluate(SEED, study.start)
    plain, start = drawn(study)
    assert (plain.point, plain.regions) == (plain_point(study), None)
    assert start.regions is not None
    face, dress, shoes = (start.regions.masks[name] for name in ("face", "dress", "shoes"))
    assert (face == dress).all()
    assert (face ^ shoes).all()
    assert face[:, :44].all()
    assert shoes[:, 74:].all()
    assert study.rows == 2


def test_places_are_known_to_another_process_without_a_parser(tmp_path: Path, parser: TwoPeople) -> None:
    first = two(tmp_path)
    stored, asked = first.evaluator.evaluate(SEED, first.start).image, parser.asked
    again = opened_on(tmp_path, FakeWorld(SIZE, painted))
    assert again.evaluator.evaluate(SEED, again.start).image == stored
    assert (parser.asked, drawn(again)) == (asked, [])


def test_nothing_is_drawn_to_look_something_up(tmp_path: Path, parser: TwoPeople) -> None:
    study = two(tmp_path, face="auto")
    for evaluator in (study.evaluator, study.everywhere):
        assert evaluator.find_image(Job(SEED, study.start), alone=True) is None
    assert (drawn(study), parser.asked) == ([], 0)


def test_a_region_is_hers_alone(tmp_path: Path, parser: TwoPeople) -> None:
    study = two(tmp_path, face="auto", shoes={"box": [0.0, 0.8, 1.0, 1.0]})
    assert study.regions is not None
    masks = study.regions.of(SEED).masks
    study.everywhere.evaluate(SEED, study.start)
    places = drawn(study)[-1].regions
    assert places is not None
    assert masks["face"].any()
    assert not masks["face"][:, 64:].any()
    assert (masks["dress"] == places.masks["dress"]).all()
    assert (masks["shoes"] <= places.masks["shoes"]).all()
    assert not masks["shoes"][:70].any()


def test_a_region_outside_of_its_figures_place_is_refused(tmp_path: Path, parser: TwoPeople) -> None:
    study = two(tmp_path, shoes={"box": [0.0, 0.0, 0.2, 1.0]})
    assert study.regions is not None
    with pytest.raises(InputError, match="shoes would act in no pixel of bea's place at seed 7"):
        study.regions.of(SEED)


def test_where_one_is_missing_the_picture_is_parted_evenly(tmp_path: Path, parser: TwoPeople) -> None:
    parser.people = (20,)
    study = two(tmp_path)
    assert study.figure_places is not None
    masks = study.figure_places.of(SEED).masks
    assert masks["face"][:, :64].all()
    assert masks["shoes"][:, 64:].all()


def test_figures_are_part_of_what_trials_are_made_under(tmp_path: Path, parser: TwoPeople) -> None:
    before = fingerprint(two(tmp_path))
    written(tmp_path, of={"dress": "bea"})
    after = fingerprint(opened_on(tmp_path, FakeWorld(SIZE, painted)))
    assert {name for name in before if before[name] != after[name]} == {"dress"}


def test_whose_a_box_is_is_part_of_it_too(tmp_path: Path, parser: TwoPeople) -> None:
    box = {"box": [0.0, 0.0, 1.0, 1.0]}
    before = fingerprint(two(tmp_path, dress=box))
    written(tmp_path, of={"dress": "bea"})
    after = fingerprint(opened_on(tmp_path, FakeWorld(SIZE, painted)))
    assert {name for name in before if before[name] != after[name]} == {"dress"}


def test_words_are_read_in_a_figures_place(tmp_path: Path, parser: TwoPeople) -> None:
    before = fingerprint(two(tmp_path))
    folder = written(tmp_path, {"anna": "pink dress", "bea": ""})
    study = opened_on(folder, FakeWorld(SIZE, painted))
    study.evaluator.evaluate(SEED, study.start)
    regions = drawn(study)[-1].regions
    assert regions is not None
    assert {name: words.text for name, words in regions.words.items()} == {"anna": "pink dress"}
    assert (regions.words["anna"].place == regions.masks["face"]).all()
    assert set(fingerprint(study)) - set(before) == {"words of anna"}


def test_a_trigger_is_read_where_its_lora_is_on(tmp_path: Path, parser: TwoPeople) -> None:
    # As in the prompt of one: 0 is an image of all words but the LoRAs' own, in each figure's place.
    study = opened_on(written(tmp_path, {"anna": "pink dress, testdress, myface", "bea": "myshoes"}), FakeWorld(SIZE, painted))
    said = {}
    for name, point in (("plain", plain_point(study)), ("dress", ladder_point(study, "dress", 1.0)), ("start", study.start)):
        study.everywhere.evaluate(SEED, point)
        regions = drawn(study)[-1].regions
        assert regions is not None
        said[name] = {figure: words.text for figure, words in regions.words.items()}
    assert said == {
        "plain": {"anna": "pink dress"},
        "dress": {"anna": "pink dress, testdress"},
        "start": {"anna": "pink dress, testdress, myface", "bea": "myshoes"},
    }
    layout, *_ = drawn(study)
    assert (layout.point, layout.regions) == (plain_point(study), None)


def test_an_image_without_their_loras_is_shared_with_a_study_of_one(tmp_path: Path, parser: TwoPeople) -> None:
    study = two(tmp_path)
    point = Point({}, 5.0)
    assert study.evaluator.place(Job(SEED, point)) == study.everywhere.place(Job(SEED, point))
    assert parser.asked == 0


@pytest.mark.parametrize(
    ("figures", "of", "said"),
    [
        (("anna", "bea"), {"face": "cleo"}, "loras.face.figure is cleo, which figures does not name"),
        (("anna",), FIGURES | {"shoes": "anna"}, "figures names two people or more"),
        (("anna", "anna"), FIGURES | {"shoes": "anna"}, "figures names two people or more"),
        (("anna", "bea"), {"face": "anna", "dress": "bea"}, "loras.shoes is searched and nobody's"),
        ([], {"face": "anna"}, "which figures does not name (none)"),
        ((), {}, ""),
    ],
)
def test_what_figures_may_not_be(tmp_path: Path, figures: object, of: dict[str, str], said: str) -> None:
    folder = written(tmp_path, figures, of)
    if not said:
        assert read_spec(folder / "study.yaml").figures == []
        return
    with pytest.raises(InputError) as refused:
        read_spec(folder / "study.yaml")
    assert said in str(refused.value)


def test_figures_need_a_parser(tmp_path: Path) -> None:
    folder = written(tmp_path)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["scorers"] |= {"parts": {"model": None}, "hands": {"pose": "pose.onnx"}}
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="figures needs a part parser, which tells people apart"):
        read_spec(folder / "study.yaml")


@pytest.mark.parametrize("weights", [{"face": 0.6, "dress": 0.4, "shoes": 0.5}, {"face": 0.6, "shoes": 0.0}, {"shoes": 0.0}])
def test_regions_at_a_point_are_those_in_which_it_is_drawn(
    tmp_path: Path, parser: TwoPeople, weights: Mapping[str, float]
) -> None:
    study = opened_on(written(tmp_path, {"anna": "pink dress", "bea": "blue dress, myshoes"}), FakeWorld(SIZE, painted))
    point = Point(weights, 5.0)
    study.evaluator.evaluate(SEED, point)
    assert drawn(study)[-1].regions == regions_at(study, SEED, point)
