"""What is wrong with a figure beside the plain image: said in every language."""

from __future__ import annotations

from dataclasses import replace

from models.language.translate import Phrase, speaking
from scorers.score.calibration import ladder_faults
from scorers.testing.fake_observer import Shown, observation_of


def test_faults_are_phrases() -> None:
    plain = replace(observation_of(Shown(face=0.9, hands=0.0)), heads=1, feet=2)
    assert plain.face is not None
    assert plain.hands
    broken = tuple(replace(hand, broken=1.0) for hand in plain.hands)
    hands = broken * (3 // len(broken) + 1)
    found = ladder_faults(replace(plain, feet=5, hands=hands, face=None), plain)
    assert found == ("5 feet, not 2", f"{len(hands)} hands, not {len(plain.hands)}", "every hand broken", "no face")
    (faint,) = ladder_faults(replace(plain, face=replace(plain.face, score=plain.face.score / 2)), plain)
    assert faint == "hardly a face"
    with speaking("zh"):
        for fault in (*found, faint):
            assert isinstance(fault, Phrase)
            assert not any(letter.isascii() and letter.isalpha() for letter in fault.translated())
