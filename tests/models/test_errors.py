"""The one error for bad input is one line, whatever it is made of."""

from __future__ import annotations

import pickle
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError, first_line
from models.language.translate import phrase, speaking


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


def test_a_path_leaves_no_folder_that_it_has_just_entered(tmp_path: Path) -> None:
    """A study's folder and a name in its file make such places; beyond a link they may be other ones."""
    (tmp_path / "studies").mkdir()
    (tmp_path / "models").mkdir()
    told = InputError("no such base", tmp_path / "studies" / ".." / "models" / "base", "put it there")
    assert told.where == str(tmp_path / "models" / "base")
    assert str(told).count("..") == 0
    assert InputError("no such base", Path("../models/base"), "put it there").where == str(Path("../models/base"))
    assert InputError("no such base", "a/../b", "put it there").where == "a/../b"
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "studies" / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    through = tmp_path / "studies" / "link" / ".." / "base"
    assert InputError("no such base", through, "put it there").where == str(through)


def test_a_library_s_words_are_quoted_and_ours_are_said_in_every_language() -> None:
    assert first_line(OSError("no such file\nsecond line")) == '"no such file"'
    assert first_line(ValueError()) == "ValueError"
    own = InputError("an empty file", "a.png", "copy the photo again")
    quoted = phrase("the VAE does not open ({error})", error=first_line(own))
    told = phrase("the VAE does not open ({error})", error=first_line(ValueError(phrase("an empty file"))))
    assert quoted == f"the VAE does not open ({own})"
    with speaking("zh"):
        assert "空文件" in quoted.translated()
        assert "空文件" in told.translated()
