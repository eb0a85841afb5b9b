"""What licences allow, by content and by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import licences
from models.catalogue import FREE, NON_COMMERCIAL, Commercial, profile_named
from models.licences import Licence, commercial_use, licence_of, pack_licences, summary


@pytest.mark.parametrize(
    ("name", "commercial"),
    [
        ("fashn-ai/fashn-human-parser", "no"),
        ("models/fashn-human-parser", "no"),
        ("hf-hub:Marqo/marqo-fashionSigLIP", "yes"),
        ("local-dir:models/marqo-fashionsiglip", "yes"),
        ("models/dwpose/dw-ll_ucoco_384.onnx", "yes"),
        ("ViT-L-14", "yes"),
        ("models/chilloutmix.safetensors", "unknown"),
        ("models/somebodys.safetensors", "unknown"),
    ],
)
def test_a_model_is_known_by_the_names_that_everyone_uses(name: str, commercial: Commercial) -> None:
    assert licence_of("x", name).commercial == commercial


def test_a_pack_is_known_by_the_content_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AuraFace's hub says Apache-2.0, and its detector is insightface's: the name of the file does not tell."""
    (tmp_path / "scrfd_10g_bnkps.onnx").write_bytes(b"insightface's detector")
    (tmp_path / "glintr100.onnx").write_bytes(b"AuraFace's recogniser")
    known: dict[str, tuple[str, str, Commercial]] = {
        hashlib.sha256(b"insightface's detector").hexdigest(): ("SCRFD", NON_COMMERCIAL, "no"),
        hashlib.sha256(b"AuraFace's recogniser").hexdigest(): ("AuraFace", "Apache-2.0", "yes"),
        hashlib.sha256(b"YuNet").hexdigest(): ("YuNet", "MIT", "yes"),
    }
    monkeypatch.setattr(licences, "CONTENTS", known)
    assert commercial_use(pack_licences("auraface", tmp_path)) == "no"
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"YuNet")
    assert commercial_use(pack_licences("auraface", tmp_path)) == "yes", "the detector that is not used does not count"
    (tmp_path / "glintr100.onnx").write_bytes(b"another")
    assert commercial_use(pack_licences("auraface", tmp_path)) == "unknown"


def test_a_pack_that_is_not_here_is_known_by_its_name() -> None:
    assert [one.commercial for one in pack_licences("buffalo_l", None)] == ["no"]
    assert [one.commercial for one in pack_licences("models/auraface", None)] == ["yes"]
    assert [one.commercial for one in pack_licences("models/mine", None)] == ["unknown"]


def test_every_model_of_the_free_profile_allows_commercial_use() -> None:
    assert {model.commercial for model in profile_named(FREE)} == {"yes"}


@given(st.lists(st.sampled_from(("yes", "no", "unknown")), min_size=1))
def test_one_no_or_unknown_decides(given_: list[Commercial]) -> None:
    found = [Licence("faces", f"m{i}", "x", one) for i, one in enumerate(given_)]
    wanted = "no" if "no" in given_ else "unknown" if "unknown" in given_ else "yes"
    assert commercial_use(found) == wanted
    assert summary(found).startswith(f"commercial use: {wanted}")
    assert "\n" not in summary(found)
