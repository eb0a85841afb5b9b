"""LoRA files as many tools write them, for small bases of both families: random layers, ranks, dtypes and places of the scale."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site, layer_names
from models.testing.lora_namings import KOHYA_ENDS, NAMINGS, PROCESSORS

METHODS: Final = ("LoRA", "LoCon")
DTYPES: Final = (torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn)
SAVED: Final = ("peft, saved",)
"""Namings whose files lie in a folder of peft's, with adapter_config.json."""
IN_HEADER: Final = ("peft", "peft, an adapter's name")
"""Namings whose files have peft's settings in the header where they have no alphas."""
SETTINGS_PREFIXES: Final[dict[Part, str]] = {DENOISER: "unet", TEXT: "text_encoder", TEXT_2: "text_encoder_2"}


@dataclass(frozen=True)
class Made:
    """A generated file."""

    path: Path
    """The file, or the folder that peft would save."""
    method: str
    naming: str
    family: str
    stems: Mapping[Site, str]
    outside: bool
    """Whether its scale is stated outside the tensors."""
    alphas: int
    """How many different alphas its tensors have."""
    small_float: bool

    @property
    def tensors(self) -> Path:
        return self.path / "adapter_model.safetensors" if self.path.is_dir() else self.path


def make_files(folder: Path, bases: Mapping[str, Mapping[Part, nn.Module]], each: int) -> list[Made]:
    """`each` files of every method and naming, those of the two families in turn."""
    made = []
    for method in METHODS:
        for naming in NAMINGS:
            for number in range(each):
                rng = random.Random(f"{method} {naming} {number}")
                family = list(bases)[number % len(bases)]
                path = folder / f"{method}-{naming}-{number}".replace(" ", "_").replace(",", "").replace("'", "")
                made.append(_file(path, method, naming, family, bases[family], rng))
    return made


def _file(path: Path, method: str, naming: str, family: str, modules: Mapping[Part, nn.Module], rng: random.Random) -> Made:
    spelling, parts = NAMINGS[naming], _parts(naming, method, modules, rng)
    stems: dict[Site, str] = {}
    for part in parts:
        choice = _layers(modules[part], part, method, naming)
        for module in rng.sample(choice, min(len(choice), rng.randint(2, 6))):
            stems[Site(part, module)] = _stem(naming, part, module, modules)
    dtype = rng.choice(DTYPES)
    # Tools that write names of peft's or diffusers' form write no alpha tensors.
    place = rng.choice(("tensors", "nowhere")) if spelling.ends == KOHYA_ENDS else "nowhere"
    if naming in (*SAVED, *IN_HEADER):
        place = rng.choice(("outside", "nowhere"))
    one = rng.uniform(0.5, 16.0) if rng.random() < 0.5 else None
    torch.manual_seed(rng.randrange(1 << 30))
    ranks = {site: rng.randint(1, 8) for site in stems}
    tensors: dict[str, Tensor] = {}
    for site, stem in stems.items():
        weight = modules[site.part].get_parameter(f"{site.module}.weight")
        ones = (1, 1) if weight.ndim == 4 else ()
        down, up = torch.randn(ranks[site], *weight.shape[1:]), torch.randn(len(weight), ranks[site], *ones)
        down_key, up_key = spelling.keys(stem)
        tensors |= {down_key: (down / down[0].numel() ** 0.5).to(dtype), up_key: (up / ranks[site] ** 0.5).to(dtype)}
        if place == "tensors":
            tensors[f"{stem}.alpha"] = torch.tensor(one or rng.uniform(0.5, 16.0))
    settings = _settings(stems, ranks, modules, rng) if place == "outside" else {}
    alphas = len({float(tensor) for key, tensor in tensors.items() if key.endswith(".alpha")})
    written = _write(path, naming, tensors, settings)
    return Made(written, method, naming, family, stems, bool(settings), alphas, dtype.itemsize == 1)


def _parts(naming: str, method: str, modules: Mapping[Part, nn.Module], rng: random.Random) -> list[Part]:
    texts = [part for part in modules if part != DENOISER]
    spelling = NAMINGS[naming]
    if spelling.text is None or method == "LoCon":
        return [DENOISER]
    # One model's adapter in each of peft's folders, and names without a prefix.
    if naming in (*SAVED, "peft, no prefix"):
        return [rng.choice([DENOISER, *texts])]
    # Names that do not tell the text encoder: those of both in one file would be the same.
    shared = spelling.text(0, "") == spelling.text(1, "")
    return [DENOISER, rng.choice(texts)] if shared else [DENOISER, *texts]


def _layers(model: nn.Module, part: Part, method: str, naming: str) -> list[str]:
    names = layer_names(model)
    if part != DENOISER:
        return [name for name in names if "encoder.layers" in name]
    if naming in PROCESSORS:
        return [name for name in names if ".to_" in name]
    convolutions = [n for n in names if n.endswith(("conv1", "conv2", "conv_shortcut", "samplers.0.conv"))]
    return convolutions if method == "LoCon" else [name for name in names if "attentions" in name]


def _stem(naming: str, part: Part, module: str, modules: Mapping[Part, nn.Module]) -> str:
    spelling = NAMINGS[naming]
    if part == DENOISER:
        return spelling.denoiser(module, original_names(modules[DENOISER])[module])
    if naming in SAVED:
        return f"base_model.model.{module}"
    assert spelling.text is not None
    return spelling.text(int(part == TEXT_2), f"text_model.{module.removeprefix('text_model.')}")


def _settings(
    stems: Mapping[Site, str], ranks: Mapping[Site, int], modules: Mapping[Part, nn.Module], rng: random.Random
) -> dict[Part, dict[str, Any]]:
    """peft's, by part: a rank and an alpha for each layer as patterns, and rsLoRA in half of the files."""
    rslora = rng.random() < 0.5
    found: dict[Part, dict[str, Any]] = {}
    for part in dict.fromkeys(site.part for site in stems):
        names = [site.module for site in stems if site.part == part]
        escaped = {name: name.replace(".", r"\.") for name in names}
        found[part] = {
            "r": 4,
            "lora_alpha": rng.choice([1, 4, 32]),
            "rank_pattern": {f".*{escaped[name]}": ranks[Site(part, name)] for name in names},
            "alpha_pattern": {escaped[name]: rng.randint(1, 16) for name in names[::2]},
            "target_modules": names,
            "use_rslora": rslora,
        }
    return found


def _write(path: Path, naming: str, tensors: dict[str, Tensor], settings: Mapping[Part, dict[str, Any]]) -> Path:
    if naming in SAVED and settings:
        path.mkdir()
        save_file(tensors, path / "adapter_model.safetensors")
        (own,) = settings.values()
        (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **own}), encoding="utf-8")
        return path
    flat = {f"{SETTINGS_PREFIXES[part]}.{key}": value for part, own in settings.items() for key, value in own.items()}
    file = path.with_name(f"{path.name}.safetensors")
    save_file(tensors, file, {"lora_adapter_metadata": json.dumps(flat)} if flat else None)
    return file
