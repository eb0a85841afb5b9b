"""The observer with the lab's models: what is drawn is what is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from models.errors import InputError
from models.lora_kinds import ScoredKind
from models.testing.poses import write_pose_model
from models.vision.clip import open_clip_model
from models.vision.faces import open_faces
from models.vision.part_parser import PartParser, open_parser
from models.vision.pose import open_pose
from scorers.observe.limbs.hand_judge import open_hand_judge
from scorers.observe.limbs.pose_hands import limbs_of_image
from scorers.observe.observation import Observation
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.parts import Mask, groups_of, person_labels
from scorers.observe.references import References
from scorers.score.garment import garment_similarity
from scorers.score.hands import hands_score
from scorers.score.identity import identity_similarity
from scorers.score.missing_hands import hands_lost
from scorers.score.parts.shown import shown_parts
from scorers.testing.pictures import odd_pictures
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import ARMS, HIDDEN, Figure
from studies.paperdoll.world.products import FEATURES, Product, wear

WEIGHTS = Path(__file__).parents[3] / "studies/paperdoll/weights"
LABELLED = WEIGHTS.parents[2] / "benchmarks/scores/labelled/images"
PRODUCTS: dict[ScoredKind, Product] = {"clothing": "testdress", "shoes": "myshoes", "face": "myface"}


@pytest.fixture(scope="module")
def observer() -> ParserObserver:
    return ParserObserver(
        open_parser(WEIGHTS / "parser"),
        open_clip_model(str(WEIGHTS / "clip")),
        open_faces(WEIGHTS / "faces"),
        open_hand_judge(WEIGHTS / "hands" / "hands.onnx"),
    )


@pytest.fixture(scope="module")
def references(observer: ParserObserver) -> dict[ScoredKind, References]:
    photos = figures(6, 1)
    return {kind: observer.references_of([draw(wear(f, p)).image for f in photos], kind) for kind, p in PRODUCTS.items()}


def figures(count: int, seed: int) -> list[Figure]:
    return [random_figure(np.random.default_rng((seed, i))) for i in range(count)]


def see(observer: ParserObserver, drawn: list[Figure]) -> list[Observation]:
    return observer.observe([draw(f).image for f in drawn])


def raw(observation: Observation, references: dict[ScoredKind, References], kind: ScoredKind) -> float:
    if kind == "face":
        return identity_similarity(observation.face, references[kind])
    return garment_similarity(observation.regions.get(kind), references[kind])


@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_product_scores_above_whatever_else_is_worn(
    observer: ParserObserver, references: dict[ScoredKind, References], kind: ScoredKind
) -> None:
    worn = see(observer, [wear(f, PRODUCTS[kind]) for f in figures(6, 2)])
    other = see(observer, figures(6, 3))
    assert min(raw(o, references, kind) for o in worn) > max(raw(o, references, kind) for o in other)


def test_a_dress_scores_less_the_more_features_it_lacks(
    observer: ParserObserver, references: dict[ScoredKind, References]
) -> None:
    names = FEATURES["testdress"]
    steps = []
    for count in (0, 2, 5):
        seen = see(observer, [wear(f, "testdress", without=frozenset(names[:count])) for f in figures(4, 4)])
        steps.append(float(np.mean([raw(o, references, "clothing") for o in seen])))
    assert steps[0] > steps[1] > steps[2]


def test_a_figure_is_seen_whole(observer: ParserObserver) -> None:
    shown = [replace(f, pose=replace(f.pose, arms="arms spread", sitting=False)) for f in figures(6, 5)]
    for observation in see(observer, shown):
        assert observation.heads == 1
        assert observation.feet == 2
        assert len(observation.hands) == 2
        assert set(observation.regions) == {"clothing", "shoes"}
        assert observation.face is not None
        assert observation.size == (128, 192)
        assert 0.7 < observation.height <= 1


def test_hidden_hands_are_not_broken_ones(observer: ParserObserver) -> None:
    hidden = [replace(f, pose=replace(f.pose, arms="arms behind back")) for f in figures(6, 9)]
    for observation in see(observer, hidden):
        assert hands_score(observation) < 0.5


def test_arms_that_are_gone_are_missed_and_those_out_of_sight_are_not(observer: ParserObserver) -> None:
    drawn = [replace(f, garment=replace(f.garment, sleeves="none")) for f in figures(8, 10)]
    posed = {arms: [replace(f, pose=replace(f.pose, arms=arms)) for f in drawn] for arms in ARMS}
    plain = see(observer, posed["arms spread"])
    lost = {arms: lost_by(see(observer, posed[arms]), plain) for arms in ARMS}
    assert max(lost[arms] for arms in ("arms down", "arms spread", "one arm raised")) == 0
    assert max(lost[arms] for arms in HIDDEN) <= 0.25
    gone = observer.observe([without_arms(f) for f in posed["arms spread"]])
    assert lost_by(gone, plain) >= 0.85
    hidden = see(observer, posed["arms behind back"])
    assert lost_by(gone, hidden) == 0, "what the plain image hides is not expected"


def lost_by(seen: list[Observation], plain: list[Observation]) -> float:
    """The share of figures that have lost a hand."""
    return float(np.mean([hands_lost(o, p, p) > 0 for o, p in zip(seen, plain, strict=True)]))


def without_arms(figure: Figure) -> Image.Image:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studies.paperdoll.world.draw.draw_arms", lambda *_, **__: None)
        return draw(figure).image


def test_hands_broken_by_hand_score_worse(observer: ParserObserver) -> None:
    spread = [replace(f, pose=replace(f.pose, arms="arms spread")) for f in figures(6, 6)]
    broken = [replace(f, pose=replace(f.pose, hands=("missing", "fused"))) for f in spread]
    whole, worse = [[hands_score(o) for o in see(observer, drawn)] for drawn in (spread, broken)]
    assert np.mean(worse) > np.mean(whole) + 0.3


def test_a_batch_is_as_its_images_alone(observer: ParserObserver, references: dict[ScoredKind, References]) -> None:
    images = [draw(f).image for f in figures(3, 7)]
    for together, image in zip(observer.observe(images), images, strict=True):
        alone = observer.observe([image])[0]
        assert (together.heads, together.feet, len(together.hands)) == (alone.heads, alone.feet, len(alone.hands))
        for kind in PRODUCTS:
            assert raw(together, references, kind) == pytest.approx(raw(alone, references, kind), abs=2e-3)
        assert hands_score(together) == pytest.approx(hands_score(alone), abs=2e-2)


@given(odd_pictures())
@settings(max_examples=12)
def test_any_picture_can_be_looked_at(observer: ParserObserver, image: Image.Image) -> None:
    found = observer.observe([image])[0]
    assert found.size == image.size
    assert Observation.from_json(found.to_json()) == found
    assert all(0 <= hand.broken <= 1 for hand in found.hands)


@pytest.mark.parametrize("colour", [(0, 0, 0), (127, 127, 127), (250, 248, 232)])
def test_a_flat_picture_shows_nothing(observer: ParserObserver, colour: tuple[int, int, int]) -> None:
    found = observer.observe([Image.new("RGB", (128, 192), colour)])[0]
    assert found == Observation(size=(128, 192), points={"head": (), "hands": (), "feet": ()})


def test_nothing_to_look_at_gives_nothing(observer: ParserObserver) -> None:
    assert observer.observe([]) == []


def test_photos_without_the_thing_are_told(observer: ParserObserver) -> None:
    blank = Image.new("RGB", (128, 192), (250, 248, 232))
    photo = draw(wear(figures(1, 8)[0], "testdress")).image
    assert observer.references_of([blank, photo], "clothing").unused == (0,)
    with pytest.raises(InputError, match="no shoes region found"):
        observer.references_of([blank], "shoes")


def test_a_stranger_among_the_reference_photos_of_a_face_is_dropped_and_named(observer: ParserObserver) -> None:
    hers = [draw(wear(f, "myface")).image for f in figures(5, 1)]
    stranger = draw(figures(1, 12)[0]).image
    blank = Image.new("RGB", (128, 192), (250, 248, 232))
    found = observer.references_of([hers[0], blank, stranger, *hers[1:]], "face")
    assert (found.unused, found.outliers) == ((1,), (2,))
    assert len(found.embeddings) == 5
    assert [found.photo(i) for i in range(5)] == [0, 3, 4, 5, 6]
    assert References.from_json(found.to_json()) == found


def test_a_parser_that_knows_no_hands_is_refused_with_a_hand_judge(observer: ParserObserver) -> None:
    labels = {0: "Background", 1: "Face", 2: "Upper-clothes", 3: "Left-shoe"}
    assert isinstance(observer.parser, PartParser)
    blind = replace(observer.parser, labels=labels)
    with pytest.raises(InputError, match="no label for hands"):
        ParserObserver(blind, observer.garments, observer.faces, observer.hand_judge)
    assert ParserObserver(blind, observer.garments, observer.faces, None).hand_judge is None


def test_with_a_pose_model_hands_are_its_to_find(observer: ParserObserver, tmp_path: Path) -> None:
    posing = replace(observer, hand_judge=None, pose=open_pose(write_pose_model(tmp_path / "pose.onnx")))
    image = draw(figures(1, 11)[0]).image
    found, before = posing.observe([image])[0], observer.observe([image])[0]
    expected = limbs_of_image(posing.pose, image, *_masks(observer, image)) if posing.pose else None
    assert expected is not None
    assert (found.hands, found.arms) == (expected.hands, expected.arms)
    assert len(found.points["hands"]) == len(found.hands)
    assert (found.heads, found.feet, found.regions) == (before.heads, before.feet, before.regions)
    assert Observation.from_json(found.to_json()) == found
    flat = posing.observe([Image.new("RGB", (128, 192))])[0]
    assert flat == Observation(size=(128, 192), points={"head": (), "hands": (), "feet": ()})


def _masks(observer: ParserObserver, image: Image.Image) -> tuple[Mask, Mask]:
    labels = observer.parser.parse([image])[0]
    groups = groups_of(observer.parser.labels)
    bare = np.isin(labels, np.concatenate([groups["arms"], groups["hands"]]))
    return np.isin(labels, person_labels(observer.parser.labels)), bare


@pytest.fixture(scope="module")
def by_parts(observer: ParserObserver) -> ParserObserver:
    return replace(observer, garment_parts=True, whole_heads=True)


def test_by_parts_what_is_missing_of_a_product_is_said_in_words(by_parts: ParserObserver) -> None:
    figure = replace(figures(1, 13)[0], pose=replace(figures(1, 13)[0].pose, arms="arms spread", sitting=False))
    photos = [draw(wear(f, "testdress")).image for f in figures(6, 1)]
    tags = ("pink dress", "black straps", "black belt", "white hem", "yellow heart")
    references = replace(by_parts.references_of(photos, "clothing"), tags=tags)
    missing = ((), ("yellow heart",), ("white hem",), ("black belt",))
    worn = [wear(figure, "testdress", without=frozenset(gone)) for gone in missing]
    whole, heartless, hemless, beltless = see(by_parts, worn)
    assert [part.text() for part in shown_parts(whole, references)] == [f"{tag} yes" for tag in tags]
    assert shown_parts(heartless, references)[4].text() == "yellow heart no (pink where the photos are yellow)"
    assert shown_parts(hemless, references)[3].text() == "white hem no (pink where the photos are white)"
    assert shown_parts(beltless, references)[2].answer != "yes", "the straps that end at its place are no belt"


def test_by_heads_another_hair_counts_and_the_face_still_more(by_parts: ParserObserver) -> None:
    references = by_parts.references_of([draw(wear(f, "myface")).image for f in figures(6, 1)], "face")
    figure = wear(figures(1, 14)[0], "myface")
    blue = replace(figure, identity=replace(figure.identity, hair="blue"))
    teal, other = (identity_similarity(o.face, references) for o in see(by_parts, [figure, blue]))
    assert teal > 0.95
    assert other < 0.8


def test_a_head_that_the_parser_has_torn_apart_still_has_its_face(by_parts: ParserObserver) -> None:
    """Image 59 of the labelled ones, whose face the parser takes for clothing."""
    with Image.open(LABELLED / "059.webp") as picture:
        image = picture.convert("RGB")
    [found] = by_parts.observe([image])
    [before] = replace(by_parts, whole_heads=False).observe([image])
    assert before.face is None
    assert found.face is not None
    assert found.face.score > 0.9
