"""What of a picture a study cannot express stands in its file as a note: nothing is changed or left out in silence."""

from __future__ import annotations

import pytest

from optimizer.render.base import RenderSettings
from optimizer.render.sampling.samplers import SAMPLERS
from studies.picture_settings.infotext import read
from studies.picture_settings.settings import PictureSettings
from studies.starter.from_picture import settings_from

LINE = "Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6, Seed: 123, Size: 512x768, Model: real"


def notes(text: str) -> list[str]:
    return settings_from(read(text)).notes


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a [cat:dog:0.5]", ["the prompt: prompt editing '[cat:dog:0.5]'"]),
        ("a cat AND a dog", ["the prompt: AND "]),
        ("a [cat|dog]", ["the prompt: alternation '[cat|dog]'"]),
        ("a [x:y:3] AND [c|d]", ["the prompt: AND ", "the prompt: prompt editing", "the prompt: alternation"]),
        ("a <hypernet:anime:0.8> cat", ["<hypernet:anime:0.8>: taken out of the prompt"]),
    ],
)
def test_what_the_renderer_does_not_read_is_told(prompt: str, told: list[str]) -> None:
    found = notes(f"{prompt} <lora:d:1>\n{LINE}")
    assert [start for start in told if any(note.startswith(start) for note in found)] == told
    assert len(found) == len(told)


def test_a_tag_in_the_negative_prompt_is_told() -> None:
    found = settings_from(read(f"a <lora:d:1>\nNegative prompt: bad <lora:e:0.5>, x\n{LINE}"))
    assert (found.negative, [lora.name for lora in found.loras]) == ("bad, x", ["d"])
    assert found.notes == ["<lora:e:0.5>: taken out of the negative prompt, A1111 draws it as words there"]


def test_tags_leave_the_words_around_them_apart() -> None:
    assert read(f"red <lora:d:1>blue\n{LINE}").prompt == "red blue"
    assert read(f"red<lora:d:1> blue <lora:e:1>, green\n{LINE}").prompt == "red blue, green"


def test_an_inversion_in_both_prompts_is_named_once() -> None:
    found = settings_from(read(f'ng, a <lora:d:1>\nNegative prompt: ng\n{LINE}, TI hashes: "ng: 54e7e4826d53, ng: 54e7e4826d53"'))
    assert (found.embeddings, found.notes) == (["embeddings/ng.pt"], [])


def test_comfyui_s_inversions_become_their_names() -> None:
    found = settings_from(
        PictureSettings("a (embedding:easy\\neg.pt:1.2), b", "embedding:neg, embedding:bad-hands", loras={"d": 1})
    )
    assert (found.prompt, found.negative) == ("a (neg:1.2), b", "neg, bad-hands")
    assert found.embeddings == ["embeddings/neg.pt", "embeddings/bad-hands.pt"]


@pytest.mark.parametrize("sampler", ["UniPC", "DDIM", "PLMS"])
@pytest.mark.parametrize("schedule", ["Karras", "Automatic", "SGM Uniform", "Exponential"])
def test_a1111_ignores_the_schedule_of_samplers_with_time_steps_of_their_own(sampler: str, schedule: str) -> None:
    found = settings_from(PictureSettings("a", sampler=sampler, schedule=schedule, loras={"d": 1}))
    assert found.sampler == sampler
    assert not [note for note in found.notes if "Sampler" in note]


def test_comfyui_does_not_ignore_it() -> None:
    found = settings_from(PictureSettings("a", sampler="DDIM", schedule="Karras", loras={"d": 1}, tool="ComfyUI"))
    assert found.sampler == "DDIM"
    assert [note for note in found.notes if note.startswith("Sampler: DDIM Karras in the picture")]


@pytest.mark.parametrize(
    ("written", "sampler"),
    [
        ("Sampler: dpmpp_2m_karras", "DPM++ 2M Karras"),
        ("Sampler: dpmpp_2m, Scheduler: karras", "DPM++ 2M Karras"),
        ("Sampler: euler_ancestral, Scheduler: normal", "Euler a"),
        ("Sampler: dpmpp_3m_sde_gpu_exponential", "DPM++ 3M SDE Exponential"),
        ("Sampler: dpm_2_ancestral", "DPM2 a"),
        ("Sampler: uni_pc, Scheduler: normal", "UniPC"),
        ("Sampler: lcm", "LCM"),
        ("Sampler: Euler Karras", "Euler Karras"),
    ],
)
def test_comfyui_s_names_of_samplers(written: str, sampler: str) -> None:
    found = settings_from(read(f"a <lora:d:1>\nSteps: 20, {written}, CFG scale: 7, Seed: 1, Size: 512x512, Model: m"))
    assert (found.sampler, found.notes) == (sampler, [])
    assert sampler in SAMPLERS


def test_weights_beyond_a_study_s_are_told() -> None:
    found = settings_from(read(f"a <lora:d:-0.8> <lora:e:2.5>\n{LINE}"))
    assert [lora.start for lora in found.loras] == [0, 2]
    assert found.notes == [
        f"LoRA {name}: {weight} in the picture; a study takes 0 to 2" for name, weight in (("d", -0.8), ("e", 2.5))
    ]


def test_one_tag_twice_adds_up_as_in_a1111() -> None:
    found = settings_from(read(f"a <lora:d:0.4>, more <lora:d:0.3>\n{LINE}"))
    assert [(lora.name, lora.start) for lora in found.loras] == [("d", 0.7)]
    assert found.notes == ["LoRA d: <lora:d:0.4> and <lora:d:0.3> are added up to 0.7, as A1111 does"]


def test_a_lora_that_only_a_hash_names_is_a_guess() -> None:
    found = settings_from(read(f'a\n{LINE}, Lora hashes: "d: 0123456789ab"'))
    assert [(lora.name, lora.start, lora.hash) for lora in found.loras] == [("d", 0.4, "0123456789ab")]
    assert found.notes == ["LoRA d's weight: not given, 0.4 is a guess"]


def test_a_tool_that_draws_otherwise_is_told() -> None:
    found = settings_from(PictureSettings("a", loras={"d": 1}, tool="SwarmUI", rng="CPU"))
    assert found.rng == "cpu"
    assert found.notes[0].startswith("drawn by SwarmUI, which may change what ComfyUI draws")


@pytest.mark.parametrize("tool", ["ComfyUI", "SwarmUI", "Fooocus", "Stability Matrix", "Civitai"])
def test_what_comfyui_s_code_drew_is_searched_with_its_meaning(tool: str) -> None:
    info = PictureSettings(
        "a [cat:dog:0.5] AND b", sampler="Euler a", rng="GPU", loras={"d": 1}, tool=tool, other={"ENSD": "5", "Pad conds": "True"}
    )
    found = settings_from(info)
    assert (found.like, found.rng, found.ensd, found.pad_conds) == (tool, "cpu", 0, False)
    assert not [note for note in found.notes if "AND" in note or "editing" in note]
    assert {note.split()[0].rstrip(":,") for note in found.notes} >= {"ENSD", "Pad"}
    here = RenderSettings(found.prompt, "", 64, 64, 4, found.sampler, rng="cpu", ensd=found.ensd, like="comfyui")
    here.check(8)


@pytest.mark.parametrize(
    ("tool", "sampler", "webui"),
    [("", "Euler a", False), ("SD.Next", "Euler a", False), ("ComfyUI", "PLMS", False), ("ComfyUI", "Euler a", True)],
)
def test_what_cannot_be_drawn_so_is_not(tool: str, sampler: str, webui: bool) -> None:
    found = settings_from(PictureSettings("a", sampler=sampler, loras={"d": 1}, tool=tool, rng="CPU"), webui=webui)
    assert found.like == ""
    assert any(note.startswith(f"drawn by {tool}") for note in found.notes) is (tool != "")


def test_files_that_have_an_extension_keep_it() -> None:
    found = settings_from(PictureSettings("a", model="sub\\x.ckpt", loras={"a/b.safetensors": 1}, other={"VAE": "kl-f8"}))
    assert (found.model, found.vae, found.loras[0].file) == ("x.ckpt", "kl-f8.safetensors", "loras/b.safetensors")


@pytest.mark.parametrize("value", ["1", "1.0", "1.00"])
def test_a_denoising_strength_of_one_changes_nothing(value: str) -> None:
    assert notes(f"a <lora:d:1>\n{LINE}, Denoising strength: {value}") == []
    assert notes(f"a <lora:d:1>\n{LINE}, Denoising strength: 0.5") != []
