from __future__ import annotations

import pytest

from models.errors import InputError
from trainers.prepare.cutting.buckets import half
from trainers.prepare.settings import PrepareSettings
from trainers.step_plan import Plan


def test_defaults_follow_the_tutorial() -> None:
    settings = PrepareSettings("clothing", "testdress")
    assert settings.plan == Plan(steps=4000, epochs=10, batch=1)
    assert settings.size == (512, 768)
    assert half(settings.size) == (256, 384)
    assert settings.reg_token == "testdress"
    assert PrepareSettings("clothing", "testdress", reg_class="girl").reg_token == "girl"


@pytest.mark.parametrize("size", [(511, 768), (512, 767), (0, 768)])
def test_odd_sizes_are_refused_on_entry(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="sizes must be even"):
        PrepareSettings("clothing", "testdress", size=size)


def test_both_words_are_checked_on_entry() -> None:
    for trigger, reg_class in (("a,b", None), ("testdress", "a/b")):
        with pytest.raises(InputError, match="not a trigger word"):
            PrepareSettings("clothing", trigger, reg_class=reg_class)
