"""URLs of SQLite files lead back to the same file, whatever its folder is called."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from models.io.sqlite_url import placed_in, sqlite_path, sqlite_url

NAMES = (
    *("plain", "a b", "q?x", "?", "h#x", "100%", "p%20x", "%3F", "%(x)s", "amp&x=1", "both\"'", "衣服", "🧥", "colon:x"),
    *("at@x", "semi;x", "{curly}", "{}", "[br]", "back\\slash", "plus+x", "new\nline", "tilde~", "$HOME", "a?uri=true"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_leads_to_its_own_database(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    url = sqlite_url(folder / "optuna.db")
    assert sqlite_path(url) == (folder / "optuna.db").resolve()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table made (x integer)"))
    engine.dispose()
    with closing(sqlite3.connect(folder / "optuna.db")) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == [("made",)]
    assert [place.name for place in tmp_path.iterdir()] == [name]


def test_names_without_special_characters_keep_their_urls(tmp_path: Path) -> None:
    assert sqlite_url(tmp_path / "衣 服" / "a.db") == f"sqlite:///{tmp_path / '衣 服' / 'a.db'}"


@pytest.mark.parametrize(
    "url", ["postgresql://host/name", "http://host:5000", "sqlite://", "sqlite:///:memory:", "sqlite:////a.db?mode=ro", "a b", ""]
)
def test_what_is_no_plain_file_has_no_path(url: str) -> None:
    assert sqlite_path(url) is None


def test_a_relative_file_lies_in_the_studys_folder_wherever_a_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = tmp_path / "100% a"
    folder.mkdir()
    assert sqlite_path(placed_in(folder, "sqlite:///all.db")) == folder / "all.db"
    Path("all.db").touch()
    assert sqlite_path(placed_in(folder, "sqlite:///all.db")) == Path("all.db").resolve(), "as earlier versions placed it"
    (folder / "all.db").touch()
    assert sqlite_path(placed_in(folder, "sqlite:///all.db")) == folder / "all.db"
    for url in (f"sqlite:///{tmp_path / 'a.db'}", "postgresql://host/name", "http://host:5000", "databricks"):
        assert placed_in(folder, url) == url
