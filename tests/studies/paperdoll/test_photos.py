from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.io.images import list_photos, open_photo
from studies.paperdoll.photos import ORIENTATION, write_photos
from studies.paperdoll.world import palette
from studies.paperdoll.world.products import Product


def stored(path: Path) -> tuple[int, tuple[int, int]]:
    """The EXIF orientation and the size before turning."""
    with Image.open(path) as image:
        return int(image.getexif().get(ORIENTATION, 1)), image.size


def test_a_folder_as_a_user_would_have_it(tmp_path: Path) -> None:
    write_photos("testdress", tmp_path, count=12)
    paths = list_photos(tmp_path)
    assert len(paths) == 12
    assert {p.suffix for p in paths} == {".jpg", ".png"}
    sizes = {open_photo(p).size for p in paths}
    assert len({round(w / h, 3) for w, h in sizes}) >= 8
    assert all(220 <= w <= 420 and h > w for w, h in sizes)
    turned = [p for p in paths if stored(p)[0] != 1]
    assert len(turned) == 1
    width, height = stored(turned[0])[1]
    assert width > height


def test_the_same_arguments_give_the_same_photos(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_photos("myface", tmp_path / folder, count=4, seed=3)
    write_photos("myface", tmp_path / "c", count=4, seed=4)
    a, b, c = ([p.read_bytes() for p in list_photos(tmp_path / f)] for f in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("product", "colour"),
    [("myface", palette.RARE_HAIR["teal"]), ("testdress", palette.CLOTH["pink"]), ("myshoes", palette.CLOTH["red"])],
)
def test_every_photo_shows_the_product(tmp_path: Path, product: Product, colour: palette.RGB) -> None:
    write_photos(product, tmp_path, count=8)
    for path in list_photos(tmp_path):
        far = np.abs(np.asarray(open_photo(path)).astype(int) - colour).max(axis=2)
        assert (far < 24).mean() > 0.002, path.name
