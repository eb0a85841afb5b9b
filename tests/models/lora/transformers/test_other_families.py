"""LoRAs of one family of transformers on a base of another are refused, both named; those of text encoders find theirs."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from models.lora.file import open_lora
from models.lora.sites import DENOISER, TEXT, TEXT_2
from models.testing.flow.folders import FOLDERS
from models.testing.flow.loras import save_lora

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
TITLES = {"z-image": "Z-Image", "flux": r"FLUX\.1", "flux2": r"FLUX\.2"}
T5_VALUES = "encoder.block.1.layer.0.SelfAttention.v"
KINDS = {"z-image": "Z-Image or Lumina", "flux": r"FLUX\.1", "flux2": r"FLUX\.2"}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    place = tmp_path_factory.mktemp("folders")
    return {name: open_base(write(place / name)) for name, write in FOLDERS.items()}


@pytest.mark.parametrize("naming", ["diffusers", "kohya, original layout"])
@pytest.mark.parametrize(("of", "on"), list(itertools.permutations(TITLES, 2)))
def test_both_families_are_named(bases: dict[str, Base], tmp_path: Path, naming: str, of: str, on: str) -> None:
    path = save_lora(tmp_path / "x.safetensors", bases[of].denoiser, naming)
    with pytest.raises(
        InputError, match=rf"a LoRA for {KINDS[of]}: \d+ of its \d+ layers match this base \({TITLES[on]}\)"
    ) as told:
        open_lora(path, bases[on].modules)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("stem", "part", "module"),
    [
        ("lora_te1_text_model_encoder_layers_0_self_attn_q_proj", TEXT, "encoder.layers.0.self_attn.q_proj"),
        ("text_encoder.text_model.encoder.layers.0.mlp.fc1", TEXT, "encoder.layers.0.mlp.fc1"),
        ("lora_te3_encoder_block_0_layer_0_SelfAttention_q", TEXT_2, "encoder.block.0.layer.0.SelfAttention.q"),
        ("text_encoders.t5xxl.transformer.encoder.block.1.layer.0.SelfAttention.v", TEXT_2, T5_VALUES),
    ],
)  # fmt: skip
def test_layers_of_fluxs_text_encoders(bases: dict[str, Base], tmp_path: Path, stem: str, part: str, module: str) -> None:
    base = bases["flux"]
    (name,) = (n for n, _ in base.modules[part].named_modules() if n.removeprefix("text_model.") == module)
    rows, columns = base.modules[part].get_parameter(f"{name}.weight").shape
    ends = ("lora_down.weight", "lora_up.weight") if stem.startswith("lora_te") else ("lora_A.weight", "lora_B.weight")
    save_file({f"{stem}.{ends[0]}": torch.ones(2, columns), f"{stem}.{ends[1]}": torch.ones(rows, 2)}, tmp_path / "x.safetensors")
    found = open_lora(tmp_path / "x.safetensors", base.modules)
    assert {p: set(layers) for p, layers in found.layers.items()} == {DENOISER: set(), TEXT: set(), TEXT_2: set()} | {
        part: {name}
    }
