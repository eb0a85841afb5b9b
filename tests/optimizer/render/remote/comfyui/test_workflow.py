"""What a study finds in workflows of many shapes, and what it sets there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.errors import InputError
from optimizer.render.remote.comfyui.workflow import Settings, Workflow, open_workflow, workflow_from
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.workflows import Nodes, node

STUDY = [StudyLora("dress", Path("loras/dress.safetensors")), StudyLora("shoes", Path("loras/shoes.safetensors"))]


def opened(nodes: Any, **named: str) -> Workflow:
    return workflow_from(nodes, "mine.json", {key.replace("__", "."): value for key, value in named.items()})


def filled(workflow: Workflow, **settings: Any) -> Nodes:
    return workflow.filled(Settings(**settings), workflow.loras(STUDY))


def changed(before: Nodes, after: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs that differ, as `ID.INPUT`."""
    assert {id_: entry["class_type"] for id_, entry in before.items()} == {k: v["class_type"] for k, v in after.items()}
    return {
        f"{id_}.{name}": after[id_]["inputs"][name]
        for id_, entry in before.items()
        for name in entry["inputs"]
        if after[id_]["inputs"][name] != entry["inputs"][name]
    }


def refusal(nodes: Any, **named: str) -> str:
    with pytest.raises(InputError) as caught:
        opened(nodes, **named).loras(STUDY)
    assert "\n" not in str(caught.value)
    return str(caught.value)


EVERYTHING: Mapping[str, Any] = {"seed": 99, "prompt": "new", "steps": 8, "cfg": 6.0, "weights": {"dress": 0.25, "shoes": 0.0}}
WEIGHTS = {"10.strength_model": 0.25, "10.strength_clip": 0.25, "11.strength_model": 0.0, "11.strength_clip": 0.0}
MODEL_WEIGHTS = {"40.strength_model": 0.25, "41.strength_model": 0.0}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (workflows.plain, {"5.seed": 99, "2.text": "new", "5.steps": 8, "5.cfg": 6.0, **WEIGHTS}),
        (workflows.controlnet, {"5.seed": 99, "2.text": "new", "5.steps": 8, "5.cfg": 6.0, **WEIGHTS}),
        # The second sampler has steps of its own, and the first's seed and CFG.
        (
            workflows.hires,
            {"5.seed": 99, "9.seed": 99, "2.text": "new", "5.steps": 8, "5.cfg": 6.0, "9.cfg": 6.0, **WEIGHTS},
        ),
        # The refiner follows in steps, CFG and text, adds no noise, and keeps its fifth of the steps.
        (
            workflows.refiner,
            {"5.noise_seed": 99, "2.text_g": "new", "2.text_l": "new", "31.text": "new", "5.steps": 8, "33.steps": 8}
            | {"5.end_at_step": 6, "33.start_at_step": 6, "5.cfg": 6.0, "33.cfg": 6.0, **WEIGHTS},
        ),
        (workflows.flux, {"25.noise_seed": 99, "6.text": "new", "17.steps": 8, "26.guidance": 6.0, **MODEL_WEIGHTS}),
        (workflows.z_image, {"3.seed": 99, "27.text": "new", "3.steps": 8, "3.cfg": 6.0, **MODEL_WEIGHTS}),
    ],
)
def test_everything_that_a_study_sets_goes_to_its_place_and_nothing_else_changes(
    make: Callable[[], Nodes], expected: Mapping[str, Any]
) -> None:
    before = make()
    assert changed(before, filled(opened(copy.deepcopy(before)), **EVERYTHING)) == expected


@pytest.mark.parametrize("make", [workflows.plain, workflows.hires, workflows.refiner, workflows.flux, workflows.z_image])
def test_what_the_workflow_has_anyway_changes_nothing(make: Callable[[], Nodes]) -> None:
    before = make()
    workflow = opened(before)
    own = workflow.own
    weights = {"dress": 0.4, "shoes": 0.6}
    settings = {"seed": own.seed, "prompt": own.prompt, "negative_prompt": own.negative_prompt or "", "steps": own.steps}
    assert filled(workflow, **settings, cfg=own.cfg, sampler=own.sampler, weights=weights) == before
    assert (own.prompt, own.seed) == (workflows.POSITIVE, 7 if make is workflows.flux else 5)


@pytest.mark.parametrize(
    ("make", "size", "sampler", "checkpoint"),
    [
        (workflows.plain, (64, 96), "euler normal", "base.safetensors"),
        (workflows.hires, (96, 144), "euler normal", "base.safetensors"),
        (workflows.refiner, (64, 96), "euler normal", "xl.safetensors"),
        (workflows.flux, (64, 96), "euler simple", "flux.safetensors"),
        (workflows.z_image, (64, 96), "res_multistep simple", "z_image_turbo.safetensors"),
    ],
)
def test_what_a_workflow_sets_itself_is_read(
    make: Callable[[], Nodes], size: tuple[int, int], sampler: str, checkpoint: str
) -> None:
    own = opened(make()).own
    assert (own.size, own.sampler, own.checkpoint) == (size, sampler, checkpoint)
    assert own.loras == workflows.LORAS


def test_a_sampler_of_either_vocabulary_is_set() -> None:
    before = workflows.plain()
    after = filled(opened(before), sampler="DPM++ 2M Karras")
    assert changed(before, after) == {"5.sampler_name": "dpmpp_2m", "5.scheduler": "karras"}
    assert changed(before, filled(opened(before), sampler="ddpm beta")) == {"5.sampler_name": "ddpm", "5.scheduler": "beta"}
    assert changed(before, filled(opened(before), sampler="ddpm")) == {"5.sampler_name": "ddpm"}
    with pytest.raises(InputError, match="no sampler 'PLMS'"):
        filled(opened(before), sampler="PLMS")


def test_the_text_encoder_follows_in_the_workflows_ratio() -> None:
    nodes = workflows.plain()
    nodes["10"]["inputs"]["strength_clip"] = 0.2
    nodes["11"]["inputs"]["strength_clip"] = 0
    after = filled(opened(nodes), weights={"dress": 0.3, "shoes": 0.5})
    assert [after[id_]["inputs"]["strength_clip"] for id_ in ("10", "11")] == [0.15, 0.0]
    nodes["10"]["inputs"]["strength_model"] = 0
    assert "10 (LoraLoader) has no ratio of its two strengths" in refusal(nodes)


def test_all_loaders_of_one_lora_get_its_weight_and_other_loras_stay() -> None:
    nodes = workflows.plain({"dress.safetensors": 0.4, "a/dress.safetensors": 0.4, "detail.safetensors": 0.7})
    nodes["11"]["inputs"]["lora_name"] = "dress.safetensors"
    study = STUDY[:1]
    workflow = opened(nodes)
    after = workflow.filled(Settings(weights={"dress": 0.1}), workflow.loras(study))
    assert [after[id_]["inputs"]["strength_model"] for id_ in ("10", "11", "12")] == [0.1, 0.1, 0.7]


STACKERS = [
    node("LoRA Stacker", input_mode="simple", lora_count=2, lora_name_1="dress.safetensors", lora_wt_1=0.4, model_str_1=9.0)
    | {"expected": {"lora_wt_1": 0.25}},
    node(
        "LoRA Stacker",
        input_mode="advanced",
        lora_count=2,
        lora_name_1="dress.safetensors",
        lora_wt_1=9,
        model_str_1=1.0,
        clip_str_1=0.5,
    )
    | {"expected": {"model_str_1": 0.25, "clip_str_1": 0.125}},
    node("CR LoRA Stack", switch_1="On", lora_name_1="dress.safetensors", model_weight_1=0.4, clip_weight_1=0.4)
    | {"expected": {"model_weight_1": 0.25, "clip_weight_1": 0.25}},
    node("Power Lora Loader (rgthree)", lora_1={"on": True, "lora": "dress.safetensors", "strength": 0.4})
    | {"expected": {"lora_1": {"on": True, "lora": "dress.safetensors", "strength": 0.25}}},
    node("Lora Loader Stack (rgthree)", lora_01="dress.safetensors", strength_01=0.4, lora_02="None", strength_02=1.0)
    | {"expected": {"strength_01": 0.25}},
    node("easy loraStack", toggle=True, mode="simple", num_loras=1, lora_1_name="dress.safetensors", lora_1_strength=0.4)
    | {"expected": {"lora_1_strength": 0.25}},
    node("LoraLoader|pysssss", lora_name={"content": "dress.safetensors", "image": None}, strength_model=0.4, strength_clip=0.4)
    | {"expected": {"strength_model": 0.25, "strength_clip": 0.25}},
    node("NunchakuFluxLoraLoader", lora_name="dress.safetensors", lora_strength=0.4) | {"expected": {"lora_strength": 0.25}},
]


@pytest.mark.parametrize("stacker", STACKERS, ids=lambda entry: str(entry["class_type"]))
def test_stackers_take_weights(stacker: dict[str, Any]) -> None:
    entry = copy.deepcopy(stacker)
    expected = entry.pop("expected")
    nodes = workflows.plain({})
    nodes["10"] = entry
    nodes["12"] = node("Apply LoRA Stack", lora_stack=["10", 0], model=["1", 0], clip=["1", 1])
    nodes["5"]["inputs"]["model"] = ["12", 0]
    workflow = opened(nodes)
    after = workflow.filled(Settings(weights={"dress": 0.25}), workflow.loras(STUDY[:1]))
    assert changed(nodes, after) == {f"10.{key}": value for key, value in expected.items()}


def test_a_lora_that_is_switched_off_or_beyond_the_count_is_named() -> None:
    nodes = workflows.plain({"shoes.safetensors": 0.5})
    nodes["12"] = node("CR LoRA Stack", switch_1="Off", lora_name_1="dress.safetensors", model_weight_1=0.4, clip_weight_1=0.4)
    nodes["5"]["inputs"]["optional_lora_stack"] = ["12", 0]
    assert "dress.safetensors is switched off in node 12 (CR LoRA Stack)" in refusal(nodes)
    nodes["12"] = node("LoRA Stacker", input_mode="simple", lora_count=0, lora_name_1="dress.safetensors", lora_wt_1=0.4)
    assert "switched off in node 12" in refusal(nodes)


def test_faults_of_loaders_are_told_in_one_line() -> None:
    assert "loads no LoRA" in refusal(workflows.plain({}))
    line = refusal(workflows.plain({"dress.safetensors": 0.4, "boots.safetensors": 0.6}))
    assert "does not load shoes.safetensors; it loads dress.safetensors, boots.safetensors" in line
    nodes = workflows.plain()
    nodes["5"]["inputs"]["model"] = nodes["2"]["inputs"]["clip"] = ["10", 0]
    nodes["3"]["inputs"]["clip"] = ["10", 1]
    assert "shoes.safetensors is loaded by node 11 (LoraLoader), which no sampler reads" in refusal(nodes)
    nodes = workflows.plain({"dress.safetensors": 0.4})
    nodes["12"] = node("Odd Loader", which="sub/shoes.safetensors", model=["10", 0])
    nodes["5"]["inputs"]["model"] = ["12", 0]
    assert "12 (Odd Loader) loads sub/shoes.safetensors in a way that is not known here" in refusal(nodes)
    nodes["12"] = node("Tags", text="a <lora:shoes:0.5>", model=["10", 0])
    assert "12 (Tags) loads shoes in a way that is not known here" in refusal(nodes)
    nodes = workflows.plain()
    nodes["12"] = node("Tags", text="a <lora:shoes:0.5>", model=["11", 0])
    nodes["5"]["inputs"]["model"] = ["12", 0]
    assert "12 (Tags) loads shoes in a way that is not known here" in refusal(nodes), "besides the loader that is read"
    nodes = workflows.plain()
    nodes["2"]["inputs"]["text"] = "a <lora:shoes:0.5>"
    assert len(opened(nodes).loras(STUDY)) == 2
    both = workflows.plain({"a/dress.safetensors": 0.4, "b/dress.safetensors": 0.4, "shoes.safetensors": 0.1})
    assert "the workflow loads 2 LoRAs of the name dress.safetensors" in refusal(both)


def test_a_named_loader_loads_what_the_study_says() -> None:
    before = workflows.plain()
    study = [StudyLora("dress", Path("other.safetensors")), STUDY[1]]
    workflow = opened(before, loras__dress="10")
    settings = Settings(weights={"dress": 0.3, "shoes": 0.6}, files={"dress": "x/other.safetensors", "shoes": "ignored"})
    after = workflow.filled(settings, workflow.loras(study))
    expected = {"10.lora_name": "x/other.safetensors", "10.strength_model": 0.3, "10.strength_clip": 0.3}
    assert changed(before, after) == expected
    assert "no LoRA of the study is named coat" in refusal(before, loras__coat="10")
    assert "would load both dress and shoes" in refusal(before, loras__dress="11")
    assert "loads no LoRA that a sampler reads" in refusal(before, loras__dress="4")


def test_texts_are_followed_through_strings_and_reroutes() -> None:
    nodes = workflows.plain()
    nodes["40"] = node("PrimitiveStringMultiline", value="a long text")
    nodes["41"] = node("Reroute", **{"": ["40", 0]})
    nodes["2"]["inputs"]["text"] = ["41", 0]
    nodes["42"] = node("Reroute", **{"": ["2", 0]})
    nodes["5"]["inputs"]["positive"] = ["42", 0]
    workflow = opened(nodes)
    assert workflow.own.prompt == "a long text"
    assert filled(workflow, prompt="a long text") == nodes
    assert changed(nodes, filled(workflow, prompt="new")) == {"2.text": "new"}


def test_a_computed_text_is_not_read_but_can_be_replaced() -> None:
    nodes = workflows.plain()
    nodes["40"] = node("StringConcatenate", string_a="best, ", string_b="a girl", delimiter=" ")
    nodes["2"]["inputs"]["text"] = ["40", 0]
    workflow = opened(nodes)
    assert workflow.own.prompt is None
    assert changed(nodes, filled(workflow, prompt="new")) == {"2.text": "new"}
    # Wildcards draw another text for each seed.
    nodes["40"] = node("ImpactWildcardProcessor", text="{a|b}", mode="populate", seed=3)
    assert opened(nodes).own.prompt is None


def test_seeds_and_numbers_of_other_nodes_are_read_and_replaced() -> None:
    nodes = workflows.hires()
    nodes["40"] = node("PrimitiveInt", value=77)
    nodes["41"] = node("Seed (rgthree)", seed=78)
    nodes["42"] = node("Reroute", value=["41", 0])
    nodes["43"] = node("SumInts", a=2, b=3)
    nodes["5"]["inputs"] |= {"seed": ["42", 0], "steps": ["40", 0], "cfg": ["43", 0]}
    nodes["9"]["inputs"]["seed"] = ["42", 0]
    workflow = opened(nodes)
    assert (workflow.own.seed, workflow.own.steps, workflow.own.cfg) == (78, 77, None)
    after = changed(nodes, filled(workflow, seed=1, steps=77, cfg=5.0))
    assert after == {"5.seed": 1, "9.seed": 1, "5.cfg": 5.0}


def test_another_seed_or_text_of_a_later_sampler_stays() -> None:
    nodes = workflows.hires()
    nodes["9"]["inputs"] |= {"seed": 1234, "positive": ["12", 0]}
    nodes["12"] = node("CLIPTextEncode", text="sharp details", clip=["11", 1])
    assert changed(nodes, filled(opened(nodes), seed=1, prompt="new")) == {"5.seed": 1, "2.text": "new"}


def test_several_images_texts_or_samplers_are_listed_and_one_can_be_named() -> None:
    nodes = workflows.hires()
    nodes["50"] = node("VAEDecode", samples=["5", 0], vae=["1", 2])
    nodes["51"] = node("SaveImage", "First pass", images=["50", 0], filename_prefix="x")
    line = refusal(nodes)
    assert '2 images come out of the workflow: 7 (SaveImage), 51 "First pass" (SaveImage)' in line
    assert opened(nodes, image="51").own.size == (64, 96)
    assert opened(nodes, image="50").own.size == (64, 96)
    assert opened(nodes, image="7").own.size == (96, 144)
    # What is only shown, as a ControlNet's map, is not what people keep.
    nodes["51"]["class_type"] = "PreviewImage"
    assert opened(nodes).own.size == (96, 144)

    nodes = workflows.plain()
    nodes["60"] = node("CLIPTextEncode", "Quality", text="best", clip=["11", 1])
    nodes["61"] = node("ConditioningCombine", conditioning_1=["2", 0], conditioning_2=["60", 0])
    nodes["5"]["inputs"]["positive"] = ["61", 0]
    assert 'comes from 2 nodes: 2 "Prompt" (CLIPTextEncode), 60 "Quality" (CLIPTextEncode)' in refusal(nodes)
    assert changed(nodes, filled(opened(nodes, positive="2"), prompt="new")) == {"2.text": "new"}
    nodes["61"] = node("Mystery", thing=["2", 0])
    assert "cannot be followed through node 61 (Mystery)" in refusal(nodes)
    assert changed(nodes, filled(opened(nodes, positive="2.text"), prompt="new")) == {"2.text": "new"}

    nodes = workflows.plain()
    nodes["9"] = copy.deepcopy(nodes["5"])
    nodes["61"] = node("LatentComposite", samples_to=["5", 0], samples_from=["9", 0], x=0, y=0, feather=0)
    nodes["6"]["inputs"]["samples"] = ["61", 0]
    assert "2 samplers begin from latents of their own: 5 (KSampler), 9 (KSampler)" in refusal(nodes)
    assert opened(nodes, sampler="9").own.seed == 5


def test_names_of_nodes_that_lead_nowhere_are_refused() -> None:
    nodes = workflows.plain()
    assert "unknown key 'text'" in refusal(nodes, text="2")
    assert "has no node 99" in refusal(nodes, image="99")
    assert "no sampler of the judged image is node 2" in refusal(nodes, sampler="2")
    assert "has no input title" in refusal(nodes, positive="2.title")
    assert "holds no text" in refusal(nodes, positive="4")
    assert "has no cfg" in refusal(nodes, cfg="4")
    assert opened(nodes, cfg="5.denoise").own.cfg == 1.0


@pytest.mark.parametrize(
    ("id_", "name", "line"),
    [
        ("5", "positive", "5 (KSampler) takes no positive text"),
        ("6", "samples", "no sampler leads to the judged image"),
        ("7", "images", "no node of the workflow saves or shows an image"),
    ],
)
def test_what_a_muted_node_leaves_behind_is_named(id_: str, name: str, line: str) -> None:
    nodes = workflows.plain()
    del nodes[id_]["inputs"][name]
    assert line in refusal(nodes)


def test_links_into_nothing_and_circles_are_named() -> None:
    nodes = workflows.plain()
    del nodes["4"]
    assert "5 (KSampler) reads from node 4, which the file lacks" in refusal(nodes)
    nodes = workflows.plain()
    nodes["4"] = node("Reroute", **{"": ["41", 0]})
    nodes["41"] = node("Reroute", **{"": ["4", 0]})
    nodes["5"]["inputs"]["positive"] = ["4", 0]
    assert "leads nowhere" in refusal(nodes)
    nodes = workflows.plain()
    nodes["4"] = node("LatentUpscaleBy", samples=["5", 0], scale_by=2.0)
    assert "5 (KSampler) needs its own result, by way of 4 (LatentUpscaleBy)" in refusal(nodes)


UI_FORM: Any = {"nodes": [{"id": 1, "type": "KSampler"}], "links": [], "version": 0.4}


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (UI_FORM, "saved for ComfyUI's page, not for its API"),
        ({**UI_FORM, "definitions": {"subgraphs": [{"id": "a", "nodes": []}]}}, "saved for ComfyUI's page"),
        ({}, "it holds no nodes"),
        ([], "it holds no nodes"),
        ("x", "it holds no nodes"),
        ({"1": {"class_type": 3, "inputs": {}}}, "its entry 1 is no node"),
        ({"1": {"class_type": "A", "inputs": []}}, "its entry 1 is no node"),
        ({"1\n": {"class_type": "A", "inputs": {}}}, "its entry 1 is no node"),
        ({"1": None}, "its entry 1 is no node"),
    ],
)
def test_what_is_no_workflow_for_the_api_is_refused(raw: Any, line: str) -> None:
    assert line in refusal(raw)
    assert "Export (API)" in refusal(raw)


def test_nodes_of_subgraphs_are_nodes_like_others() -> None:
    nodes = json.loads(json.dumps(workflows.plain()).replace('"5"', '"57:5"').replace('"2"', '"57:2"'))
    assert changed(nodes, filled(opened(nodes), seed=3, prompt="new")) == {"57:5.seed": 3, "57:2.text": "new"}


def test_workflows_come_from_files_requests_and_pictures(tmp_path: Path) -> None:
    nodes = workflows.plain()
    (tmp_path / "a.json").write_text(json.dumps(nodes))
    (tmp_path / "b.json").write_text("\ufeff" + json.dumps({"prompt": nodes, "client_id": "x"}), encoding="utf-8")
    chunks = PngInfo()
    dirty = copy.deepcopy(nodes)
    dirty["5"]["is_changed"] = [float("nan")]
    chunks.add_text("prompt", json.dumps(dirty))
    chunks.add_text("workflow", json.dumps(UI_FORM))
    Image.new("RGB", (8, 8)).save(tmp_path / "c.png", pnginfo=chunks)
    exif = Image.Exif()
    exif[0x0110], exif[0x010F] = f"prompt:{json.dumps(nodes)}", f"workflow:{json.dumps(UI_FORM)}"
    Image.new("RGB", (8, 8)).save(tmp_path / "d.webp", exif=exif)
    Image.new("RGB", (8, 8)).save(tmp_path / "e.jpg", exif=exif)
    for name in ("a.json", "b.json", "c.png", "d.webp", "e.jpg"):
        assert filled(open_workflow(tmp_path / name)) == nodes, name


def test_files_without_a_workflow_get_one_line(tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add_text("workflow", json.dumps(UI_FORM))
    Image.new("RGB", (8, 8)).save(tmp_path / "page.png", pnginfo=chunks)
    Image.new("RGB", (8, 8)).save(tmp_path / "bare.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "page.png").read_bytes()[:60])
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "nan.json").write_text(json.dumps(workflows.plain({"a": float("nan")})))
    Image.new("RGB", (8, 8)).save(tmp_path / "x.gif")
    lines = {
        "page.png": "for ComfyUI's page",
        "bare.png": "holds no workflow",
        "cut.png": "damaged picture",
        "bytes.json": "no text",
        "deep.json": "no JSON",
        "nan.json": "no finite number",
        "x.gif": "GIF picture holds no workflow",
        "absent.json": "no such workflow",
    }
    for name, line in lines.items():
        with pytest.raises(InputError, match=line):
            open_workflow(tmp_path / name)


def test_equal_frames_have_equal_digests() -> None:
    nodes = workflows.hires()
    workflow = opened(nodes)
    digest = workflow.digest(workflow.loras(STUDY))
    refilled = opened(filled(workflow, **EVERYTHING))
    assert refilled.digest(refilled.loras(STUDY)) == digest
    nodes["70"] = node("PreviewImage", images=["6", 0])
    nodes["5"]["_meta"] = {"title": "other"}
    assert opened(nodes).digest(opened(nodes).loras(STUDY)) == digest
    for id_, name, value in (("9", "denoise", 0.6), ("4", "width", 128), ("1", "ckpt_name", "other"), ("9", "seed", 6)):
        other = workflows.hires()
        other[id_]["inputs"][name] = value
        assert opened(other).digest(opened(other).loras(STUDY)) != digest, name
