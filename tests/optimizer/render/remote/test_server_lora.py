"""A study's LoRA among those of a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from optimizer.render.remote.server_lora import StudyLora, named_on_server

LISTED = ["dress.safetensors", "sub/shoes.safetensors", "a/face.safetensors", "b\\face.safetensors"]


@pytest.mark.parametrize(
    ("lora", "name"),
    [
        (StudyLora("dress", Path("loras/dress.safetensors")), "dress.safetensors"),
        (StudyLora("x", Path("loras/shoes.safetensors")), "sub/shoes.safetensors"),
        (StudyLora("face", Path("f.safetensors"), server_name="b/face.safetensors"), "b\\face.safetensors"),
        (StudyLora("face", Path("f.safetensors"), server_name="a/face"), "a/face.safetensors"),
    ],
)
def test_it_is_found(lora: StudyLora, name: str) -> None:
    assert named_on_server(lora, LISTED, "http://here") == name


def test_two_of_a_name_have_to_be_told_apart() -> None:
    with pytest.raises(InputError, match=r"2 LoRAs of the name face.*draw\.loras"):
        named_on_server(StudyLora("face", Path("face.safetensors")), LISTED, "http://here")


def test_one_that_it_lacks_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no LoRA dres\.safetensors; the nearest it has: dress\.safetensors"):
        named_on_server(StudyLora("dress", Path("dres.safetensors")), LISTED, "http://here")
    with pytest.raises(InputError, match="it has none"):
        named_on_server(StudyLora("dress", Path("dress.safetensors")), [], "http://here")
