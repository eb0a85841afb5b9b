from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.training.taggers import open_tagger, read_tags
from trainers.prepare.tagger import Tagger
from trainers.testing.prepare_suites import TaggerSuite


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return [draw(random_figure(np.random.default_rng(seed)), (256, 384)).image for seed in (1, 2)]


@pytest.fixture(scope="module", params=["tagger", "clip"])
def tagger(request: pytest.FixtureRequest) -> Tagger:
    names = {"tagger": str(WEIGHTS / "tagger"), "clip": f"local-dir:{WEIGHTS / 'clip'}"}
    tagger = open_tagger(names[request.param], None)
    assert tagger is not None
    return tagger


class TestTagger(TaggerSuite):
    """Of a model trained on tags, and of an open_clip model."""


def test_no_tagger() -> None:
    assert open_tagger("none", None) is None


def test_a_trained_tagger_takes_no_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes no list"):
        open_tagger(str(WEIGHTS / "tagger"), tmp_path / "tags.yaml")


def test_tag_groups(tmp_path: Path) -> None:
    file = tmp_path / "tags.yaml"
    file.write_text("hair: [red hair, black hair]\n", encoding="utf-8")
    assert read_tags(file) == {"hair": ["red hair", "black hair"]}
    for text in ("- a\n", "hair: 3\n", "{"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="tag groups"):
            read_tags(file)
