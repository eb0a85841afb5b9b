"""The workflow is checked against a table of ComfyUI's nodes (nodes.py and comfy/samplers.py), written down here once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.base.prompt.comfyui import marked
from models.errors import InputError
from optimizer.point import Point
from optimizer.render.remote.comfyui.sampler_names import comfyui_sampler
from optimizer.render.sampling.comfyui_sampling import ABSENT
from optimizer.render.sampling.samplers import SAMPLERS
from studies.export.comfyui import comfyui_graph
from studies.export.export import export_to
from studies.model_facts import BaseFacts
from studies.spec import StudySpec
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.workspace import Workspace
from tests.studies.export.test_export import outcome_at

POINT = Point({"dress": 0.4, "shoes": 0.0}, 6.5)
LINKED = {"MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK", "HOOKS", "HOOK_KF"}
SAMPLED = {"cfg": "FLOAT", "sampler_name": "COMBO", "scheduler": "COMBO"}
READ = {"positive": "CONDITIONING", "negative": "CONDITIONING"}
PAIR = {
    "positive_NEW": "CONDITIONING",
    "negative_NEW": "CONDITIONING",
    "strength": "FLOAT",
    "set_cond_area": "COMBO",
    "mask": "MASK",
}
OPTIONAL = {"prev_hook_kf"}
"""Inputs that a node may lack."""
NODES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "CheckpointLoaderSimple": ({"ckpt_name": "COMBO"}, ("MODEL", "CLIP", "VAE")),
    "DiffusersLoader": ({"model_path": "COMBO"}, ("MODEL", "CLIP", "VAE")),
    "VAELoader": ({"vae_name": "COMBO"}, ("VAE",)),
    "LoraLoader": (
        {"model": "MODEL", "clip": "CLIP", "lora_name": "COMBO", "strength_model": "FLOAT", "strength_clip": "FLOAT"},
        ("MODEL", "CLIP"),
    ),
    "ModelSamplingDiscrete": ({"model": "MODEL", "sampling": "COMBO", "zsnr": "BOOLEAN"}, ("MODEL",)),
    "CLIPSetLastLayer": ({"clip": "CLIP", "stop_at_clip_layer": "INT"}, ("CLIP",)),
    "CLIPTextEncode": ({"text": "STRING", "clip": "CLIP"}, ("CONDITIONING",)),
    "EmptyLatentImage": ({"width": "INT", "height": "INT", "batch_size": "INT"}, ("LATENT",)),
    "CreateHookLora": ({"lora_name": "COMBO", "strength_model": "FLOAT", "strength_clip": "FLOAT"}, ("HOOKS",)),
    "CreateHookKeyframe": ({"strength_mult": "FLOAT", "start_percent": "FLOAT", "prev_hook_kf": "HOOK_KF"}, ("HOOK_KF",)),
    "SetHookKeyframes": ({"hooks": "HOOKS", "hook_kf": "HOOK_KF"}, ("HOOKS",)),
    "CombineHooks2": ({"hooks_A": "HOOKS", "hooks_B": "HOOKS"}, ("HOOKS",)),
    "SetClipHooks": ({"clip": "CLIP", "apply_to_conds": "BOOLEAN", "schedule_clip": "BOOLEAN", "hooks": "HOOKS"}, ("CLIP",)),
    "PairConditioningSetProperties": (PAIR, ("CONDITIONING", "CONDITIONING")),
    "PairConditioningSetPropertiesAndCombine": ({**READ, **PAIR}, ("CONDITIONING", "CONDITIONING")),
    "LoadImage": ({"image": "COMBO"}, ("IMAGE", "MASK")),
    "LoadImageMask": ({"image": "COMBO", "channel": "COMBO"}, ("MASK",)),
    "ImageCrop": ({"image": "IMAGE", "width": "INT", "height": "INT", "x": "INT", "y": "INT"}, ("IMAGE",)),
    "ImageScale": (
        {"image": "IMAGE", "upscale_method": "COMBO", "width": "INT", "height": "INT", "crop": "COMBO"},
        ("IMAGE",),
    ),
    "VAEEncode": ({"pixels": "IMAGE", "vae": "VAE"}, ("LATENT",)),
    "SetLatentNoiseMask": ({"samples": "LATENT", "mask": "MASK"}, ("LATENT",)),
    "ImageCompositeMasked": (
        {"destination": "IMAGE", "source": "IMAGE", "x": "INT", "y": "INT", "resize_source": "BOOLEAN", "mask": "MASK"},
        ("IMAGE",),
    ),
    "KSampler": (
        {"model": "MODEL", "seed": "INT", "steps": "INT", **SAMPLED, **READ, "latent_image": "LATENT", "denoise": "FLOAT"},
        ("LATENT",),
    ),
    "KSamplerAdvanced": (
        {
            "model": "MODEL",
            "add_noise": "COMBO",
            "noise_seed": "INT",
            "steps": "INT",
            **SAMPLED,
            **READ,
            "latent_image": "LATENT",
            "start_at_step": "INT",
            "end_at_step": "INT",
            "return_with_leftover_noise": "COMBO",
        },
        ("LATENT",),
    ),
    "VAEDecode": ({"samples": "LATENT", "vae": "VAE"}, ("IMAGE",)),
    "SaveImage": ({"images": "IMAGE", "filename_prefix": "STRING"}, ()),
}
SAMPLER_NAMES = {
    "euler",
    "euler_cfg_pp",
    "euler_ancestral",
    "euler_ancestral_cfg_pp",
    "heun",
    "heunpp2",
    "dpm_2",
    "dpm_2_ancestral",
    "lms",
    "dpm_fast",
    "dpm_adaptive",
    "dpmpp_2s_ancestral",
    "dpmpp_2s_ancestral_cfg_pp",
    "dpmpp_sde",
    "dpmpp_sde_gpu",
    "dpmpp_2m",
    "dpmpp_2m_cfg_pp",
    "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu",
    "dpmpp_2m_sde_heun",
    "dpmpp_2m_sde_heun_gpu",
    "dpmpp_3m_sde",
    "dpmpp_3m_sde_gpu",
    "ddpm",
    "lcm",
    "ipndm",
    "ipndm_v",
    "deis",
    "ddim",
    "uni_pc",
    "uni_pc_bh2",
}
SCHEDULER_NAMES = {"normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform", "beta"}
PYTHON: dict[str, type | tuple[type, ...]] = {"COMBO": str, "STRING": str, "INT": int, "FLOAT": (int, float), "BOOLEAN": bool}


def study_at(
    folder: Path,
    *,
    xl: bool = False,
    prediction: str = "epsilon",
    zero_snr: bool = False,
    base: str = "chilloutmix.safetensors",
    **changes: Any,
) -> Study:
    spec = {
        "name": "pink dress",
        "base": {"checkpoint": base, "clip_skip": 2, "vae": "vae/kl-f8.safetensors"},
        "prompt": "1girl, (pink dress:1.4)",
        "negative_prompt": "NG_deep, (lowres:1.2)",
        "embeddings": ["embeddings/ng_deep.pt"],
        "render": {"width": 512, "height": 768, "steps": 30, "sampler": "DPM++ SDE Karras", "rng": "cpu"},
        "loras": {
            "dress": {"file": "loras/连衣裙.safetensors", "kind": "clothing", "references": "dress"},
            "shoes": {"file": "loras/shoes.safetensors", "kind": "shoes", "references": "shoes"},
            "detail": {"file": "loras/add_detail.safetensors", "kind": "other", "fixed": 0.5},
        },
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
    (folder / "chilloutmix.safetensors").touch()
    made = StudySpec.model_validate({**spec, **changes})
    schedule = {"prediction_type": prediction, "rescale_betas_zero_snr": zero_snr}
    facts = facts_of(made.loras, BaseFacts("x", "0" * 64, "sdxl" if xl else "sd15", schedule))
    return Study(made, folder, Workspace(folder / "workspace"), FakeBackend(facts=facts))


def check_api(api: dict[str, Any]) -> None:
    for node in api.values():
        wanted, _ = NODES[node["class_type"]]
        assert set(node["inputs"]) - OPTIONAL == set(wanted) - OPTIONAL, node
        for name, value in node["inputs"].items():
            if wanted[name] in LINKED:
                source, slot = value
                assert NODES[api[source]["class_type"]][1][slot] == wanted[name]
            else:
                assert isinstance(value, PYTHON[wanted[name]]), (name, value)
    assert [node["class_type"] for node in api.values()].count("SaveImage") == 1


def check_ui(ui: dict[str, Any]) -> None:
    nodes = {node["id"]: node for node in ui["nodes"]}
    assert len(nodes) == len(ui["nodes"])
    assert max(nodes) == ui["last_node_id"]
    links = {link[0]: link for link in ui["links"]}
    assert len(links) == len(ui["links"]) == ui["last_link_id"]
    for number, source, slot, target, place, kind in links.values():
        out, into = nodes[source]["outputs"][slot], nodes[target]["inputs"][place]
        assert NODES[nodes[source]["type"]][1][slot] == out["type"] == kind
        assert number in out["links"]
        assert NODES[nodes[target]["type"]][0][into["name"]] == into["type"] == kind
        assert into["link"] == number
    for node in nodes.values():
        if node["type"] == "Note":
            continue
        wanted, outputs = NODES[node["type"]]
        assert [out["name"] for out in node["outputs"]] == list(outputs)
        assert all(number in links for out in node["outputs"] for number in out["links"])
        linked = {name for name, kind in wanted.items() if kind in LINKED}
        assert {i["name"] for i in node["inputs"]} - OPTIONAL == linked - OPTIONAL
        widgets = [kind for kind in wanted.values() if kind not in LINKED]
        if node["type"] in ("KSampler", "KSamplerAdvanced"):
            at = 1 if node["type"] == "KSampler" else 2
            assert node["widgets_values"][at] == "fixed"
            widgets.insert(at, "STRING")
        assert len(node["widgets_values"]) == len(widgets)
        assert all(isinstance(v, PYTHON[kind]) for v, kind in zip(node["widgets_values"], widgets, strict=True))


def of_kind(api: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [node["inputs"] for node in api.values() if node["class_type"] == kind]


def test_a_workflow_opens_in_the_page_and_on_the_server(tmp_path: Path) -> None:
    done = export_to(study_at(tmp_path), outcome_at(7, POINT), "comfyui")
    assert [path.name for path in done.paths] == ["seed-7.comfyui.json", "seed-7.comfyui-api.json"]
    ui, api = (json.loads(path.read_text(encoding="utf-8")) for path in done.paths)
    check_ui(ui)
    check_api(api)
    assert of_kind(api, "CheckpointLoaderSimple") == [{"ckpt_name": "chilloutmix.safetensors"}]
    loras = [(n["lora_name"], n["strength_model"], n["strength_clip"]) for n in of_kind(api, "LoraLoader")]
    assert loras == [("连衣裙.safetensors", 0.4, 0.4), ("add_detail.safetensors", 0.5, 0.5)]
    assert of_kind(api, "CLIPSetLastLayer")[0]["stop_at_clip_layer"] == -2
    assert [n["text"] for n in of_kind(api, "CLIPTextEncode")] == ["1girl, (pink dress:1.4)", "embedding:ng_deep, (lowres:1.2)"]
    assert of_kind(api, "VAELoader") == [{"vae_name": "kl-f8.safetensors"}]
    assert of_kind(api, "EmptyLatentImage") == [{"width": 512, "height": 768, "batch_size": 1}]
    (sampler,) = of_kind(api, "KSampler")
    assert {k: v for k, v in sampler.items() if not isinstance(v, list)} == {
        "seed": 7, "steps": 30, "cfg": 6.5, "sampler_name": "dpmpp_sde", "scheduler": "karras", "denoise": 1.0,
    }  # fmt: skip


def test_the_wires_lead_through_every_lora_and_the_clip_skip(tmp_path: Path) -> None:
    api = comfyui_graph(study_at(tmp_path), outcome_at(7, POINT)).api()

    def way(number: str, name: str) -> list[str]:
        node = api[number]
        return [node["class_type"], *(way(node["inputs"][name][0], name) if name in node["inputs"] else [])]

    (sampler,) = (number for number, node in api.items() if node["class_type"] == "KSampler")
    (decoder,) = of_kind(api, "VAEDecode")
    loaders = ["LoraLoader", "LoraLoader", "CheckpointLoaderSimple"]
    assert way(sampler, "model") == ["KSampler", *loaders]
    positive, negative = (api[sampler]["inputs"][side][0] for side in ("positive", "negative"))
    assert "1girl" in api[positive]["inputs"]["text"]
    assert "lowres" in api[negative]["inputs"]["text"]
    for side in (positive, negative):
        assert way(side, "clip") == ["CLIPTextEncode", "CLIPSetLastLayer", *loaders]
    assert api[decoder["vae"][0]]["class_type"] == "VAELoader"


@pytest.mark.parametrize(("prediction", "sampling"), [("v_prediction", "v_prediction"), ("epsilon", "eps")])
def test_zero_terminal_snr_is_set_exactly_where_the_base_records_it(tmp_path: Path, prediction: str, sampling: str) -> None:
    graph = comfyui_graph(study_at(tmp_path, prediction=prediction, zero_snr=True), outcome_at(7, POINT))
    check_ui(graph.ui())
    check_api(graph.api())
    node = of_kind(graph.api(), "ModelSamplingDiscrete")[0]
    assert (node["sampling"], node["zsnr"]) == (sampling, True)


def test_without_vae_clip_skip_and_file_the_nodes_are_others(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    plain = {"checkpoint": "folder", "clip_skip": 1}
    graph = comfyui_graph(study_at(tmp_path, prediction="v_prediction"), outcome_at(7, POINT))
    check_ui(graph.ui())
    check_api(graph.api())
    node = of_kind(graph.api(), "ModelSamplingDiscrete")[0]
    assert (node["sampling"], node["zsnr"]) == ("v_prediction", False)
    changed = study_at(tmp_path)
    changed.spec = StudySpec.model_validate({**changed.spec.model_dump(exclude_unset=True), "base": plain})
    api = comfyui_graph(changed, outcome_at(7, POINT)).api()
    check_api(api)
    assert of_kind(api, "DiffusersLoader") == [{"model_path": "folder"}]
    kinds = {node["class_type"] for node in api.values()}
    assert not kinds & {"VAELoader", "CLIPSetLastLayer", "CheckpointLoaderSimple", "ModelSamplingDiscrete"}
    assert not of_kind(comfyui_graph(study_at(tmp_path, xl=True), outcome_at(7, POINT)).api(), "CLIPSetLastLayer")


@pytest.mark.parametrize("zero_snr", [False, True])
def test_a_base_of_zero_terminal_snr_is_sampled_as_one(tmp_path: Path, zero_snr: bool) -> None:
    api = comfyui_graph(study_at(tmp_path, prediction="v_prediction", zero_snr=zero_snr), outcome_at(7, POINT)).api()
    check_api(api)
    assert of_kind(api, "ModelSamplingDiscrete")[0]["zsnr"] is zero_snr


def note(study: Study, point: Point = POINT) -> str:
    graph = comfyui_graph(study, outcome_at(7, point))
    (found,) = (node for node in graph.ui()["nodes"] if node["type"] == "Note")
    assert "Note" not in {node["class_type"] for node in graph.api().values()}
    return str(found["widgets_values"][0])


def test_a_note_lists_what_differs(tmp_path: Path) -> None:
    text = note(study_at(tmp_path))
    for words in ("Emphasis", "the same noise as in the study", "whole time steps", "--fp32-text-enc", "models/checkpoints"):
        assert words in text
    assert not any(words in text for words in ("ENSD", "BREAK", "75 tokens", "another picture", "levels", "Pad conds"))
    render = {"rng": "nv", "ensd": 31337, "sampler": "DPM++ 2M Karras", "width": 512, "height": 768}
    study = study_at(tmp_path, render=render, prompt="1girl BREAK dress", negative_prompt=", ".join(["lowres"] * 60))
    text = note(study)
    assert all(words in text for words in ("RNG: NV", "ENSD 31337", "BREAK", "75 tokens"))
    assert not any(words in text for words in ("Emphasis", "generator"))


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        ("Euler a", "generator that begins with the seed again"),
        ("DPM2 a Karras", "generator that begins with the seed again"),
        ("UniPC", "ends at another level"),
        ("DPM++ 3M SDE Karras", "keeps the last level but one"),
        ("LMS", "Euler's method"),
        ("DDIM", "ends at 0"),
        ("DPM++ SDE Karras", None),
        ("DPM++ 2M SDE", None),
        ("Heun", None),
    ],
)
def test_a_sampler_that_draws_another_picture_is_named_and_no_other(tmp_path: Path, sampler: str, words: str | None) -> None:
    text = note(study_at(tmp_path), Point({"dress": 0.4}, 6.5, sampler=sampler))
    assert (words is None) != ("another picture." in text)
    assert words is None or words in text


@pytest.mark.parametrize(("tags", "long"), [(20, False), (45, True)])
def test_chunks_are_counted_by_tokens(tmp_path: Path, tags: int, long: bool) -> None:
    """45 tags of one word each are 90 tokens with their commas."""
    assert ("75 tokens" in note(study_at(tmp_path, prompt=", ".join(["hat"] * tags)))) is long


def test_sizes_that_the_unet_does_not_divide_and_padding_are_noted(tmp_path: Path) -> None:
    render = {"rng": "cpu", "width": 520, "height": 768, "pad_conds": True}
    text = note(study_at(tmp_path, render=render))
    assert "does not divide 520x768" in text
    assert "Pad conds" in text


def test_a_study_that_draws_as_comfyui_does_has_no_differences_but_the_text_encoder(tmp_path: Path) -> None:
    render = {"like": "comfyui", "sampler": "Euler a", "width": 520, "height": 768}
    text = note(study_at(tmp_path, render=render, prompt="(a:1.2) BREAK b"))
    assert "drawn as ComfyUI draws" in text
    assert not any(words in text for words in ("Emphasis", "BREAK", "Noise", "divide"))


def test_lcm_is_sampled_as_one(tmp_path: Path) -> None:
    api = comfyui_graph(study_at(tmp_path), outcome_at(7, Point({}, 1.5, sampler="LCM"))).api()
    check_api(api)
    assert of_kind(api, "ModelSamplingDiscrete")[0]["sampling"] == "lcm"


def test_the_notes_are_in_the_file_for_the_server_and_told_to_a_person_too(tmp_path: Path) -> None:
    done = export_to(study_at(tmp_path), outcome_at(7, POINT), "comfyui")
    (last,) = (node for node in json.loads(done.paths[1].read_text("utf-8")).values() if node["class_type"] == "SaveImage")
    assert "Emphasis" in last["_meta"]["notes"][0]
    assert any(line.startswith("Emphasis") for line in done.notes)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_has_a_counterpart_or_is_refused_by_name(name: str) -> None:
    if name in ABSENT:
        with pytest.raises(InputError, match=f"ComfyUI has no sampler '{name}'.*{ABSENT[name]}"):
            comfyui_sampler(name)
        assert comfyui_sampler(ABSENT[name])
        return
    sampler, scheduler = comfyui_sampler(name)
    assert sampler in SAMPLER_NAMES
    assert scheduler in SCHEDULER_NAMES
    assert ("Karras" in name, "Exponential" in name) == (scheduler == "karras", scheduler == "exponential")


def test_no_two_samplers_have_one_counterpart() -> None:
    found = [comfyui_sampler(name) for name in SAMPLERS if name not in ABSENT]
    assert len(set(found)) == len(found)


def test_a_vae_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vae" / "kl-f8.safetensors").mkdir(parents=True)
    with pytest.raises(InputError, match="opens a VAE from a file"):
        comfyui_graph(study_at(tmp_path), outcome_at(7, POINT))


def test_a_sampler_that_comfyui_lacks_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PLMS"):
        export_to(study_at(tmp_path), outcome_at(7, Point({"dress": 0.4}, 6.5, sampler="PLMS")), "comfyui")
    assert not (tmp_path / "workspace").exists()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ng_deep", "embedding:ng_deep"),
        ("lowres,NG_DEEP, (ng_deep:1.2)", "lowres, embedding:ng_deep, (embedding:ng_deep:1.2)"),
        ("ng_deeper, ng_deep-2, xng_deep", "ng_deeper, embedding:ng_deep-2, xng_deep"),
    ],
)
def test_textual_inversions_get_comfyui_s_word(text: str, wanted: str) -> None:
    assert marked(text, ["a/ng_deep.pt", "a/ng_deep-2.safetensors"]) == wanted
    assert marked(text, []) == text
