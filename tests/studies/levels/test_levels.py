"""The verb from end to end, on a study whose models are fakes: asked, answered, left, gone on with, written, judged again."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from models.errors import InputError
from scorers.levels.psychometric import Level
from scorers.levels.questions import MOST
from studies.cli.app import app
from studies.cli.levels import _lines
from studies.levels.drawing import draw_between
from studies.levels.outcome import Settled
from studies.levels.pictures import level_pictures
from studies.levels.require import set_required
from studies.levels.sitting import Sitting
from studies.report.level_questions import LevelQuestions
from studies.run.calibration import calibrate
from studies.run.seed_search import run_seed
from studies.run.stored_results import stored_outcomes
from studies.study import Study, open_study
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker

SEED = 7


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = fake_study(tmp_path / "study")
    judge = calibrate(made, SEED).judge
    run_seed(made, SEED, judge=judge, budget=16, tracker=MemoryTracker(), on_trial=lambda event: None)
    return made


def huanhua(*words: str | Path | int, typed: str | None = None, status: int = 0) -> str:
    run = CliRunner().invoke(app, list(map(str, words)), input=typed)
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == status, run.output
    return run.stdout


def required(study: Study) -> Any:
    return yaml.safe_load((study.root / "study.yaml").read_text())["search"]["require"]


def answers_of(study: Study, level: float) -> list[dict[str, Any]]:
    """What a person of this level says, who sees as the scores do."""
    sitting = Sitting(study.workspace, level_pictures(study), afresh=True)
    said: list[dict[str, Any]] = []
    while (asked := sitting.question()) is not None:
        enough = {picture.image.name: picture.expression >= level for picture in asked.pictures}
        said.append({"lora": asked.lora, "enough": enough})
        sitting.answer(asked, enough)
    sitting.end()
    return said


def test_pictures_are_those_of_the_lora_by_how_much_they_show(study: Study) -> None:
    found = level_pictures(study).by_lora
    assert set(found) == {"face", "dress", "shoes"}
    for pictures in found.values():
        scores = [picture.expression for picture in pictures]
        assert scores == sorted(scores)
        assert len({picture.image for picture in pictures}) == len(pictures)
        assert scores[-1] == pytest.approx(1.0), "its own ladder is among them"


def test_a_programs_answers_set_what_is_required_and_draw_nothing(study: Study, tmp_path: Path) -> None:
    said = answers_of(study, 0.55)
    assert len(said) <= MOST
    images = sorted(study.workspace.images.iterdir())
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(said))
    report = json.loads(huanhua("levels", study.root, "--json", "--answers", file))
    assert report["question"] is None
    assert set(report["before"].values()) == {0.4}
    for name, level in report["levels"].items():
        assert level["low"] <= 0.55 <= level["high"]
        assert required(study)[name] == level["level"]
        assert level["level"] == pytest.approx(0.55, abs=0.15)
    (seed,) = report["seeds"]
    assert seed["before"]["require"] != seed["after"]["require"]
    assert sorted(study.workspace.images.iterdir()) == images
    assert json.loads(huanhua("levels", study.root, "--json"))["question"]["number"] == 1, "a new sitting"


def test_a_sitting_that_is_left_changes_nothing_and_goes_on(study: Study) -> None:
    before = (study.root / "study.yaml").read_text()
    huanhua("levels", study.root, typed="x\n3\n2\nq\n")
    assert json.loads(huanhua("levels", study.root, "--json"))["answered"] == 1
    huanhua("levels", study.root, typed="a\n")
    assert json.loads(huanhua("levels", study.root, "--json"))["answered"] == 2
    assert (study.root / "study.yaml").read_text() == before
    assert json.loads(huanhua("levels", study.root, "--json", "--afresh"))["answered"] == 0


def test_a_person_who_types_is_asked_at_most_eight_times(study: Study) -> None:
    printed = huanhua("levels", study.root, typed="2\n" * 20)
    assert "sure that it lies between" in printed
    assert "seed 7: trial" in printed
    stored = json.loads((study.workspace.root / "levels.json").read_text())
    assert stored["ended"]
    assert len(stored["answers"]) <= MOST
    asked = [(one["lora"], image) for one in stored["answers"] for image in one["enough"]]
    assert len(set(asked)) == len(asked), "no picture is asked about twice"
    sheets = list(study.workspace.pictures.glob("level-*.png"))
    assert len(sheets) == len(stored["answers"])


def test_answers_are_scored_anew_and_those_about_lost_pictures_are_asked_again(study: Study) -> None:
    pictures = level_pictures(study)
    sitting = Sitting(study.workspace, pictures)
    asked = sitting.question()
    assert asked is not None
    sitting.answer(asked, {picture.image.name: True for picture in asked.pictures})
    del pictures.by_lora[asked.lora][:]
    assert Sitting(study.workspace, pictures).dropped == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[", "no answers"),
        ("{}", "is left|nothing"),
        ('[{"lora": "hat", "enough": {}}]', "answer 1 is about hat"),
        ('[{"lora": "LORA", "enough": {"x.png": true}}]', "no answer to this question"),
        ('[{"lora": "LORA", "enough": 3}]', "no answers"),
    ],
)
def test_answers_of_another_form_are_refused_in_one_line(study: Study, tmp_path: Path, content: str, what: str) -> None:
    first = json.loads(huanhua("levels", study.root, "--json"))["question"]["lora"]
    file = tmp_path / "answers.json"
    file.write_text(content.replace("LORA", first))
    before = (study.root / "study.yaml").read_text()
    if content == "{}":
        huanhua("levels", study.root, "--answers", file)
    else:
        with pytest.raises(InputError, match=what):
            huanhua("levels", study.root, "--answers", file)
    assert (study.root / "study.yaml").read_text() == before


def test_what_cannot_be_asked_is_one_line(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed 8 was not run"):
        huanhua("levels", study.root, "--seed", "8")
    fresh = fake_study(tmp_path / "fresh")
    with pytest.raises(InputError, match="nothing was run here yet"):
        huanhua("levels", fresh.root)
    (study.workspace.root / "levels.json").write_text('{"ended": false}')
    with pytest.raises(InputError, match="no record of a sitting"):
        huanhua("levels", study.root)
    next(study.workspace.images.glob("*.png")).unlink()
    (study.workspace.root / "levels.json").unlink()


def test_a_page_asks_the_same_questions(study: Study) -> None:
    sitting = Sitting(study.workspace, level_pictures(study))
    questions, asked = LevelQuestions(study, sitting), sitting.question()
    current = questions.current()
    assert asked is not None
    assert current is not None
    assert (current.about, len(current.pictures)) == (asked.lora, 2)
    assert questions.current() is current
    questions.answer([False, True])
    assert sitting.answered == 1
    following = questions.current()
    assert following is not None
    assert following.number == 2


def widest(study: Study, lora: str) -> float:
    shown = [picture.expression for picture in level_pictures(study).by_lora[lora]]
    return max(high - low for low, high in pairwise(sorted({0.3, 1.0, *(x for x in shown if 0.3 < x < 1.0)})))


def test_draw_fills_the_widest_gaps_once(study: Study) -> None:
    before = {lora: widest(study, lora) for lora in ("dress", "shoes", "face")}
    pictures = {path for path in (study.workspace.root).rglob("*.png") if "pictures" not in path.parts}
    said: list[tuple[str, float]] = []
    draw_between(study, None, 4, lambda lora, weight: said.append((lora, weight)))
    drawn = {path for path in (study.workspace.root).rglob("*.png") if "pictures" not in path.parts} - pictures
    assert 1 <= len(drawn) <= 4
    assert max(widest(study, lora) for lora in before) < max(before.values())
    kept = study.workspace.read("level-pictures")
    assert [(one["lora"], one["weight"]) for one in kept] == said
    assert len(kept) == len(drawn)
    huanhua("levels", study.root, "--json")
    assert study.workspace.read("level-pictures") == kept, "nothing is drawn unless it is asked for"


def test_a_record_of_drawn_pictures_that_is_none_is_named(study: Study) -> None:
    study.workspace.write("level-pictures", {"seed": SEED})
    with pytest.raises(InputError, match="no record of pictures for levels"):
        huanhua("levels", study.root, "--json")


def test_a_search_of_other_requirements_has_not_ended(study: Study) -> None:
    (before,) = stored_outcomes(study, SEED)
    assert before.ended is not None
    set_required(study.root / "study.yaml", {"dress": 0.99})
    again = open_study(study.root / "study.yaml", study.workspace.root).on(study.backend)
    (after,) = stored_outcomes(again, SEED)
    assert after.ended is None, "what is required now was never searched for"
    run = run_seed(
        again, SEED, judge=calibrate(again, SEED).judge, budget=16, tracker=MemoryTracker(), on_trial=lambda event: None
    )
    assert stored_outcomes(again, SEED)[0].ended is run.ended is not None


def test_a_level_above_the_best_that_calibrates_is_said_to_be() -> None:
    settled = Settled({"dress": Level(1.05, 1.0, 1.1), "shoes": Level(0.8, 0.7, 0.9)}, {"dress": 0.7, "shoes": 0.7}, [])
    told = [line for line in _lines(settled, Path("study.yaml"), 3) if "more than its 1" in line]
    assert len(told) == 1
    assert "dress" in told[0]
