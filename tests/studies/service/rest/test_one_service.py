"""One service has a study, and what is served may be named by its file."""

from __future__ import annotations

import pytest

from models.errors import InputError, TakenError
from studies.pipeline import run_study
from studies.service import only_service as only_service_file
from studies.service.only_service import only_service
from studies.service.rooms import Rooms, rooms_of
from studies.testing.fake_study import FakeWorld, opened_on
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker


def test_a_second_service_of_one_folder_is_refused(rooms: Rooms) -> None:
    with only_service(rooms) as note:
        note("http://127.0.0.1:8270/")
        with pytest.raises(TakenError, match=r"served already.*http://127\.0\.0\.1:8270/"), only_service(rooms):
            raise AssertionError("two services")
    with only_service(rooms):
        pass


def test_a_service_above_or_below_another_is_refused(rooms: Rooms) -> None:
    """Both would queue jobs of the same study."""
    above = Rooms(rooms.root.parent)
    for first, second in ((rooms, above), (above, rooms)):
        with only_service(first) as note:
            note("http://127.0.0.1:8271/")
            with pytest.raises(TakenError, match=r"a study of this folder is served already.*:8271/"), only_service(second):
                raise AssertionError("two services")
    other = rooms.root.parent / "other" / "dress"
    other.mkdir(parents=True)
    (other / "study.yaml").write_text("name: x\n", encoding="utf-8")
    with only_service(rooms), only_service(Rooms(other)):
        pass


def test_a_service_without_an_address_yet_names_no_folder_as_a_page(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(only_service_file, "BEGINS_S", 0.0)
    with only_service(rooms):
        with pytest.raises(TakenError, match="only beginning") as told, only_service(rooms):
            raise AssertionError("two services")
        assert "open that page" not in str(told.value)


def test_the_study_file_is_its_folder_and_other_files_are_named(rooms: Rooms) -> None:
    assert rooms_of(rooms.root / "study.yaml").root == rooms.root
    file = rooms.root / "notes.txt"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"this is a file: .*notes\.txt"):
        rooms_of(file)


def test_a_run_of_a_seed_that_nobody_has_seen_says_so_as_the_command_does(rooms: Rooms) -> None:
    study, callback = opened_on(rooms.root, FakeWorld((64, 96))), RecordingCallback()
    run_study(study, [7, 4242], trials=4, tracker=MemoryTracker(), callback=callback)
    assert [text for text in callback.messages() if "not scouted" in text] == [
        "seed 4242 was not scouted: nobody has seen its image"
    ]
