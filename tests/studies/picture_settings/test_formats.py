"""Formats of settings that are no plain infotext, and files that are refused, each by what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from studies.picture_settings.reader import read_picture
from studies.picture_settings.settings import PictureSettings
from tests.studies.picture_settings.drawings import png, saved, with_comment, with_xmp

LINE = "Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6, Seed: 123, Size: 512x768, Model: real"


def read_text(folder: Path, text: str) -> PictureSettings:
    return read_picture(saved(folder, "a.txt", text.encode()))


def read_json(folder: Path, document: Any) -> PictureSettings:
    return read_text(folder, json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        f"a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE}",
        f"a girl <lora:d:0.8>\r\nNegative prompt: bad\r\n{LINE}\r\n",
        f"a girl <lora:d:0.8> Negative prompt: bad {LINE}",
        f"a girl <lora:d:0.8>\nNegative Prompt: bad {LINE}",
        f"a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE}\n\nTemplate: a {{girl|boy}}",
        f"prompt: a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE.replace(', ', ' | ')}",
        "a girl <lora:d:0.8>\nNegative prompt: bad\n" + LINE.replace(", ", "\n"),
        f"a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE.replace('CFG scale', 'CFG Scale').replace('25', '25.0')}",
        "a girl <lora:d:0.8>\nNegative prompt: bad\nSteps: 25, Sampler: dpmpp_2m, Scheduler: karras, cfg: 6, Seed: 123, "
        "Width: 512, Height: 768, Checkpoint: real",
    ],
)
def test_the_settings_are_found_wherever_they_stand(tmp_path: Path, text: str) -> None:
    info = read_text(tmp_path, text)
    assert (info.prompt, info.negative, info.loras) == ("a girl", "bad", {"d": 0.8})
    assert (info.steps, info.sampler, info.schedule, info.cfg, info.seed) == (25, "DPM++ 2M", "Karras", 6, 123)
    assert (info.size, info.model) == ((512, 768), "real")


def test_what_stands_behind_the_settings_is_told(tmp_path: Path) -> None:
    info = read_text(tmp_path, f"a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE}\n\nsaved by a tool")
    assert (info.negative, info.notes) == ("bad", ("'saved by a tool' among or behind the settings: not read",))


def test_fewer_than_three_settings_are_words_and_that_is_told(tmp_path: Path) -> None:
    info = read_text(tmp_path, "a cat <lora:d:1>\nSteps: 30, Seed: 7")
    assert info.prompt == "a cat\nSteps: 30, Seed: 7"
    assert any("fewer than three" in note for note in info.notes)


def test_civitai_s_resources_are_loras(tmp_path: Path) -> None:
    resources = [
        {"type": "checkpoint", "modelVersionId": 1, "modelName": "Real", "modelVersionName": "v1"},
        {"type": "lora", "weight": 0.8, "modelVersionId": 2, "modelName": "My Dress", "modelVersionName": "v1, final"},
        {"type": "embed", "weight": 1, "modelVersionId": 3, "modelName": "negativeXL"},
        {"weight": 0.5, "air": "urn:air:sd1:lora:civitai:9@4", "modelName": "Shoes", "versionName": "v2"},
    ]
    line = LINE.replace(", Model: real", "")
    info = read_text(tmp_path, f"a girl\n{line}, Created Date: 2025-01-01T00:00:00Z, Civitai resources: {json.dumps(resources)}")
    assert info.loras == {"My Dress": 0.8, "Shoes": 0.5}
    assert (info.model, info.rng, info.tool) == ("Real", "CPU", "Civitai")
    assert any("negativeXL" in note for note in info.notes)


def test_civitai_s_resources_do_not_double_the_prompt_s_tags(tmp_path: Path) -> None:
    resources = [
        {"type": "lora", "weight": 0.8, "modelVersionId": 2, "modelName": "My Dress"},
        {"type": "lora", "weight": 0.3, "modelVersionId": 5, "modelName": "Light"},
    ]
    info = read_text(tmp_path, f"a girl <lora:mydress:0.8>\n{LINE}, Civitai resources: {json.dumps(resources)}")
    assert info.loras == {"mydress": 0.8}
    assert [note for note in info.notes if "Light" in note]


def test_hashes_name_loras_and_inversions(tmp_path: Path) -> None:
    hashes = {"model": "aaaa", "lora:d": "bbbbbbbbbb", "lora:e": "cccccccccc", "embed:ng": "dd", "other": "x"}
    info = read_text(tmp_path, f"a girl <lora:d:0.8>\n{LINE}, Hashes: {json.dumps(hashes)}")
    assert (info.loras, info.without_weight, info.embeddings) == ({"d": 0.8}, ["e"], ("ng",))
    assert (info.lora_hashes["d"], info.model_hash) == ("bbbbbbbbbb", "aaaa")
    assert any("other" in note for note in info.notes)


def test_saver_nodes_name_loras_in_fields(tmp_path: Path) -> None:
    weights = "Lora_0 Strength model: 0.8, Lora_0 Strength clip: 0.6"
    fields = f"Lora_0 Model name: sub/d.safetensors, Lora_0 Model hash: abcdef0123, {weights}"
    info = read_text(tmp_path, f"a girl\n{LINE}, {fields}")
    assert (info.loras, info.text_encoder_weights, info.lora_hashes) == ({"d": 0.8}, {"d": 0.6}, {"d": "abcdef0123"})
    assert (info.tool, info.rng) == ("ComfyUI", "CPU")


def test_the_hires_prompt_s_loras_are_none_of_the_first_image(tmp_path: Path) -> None:
    info = read_text(
        tmp_path, f'a <lora:d:1>\n{LINE}, Hires prompt: "b <lora:x:1>", Lora hashes: "d: 0123456789ab, x: 0123456789aa"'
    )
    assert (info.loras, info.without_weight) == ({"d": 1.0}, [])
    assert any(note.startswith("LoRA x: of the hires prompt") for note in info.notes)


def test_swarmui_s_sections_are_of_other_steps(tmp_path: Path) -> None:
    parameters = {
        "prompt": "a girl <embed:ng> <segment:face,0.6> eyes <base> hat",
        "loras": ["a/d", "e"],
        "loraweights": ["0.8", "0.5"],
        "lorasectionconfinement": ["0", "1"],
        "seed": 2**60,
        "steps": 20,
        "rawresolution": "512x640",
    }
    info = read_json(tmp_path, {"sui_image_params": parameters})
    assert (info.prompt.split(), info.embeddings, info.loras, info.size) == (
        ["a", "girl", "ng", "hat"],
        ("ng",),
        {"d": 0.8},
        (512, 640),
    )
    assert [note for note in info.notes if "eyes" in note]
    assert [note for note in info.notes if note.startswith("LoRA e: at 0.5 in a refiner")]


def test_fooocus_s_styles_are_told(tmp_path: Path) -> None:
    document = {
        "prompt": "a cat <lora:z:0.3>",
        "full_prompt": ["cinematic still a cat"],
        "styles": "['Fooocus V2']",
        "base_model": "j",
        "guidance_scale": 4,
        "lora_combined_1": "True : z : 0.3",
        "lora_combined_2": "False : y : 0.9",
        "freeu": "(1, 1, 1, 1)",
    }
    info = read_json(tmp_path, document)
    assert (info.prompt, info.loras) == ("a cat", {"z": 0.3})
    assert [note for note in info.notes if "cinematic still" in note]
    assert "freeu" in info.other


def test_ruinedfooocus_packs_weight_and_file(tmp_path: Path) -> None:
    document = {"Prompt": "a dog", "cfg": 4.5, "base_model_name": "j.safetensors", "software": "RuinedFooocus"}
    info = read_json(tmp_path, {**document, "loras": [["BFA3BB4FBE", "0.7 - sub\\beasts.safetensors"]]})
    assert (info.prompt, info.loras, info.lora_hashes, info.model) == ("a dog", {"beasts": 0.7}, {"beasts": "BFA3BB4FBE"}, "j")


def test_invokeai_s_second_version(tmp_path: Path) -> None:
    image = {"prompt": [{"prompt": "a cat++ withLora(dress,0.6) [ugly, bad]", "weight": 1.0}], "steps": 50, "cfg_scale": 7.5}
    document = {"model_weights": "sd15", "image": {**image, "height": 512, "width": 640, "seed": 42, "sampler": "k_euler_a"}}
    info = read_picture(saved(tmp_path, "a.png", png({"sd-metadata": json.dumps(document), "Dream": "a cat"})))
    assert (info.prompt, info.negative, info.loras) == ("a cat++", "ugly, bad", {"dress": 0.6})
    assert (info.sampler, info.size, info.model, info.seed) == ("Euler a", (640, 512), "sd15", 42)
    assert [note for note in info.notes if "InvokeAI's emphasis" in note]


def test_civitai_s_older_json_and_tensorart_s(tmp_path: Path) -> None:
    extra = {"prompt": "a cat", "negativePrompt": "bad", "cfgScale": 5, "sampler": "euler_ancestral", "steps": 25, "seed": 13}
    resources = [{"modelVersionId": 25, "strength": 1}, {"modelVersionId": 77, "strength": 0.6}]
    document = {
        "1": {"class_type": "KSampler", "inputs": {}},
        "extra": {"airs": ["urn:air:sdxl:checkpoint:civitai:8@25", "urn:air:sdxl:lora:civitai:1@77"]},
        "extraMetadata": json.dumps({**extra, "clipSkip": 2, "resources": resources}),
    }
    info = read_picture(saved(tmp_path, "a.jpg", with_comment(b"UNICODE\0" + json.dumps(document).encode("utf-16-be"))))
    assert (info.prompt, info.loras, info.sampler, info.clip_skip) == ("a cat", {"version 77": 0.6}, "Euler a", 2)
    art = {
        "prompt": "a cat",
        "cfgScale": 7,
        "seed": 5,
        "ksamplerName": "dpmpp_2m",
        "schedule": "karras",
        "baseModel": {"label": "v16"},
    }
    models = [{"label": "dress", "type": "LORA", "modelId": "1", "weight": 0.7}]
    info = read_picture(saved(tmp_path, "b.png", png({"generation_data": json.dumps({**art, "models": models}) + "\0"})))
    assert (info.loras, info.sampler, info.schedule, info.tool) == ({"dress": 0.7}, "DPM++ 2M", "Karras", "TensorArt")


def hidden(text: bytes, *, packed: bool, channels: str) -> Image.Image:
    """Bits in the lowest bits of pixels, down the columns."""
    import gzip

    data = gzip.compress(text) if packed else text
    kind = f"stealth_{'rgb' if channels == 'RGB' else 'png'}{'comp' if packed else 'info'}".encode()
    bits = np.unpackbits(np.frombuffer(kind + (len(data) * 8).to_bytes(4, "big") + data, np.uint8))
    width, height = 96, 64
    pixels = np.full((width * height, 4), 254, np.uint8)
    used = np.zeros((width * height, len(channels)), np.uint8)
    used.reshape(-1)[: len(bits)] = bits
    pixels[:, ["RGBA".index(channel) for channel in channels]] |= used
    return Image.fromarray(pixels.reshape(width, height, 4).transpose(1, 0, 2).copy(), "RGBA")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("channels", ["A", "RGB"])
def test_text_hidden_in_pixels_is_read(tmp_path: Path, channels: str, packed: bool) -> None:
    image = hidden(f"裙子 <lora:d:0.8>\n{LINE}".encode(), packed=packed, channels=channels)
    (image if channels == "A" else image.convert("RGB")).save(tmp_path / "a.png")
    info = read_picture(tmp_path / "a.png")
    assert (info.prompt, info.loras, info.seed) == ("裙子", {"d": 0.8}, 123)


NOVELAI = {"prompt": "1girl", "uc": "bad", "steps": 28, "scale": 5.0, "seed": 1, "sampler": "k_euler", "noise_schedule": "karras"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png({"Software": "NovelAI", "Description": "1girl", "Comment": json.dumps(NOVELAI)}), "a picture of NovelAI"),
        (with_comment(b"UNICODE\0" + json.dumps({"Comment": json.dumps(NOVELAI)}).encode("utf-16-be")), "a picture of NovelAI"),
        (png({"workflow": json.dumps({"nodes": [], "links": []})}), "saved for ComfyUI's page, not for its API"),
        (json.dumps({"nodes": [], "links": [], "version": 0.4}).encode(), "saved for ComfyUI's page, not for its API"),
        (json.dumps({"foo": 1, "bar": 2}).encode(), "a tool that is not known (its keys: bar, foo)"),
        (b'{"sui_image_params": {"prompt": "a <lora:d:1>"', "JSON that is damaged or cut off"),
        (png({"parameters": '{"sui_image_params": {"prompt": "a <lora:d:1>"'}), "JSON that is damaged or cut off"),
        (png({"Description": "a cat --ar 2:3 Job ID: 1", "Author": "Midjourney"}), "a picture of Midjourney"),
        (with_xmp("<x:xmpmeta><xmp:CreatorTool>Adobe Firefly</xmp:CreatorTool></x:xmpmeta>"), "a picture of Adobe Firefly"),
        (png({"Dream": '"a cat" -s 50'}), "InvokeAI's first versions"),
        (png({"Comment": "Created with GIMP"}), "carries no settings"),
        (f"a\n{LINE}\nb\n{LINE}".encode(), "settings of several pictures"),
        (b"\x89PNG\r\n\x1a\n nothing", "does not open"),
        (png({})[:40], "does not open"),
        (bytes(range(256)), "does not open"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_picture(saved(tmp_path, "a", data))
    assert says in str(refusal.value)


def test_a_damaged_text_is_refused(tmp_path: Path) -> None:
    data = bytearray(png({"parameters": f"a <lora:d:1>\n{LINE}"}))
    data[data.index(b"Steps") + 1] ^= 1
    with pytest.raises(InputError, match="text in the picture is damaged"):
        read_picture(saved(tmp_path, "a.png", bytes(data)))


def test_two_texts_that_differ_are_refused(tmp_path: Path) -> None:
    one, other = (png({"parameters": f"a <lora:d:{weight}>\n{LINE}"}) for weight in (1, 2))
    chunk = other[other.index(b"tEXt") - 4 : other.index(b"IDAT") - 4]
    with pytest.raises(InputError, match="two texts 'parameters' that differ"):
        read_picture(saved(tmp_path, "a.png", one[: one.index(b"IDAT") - 4] + chunk + one[one.index(b"IDAT") - 4 :]))


def test_settings_beside_a_picture_are_pointed_to(tmp_path: Path) -> None:
    saved(tmp_path, "a.txt", f"a <lora:d:1>\n{LINE}".encode())
    with pytest.raises(InputError, match=r"a\.txt lies beside it"):
        read_picture(saved(tmp_path, "a.png", png({})))


GRAPH: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x.safetensors"}},
    "8": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "clip": ["1", 1], "lora_name": "d.safetensors",
                                                 "strength_model": 0.8, "strength_clip": 0.5}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (embedding:easy\\neg.pt:1.2)", "clip": ["8", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad", "clip": ["8", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "5": {"class_type": "KSampler", "inputs": {"model": ["8", 0], "seed": 5, "steps": 20, "cfg": 7.5, "sampler_name": "ddim",
                                               "scheduler": "karras", "positive": ["2", 0], "negative": ["3", 0],
                                               "latent_image": ["4", 0], "denoise": 0.6}},
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
}  # fmt: skip


@pytest.mark.parametrize("document", [GRAPH, {"prompt": GRAPH, "client_id": "x"}])
def test_a_graph_is_read_by_its_links(tmp_path: Path, document: dict[str, Any]) -> None:
    info = read_json(tmp_path, document)
    assert (info.loras, info.text_encoder_weights, info.sampler, info.schedule) == ({"d": 0.8}, {"d": 0.5}, "DDIM", "Karras")
    assert (info.negative, info.size, info.seed, info.rng) == ("bad", (512, 768), 5, "CPU")
    assert info.other["Denoising strength"] == "0.6"


def test_what_a_graph_computes_is_taken_from_the_saver_s_text(tmp_path: Path) -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["9"] = {"class_type": "StringFunction", "inputs": {"text_a": "a", "text_b": "girl"}}
    graph["2"]["inputs"]["text"] = ["9", 0]
    text = f"a girl <lora:d:0.8>\nNegative prompt: bad\n{LINE}"
    info = read_picture(saved(tmp_path, "a.png", png({"prompt": json.dumps(graph), "parameters": text})))
    assert (info.prompt, info.loras, info.steps, info.tool) == ("a girl", {"d": 0.8}, 20, "ComfyUI")


def test_a_tag_that_no_node_reads_is_words_to_comfyui(tmp_path: Path) -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["2"]["inputs"]["text"] = "a girl <lora:e:0.5>"
    info = read_json(tmp_path, graph)
    assert (info.prompt, info.loras) == ("a girl", {"d": 0.8})
    assert [note for note in info.notes if note.startswith("<lora:e:0.5>: words to ComfyUI")]
    graph["2"]["class_type"] = "ImpactWildcardEncode"
    assert read_json(tmp_path, graph).loras == {"d": 0.8, "e": 0.5}


def test_comfyui_s_graph_in_webp(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif[0x0110], exif[0x010F] = f"prompt:{json.dumps(GRAPH)}", 'workflow:{"nodes": [], "links": []}'
    image.save(tmp_path / "a.webp", exif=exif)
    assert read_picture(tmp_path / "a.webp").loras == {"d": 0.8}


def test_the_web_api_s_requests_and_answers(tmp_path: Path) -> None:
    request = {
        "prompt": "a girl <lora:d:0.8>",
        "negative_prompt": "bad",
        "steps": 25,
        "sampler_name": "DPM++ 2M",
        "scheduler": "Karras",
        "cfg_scale": 6,
        "seed": 123,
        "width": 512,
        "height": 768,
        "enable_hr": False,
        "denoising_strength": 0.7,
        "s_noise": 1.0,
        "subseed_strength": 0.2,
        "styles": ["mine"],
        "alwayson_scripts": {"ADetailer": {"args": []}},
        "override_settings": {
            "sd_model_checkpoint": "real.safetensors [abc]",
            "CLIP_stop_at_last_layers": 2,
            "randn_source": "CPU",
        },
    }
    info = read_json(tmp_path, request)
    assert (info.prompt, info.negative, info.loras, info.model) == ("a girl", "bad", {"d": 0.8}, "real")
    assert (info.sampler, info.schedule, info.clip_skip, info.rng, info.size) == ("DPM++ 2M", "Karras", 2, "CPU", (512, 768))
    assert set(info.other) == {"alwayson_scripts", "styles", "subseed_strength"}
    texts = ["a grid", f"a girl <lora:d:0.8>\n{LINE}"]
    answer = {"images": [], "parameters": request, "info": json.dumps({"infotexts": texts, "index_of_first_image": 1})}
    assert read_json(tmp_path, answer).model == "real"


def test_a_text_copied_out_of_json_has_its_lines_back(tmp_path: Path) -> None:
    info = read_text(tmp_path, f"a girl <lora:d:0.8>\\nNegative prompt: bad\\n{LINE}")
    assert (info.prompt, info.negative, info.seed) == ("a girl", "bad", 123)


def test_words_that_are_spelled_as_settings_stay_words(tmp_path: Path) -> None:
    prompt = "sampler: silk, size: huge, steps: stone, seed: pumpkin"
    info = read_text(tmp_path, f"{prompt} <lora:d:1>\nNegative prompt: bad\n{LINE}")
    assert (info.prompt, info.negative, info.steps) == (prompt, "bad", 25)
