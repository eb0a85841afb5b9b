"""PictureSettings is a format of other people's: examples in their own words, and a round trip for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.errors import InputError
from optimizer.render.sampling.samplers import SAMPLERS
from studies.picture_settings.infotext import read, save_png, write
from studies.picture_settings.lora_tags import clean_name
from studies.picture_settings.reader import read_picture
from studies.picture_settings.sampler_names import joined_sampler, split_sampler
from studies.picture_settings.settings import PictureSettings
from studies.picture_settings.settings_line import PAIR

WEBUI = """1girl, (photorealistic:1.4), pink dress <lora:face:0.65> <lora:dress:0.4:0.3>,<lora:shoes:unet=0.5:te=0.2>
BREAK second line
Negative prompt: ng_deepnegative_v1_75t, (worst quality:2)
lowres
Steps: 30, Sampler: DPM++ SDE Karras, CFG scale: 6.5, Seed: 1296893022, Size: 512x768, Model hash: fc2511737a, \
Model: chilloutmix, Clip skip: 2, RNG: CPU, Lora hashes: "face: 0123456789ab, dress: ba9876543210", Hires upscale: 2, \
TI hashes: "ng: 54e7e4826d53", Version: v1.10.1"""


def test_what_the_webui_wrote_is_read() -> None:
    info = read(WEBUI)
    assert info.prompt == "1girl, (photorealistic:1.4), pink dress,\nBREAK second line"
    assert info.negative == "ng_deepnegative_v1_75t, (worst quality:2)\nlowres"
    assert (info.steps, info.sampler, info.schedule, info.cfg, info.seed) == (30, "DPM++ SDE", "Karras", 6.5, 1296893022)
    assert (info.size, info.model, info.model_hash, info.clip_skip, info.rng) == (
        (512, 768),
        "chilloutmix",
        "fc2511737a",
        2,
        "CPU",
    )
    assert info.loras == {"face": 0.65, "dress": 0.3, "shoes": 0.5}
    assert info.text_encoder_weights == {"dress": 0.4, "shoes": 0.2}
    assert info.lora_hashes == {"face": "0123456789ab", "dress": "ba9876543210"}
    assert info.other == {"Hires upscale": "2", "TI hashes": "ng: 54e7e4826d53", "Version": "v1.10.1"}
    assert read(write(info)) == info


def test_it_is_written_as_the_webui_writes_it() -> None:
    info = PictureSettings(
        "1girl, dress", "lowres", 30, "DPM++ SDE", "Karras", 6.5, 123, (512, 768), "lab", "aabbccddee", rng="CPU",
        loras={"face": 0.65, "dress": 0.4}, lora_hashes={"face": "0123456789ab", "dress": "ba9876543210"},
    )  # fmt: skip
    assert write(info) == (
        "1girl, dress <lora:face:0.65> <lora:dress:0.4>\n"
        "Negative prompt: lowres\n"
        "Steps: 30, Sampler: DPM++ SDE, Schedule type: Karras, CFG scale: 6.5, Seed: 123, Size: 512x768, Model hash: aabbccddee, "
        'Model: lab, RNG: CPU, Lora hashes: "face: 0123456789ab, dress: ba9876543210"'
    )


ADDITIONAL = """1girl <lora:dress:0.2>
Steps: 20, Seed: 1, AddNet Enabled: True, AddNet Module 1: LoRA, AddNet Model 1: face(E2E472C06607), AddNet Weight A 1: 0.6, \
AddNet Weight B 1: 0.5, AddNet Module 2: LoRA, AddNet Model 2: dress(034b9741), AddNet Weight 2: 0.25, \
AddNet Module 3: LoRA, AddNet Model 3: None, AddNet Weight A 3: 1, AddNet Weight B 3: 1"""


def test_additional_networks_are_loras() -> None:
    info = read(ADDITIONAL)
    assert info.loras == {"dress": 0.45, "face": 0.6}
    assert info.text_encoder_weights == {"face": 0.5}
    assert info.lora_hashes == {"face": "e2e472c06607"}
    # An empty slot is written as it was, so that nothing of the picture is lost.
    assert set(info.other) == {"AddNet Module 3", "AddNet Model 3", "AddNet Weight A 3", "AddNet Weight B 3"}
    assert read(write(info)) == info


def test_additional_networks_that_were_off_are_none() -> None:
    assert read(ADDITIONAL.replace("Enabled: True", "Enabled: False")).loras == {"dress": 0.2}


@pytest.mark.parametrize(
    ("written", "sampler", "schedule"),
    [
        ("Sampler: DPM++ 2M SDE Heun Karras", "DPM++ 2M SDE Heun", "Karras"),
        ("Sampler: DPM++ 2M Karras, Schedule type: exponential", "DPM++ 2M", "Exponential"),
        ("Sampler: DPM++ 2M Karras, Schedule type: Automatic", "DPM++ 2M", "Karras"),
        ("Sampler: DPM++ 2M, Schedule type: Automatic", "DPM++ 2M", "Automatic"),
        ("Sampler: Euler, Schedule type: SGM Uniform", "Euler", "SGM Uniform"),
        ("Sampler: DPM++ 2M Turbo", "DPM++ 2M", "Turbo"),
        ("Sampler: DDIM", "DDIM", None),
    ],
)
def test_sampler_and_schedule_of_every_version(written: str, sampler: str, schedule: str | None) -> None:
    info = read(f"1girl\nSteps: 20, {written}, Seed: 1")
    assert (info.sampler, info.schedule) == (sampler, schedule)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_study_s_sampler_comes_back_from_a1111_s_two_words(name: str) -> None:
    assert joined_sampler(*split_sampler(name)) == name


def test_other_options_of_a_tag_are_kept() -> None:
    info = read("1girl <lora:a:0.5:0.4:16> <lyco:b:1:lbw=MIDD:stop=10>\nSteps: 20, Seed: 1, CFG scale: 7")
    assert (info.loras, info.text_encoder_weights) == ({"a": 0.4, "b": 1.0}, {"a": 0.5})
    assert info.lora_options == {"a": "dyn=16", "b": "lbw=MIDD:stop=10"}
    assert read(write(info)) == info


def test_two_pairs_are_part_of_the_prompt() -> None:
    assert read("a cat\nSteps: 30, Seed: 7").prompt == "a cat\nSteps: 30, Seed: 7"


prompts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<>"), max_size=80).map(
    lambda text: "\n".join(part.strip() for part in text.replace("|", "\n").split("\n")).strip()
)
clear = prompts.filter(lambda text: "Negative prompt:" not in text and all(len(PAIR.findall(t)) < 3 for t in text.split("\n")))
names = st.text(max_size=20).map(clean_name)
weights = st.integers(-200, 200).map(lambda hundredths: hundredths / 100)
values = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(str.strip).filter(
    lambda text: text and '"' not in text
)  # fmt: skip


@given(
    st.builds(
        PictureSettings,
        prompt=clear,
        negative=clear,
        steps=st.integers(1, 150),
        sampler=st.sampled_from(["DPM++ SDE", "Euler a"]),
        schedule=st.sampled_from(["Karras", "Automatic"]),
        cfg=st.integers(10, 300).map(lambda tenths: tenths / 10),
        seed=st.integers(0, 2**32 - 1),
        size=st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
        model=values,
        model_hash=st.from_regex(r"[0-9a-f]{10}", fullmatch=True),
        clip_skip=st.integers(1, 12),
        rng=st.sampled_from(["CPU", "GPU", "NV"]),
        loras=st.dictionaries(names, weights, max_size=4),
        lora_hashes=st.dictionaries(names, st.from_regex(r"[0-9a-f]{12}", fullmatch=True), max_size=4),
        other=st.dictionaries(st.sampled_from(["Hires upscale", "Version", "TI hashes"]), values, max_size=3),
    )
)
def test_what_is_written_is_read_back(info: PictureSettings) -> None:
    assert read(write(info)) == info


PIECES = [
    "<lora:",
    "face",
    ":",
    "=",
    "te",
    "unet",
    "0.5",
    ">",
    "\n",
    "\r",
    "Steps: ",
    "Size: ",
    "Lora hashes: ",
    '"',
    "\\",
    ", ",
    "7",
    "x",
    "裙",
]


@given(st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    refusal = ""
    try:
        read(text)
    except InputError as error:
        refusal = str(error)
    assert len(refusal.splitlines()) <= 1


@pytest.mark.parametrize("wrong", ["Steps: many", "Size: big", "CFG scale: nan", "Seed: 1.5"])
def test_a_value_that_cannot_be_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match=wrong.split(":")[0]):
        read(f"a cat\n{wrong}, Model: lab, Version: 1")


def test_a_lora_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="LoRA face"):
        read("a cat <lora:face:strong>")


@pytest.mark.parametrize("prompt", ["1girl", "一个女孩，粉色裙子"])
def test_a_png_carries_it(tmp_path: Path, prompt: str) -> None:
    info = PictureSettings(prompt, steps=30, seed=1, cfg=7.5, size=(8, 8))
    save_png(Image.new("RGB", (8, 8)), tmp_path / "a.png", info)
    assert read_picture(tmp_path / "a.png") == info


def test_a_jpeg_carries_it_in_its_comment(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + WEBUI.encode("utf-16-be")
    image.save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg") == read(WEBUI)


def test_a_picture_without_settings_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="carries no settings"):
        read_picture(tmp_path / "a.png")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    for name, says in (("a.png", "does not open"), ("absent.png", "no such file")):
        with pytest.raises(InputError, match=says):
            read_picture(tmp_path / name)
