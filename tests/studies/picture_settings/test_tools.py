"""Settings of twelve writers, from a seeded generator, are read back exactly, and a study says what of them it cannot express."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from studies.picture_settings.reader import read_picture
from studies.picture_settings.sampler_names import joined_sampler
from studies.spec import read_spec
from studies.starter.template import filled_from
from tests.studies.picture_settings.drawings import carriers, drawn, saved
from tests.studies.picture_settings.writers import STUDY_SAMPLERS, TOOLS, infotext

EACH = 25


@pytest.mark.parametrize("seed", range(EACH))
@pytest.mark.parametrize("name", TOOLS)
def test_what_a_tool_wrote_is_read_back(tmp_path: Path, name: str, seed: int) -> None:
    tool = TOOLS[name]
    random = Random(f"{name} {seed}")
    it = drawn(random, len(STUDY_SAMPLERS))
    path = saved(tmp_path, "a.any", tool.write(it, random))
    info = read_picture(path)
    assert (info.prompt, info.negative) == (it.prompt, it.negative)
    assert info.loras == it.loras
    assert not info.text_encoder_weights
    assert not info.without_weight
    assert (info.steps, info.cfg, info.seed, info.size) == (it.steps, it.cfg, it.seed, it.size)
    assert (info.model, info.clip_skip) == (it.model, min(it.clip_skip, tool.clip_skips))
    assert info.sampler is not None
    assert joined_sampler(info.sampler, info.schedule) == tool.samplers[it.sampler]
    assert info.tool == tool.named
    assert tool.rng in (None, info.rng)
    if tool.hashes:
        assert {lora: digest[:12] for lora, digest in info.lora_hashes.items()} == it.hashes


@pytest.mark.parametrize("name", TOOLS)
def test_a_study_of_it_opens_with_the_same_values(tmp_path: Path, name: str) -> None:
    random = Random(name)
    for number in range(5):
        it = drawn(random, len(STUDY_SAMPLERS))
        folder = tmp_path / f"study-{number}"
        folder.mkdir()
        picture = saved(tmp_path, f"{number}.any", TOOLS[name].write(it, random))
        text = filled_from(picture, folder)
        saved(folder, "study.yaml", text.encode())
        spec = read_spec(folder / "study.yaml")
        assert (spec.prompt, spec.negative_prompt, spec.name) == (it.prompt, it.negative, folder.name)
        assert (spec.render.steps, spec.render.cfg, spec.seeds) == (it.steps, it.cfg, [it.seed])
        assert (spec.render.width, spec.render.height) == it.size
        assert {lora.file: lora.start for lora in spec.loras.values()} == {
            f"loras/{lora}.safetensors": weight for lora, weight in it.loras.items()
        }


@pytest.mark.parametrize("prompt", ["a girl, 裙子 <lora:dress:0.8>", "café <lora:naïve:0.8>", "a girl <lora:a:0.5>"])
def test_every_carrier_gives_the_same_text(tmp_path: Path, prompt: str) -> None:
    it = drawn(Random(0), 1)
    text = infotext(it, {"Steps": 25, "Sampler": "DPM++ 2M Karras", "CFG scale": 6, "Seed": 123, "Size": "512x768"}, prompt)
    read = {name: read_picture(saved(tmp_path, "a", data)) for name, data in carriers(text).items()}
    assert read["text"].loras
    assert read["text"].seed == 123
    for name, info in read.items():
        assert info == read["text"], name
