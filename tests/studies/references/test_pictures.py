"""What decides the pictures that a LoRA is compared with."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageCms

from models.testing.icc_profile import DISPLAY_P3, matrix_profile
from studies.references.pictures import reference_pictures
from studies.testing.fake_study import fake_study


def test_photos_that_mean_other_colours_are_observed_anew(tmp_path: Path) -> None:
    """Their numbers were once observed as sRGB under the bare hash of the folder."""
    study = fake_study(tmp_path / "study")
    plain = reference_pictures(study, "dress").content
    assert " " not in plain
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = tmp_path / "study" / "photos" / "second.png"
    Image.new("RGB", (8, 12)).save(photo, icc_profile=profile)
    assert " " not in reference_pictures(fake_study(tmp_path / "study"), "dress").content
    wide = matrix_profile(DISPLAY_P3, 2.2)
    Image.new("RGB", (8, 12)).save(photo, icc_profile=wide)
    assert reference_pictures(fake_study(tmp_path / "study"), "dress").content.endswith(" in sRGB")
