"""pydantic's faults in the reader's language: the English is pydantic's own, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from models.language.translate import speak, translated
from studies.spec_reading.fault_words import OTHERS, WANTED, words_of

FAULTS: list[tuple[Any, object, str]] = [
    (Annotated[int, Field(ge=1)], -20, "应为不小于 1"),
    (Annotated[float, Field(gt=0)], 0, "应为大于 0"),
    (Annotated[int, Field(lt=3)], 3, "应为小于 3"),
    (Annotated[float, Field(le=2)], 3, "应为不大于 2"),
    (Annotated[int, Field(multiple_of=8)], 9, "应为 8 的倍数"),
    (int, "abc", "应为整数，而写的不是数字"),
    (int, 1.5, "应为整数，而写的有小数"),
    (float, "abc", "应为数字，而写的不是数字"),
    (str, 5, "应为文本"),
    (bool, "maybe", "应为 true 或 false，而写的两者都不是"),
    (list[int], 5, "应为列表"),
    (Literal["a", "b"], "c", "应为'a' 或 'b'"),
    (Annotated[str, Field(min_length=1)], "", "至少要有 1 个字符"),
    (Annotated[str, Field(max_length=2)], "abc", "最多 2 个字符"),
    (Annotated[list[int], Field(min_length=1)], [], "至少要有 1 项，现有 0 项（List）"),
]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


@pytest.mark.parametrize(("kind", "value", "chinese"), FAULTS, ids=lambda part: str(part)[:20])
def test_what_pydantic_says_is_said_in_chinese(kind: Any, value: object, chinese: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    faults = caught.value.errors()
    found = words_of(faults)
    assert found == faults[0]["msg"]
    speak("zh")
    assert translated(found) == chinese


def test_values_of_several_kinds_are_told_together() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int | list[int]).validate_python("abc")
    found = words_of(caught.value.errors())
    assert found == "Input should be a valid integer, unable to parse string as an integer or a valid list"
    speak("zh")
    assert translated(found) == "应为整数，而写的不是数字 或 列表"


def test_the_kinds_of_faults_are_pydantics() -> None:
    from typing import get_args

    from pydantic_core.core_schema import ErrorType

    assert {*WANTED, *OTHERS} <= set(get_args(ErrorType))
