"""The one error for bad input is one line, whatever it is made of."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError


def test_it_says_what_where_and_how_to_mend_it() -> None:
    error = InputError("no such file", "a.png", "name a file that exists")
    assert str(error) == "no such file: a.png; name a file that exists"
    assert (error.what, error.where, error.mend) == ("no such file", "a.png", "name a file that exists")


@given(st.text(), st.text(), st.text())
def test_it_is_always_one_line(what: str, where: str, mend: str) -> None:
    assert len(str(InputError(what, where, mend)).splitlines()) <= 1


def test_it_comes_back_whole_from_another_process() -> None:
    error = InputError("no such file", "a.txt", "name another")
    again = pickle.loads(pickle.dumps(error))
    assert (again.what, again.where, again.mend, str(again)) == (error.what, error.where, error.mend, str(error))
