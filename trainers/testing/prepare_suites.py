"""What every Locator and every Tagger must do. Inherit from `LocatorSuite` or `TaggerSuite` in a test module, with the pytest
fixtures `locator` or `tagger` and `images` (RGB images of the kind that it is made for)."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from trainers.prepare.captions import tags_of
from trainers.prepare.locator import Locator
from trainers.prepare.tagger import Tagger


class LocatorSuite:
    def test_each_image_is_located_in_order(self, locator: Locator, images: Sequence[Image.Image]) -> None:
        assert len(locator.locate(images)) == len(images)
        for image, located in zip(images, locator.locate(images), strict=True):
            assert locator.locate([image]) == [located]

    def test_no_images(self, locator: Locator) -> None:
        assert locator.locate([]) == []

    def test_boxes_lie_in_their_image(self, locator: Locator, images: Sequence[Image.Image]) -> None:
        for image, located in zip(images, locator.locate(images), strict=True):
            for box in (located.thing, located.wearer):
                if box is not None:
                    assert 0 <= box.left < box.right <= image.width
                    assert 0 <= box.top < box.bottom <= image.height

    def test_a_doubt_is_one_line(self, locator: Locator, images: Sequence[Image.Image]) -> None:
        for located in locator.locate([*images, Image.new("RGB", (64, 96), "white")]):
            assert located.doubt is None or len(located.doubt.splitlines()) == 1


class TaggerSuite:
    def test_each_image_is_tagged_in_order(self, tagger: Tagger, images: Sequence[Image.Image]) -> None:
        together = tagger.tag(images)
        assert together == [tagger.tag([image])[0] for image in images]

    def test_no_images(self, tagger: Tagger) -> None:
        assert tagger.tag([]) == []

    def test_each_tag_is_one_part_of_a_caption(self, tagger: Tagger, images: Sequence[Image.Image]) -> None:
        for tags in tagger.tag(images):
            assert [tags_of(tag) for tag in tags] == [[tag] for tag in tags]
            assert len(set(tags)) == len(tags)
