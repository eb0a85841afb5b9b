from __future__ import annotations

import numpy as np
import pytest

from trainers.train.data.caption_variants import varied, with_triggers
from trainers.train.settings.variety import Variety


def test_varied_captions_keep_the_trigger_in_front() -> None:
    rng = np.random.default_rng(0)
    captions = {varied("testdress, a, b,, c", Variety(), rng) for _ in range(50)}
    assert len(captions) == 6
    assert all(s.startswith("testdress, ") for s in captions)
    assert varied("testdress", Variety(), rng) == "testdress"
    assert varied("testdress, a, b", Variety(shuffle=False), rng) == "testdress, a, b"


def test_a_trigger_may_come_anywhere_but_never_goes() -> None:
    rng = np.random.default_rng(0)
    captions = [varied("testdress, a, b", Variety(keep=0, tag_dropout=0.5), rng).split(", ") for _ in range(100)]
    assert all("testdress" in tags for tags in captions)
    assert {tags.index("testdress") for tags in captions} == {0, 1, 2}
    assert {len(tags) for tags in captions} == {1, 2, 3}


def test_other_triggers_come_behind_what_is_kept() -> None:
    rng = np.random.default_rng(0)
    captions = [with_triggers("testdress, a, b", ["myface"], 1, rng).split(", ") for _ in range(60)]
    assert {tags.index("myface") for tags in captions} == {1, 2, 3}
    assert all([tag for tag in tags if tag != "myface"] == ["testdress", "a", "b"] for tags in captions)
    assert with_triggers("", ["myface"], 1, rng) == "myface"


@pytest.mark.parametrize("shuffle", [True, False])
def test_half_of_the_captions_contain_the_triggers_of_companions(shuffle: bool) -> None:
    rng = np.random.default_rng(0)
    variety = Variety(shuffle=shuffle, beside=("myface", "myshoes"))
    captions = [varied("testdress, a, b", variety, rng).split(", ") for _ in range(400)]
    assert all(tags[0] == "testdress" and {"a", "b"} <= set(tags) and len(tags) == len(set(tags)) for tags in captions)
    for word in variety.beside:
        assert 160 < sum(word in tags for tags in captions) < 240
        assert {tags.index(word) for tags in captions if word in tags} >= {1, 2, 3}
