"""The table of verbs is the folder of verbs."""

from __future__ import annotations

from pathlib import Path

import studies.cli
from studies.cli.app import VERBS, Group

NO_VERBS = {"__init__", "app", "options"}


def test_every_verb_has_a_file_of_its_name_and_every_file_a_verb() -> None:
    (folder,) = studies.cli.__path__
    assert {path.stem for path in Path(folder).glob("*.py")} - NO_VERBS == set(VERBS)


def test_every_verb_explains_itself_in_a_line() -> None:
    for name, verb in VERBS.items():
        for function in verb.verbs.values() if isinstance(verb, Group) else [verb]:
            assert (function.__doc__ or "").strip(), name
            assert function.__module__ == f"studies.cli.{name}"
