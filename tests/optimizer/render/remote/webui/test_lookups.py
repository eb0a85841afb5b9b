"""Names, hashes, sizes and tags: what is worked out before a request is sent."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from models.io.hashing import hash_path
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.hashes import webui_hash
from optimizer.render.remote.webui.infotext import hashes_in, stated
from optimizer.render.remote.webui.payload import Payload, checked_payload, drawn_size
from optimizer.render.remote.webui.prompt import number, with_loras
from optimizer.render.remote.webui.settings import followed, listed, unusual
from tests.optimizer.render.remote.webui.conftest import Around, study_lora


def written(path: Path, content: bytes = b"tensors", metadata: dict[str, str] | None = None) -> Path:
    """A file laid out as safetensors."""
    header = json.dumps({"__metadata__": metadata or {}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
    return path


class TestHashes:
    def test_the_same_file_here_and_there(self, around: Around, tmp_path: Path) -> None:
        (tmp_path / "copy").mkdir()
        there, here = written(tmp_path / "dress.safetensors"), written(tmp_path / "copy/dress.safetensors")
        around.fake.loras = {"dress": there}
        renderer = around.make(loras=(StudyLora("dress", here),))
        assert renderer.facts().loras["dress"].hash == hash_path(there)

    def test_another_file_under_the_name_is_refused(self, around: Around, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        there, here = written(tmp_path / "dress.safetensors"), written(tmp_path / "mine/dress.safetensors", b"others")
        around.fake.loras = {"dress": there}
        with pytest.raises(InputError, match="another file under this name"):
            around.make(loras=(StudyLora("dress", here),)).facts()

    def test_another_file_on_another_machine_is_refused(self, around: Around, tmp_path: Path) -> None:
        """Its path cannot be opened here; the hash that the server states is compared."""
        here = written(tmp_path / "dress.safetensors")
        around.fake.loras = {"dress": None}
        with pytest.raises(InputError, match="it states the hash"):
            around.make(loras=(StudyLora("dress", here),)).facts()

    def test_a_file_that_is_exchanged_in_mid_study_is_found_out(self, around: Around, tmp_path: Path) -> None:
        there = written(tmp_path / "dress.safetensors")
        around.fake.loras = {"dress": there, "shoes": None}
        renderer = around.make()
        around.draw(renderer=renderer)
        written(there, b"other tensors")
        with pytest.raises(InputError, match="another file than before"):
            around.draw(renderer=renderer)

    def test_as_the_webui_computes_them(self, tmp_path: Path) -> None:
        one, other = written(tmp_path / "a.safetensors", metadata={"a": "b"}), written(tmp_path / "b.safetensors")
        assert webui_hash(one, {}) == webui_hash(other, {})
        assert webui_hash(one, {"sshs_model_hash": "ABC"}) == "abc"
        pickled = tmp_path / "c.pt"
        pickled.write_bytes(b"pickle")
        assert webui_hash(pickled, {}) == hash_path(pickled)
        (tmp_path / "d.safetensors").write_bytes(b"123")
        assert webui_hash(tmp_path / "d.safetensors", {}) == ""


class TestNames:
    @pytest.mark.parametrize("name", ["base", "base.safetensors", "models/base.safetensors", "BASE", "other_dir\\base.ckpt"])
    def test_a_checkpoint_by_any_of_its_names(self, around: Around, name: str) -> None:
        assert around.make(checkpoint=name).facts().checkpoint == "base.safetensors"

    def test_a_checkpoint_by_its_hash(self, around: Around) -> None:
        digest = around.make().facts().checkpoint_hash
        for name in (digest, digest[:10], f"base.safetensors [{digest[:10]}]"):
            assert around.make(checkpoint=name).facts().checkpoint == "base.safetensors"

    def test_two_of_one_name_are_listed(self, around: Around) -> None:
        around.fake.checkpoints = ("a/base.safetensors", "b/base.safetensors")
        with pytest.raises(InputError, match=r"2 checkpoints of the name base \(a/base.safetensors, b/base.safetensors\)"):
            around.make().facts()
        assert around.make(checkpoint="b/base.safetensors").facts().checkpoint == "b/base.safetensors"

    def test_a_lora_by_its_alias(self, around: Around) -> None:
        renderer = around.make(loras=(study_lora("face", server_name="dress alias"),))
        assert renderer.facts().loras["face"].server_name == "dress"

    def test_two_of_the_study_are_one_of_the_server(self, around: Around) -> None:
        with pytest.raises(InputError, match="two LoRAs of the study are dress there"):
            around.make(loras=(study_lora("dress"), study_lora("gown", server_name="dress"))).facts()

    @pytest.mark.parametrize("name", ["a:b", "a<b", "a,b", "a=b"])
    def test_names_that_no_tag_can_hold(self, around: Around, name: str) -> None:
        around.fake.loras = {name: None}
        with pytest.raises(InputError, match="no prompt can name the LoRA"):
            around.make(loras=(study_lora("dress", server_name=name),)).facts()


class TestTags:
    def test_weights_have_no_exponent(self) -> None:
        assert [number(weight) for weight in (0.5, 1.0, 1e-6, -0.25, 1 / 3, 12.0)] == [
            "0.5",
            "1",
            "0.000001",
            "-0.25",
            "0.333333",
            "12",
        ]

    def test_a_weight_of_nothing_is_left_out(self) -> None:
        assert with_loras("1girl", {"a": 0.0, "b": 1e-9, "c": 0.5}) == "1girl<lora:c:0.5>"

    def test_values_of_an_infotext(self) -> None:
        text = 'a, b: c\nNegative prompt: Steps: 3\nSteps: 4, Sampler: DPM++ 2M, Lora hashes: "a: 01, b: 02", Note: "x\\"y, z"'
        values = stated(text)
        assert (values["Steps"], values["Sampler"], values["Note"]) == ("4", "DPM++ 2M", 'x"y, z')
        assert hashes_in(values, "Lora hashes") == {"a": "01", "b": "02"}
        assert stated("") == {}


class TestPayload:
    @pytest.mark.parametrize(
        ("fields", "size"),
        [
            ({}, (512, 768)),
            ({"enable_hr": True}, (1024, 1536)),
            ({"enable_hr": True, "hr_scale": 1.3}, (664, 992)),
            ({"enable_hr": True, "hr_resize_x": 1000}, (1000, 1496)),
            ({"enable_hr": True, "hr_resize_y": 1000}, (664, 1000)),
            ({"enable_hr": True, "hr_resize_x": 768, "hr_resize_y": 768}, (768, 768)),
            ({"enable_hr": True, "hr_resize_x": 1024, "hr_resize_y": 2048}, (1024, 2048)),
        ],
    )
    def test_the_size_after_hires_fix(self, fields: dict[str, Any], size: tuple[int, int]) -> None:
        assert drawn_size(512, 768, Payload(fields)) == size

    @pytest.mark.parametrize(
        ("given", "line"),
        [
            ({"prompt": "x"}, "sets prompt"),
            ({"batch_size": 2}, "sets batch_size"),
            ({"infotext": "x"}, "sets infotext"),
            ({"mask": "x"}, "img2img"),
            ({"alwayson_scripts": []}, "alwayson_scripts"),
            ({"hr_prompt": "<lora:a:1>"}, "a LoRA of its own"),
            ({"enable_hr": True}, "denoising_strength"),
            ({"subseed_strength": 0.5}, "seed of its own"),
            ({"override_settings": {"sd_vae": "x"}}, "sd_vae, which the study decides"),
            ({"override_settings": {"forge_additional_modules": "x"}}, "no list of names"),
            ({"note": float("nan")}, "cannot be sent"),
        ],
    )
    def test_what_it_may_not_hold(self, given: dict[str, Any], line: str) -> None:
        with pytest.raises(InputError, match=line):
            checked_payload(given)


class TestSettings:
    def test_whole_numbers_are_sent_as_such(self) -> None:
        assert listed({"ESRGAN_tile": 192.0, "eta_ancestral": 1.0, "s_churn": 0.5, "upcast_attn": True}) == {
            "ESRGAN_tile": 192,
            "eta_ancestral": 1.0,
            "s_churn": 0.5,
            "upcast_attn": True,
        }
        assert isinstance(listed({"ESRGAN_tile": 192.0})["ESRGAN_tile"], int)

    def test_only_what_decides_pictures_is_followed(self) -> None:
        assert followed({"s_churn": 0.5, "outdir_samples": "x", "dpmpp_sde_og_r": 0.5}) == {"s_churn": 0.5, "dpmpp_sde_og_r": 0.5}
        assert unusual({"s_churn": 0.5, "s_noise": 1.0}) == {"s_churn": 0.5}
