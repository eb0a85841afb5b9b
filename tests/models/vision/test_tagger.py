from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.testing.tagging import TABLE, write_tagger
from models.vision.tagger import open_tagging_model


def test_pictures_are_padded_with_white_and_given_as_bgr(tmp_path: Path) -> None:
    model = open_tagging_model(write_tagger(tmp_path))
    assert model.names == ("general", "blue part", "red part", "^_^", "some one")
    assert model.categories == (9, 0, 0, 0, 4)
    half = model.probabilities([Image.new("RGB", (20, 40), "red"), Image.new("RGB", (30, 30), "blue")])
    assert half.shape == (2, 5)
    assert half[0, 1:4] == pytest.approx([0.5, 1.0, 0.5], abs=0.02)
    assert half[1, 1:4] == pytest.approx([1.0, 0.0, 0.0])


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    assert open_tagging_model(write_tagger(tmp_path) / "model.onnx").side == 8
    assert np.array_equal(open_tagging_model(tmp_path).probabilities([]), np.zeros((0, 5)))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "no tags"),
        ("tag_id,name\n1,a\n", "not a table"),
        ("name,category\na,x\n", "not a table"),
        (TABLE + "6,more,0,1\n", "6 tags for outputs"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_tagging_model(write_tagger(tmp_path, table=table))


def test_a_missing_half_is_refused(tmp_path: Path) -> None:
    (write_tagger(tmp_path) / "selected_tags.csv").unlink()
    with pytest.raises(InputError, match=r"no selected_tags\.csv"):
        open_tagging_model(tmp_path)
    with pytest.raises(InputError, match="no such ONNX model"):
        open_tagging_model(tmp_path / "none")
