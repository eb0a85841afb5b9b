"""A look-book holds all it was given, names nothing outside itself, and takes names from strangers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dashboards.lookbook.book import JudgedImage, Ladder, LookBook, Proof, ProofStep, Requirement, SeedPage, Slider, Trial, View
from dashboards.lookbook.data import as_script
from dashboards.lookbook.writing import write_book
from models.errors import InputError
from optimizer.search.verdict import Verdict

HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>\u2028'


def image(folder: Path, name: str, colour: str = "#c06080", size: tuple[int, int] = (32, 48)) -> Path:
    path = folder / f"{name}.png"
    Image.new("RGB", size, colour).save(path)
    return path


def judged(path: Path, dress: float, shoes: float, **changes: Any) -> JudgedImage:
    unmet = {name: 0.5 - score for name, score in (("dress", dress), ("shoes", shoes)) if score < 0.5}
    scores = {"dress": dress, "shoes": shoes, "hands": 0.1, "drift": 0.0}
    value = JudgedImage(path, (dress, shoes), dress + shoes, scores, {"dress": dress / 2, "shoes": shoes / 2}, unmet)
    words = "breaks " + ", ".join(f"{name} by {by:.2f}" for name, by in unmet.items()) if unmet else Verdict.ROBUST.word
    return replace(value, **{"mark": Verdict.BREAKS if unmet else Verdict.ROBUST, "verdict": words, **changes})


def trial(number: int, path: Path, dress: float, shoes: float, **changes: Any) -> Trial:
    return Trial(**vars(judged(path, dress, shoes, **changes)), number=number)


def book(folder: Path, *, picked: bool = True, name: str = "pink-dress") -> LookBook:
    """Two LoRAs at one seed: the start, a higher point, the pick, and one step below it in each weight."""
    folder.mkdir(parents=True, exist_ok=True)
    points = [(0.4, 0.4), (0.8, 0.8), (0.5, 0.5), (0.45, 0.5), (0.5, 0.45)]
    trials = [trial(i, image(folder, f"trial-{i}", f"#{i}0{i}080"), *at) for i, at in enumerate(points)]
    if not picked:
        trials = [trials[0], *trials[3:]]
    ladder = tuple((w, judged(image(folder, f"ladder-{w}"), w, 0.0)) for w in (0.25, 0.5, 0.75, 1.0))
    story = SeedPage(
        seed=7,
        requirements=(
            *(Requirement(n, "garment", 0.5, at_least=True) for n in ("dress", "shoes")),
            Requirement("hands", "hands", 0.25),
            Requirement("body", "body", 0.0, counted=True),
            Requirement("drift", "drift", None),
        ),
        plain=judged(image(folder, "plain"), 0.0, 0.0, bare=True),
        start=trials[0],
        trials=tuple(trials),
        pick=2 if picked else None,
        nearest=2 if picked else 1,
        claim="the least that works" if picked else "no weights meet every requirement",
        reason="Each step down was drawn." if picked else "The nearest is trial 3, blocked by <dress>.",
        proof=Proof((ProofStep("dress", trials[3]), ProofStep("shoes", trials[4])), (), True) if picked else None,
        ladders=(Ladder("dress", ladder),),
        views=(View("garment", "worst garment", "worst garment"), View("hands", "hands", "broken hands")),
    )
    sliders = (Slider("dress", 0.0, 1.0, 0.05, 0.4), Slider("shoes", 0.0, 1.0, 0.05, 0.4))
    return LookBook(name, "pink dress", "lowres", (("Base", "lab"),), sliders, (story,))


class _Read(HTMLParser):
    """What a page names and says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.files: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        value = dict(attrs)
        self.tags.append(tag)
        self.handlers += [name for name in value if name.startswith("on")]
        self.files += [value[name] or "" for name in ("src", "href") if name in value]
        if tag == "img":
            self.images.append(value)


def data_of(page: str) -> Any:
    [value] = re.findall(r'<script type="application/json" id="book">(.*?)</script>', page, re.DOTALL)
    return json.loads(value)


def text_of(index: Path) -> str:
    return index.read_text(encoding="utf-8")


def test_the_page_holds_the_pick_its_proof_and_the_ladders(tmp_path: Path) -> None:
    index = write_book(book(tmp_path / "made"), tmp_path / "out")
    page = text_of(index)
    assert '<html lang="en">' in page
    assert "<title>pink-dress · look-book</title>" in page
    for expected in (
        "total 1.00",
        "dress 0.50, shoes 0.50",
        "breaks dress by 0.05",
        "breaks shoes by 0.05",
        "at least 0.50",
        "raw 0.250",
    ):
        assert expected in page, expected
    for weight in ("0.25", "0.5", "0.75", "1"):
        assert f"dress alone at {weight}:" in page
    [seed] = data_of(page)["seeds"]
    assert (seed["pick"], len(seed["trials"]), [d["name"] for d in seed["dials"]]) == (2, 5, ["dress", "shoes"])
    assert seed["trials"][3]["breaks"] == [[0, 0.05]]


def test_every_file_that_it_names_is_there_and_none_lies_elsewhere(tmp_path: Path) -> None:
    index = write_book(book(tmp_path / "made"), tmp_path / "out")
    page = text_of(index)
    read = _Read(page)
    named = [file for file in read.files if not file.startswith("#")] + [t["image"] for t in data_of(page)["seeds"][0]["trials"]]
    assert len(named) > 10
    for file in named:
        assert not Path(file).is_absolute()
        assert ".." not in file
        assert (index.parent / file).is_file(), file
    assert not re.search(r"https?:|file:|//[a-z]", page.replace("// ", ""))
    assert str(tmp_path) not in page
    assert all(value["alt"] and value["width"] and value["height"] for value in read.images)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    made = book(tmp_path / "made", name=HOSTILE)
    story = made.seeds[0]
    requirements = tuple(
        replace(requirement, name=HOSTILE) if requirement.name == "dress" else requirement for requirement in story.requirements
    )
    bad = replace(story.trials[0], faults={HOSTILE: (HOSTILE,)}, failed=HOSTILE, breaks={HOSTILE: 0.1})
    story = replace(
        story,
        requirements=requirements,
        start=bad,
        trials=(bad, *(replace(t, breaks={}) for t in story.trials[1:])),
        proof=Proof((ProofStep(HOSTILE, bad), ProofStep(HOSTILE, None)), (HOSTILE,), False),
        ladders=(Ladder(HOSTILE, ((0.5, replace(bad, raw={HOSTILE: 0.1})),)),),
    )
    sliders = (Slider(HOSTILE, 0.0, 1.0, 0.05, 0.4), made.sliders[1])
    hostile = replace(made, prompt=HOSTILE, negative=HOSTILE, settings=((HOSTILE, HOSTILE),), sliders=sliders, seeds=(story,))
    page = text_of(write_book(hostile, tmp_path / "out"))
    read = _Read(page)
    assert read.handlers == []
    assert "x" not in read.files
    assert read.tags.count("script") == 2
    assert "<img src=x" not in page
    assert data_of(page)["seeds"][0]["dials"][0]["name"] == HOSTILE
    assert {file.suffix for file in (tmp_path / "out").rglob("*") if file.is_file()} <= {".html", ".webp", ".png"}


def test_json_can_stand_in_a_script_element() -> None:
    value = as_script({"a": HOSTILE + "<!-- & -->"})
    assert not set(value) & set("<>&\u2028\u2029")
    assert json.loads(value) == {"a": HOSTILE + "<!-- & -->"}
    with pytest.raises(ValueError, match="JSON compliant"):
        as_script(float("nan"))


def test_bare_images_are_blurred_until_asked_for(tmp_path: Path) -> None:
    made = book(tmp_path / "made")
    page = text_of(write_book(made, tmp_path / "out"))
    assert page.count('<div class="frame bare">') == 1
    assert 'id="unveil"' in page
    plain = text_of(write_book(replace(made, blurred=False), tmp_path / "clear"))
    assert 'class="frame bare"' not in plain
    assert 'class="veil"' not in plain
    assert 'id="unveil"' not in plain


def test_a_seed_without_a_pick_tells_what_blocks_it(tmp_path: Path) -> None:
    page = text_of(write_book(book(tmp_path / "made", picked=False), tmp_path / "out"))
    assert "No weights meet every requirement" in page
    assert "The nearest is trial 3, blocked by &lt;dress&gt;." in page
    assert "Why no weight can be lower" not in page
    assert data_of(page)["seeds"][0]["pick"] is None


def test_a_proof_that_is_not_complete_says_so(tmp_path: Path) -> None:
    made = book(tmp_path / "made")
    story = replace(made.seeds[0], proof=Proof((ProofStep("dress", None),), ("shoes",), False, "not drawn, the budget ended"))
    page = text_of(write_book(replace(made, seeds=(story,), waiting=(12,)), tmp_path / "out"))
    assert "one step lower: not drawn, the budget ended." in page
    assert "<strong>shoes</strong> is as low as its bounds let it be" in page
    assert "Locked, but not run yet: 12." in page


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("my own page")
    with pytest.raises(InputError, match="something else than a look-book"):
        write_book(book(tmp_path / "made"), out)
    assert [file.name for file in out.iterdir()] == ["index.html"]
    with pytest.raises(InputError, match="not a folder"):
        write_book(book(tmp_path / "made"), out / "index.html")


def test_a_book_without_a_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no seed was run"):
        write_book(replace(book(tmp_path / "made"), seeds=()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_writing_again_goes_on_after_a_fault_and_drops_what_is_no_longer_named(tmp_path: Path) -> None:
    made, out = book(tmp_path / "made"), tmp_path / "out"
    made.seeds[0].plain.image.rename(tmp_path / "gone.png")
    with pytest.raises(InputError, match="a picture is gone from the workspace"):
        write_book(made, out)
    (tmp_path / "gone.png").rename(made.seeds[0].plain.image)
    write_book(made, out)
    (out / "images" / "seed-9-trial-0000.webp").write_bytes(b"old")
    write_book(made, out)
    assert not (out / "images" / "seed-9-trial-0000.webp").exists()


def test_large_images_are_reduced(tmp_path: Path) -> None:
    made = book(tmp_path / "made")
    image(tmp_path / "made", "plain", size=(900, 1350))
    write_book(made, tmp_path / "out")
    with Image.open(tmp_path / "out" / "images" / "seed-7-plain.webp") as value:
        assert value.size == (683, 1024)


def test_what_the_pick_shows_is_listed_in_words(tmp_path: Path) -> None:
    made = book(tmp_path / "in")
    [page] = made.seeds
    shown = replace(page.trials[2], parts={"dress": ("belt yes", f"hem no {HOSTILE}")})
    trials = (*page.trials[:2], shown, *page.trials[3:])
    index = write_book(replace(made, seeds=(replace(page, trials=trials),)), tmp_path / "out")
    text = index.read_text(encoding="utf-8")
    assert "What the pick shows" in text
    assert "<li>dress: belt yes, hem no &quot;&gt;&lt;img" in text
