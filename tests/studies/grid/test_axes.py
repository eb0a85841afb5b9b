"""Axes as people write them, and what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from optimizer.point import Point
from optimizer.render.sampling.samplers import SAMPLERS
from optimizer.schedules.schedule import Schedule
from studies.grid.axes import GridAxis, check_axes
from studies.grid.parse import LONGEST, parse_axis
from studies.picture_settings.lora_tags import lora_tag
from studies.spec import StudySpec

PROMPT = "1girl, full body, pink dress, testdress, white boots"
SPEC = StudySpec.model_validate(
    {
        "name": "axes",
        "base": {"checkpoint": "base"},
        "prompt": PROMPT,
        "render": {"steps": 20, "sampler": "Euler a", "cfg": 5.0},
        "loras": {
            "face": {"file": "face.safetensors", "kind": "face", "references": "face"},
            "dress": {"file": "dress.safetensors", "kind": "clothing", "references": "dress"},
            "detail": {"file": "detail.safetensors", "kind": "other", "fixed": 0.5},
        },
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
)
POINT = Point({"face": 0.5, "dress": 0.4}, 5.0)


def axis(text: str) -> GridAxis:
    return parse_axis(text, SPEC)


def placed(text: str, seed: int = 7, point: Point = POINT) -> list[tuple[int, Point]]:
    found = axis(text)
    return [found.place(seed, point, index) for index in range(len(found.labels))]


def test_reads_ranges_and_lists() -> None:
    assert axis("dress=0.3:0.6:0.1").labels == ("dress 0.3", "dress 0.4", "dress 0.5", "dress 0.6")
    assert axis("cfg=5, 6.5").labels == ("CFG 5", "CFG 6.5")
    assert axis("steps=10:30:10").labels == ("10 steps", "20 steps", "30 steps")


def test_weights_are_placed_on_one_lora_or_on_several() -> None:
    assert placed("dress=0.6") == [(7, Point({"face": 0.5, "dress": 0.6}, 5.0))]
    assert placed("dress+face=0.6,0.7") == [(7, Point({"face": w, "dress": w}, 5.0)) for w in (0.6, 0.7)]
    assert axis("dress+face=0.6").labels == ("dress + face 0.6",)


def test_settings_are_placed_and_the_study_s_own_stays_unnamed() -> None:
    assert [point.cfg for _, point in placed("cfg=4,5")] == [4.0, 5.0]
    assert [point.steps for _, point in placed("steps=10,20")] == [10, None]
    assert [point.sampler for _, point in placed("sampler=Euler a, DPM++ 2M Karras")] == [None, "DPM++ 2M Karras"]
    assert placed("seed=1,4294967295") == [(1, POINT), (4294967295, POINT)]


def test_ends_of_schedules_are_placed_on_one_lora_or_on_several() -> None:
    starts = [point.schedules for _, point in placed("dress.start=0,0.25")]
    assert starts == [{"dress": Schedule(0.0, 1.0)}, {"dress": Schedule(0.25, 1.0)}]
    assert placed("dress.start=0")[0][1].key() == POINT.key(), "all steps are the image that was drawn before"
    assert placed("dress+face.end=0.5:1:0.5")[0][1].schedules == dict.fromkeys(("dress", "face"), Schedule(0, 0.5))
    assert axis("dress+face.end=0.75").labels == ("dress + face end 0.75",)
    assert axis("dress+face.end=0.75").touches == {"dress.end", "face.end"}
    _, both = axis("dress.end=0.75").place(*placed("dress.start=0.25")[0], 0)
    assert both.schedules == {"dress": Schedule(0.25, 0.75)}


def test_the_other_end_stays_that_of_the_point_or_of_the_file() -> None:
    point = replace(POINT, schedules={"dress": Schedule(0.25, 0.75)})
    assert [p.schedules["dress"] for _, p in placed("dress.start=0.5", point=point)] == [Schedule(0.5, 0.75)]
    loras = {**SPEC.model_dump()["loras"]}
    loras["dress"]["schedule"] = (0.25, 0.75)
    spec = StudySpec.model_validate({**SPEC.model_dump(exclude_unset=True), "loras": loras})
    off = Point({"face": 0.5, "dress": 0.0}, 5.0)
    assert parse_axis("dress=0.4", spec).place(7, off, 0)[1].schedules == {"dress": Schedule(0.25, 0.75)}
    started = parse_axis("dress.start=0.5", spec).place(7, off, 0)
    assert started[1].schedules == {"dress": Schedule(0.5, 0.75)}
    assert parse_axis("dress=0.4", spec).place(*started, 0)[1].schedules == {"dress": Schedule(0.5, 0.75)}
    everywhere = Point({"dress": 0.4}, 5.0)
    assert parse_axis("dress=0.6", spec).place(7, everywhere, 0)[1].schedules == {}, "the search may have widened it"


def test_schedules_are_an_axis_only_where_huanhua_draws() -> None:
    spec = StudySpec.model_validate({**SPEC.model_dump(exclude_unset=True), "draw": {"with": "webui"}})
    with pytest.raises(InputError, match=r"only huanhua itself draws a LoRA in some of the steps, and .* draws here"):
        parse_axis("dress.start=0.5", spec)
    with pytest.raises(InputError, match="use one of: face, dress, cfg, steps"):
        parse_axis("hat=0.5", spec)


def test_prompt_words_stand_in_place_of_the_first() -> None:
    points = [point for _, point in placed("prompt=pink dress|white dress|")]
    assert [point.prompt for point in points] == [
        "",
        PROMPT.replace("pink dress", "white dress"),
        PROMPT.replace("pink dress", ""),
    ]
    assert points[0].key() == POINT.key()
    assert axis("prompt=pink dress|white dress|").labels == ("pink dress", "white dress", "no pink dress")


def test_axes_compose() -> None:
    seed, point = 7, POINT
    for text in ("prompt=pink dress|red dress", "prompt=white boots|red boots", "sampler=Euler a,DDIM", "seed=1,2"):
        seed, point = axis(text).place(seed, point, 1)
    assert (seed, point.sampler) == (2, "DDIM")
    assert point.prompt == "1girl, full body, red dress, testdress, red boots"


def test_a1111_finds_its_own_words() -> None:
    def tag(name: str, weight: float) -> str:
        return lora_tag(name, weight, weight)

    assert axis("dress+face=0.3,0.4").a1111(tag) == (
        "Prompt S/R",
        ("<lora:dress:0.3> <lora:face:0.3>", "<lora:dress:0.4> <lora:face:0.4>"),
    )
    assert axis("cfg=5,6.5").a1111(tag) == ("CFG Scale", ("5", "6.5"))
    assert axis("steps=20").a1111(tag) == ("Steps", ("20",))
    assert axis("sampler=DDIM").a1111(tag) == ("Sampler", ("DDIM",))
    assert axis("dress.start=0,0.25").a1111(tag) == ("Nothing", ("0", "0.25"))
    assert axis("seed=3").a1111(tag) == ("Seed", ("3",))
    assert axis("prompt=pink dress|red").a1111(tag) == ("Prompt S/R", ("pink dress", "red"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hat=1", "no axis 'hat'"),
        ("detail=0.5", "no axis 'detail'"),
        ("dress", "not a range"),
        ("dress=", "not a range"),
        ("dress=a", "not a range"),
        ("dress=-0.5", "a weight goes from 0 to 2, not to -0.5"),
        ("cfg=-1", "CFG goes from 1 to 30, not to -1"),
        ("dress=0.4,0.5,0.40", "dress 0.4 is given twice"),
        ("sampler=Euler a,Euler a", "Euler a is given twice"),
        ("sampler=Eular", "the nearest are Euler, Euler a, .*; docs/rendering.md names all"),
        ("dress=0:1:-1", "step of the range is -1"),
        ("dress+hat=0.5", "no axis 'hat'"),
        ("dress+dress=0.5", "named twice"),
        ("dress=1:0:0.1", "runs from 1 down to 0"),
        ("dress=0:1:0", "step of the range is 0"),
        ("dress=0:2:0.001", "2001 values"),
        ("dress=0:999999999999:0.000000000001", "values on one axis"),
        ("dress=" + ",".join(["0.5"] * 51), "51 values"),
        ("prompt=" + "|".join(["pink dress"] * 51), "51 values"),
        ("dress=3", "from 0 to 2, not to 3"),
        ("cfg=0.5", "from 1 to 30, not to 0.5"),
        ("steps=0", "from 1 to 200, not to 0"),
        ("steps=201", "from 1 to 200, not to 201"),
        ("steps=20.5", "no whole number"),
        ("seed=4294967296", "from 0 to 4294967295"),
        ("seed=-1", "seed goes from 0 to"),
        ("sampler=Euler z", "unknown sampler 'Euler z'"),
        ("sampler=", "unknown sampler ''"),
        ("prompt=red dress|white dress", "'red dress' is not in the prompt"),
        ("prompt=", "no words to look for"),
        ("dress.start=1.5", "a share of the steps goes from 0 to 1, not to 1.5"),
        ("dress.start=-0.5", "a share of the steps goes from 0 to 1, not to -0.5"),
        ("dress.start=0.5,0.50", "dress start 0.5 is given twice"),
        ("dress.end=", "not a range"),
        ("detail.start=0.5", "no axis 'detail'.*use one of: face, dress, face.start, face.end, dress.start"),
        ("hat.end=0.5", "no axis 'hat'"),
        ("dress.middle=0.5", "no axis 'dress.middle'"),
        (f"prompt={PROMPT}|", "nothing would be left"),
    ],
)
def test_refuses_in_one_line(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        axis(text)
    assert "\n" not in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "shared"),
    [
        (("dress=0.5", "dress+face=0.5"), "dress"),
        (("cfg=5", "dress=0.5", "cfg=6"), "cfg"),
        (("dress.start=0,0.5", "face+dress.start=0.25"), "dress.start"),
        (("prompt=pink dress|red dress", "prompt=dress|boots"), "'pink dress' and 'dress'"),
        (("prompt=pink dress|red boots", "prompt=white boots|pink dress"), "'pink dress' and 'white boots'"),
    ],
)
def test_two_axes_that_decide_the_same_are_refused(texts: tuple[str, ...], shared: str) -> None:
    with pytest.raises(InputError, match=f"two axes touch {shared}"):
        check_axes([axis(text) for text in texts], "; ".join(texts))


def test_axes_of_different_things_go_together() -> None:
    texts = (
        "dress=0.5",
        "dress.start=0.5",
        "dress.end=0.75",
        "face=0.5",
        "cfg=5",
        "steps=20",
        "sampler=DDIM",
        "seed=1",
        "prompt=pink|red",
        "prompt=boots|shoes",
    )
    check_axes([axis(text) for text in texts], "")


@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 5))
def test_a_range_holds_its_ends(start: int, more: int, step: int) -> None:
    a, s = start / 20, step / 20
    b = round(a + more * s, 6)
    weights = [point.weights["dress"] for _, point in placed(f"dress={a}:{b}:{s}")] if b <= 2 else [a, b]
    assert weights[0] == pytest.approx(a)
    assert weights[-1] == pytest.approx(b)
    assert weights == sorted(weights)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=LONGEST, unique=True))
def test_seeds_come_back_as_they_are_written(seeds: list[int]) -> None:
    assert [seed for seed, _ in placed(f"seed={','.join(map(str, seeds))}")] == seeds


@given(st.lists(st.sampled_from(list(SAMPLERS)), min_size=1, max_size=5, unique=True))
def test_samplers_come_back_as_they_are_written(names: list[str]) -> None:
    found = [point.sampler or "Euler a" for _, point in placed(f"sampler={' , '.join(names)}")]
    assert found == names


plain = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="|"), max_size=20).map(str.strip)


@given(st.lists(plain.filter(lambda word: "pink dress" not in word), max_size=5, unique=True))
def test_any_words_take_the_place_of_the_first(words: list[str]) -> None:
    prompts = [point.prompt or PROMPT for _, point in placed("|".join(["prompt=pink dress", *words]))]
    assert prompts == [PROMPT.replace("pink dress", word) for word in ("pink dress", *words)]


starts = st.sampled_from(["dress=", "dress.start=", "cfg=", "seed=", "prompt=", "sampler=", ""])


@given(starts, st.text("0123456789.:,+-e|= pinkdres", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(start: str, text: str) -> None:
    refusal = ""
    labels: tuple[str, ...] = ("",)
    try:
        labels = axis(start + text).labels
    except InputError as error:
        refusal = str(error)
    assert len(refusal.splitlines()) <= 1
    assert 1 <= len(labels) <= LONGEST
