from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import InputError
from models.lora.summary import summarise


def kohya(stem: str, rank: int = 4, inner: int = 320, outer: int = 320, kernel: int | None = None) -> dict[str, torch.Tensor]:
    ends: tuple[int, ...] = () if kernel is None else (kernel, kernel)
    ones: tuple[int, ...] = () if kernel is None else (1, 1)
    return {
        f"{stem}.lora_down.weight": torch.zeros(rank, inner, *ends),
        f"{stem}.lora_up.weight": torch.zeros(outer, rank, *ones),
        f"{stem}.alpha": torch.tensor(2.0),
    }


def test_a_kohya_file_tells_all(tmp_path: Path) -> None:
    path = tmp_path / "dress.safetensors"
    tensors = {
        **kohya("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", inner=768),
        **kohya("lora_unet_mid_block_attentions_0_proj_in"),
        **kohya("lora_unet_up_blocks_1_resnets_0_conv1", rank=2, kernel=3),
        **kohya("lora_te_text_model_encoder_layers_0_mlp_fc1"),
    }
    save_file(tensors, path, {
        "ss_sd_model_name": "chilloutmix.safetensors",
        "ss_dataset_dirs": json.dumps({"10_testdress": {"n_repeats": 10, "img_count": 20}}),
        "ss_tag_frequency": json.dumps({"10_testdress": {"pink dress": 20, "smile": 3}}),
        "ss_steps": "4000",
        "sshs_model_hash": "ab" * 32,
    })  # fmt: skip
    found = summarise(path)
    assert (found.method, found.naming, found.family) == ("LoCon", "kohya", "SD 1.x")
    assert (found.ranks, found.alphas) == ({4: 3, 2: 1}, {2.0: 4})
    assert found.blocks == {"UNet down, attention": 1, "UNet middle, attention": 1, "UNet up, other": 1, "text encoder": 1}
    assert (found.trigger, found.base) == ("testdress", "chilloutmix.safetensors")
    assert found.tags == {"pink dress": 20, "smile": 3}
    assert found.training == {"steps": "4000"}


def test_a_peft_file_of_a_larger_base(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    stem = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
    save_file({f"{stem}.lora_A.weight": torch.zeros(8, 2048), f"{stem}.lora_B.weight": torch.zeros(640, 8)}, path)
    found = summarise(path)
    assert (found.method, found.naming, found.family, found.ranks, found.alphas) == ("LoRA", "peft", "SDXL", {8: 1}, {})
    assert (found.trigger, found.base, found.hash, found.training, found.tags) == (None, None, None, {}, {})


def test_another_method_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    stem = "lora_unet_mid_block_attentions_0_proj_in"
    save_file({f"{stem}.hada_w{n}_{side}": torch.zeros(4, 4) for n in (1, 2) for side in "ab"}, path)
    found = summarise(path)
    assert (found.method, found.ranks, found.blocks) == ("LoHa", {4: 1}, {"UNet middle, attention": 1})
    save_file({f"{stem}.oft_blocks": torch.zeros(2, 4, 4), f"{stem}.alpha": torch.tensor(0.1)}, path)
    found = summarise(path)
    assert (found.method, found.ranks, found.alphas) == ("OFT", {}, {}), "its alpha is a constraint"
    save_file({f"{stem}.diff": torch.zeros(4, 4), f"{stem}.diff_b": torch.zeros(4)}, path)
    assert (summarise(path).method, summarise(path).blocks) == ("full difference", {"UNet middle, attention": 1})
    save_file({f"{stem}.oft_R.weight": torch.zeros(4, 4)}, path)
    found = summarise(path)
    assert (found.method, found.ranks, found.blocks) == ("OFT of peft", {}, {"UNet middle, attention": 1})


@pytest.mark.parametrize("metadata", [{"ss_tag_frequency": "{"}, {"ss_dataset_dirs": "[1]"}, {"ss_tag_frequency": '{"a": 3}'}])
def test_metadata_that_does_not_read_is_passed_over(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "x.safetensors"
    save_file(kohya("lora_unet_mid_block_attentions_0_proj_in"), path, metadata)
    assert summarise(path).ranks == {4: 1}


def test_what_is_no_lora_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"model.weight": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="no LoRA layers"):
        summarise(path)
