"""Scorers of regions: what they are given, what is recorded of them, and the page's examples over the packages' own calls."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.boxes import PixelBox
from models.errors import InputError
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.window_observer import WindowObserver
from scorers.plugins import GROUP, open_region_scorer
from scorers.regions import RegionDuty, RegionPicture, region_scores
from scorers.testing.conformance import region_faults_of, whole_region
from studies.observers.opening import observer_id, open_observer, scorer_models
from studies.observers.region_photos import RegionPhotos
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import wear

PAGE = Path(__file__).parents[2] / "docs/scorers.md"


class Redness:
    """As red as the references are, by the mean of the thing alone."""

    def __init__(self) -> None:
        self.given: list[tuple[Sequence[RegionPicture], Sequence[RegionPicture]]] = []

    def score_regions(self, regions: Sequence[RegionPicture], references: Sequence[RegionPicture]) -> list[float]:
        self.given.append((regions, references))
        wanted = np.mean([_mean(reference) for reference in references], axis=0)
        return [1 - float(np.abs(_mean(region) - wanted).mean()) / 255 for region in regions]


def _mean(region: RegionPicture) -> Any:
    return np.asarray(region.image)[region.mask].mean(0)


@dataclass
class Odd:
    """Raises on black regions, and gives nonsense for blue ones."""

    def score_regions(self, regions: Sequence[RegionPicture], references: Sequence[RegionPicture]) -> list[float]:
        means = [_mean(region).tolist() for region in regions]
        if [0, 0, 0] in means:
            raise RuntimeError("black")
        return [7.0 if mean[2] == 255 else 0.5 for mean in means]


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (16, 24), colour)


def test_what_fails_is_recorded_and_what_is_absent_scores_nothing() -> None:
    places = [whole_region(plain("red")), None, whole_region(plain("black")), whole_region(plain("blue"))]
    assert region_scores(Odd(), places, []) == [0.5, 0.0, None, None]
    assert region_scores(Odd(), [None], []) == [0.0]
    assert region_scores(Odd(), [], []) == []


def test_a_region_is_cut_out_on_grey() -> None:
    image = plain("red")
    ImageDraw.Draw(image).rectangle((4, 4, 11, 11), fill="white")
    mask = np.zeros((24, 16), np.bool_)
    mask[4:12, 4:12] = True
    crop = np.asarray(RegionPicture(image, mask, PixelBox(4, 4, 12, 12)).crop())
    assert {tuple(pixel) for pixel in crop.reshape(-1, 3).tolist()} == {(255, 255, 255), (127, 127, 127)}


def test_the_suite_catches_what_breaks_a_rule() -> None:
    assert region_faults_of(Redness(), [plain("red")], [plain("blue")], [plain("red")]) == []
    assert region_faults_of(Redness(), [plain("blue")], [plain("red")], [plain("red")])
    assert region_faults_of(Odd(), [plain("red")], [plain("white")], [plain("red")])
    assert region_faults_of(Redness(), [plain("red")], [plain("blue")], [])


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("kind", ["clothing", "shoes", "face"])
def test_both_observers_give_the_region_of_each_lora(kind: ScoredKind, windows: bool) -> None:
    figure = random_figure(np.random.default_rng(5))
    product = {"clothing": "testdress", "shoes": "myshoes", "face": "myface"}[kind]
    photo = draw(wear(figure, product)).image  # type: ignore[arg-type]
    opened = open_observer(scorers(), WEIGHTS)
    assert isinstance(opened, ParserObserver)
    scorer = Redness()
    duties = {"redness.thing": RegionDuty(scorer, kind, (photo,))}
    observer = (
        WindowObserver(opened.garments, opened.faces, None, regions=duties)
        if windows
        else ParserObserver(opened.parser, opened.garments, opened.faces, opened.hand_judge, regions=duties)
    )
    seen, bare, nobody = observer.observe([photo, draw(figure).image, Image.new("RGB", photo.size)])
    assert seen.extra["redness.thing"] == pytest.approx(1.0, abs=0.02)
    assert nobody.extra["redness.thing"] == 0.0
    assert bare.extra["redness.thing"] is not None
    assert Observation.from_json(seen.to_json()) == seen, "it is stored with the others"
    ((regions, references),) = scorer.given
    assert len(references) == 1
    assert len(regions) == 2
    for region in (*regions, *references):
        left, top, right, bottom = region.box
        assert region.mask.shape == (region.image.height, region.image.width)
        assert region.mask[int(top) : int(bottom), int(left) : int(right)].sum() == region.mask.sum() > 0


def test_photos_without_the_thing_are_refused() -> None:
    opened = open_observer(scorers(), WEIGHTS)
    assert isinstance(opened, ParserObserver)
    duties = {"redness.dress": RegionDuty(Redness(), "clothing", (plain("grey"),))}
    observer = ParserObserver(opened.parser, opened.garments, opened.faces, opened.hand_judge, regions=duties)
    with pytest.raises(InputError, match=r"no clothing found in any reference photo: redness\.dress"):
        observer.observe([plain("red")])


def content_of(path: Path) -> str:
    return path.read_bytes().hex() if path.is_file() else path.name


def test_other_photos_are_other_observations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.observers.opening.versions_of", lambda names: dict.fromkeys(names, "1"))
    section = scorers().model_copy(update={"extra": {"redness": {"dress": 0.4}}})
    found = set()
    for colour in ("red", "blue"):
        plain(colour).save(tmp_path / "photo.png")
        photos = {"dress": RegionPhotos("clothing", tmp_path)}
        found.add(observer_id(scorer_models(section, WEIGHTS, content_of, photos)))
    assert len(found) == 2
    assert section.least() == {"redness.dress": 0.4}


def test_a_scorer_of_the_other_sort_is_told_how_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"width": "tests.scorers.test_plugins:Width", "redness": "tests.scorers.test_regions:Redness"}
    found = EntryPoints(EntryPoint(name, value, GROUP) for name, value in names.items())
    monkeypatch.setattr("scorers.plugins.entry_points", lambda group: found.select(group=group))
    assert isinstance(open_region_scorer("redness"), Redness)
    with pytest.raises(InputError, match=r"no `score_regions`: width; write it as extra: \{width: 0.5\}"):
        open_region_scorer("width")


def examples() -> dict[str, str]:
    """The page's blocks by the class that each defines."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {match.group(1): block for block in blocks if (match := re.search(r"^class (\w+)", block, re.MULTILINE))}


def defined(name: str) -> Any:
    block = examples()[name]
    assert len(block.splitlines()) <= 32
    namespace: dict[str, Any] = {}
    exec(block, namespace)
    return namespace[name]()


def brightness(image: Image.Image) -> float:
    return float(np.asarray(image.convert("L")).mean()) / 255


def test_dreamsim_is_called_as_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """dreamsim 0.2.1, model.py: dreamsim(pretrained=True, device=...) -> (model, preprocess); preprocess(PIL) is
    (1, 3, 224, 224); model(a, b) is a distance for each row."""
    import torch

    def preprocess(image: Image.Image) -> torch.Tensor:
        return torch.full((1, 3, 224, 224), brightness(image))

    def model(img_a: torch.Tensor, img_b: torch.Tensor) -> torch.Tensor:
        assert img_a.shape[1:] == img_b.shape[1:] == (3, 224, 224)
        assert len(img_a) == len(img_b)
        return (img_a - img_b).abs().mean((1, 2, 3))

    module = ModuleType("dreamsim")
    module.dreamsim = lambda pretrained=True, device="cuda": (model, preprocess)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dreamsim", module)
    scorer = defined("DreamSim")
    assert region_faults_of(scorer, [plain("white")], [plain("black")], [plain("white"), plain("silver")]) == []


def test_hps_is_called_as_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """hpsv2 1.2.0: hpsv2.score(imgs_path, prompt, hps_version="v2.0") -> a list with a cosine for each picture of a list."""

    def score(imgs_path: list[Image.Image], prompt: str, hps_version: str = "v2.0") -> list[Any]:
        assert isinstance(imgs_path, list)
        assert prompt
        assert hps_version in ("v2.0", "v2.1")
        return [np.float32(0.1 + 0.3 * brightness(image)) for image in imgs_path]

    module = ModuleType("hpsv2")
    module.score = score  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hpsv2", module)
    scorer = defined("Hps")
    assert region_faults_of(scorer, [plain("white")], [plain("black")], [plain("white")]) == []


def test_pickscore_is_called_as_transformers_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers 5, models/clip/modeling_clip.py: `get_image_features` and `get_text_features` give the projected features as
    `pooler_output`; `logit_scale` is a parameter."""
    import torch
    import transformers
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    class Processor:
        def __call__(self, images: Any = None, text: Any = None, **given: Any) -> dict[str, torch.Tensor]:
            assert given["return_tensors"] == "pt"
            if text is not None:
                return {"input_ids": torch.zeros((len(text), 4), dtype=torch.long)}
            return {"pixel_values": torch.stack([torch.full((3, 224, 224), brightness(image)) for image in images])}

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logit_scale = torch.nn.Parameter(torch.tensor(4.6))

        def get_image_features(self, pixel_values: torch.Tensor) -> BaseModelOutputWithPooling:
            level = pixel_values.mean((1, 2, 3))
            features = torch.stack([level, 1 - level], dim=1)
            return BaseModelOutputWithPooling(pooler_output=features)

        def get_text_features(self, input_ids: torch.Tensor) -> BaseModelOutputWithPooling:
            return BaseModelOutputWithPooling(pooler_output=torch.tensor([[1.0, 0.0]]))

    monkeypatch.setattr(transformers.AutoProcessor, "from_pretrained", lambda name: Processor())
    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", lambda name: Model())
    scorer = defined("PickScore")
    assert region_faults_of(scorer, [plain("white")], [plain("black")], [plain("white"), plain("silver")]) == []
