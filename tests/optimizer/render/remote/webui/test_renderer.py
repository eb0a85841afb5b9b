"""WebuiRenderer over a fake A1111 that draws something else without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.address import Credentials
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.render.remote.client import ServerAwayError
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.testing.fake_server.webui import DEFAULTS, encoded
from optimizer.testing.remote_renderer_conformance import RemoteRendererSuite
from tests.optimizer.render.remote.webui.conftest import LORAS, Around, study_lora


class TestSuite(RemoteRendererSuite):
    @pytest.fixture
    def renderer(self, around: Around) -> WebuiRenderer:
        return around.make(loras=(study_lora("dress"), study_lora("shoes"), study_lora("face", fixed=0.3)))

    @pytest.fixture
    def twin(self, around: Around) -> WebuiRenderer:
        return around.make(loras=(study_lora("dress"), study_lora("shoes"), study_lora("face", fixed=0.3)))

    @pytest.fixture
    def jobs(self) -> Sequence[Job]:
        return [Job(7, Point({"dress": weight, "shoes": 0.4}, 5.0)) for weight in (0.2, 0.5, 0.8)]


class TestWhatIsAsked:
    def test_loras_stand_after_the_prompt_in_a_fixed_order(self, around: Around) -> None:
        renderer = around.make()
        renderer.render([Job(7, Point({"shoes": 1e-5, "dress": 0.45}, 6.5))])
        assert around.fake.requests[-1]["prompt"] == "1girl, (red:1.2)<lora:dress:0.45><lora:shoes:0.00001>"
        renderer.render([Job(7, Point({"shoes": 0.0, "dress": -1.0}, 6.5, prompt="plain"))])
        assert around.fake.requests[-1]["prompt"] == "plain<lora:dress:-1>"

    def test_a_lora_of_several_files_is_named_by_the_one_that_a_job_names(self, around: Around) -> None:
        """The fake has a LoRA called face, which stands for an earlier file of the dress."""
        renderer = around.make(loras=(*LORAS, StudyLora("dress@face", Path("/nowhere/face.safetensors"))))
        for files, tag in (({"dress": "face"}, "<lora:face:0.45>"), ({}, "<lora:dress:0.45>")):
            renderer.render([Job(7, Point({"dress": 0.45}, 6.5, files=files))])
            assert around.fake.requests[-1]["prompt"] == f"1girl, (red:1.2){tag}"
        assert set(renderer.identity()["loras"]) == {"dress", "dress@face", "shoes"}

    def test_a_schedule_is_named_in_the_servers_words(self, around: Around) -> None:
        for name, expected in {
            "DPM++ 2M Karras": ("DPM++ 2M", "Karras"),
            "DPM++ 2M": ("DPM++ 2M", "Uniform"),
            "DPM++ 2M SDE SGM Uniform": ("DPM++ 2M SDE", "SGM Uniform"),
            "Euler": ("Euler", "Automatic"),
        }.items():
            assert isinstance(around.draw(sampler=name), Image.Image)
            assert (around.fake.requests[-1]["sampler_name"], around.fake.requests[-1]["scheduler"]) == expected

    def test_deciding_settings_stand_in_every_request(self, around: Around) -> None:
        around.fake.options["s_min_uncond"] = 1.5
        renderer = around.make(clip_skip=2, ensd=31337, rng="nv")
        around.fake.options["s_min_uncond"] = 1.5
        around.draw(renderer=renderer)
        around.fake.options["s_min_uncond"] = 4.0
        around.draw(renderer=renderer)
        sent = around.fake.requests[-1]["override_settings"]
        assert sent["s_min_uncond"] == 1.5
        assert sent["CLIP_stop_at_last_layers"] == 2
        assert (sent["randn_source"], sent["eta_noise_seed_delta"]) == ("NV", 31337)
        assert (sent["sd_model_checkpoint"], sent["sd_vae"], sent["uni_pc_order"]) == ("base.safetensors", "None", 3)
        assert isinstance(sent["uni_pc_order"], int)
        assert renderer.identity()["frame"]["s_min_uncond"] == 1.5

    def test_the_servers_settings_are_as_before(self, around: Around) -> None:
        """Those that were never saved, too: the fake keeps what a request sets, as A1111 does."""
        before = {name: around.fake.setting(name) for name in DEFAULTS}
        around.draw(renderer=around.make(clip_skip=2, ensd=31337, vae="kl", payload={"override_settings": {"s_min_uncond": 2.0}}))
        assert {name: around.fake.setting(name) for name in DEFAULTS} == before

    def test_a_payload_is_merged(self, around: Around) -> None:
        payload = {
            "alwayson_scripts": {"ControlNet": {"args": [{"weight": 0.5}]}},
            "override_settings": {"token_merging_ratio": 0.2},
            "enable_hr": False,
        }
        renderer = around.make(payload=payload)
        assert isinstance(around.draw(renderer=renderer), Image.Image)
        body = around.fake.requests[-1]
        assert body["alwayson_scripts"] == payload["alwayson_scripts"]
        assert body["override_settings"]["token_merging_ratio"] == 0.2
        assert renderer.identity()["payload"] != around.make().identity()["payload"]


class TestWhatIsTaken:
    """No picture is taken that is not the one that was asked."""

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("seed", lambda info: info.update(seed=8)),
            ("all_seeds", lambda info: info.update(all_seeds=[8])),
            ("steps", lambda info: info.update(steps=5)),
            ("cfg_scale", lambda info: info.update(cfg_scale=7.0)),
            ("width", lambda info: info.update(width=128)),
            ("sampler_name", lambda info: info.update(sampler_name="Euler")),
            ("prompt", lambda info: info.update(prompt="1girl, masterpiece")),
            ("negative_prompt", lambda info: info.update(negative_prompt="")),
            ("styles", lambda info: info.update(styles=["photo"])),
            ("checkpoint", lambda info: info.update(sd_model_hash="ffffffffff")),
            ("version", lambda info: info.update(version="v1.9.0")),
            ("clip skip", lambda info: info.update(clip_skip=2)),
            ("Schedule type", lambda info: rewritten(info, "Schedule type: Karras", "Schedule type: Beta")),
            ("Steps", lambda info: rewritten(info, "Steps: 4", "Steps: 3")),
            ("Size", lambda info: rewritten(info, "Size: 64x96", "Size: 96x64")),
            ("RNG", lambda info: rewritten(info, "RNG: CPU, ", "")),
            ("VAE", lambda info: rewritten(info, "RNG: CPU", "VAE: other.safetensors, RNG: CPU")),
            ("NGMS", lambda info: rewritten(info, "RNG: CPU", "NGMS: 2.0, RNG: CPU")),
            ("LoRA shoes", lambda info: rewritten(info, ", shoes: ", ", boots: ")),
            ("another file", lambda info: rewritten(info, "dress: ", "dress: 0")),
            ("another LoRA", lambda info: rewritten(info, 'Lora hashes: "', 'Lora hashes: "x: 0123, ')),
        ],
    )
    def test_a_difference_is_named(self, around: Around, name: str, change: Any) -> None:
        def changed(answer: dict[str, Any]) -> dict[str, Any]:
            change(answer["info"])
            return answer

        around.fake.change = changed
        with pytest.raises(InputError, match=name):
            around.draw()

    def test_extensions_and_grids_are_left_out(self, around: Around) -> None:
        expected = around.draw()
        map_of_extension = encoded(Image.new("RGB", (64, 96), "blue"))

        def grid_first(answer: dict[str, Any]) -> dict[str, Any]:
            info = answer["info"]
            info.update(index_of_first_image=1, infotexts=[info["infotexts"][0]] * 2)
            return {**answer, "images": [map_of_extension, *answer["images"], map_of_extension]}

        def map_first(answer: dict[str, Any]) -> dict[str, Any]:
            return {**answer, "images": [map_of_extension, *answer["images"]]}

        for around.fake.change in (grid_first, map_first):
            assert around.draw() == expected

    def test_another_size_is_refused(self, around: Around) -> None:
        around.fake.change = exchanged(Image.new("RGB", (64, 64), "red"))
        with pytest.raises(InputError, match="drew 64x64, asked for 64x96"):
            around.draw()

    def test_a_picture_of_something_else_is_refused(self, around: Around) -> None:
        """Its infotext is another, or it carries none, as the maps that extensions add."""
        for text in (None, "1girl\nSteps: 4, Seed: 8"):
            around.fake.change = lambda answer, text=text: {
                **answer,
                "images": [encoded(Image.new("RGB", (64, 96), "red"), text)],
            }
            with pytest.raises(InputError, match="does not carry the infotext"):
                around.draw()

    def test_a_lossy_picture_is_refused(self, around: Around) -> None:
        around.fake.options["samples_format"] = "jpg"
        with pytest.raises(InputError, match="samples_format"):
            around.draw()

    def test_black_and_nan_are_not_drawn(self, around: Around) -> None:
        around.draw()
        around.fake.change = exchanged(Image.new("RGB", (64, 96)))
        assert isinstance(around.draw(), NotDrawn)
        around.fake.change = None
        renderer = around.make()
        renderer.facts()
        around.fake.refusal = 500, {"error": "NansException", "detail": "", "errors": "A tensor with NaNs was produced in Unet."}
        assert around.draw(renderer=renderer) == NotDrawn("the server's picture is NaN")

    def test_an_interrupted_picture_is_drawn_again(self, around: Around) -> None:
        renderer = around.make()
        expected = around.draw(renderer=renderer)
        around.fake.interrupt_at = 1
        assert around.draw(renderer=renderer) == expected
        assert [scene.steps for scene in around.fake.drawn] == [4, 1, 4]

    def test_who_interrupts_on_and_on_is_told(self, around: Around) -> None:
        renderer = around.make()
        renderer.facts()
        around.fake.change = lambda answer: around.fake.state.update(interrupted=True) or answer
        with pytest.raises(InputError, match="somebody interrupts"):
            around.draw(renderer=renderer)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("given", "line"),
        [
            ({"sampler": "DPM++ 2N Karras"}, "no sampler DPM.* 2N Karras; the nearest it has: DPM.* 2M Karras"),
            ({"sampler": "DPM++ 2M Kerras"}, "no sampler"),
            ({"checkpoint": "bass"}, "no checkpoint bass; the nearest it has: base.safetensors"),
            ({"vae": "kl-f9"}, "no VAE kl-f9; the nearest it has: kl.safetensors"),
            ({"loras": (study_lora("drass"),)}, "no LoRA drass.safetensors; the nearest it has: dress"),
            ({"embeddings": ("easynegativ",)}, "no embedding easynegativ; the nearest it has: easynegative"),
            ({"embeddings": ("other",)}, "skips the embedding other"),
            ({"width": 100}, "width 100 is no multiple of 8"),
            ({"payload": {"alwayson_scripts": {"ControlNot": {}}}}, "no script ControlNot; the nearest it has: controlnet"),
            ({"payload": {"seed": 3}}, "sets seed, which the study decides"),
            ({"payload": {"init_images": []}}, "img2img"),
            ({"payload": {"override_settings": {"CLIP_stop_at_last_layers": 2}}}, "CLIP_stop_at_last_layers"),
            ({"payload": {"override_settings": {"s_min_unkond": 2}}}, "no setting s_min_unkond"),
            ({"prompt": "1girl <lora:dress:1>"}, "the prompt holds a LoRA of its own .<lora:dress:1>"),
        ],
    )
    def test_in_one_line(self, around: Around, given: dict[str, Any], line: str) -> None:
        with pytest.raises(InputError, match=line):
            around.draw(renderer=around.make(**{"loras": (study_lora("dress"), study_lora("shoes")), **given}))

    def test_a_lora_that_the_server_cannot_open(self, around: Around) -> None:
        around.fake.broken = frozenset(["shoes"])
        with pytest.raises(InputError, match="cannot open the LoRA shoes"):
            around.make().facts()

    def test_a_lora_that_it_can_no_longer_open(self, around: Around) -> None:
        renderer = around.make()
        around.draw(renderer=renderer)
        around.fake.broken = frozenset(["shoes"])
        with pytest.raises(InputError, match="without the LoRA shoes"):
            around.draw(renderer=renderer)

    def test_out_of_memory(self, around: Around) -> None:
        renderer = around.make()
        renderer.facts()
        around.fake.refusal = 500, {"error": "OutOfMemoryError", "detail": "", "errors": "CUDA out of memory. Tried to ..."}
        with pytest.raises(InputError, match="no memory for 64x96 pixels"):
            around.draw(renderer=renderer)

    def test_credentials(self, around: Around) -> None:
        around.fake.user = "ann:secret"
        with pytest.raises(InputError, match="refuses to serve us"):
            around.draw()
        assert isinstance(around.draw(renderer=around.make(credentials=Credentials("ann", "secret"))), Image.Image)


class TestServerAway:
    def test_killed_in_mid_image_and_started_again(self, around: Around) -> None:
        renderer = around.make()
        expected = around.draw(renderer=renderer)
        around.fake.step_s = 0.2
        killer = threading.Timer(0.3, around.restart)
        killer.start()
        assert around.draw(renderer=renderer) == expected
        killer.join()
        assert renderer.interruptions() == 1

    def test_the_page_answers_before_the_api(self, around: Around) -> None:
        renderer = around.make()
        expected = around.draw(renderer=renderer)
        around.server.stop()
        around.fake.warming = 3
        threading.Timer(0.2, around.server.start).start()
        assert around.draw(renderer=renderer) == expected

    def test_started_again_with_another_setting(self, around: Around) -> None:
        renderer = around.make()
        renderer.identity()
        around.draw(renderer=renderer)
        around.server.stop()
        around.fake.options = {"sd_model_checkpoint": "base.safetensors", "token_merging_ratio": 0.5}
        threading.Timer(0.2, around.server.start).start()
        with pytest.raises(InputError, match="started again with another frame"):
            around.draw(renderer=renderer)

    def test_gone(self, around: Around) -> None:
        renderer = around.make()
        around.draw(renderer=renderer)
        around.server.stop()
        with pytest.raises(ServerAwayError, match="no server answers"):
            around.draw(renderer=renderer)
        around.server.start()

    def test_a_silent_server(self, around: Around) -> None:
        from dataclasses import replace

        renderer = around.make()
        renderer.facts()
        renderer.limits = replace(renderer.limits, silence_s=0.3)
        around.fake.step_s = 1.0
        with pytest.raises(InputError, match="no progress"):
            around.draw(renderer=renderer)


class TestProgressAndCancelling:
    def test_steps_are_reported_from_the_thread_that_draws(self, around: Around) -> None:
        seen: list[tuple[int, int, int]] = []
        renderer = around.make(on_step=lambda step, of: seen.append((step, of, threading.get_ident())))
        renderer.facts()
        around.fake.step_s = 0.1
        around.draw(renderer=renderer)
        assert [step for step, _, _ in seen] == sorted(step for step, _, _ in seen)
        assert {of for _, of, _ in seen} == {4}
        assert {ident for _, _, ident in seen} == {threading.get_ident()}

    def test_cancelled_from_another_thread(self, around: Around) -> None:
        renderer = around.make()
        expected = around.draw(renderer=renderer)
        around.fake.step_s = 2.0
        threading.Timer(0.2, renderer.cancel).start()
        began = time.monotonic()
        with pytest.raises(DrawingCancelledError):
            around.draw(renderer=renderer)
        assert time.monotonic() - began < 4 * around.fake.step_s
        around.fake.step_s = 0.0
        assert around.draw(renderer=renderer) == expected

    def test_cancelled_while_the_server_is_waited_for(self, around: Around) -> None:
        renderer = around.make()
        around.draw(renderer=renderer)
        around.server.stop()
        threading.Timer(0.1, renderer.cancel).start()
        threading.Timer(0.4, around.server.start).start()
        with pytest.raises(DrawingCancelledError):
            around.draw(renderer=renderer)
        assert isinstance(around.draw(renderer=renderer), Image.Image)

    def test_another_clients_picture_is_not_interrupted(self, around: Around) -> None:
        renderer, others = around.make(), around.make()
        renderer.facts()
        others.facts()
        around.fake.step_s = 0.2
        other = threading.Thread(target=lambda: around.draw(renderer=others, steps=30))
        other.start()
        while around.fake.state["sampling_steps"] != 30:
            time.sleep(0.01)
        threading.Timer(0.3, renderer.cancel).start()
        with pytest.raises(DrawingCancelledError):
            around.draw(renderer=renderer)
        assert not around.fake.state["interrupted"]
        other.join()

    @pytest.mark.parametrize("page", [True, False])
    def test_ctrl_c_interrupts_the_server(self, around: Around, page: bool) -> None:
        around.fake.page = page

        def stop(step: int, of: int) -> None:
            raise KeyboardInterrupt

        renderer = around.make(on_step=stop)
        renderer.facts()
        around.fake.step_s = 0.2
        with pytest.raises(KeyboardInterrupt):
            around.draw(renderer=renderer)
        assert around.fake.state["interrupted"]


def exchanged(picture: Image.Image) -> Any:
    """The answer with another picture that carries the same infotext."""
    return lambda answer: {**answer, "images": [encoded(picture, answer["info"]["infotexts"][0])]}


def rewritten(info: dict[str, Any], old: str, new: str) -> None:
    assert old in info["infotexts"][0]
    info["infotexts"] = [info["infotexts"][0].replace(old, new)]
