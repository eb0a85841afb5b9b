"""The names by which LoRA files of several tools call the layers of one base.

Every layer of the base is written down under each tool's spelling, and a file's keys are looked up, as they are and without the
wrappers of `WRAPPERS`. To add a spelling: its suffixes go to `SUFFIXES`, and a function that spells every layer to `SPELLINGS`.

Denoiser: kohya and A1111 (`lora_unet_..`, flattened with "_"), LyCORIS and SimpleTuner (`lycoris_..`), diffusers and peft
(`unet...lora_A.weight`, `...lora.down.weight`, `.._lora.down.weight`, `base_model.model...`), OneTrainer's OMI names
(`unet.input_blocks.1.1..`), ComfyUI's (`diffusion_model.input_blocks.1.1..`), and all of these without a prefix; each over
diffusers' own layout and the original one. Text encoders: `lora_te_..`, `lora_te1_..`, `lora_te2_..`; `text_encoder`,
`text_encoder_2`; `clip_l`, `clip_g`; `text_encoders.clip_l.transformer`; T5's as `lora_te3_`, too. A name without a prefix is a
layer of either text encoder (`shared_text_sites`): shapes tell which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from models.lora.layers.parts import Role
from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site, named_layers
from models.lora.transformers.layout import Piece, transformer_names

if TYPE_CHECKING:
    from torch import nn

Modules = Mapping[Part, "nn.Module"]
"""The models of a base that LoRAs may touch, by part."""

SUFFIXES: Final[dict[str, Role]] = {
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A": "down",
    ".lora_B": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    "_lora.down.weight": "down",
    "_lora.up.weight": "up",
    ".lora.alpha": "alpha",
    ".lora_linear_layer.alpha": "alpha",
    "_lora.alpha": "alpha",
    ".alpha": "alpha",
    ":down": "down",
    ":up": "up",
    ".lora_mid.weight": "mid",
    ".hada_w1_a": "hada_w1_a",
    ".hada_w1_b": "hada_w1_b",
    ".hada_w2_a": "hada_w2_a",
    ".hada_w2_b": "hada_w2_b",
    ".hada_t1": "hada_t1",
    ".hada_t2": "hada_t2",
    ".lokr_w1": "lokr_w1",
    ".lokr_w1_a": "lokr_w1_a",
    ".lokr_w1_b": "lokr_w1_b",
    ".lokr_w2": "lokr_w2",
    ".lokr_w2_a": "lokr_w2_a",
    ".lokr_w2_b": "lokr_w2_b",
    ".lokr_t2": "lokr_t2",
    ".dora_scale": "dora_scale",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
    ".diff": "difference",
    ".diff_b": "bias_difference",
    ".w_norm": "difference",
    ".b_norm": "bias_difference",
    ".on_input": "on_input",
    ".oft_blocks": "oft_blocks",
    ".oft_diag": "oft_diag",
    ".rescale": "rescale",
    ".a1.weight": "glora_a1",
    ".a2.weight": "glora_a2",
    ".b1.weight": "glora_b1",
    ".b2.weight": "glora_b2",
}
CHANNEL_SCALES: Final = ".weight"
"""The end of (IA)3's scales: of no other key unless `.on_input` stands beside it."""

ADAPTER: Final = re.compile(r"\.lora_([AB])\.(?!weight$)([^.]+)(?=\.weight$)")
"""peft's name of an adapter within a key: `.lora_A.default_0.weight`."""
WRAPPERS: Final = ("base_model.model.", "_orig_mod.", "module.", "model.", "unet.", "diffusion_model.", "transformer.")
"""What tools put in front of the name of a layer, singly or several in a row."""
TEXT_PREFIXES: Final[dict[str, Part]] = {
    "text_encoder.": TEXT,
    "text_encoder_1.": TEXT,
    "text_encoder_2.": TEXT_2,
    "text_encoders.clip_l.": TEXT,
    "text_encoders.clip_g.": TEXT_2,
    "text_encoders.t5xxl.": TEXT_2,
    "clip_l.": TEXT,
    "clip_g.": TEXT_2,
    "cond_stage_model.": TEXT,
    "conditioner.embedders.0.": TEXT,
    "conditioner.embedders.1.": TEXT_2,
}
"""The text encoder that a prefix stands for."""


def split_keys(keys: Sequence[str]) -> dict[str, tuple[str, Role] | None]:
    """As `split_key`, of all keys of a file: which one is of (IA)3, its neighbour tells."""
    scaled = {f"{key.removesuffix('.on_input')}{CHANNEL_SCALES}" for key in keys if key.endswith(".on_input")}
    return {key: (key.removesuffix(CHANNEL_SCALES), "channel_scales") if key in scaled else split_key(key) for key in keys}


def split_key(key: str) -> tuple[str, Role] | None:
    """`stem.lora_down.weight` to (stem, "down"); None if it ends like no LoRA key."""
    plain = ADAPTER.sub(r".lora_\1", key)
    for suffix, role in SUFFIXES.items():
        if plain.endswith(suffix):
            return plain.removesuffix(suffix).replace(".processor.", "."), role
    return None


def bare_name(stem: str) -> str:
    """Without wrappers and the prefix of a text encoder: the layer's name in the model that was trained, in most cases."""
    prefix = next((p for p in TEXT_PREFIXES if _unwrapped(stem).startswith(p)), "")
    return _unwrapped(_unwrapped(stem).removeprefix(prefix))


def part_of_name(stem: str) -> Part:
    """The part of the base that a layer's name tells without the base."""
    prefix = next((p for p in TEXT_PREFIXES if _unwrapped(stem).startswith(p)), None)
    if prefix is not None:
        return TEXT_PREFIXES[prefix]
    name = bare_name(stem).replace(".", "_")
    if re.match(r"(lora_te\d?_|lycoris_)?(text_model_|encoder_layers_)|text_encoder:", name) is None:
        return DENOISER
    return TEXT_2 if name.startswith(("lora_te2_", "lora_te3_")) else TEXT


def sites_of(stem: str, names: Mapping[str, Site], shared: Mapping[str, tuple[Site, ...]]) -> tuple[Site, ...]:
    """The layers that a stem may name: one, or one of each text encoder, or none. `names` and `shared` spell the base."""
    for name in (stem, _unwrapped(stem)):
        if name in names:
            return (names[name],)
    prefix = next((p for p in TEXT_PREFIXES if _unwrapped(stem).startswith(p)), None)
    found = shared.get(bare_name(stem), ())
    return found if prefix is None else tuple(site for site in found if site.part == TEXT_PREFIXES[prefix])


def site_names(modules: Modules) -> dict[str, Site]:
    """Every spelling of every linear and convolution layer and every norm of the base."""
    names: dict[str, Site] = {}
    for spelling in SPELLINGS:
        names |= spelling(modules)
    return names


def piece_names(modules: Modules) -> dict[str, tuple[Piece, ...]]:
    """Every spelling of a layer that is several of the denoiser's in one, or its rows in another order."""
    pieces = transformer_names(modules[DENOISER]).pieces
    flat = {f"{prefix}{_flat(name)}": found for prefix in FLAT_PREFIXES for name, found in pieces.items()}
    return flat | dict(pieces)


def pieces_of(stem: str, names: Mapping[str, tuple[Piece, ...]]) -> tuple[Piece, ...]:
    """The layers that a stem names together; none for most. `names` spell the base (`piece_names`)."""
    return next((names[name] for name in (stem, _unwrapped(stem)) if name in names), ())


def _dotted_names(modules: Modules) -> dict[str, Site]:
    """diffusers, peft, OneTrainer, ComfyUI: the denoiser's names in both layouts, and those of former attention processors."""
    names: dict[str, Site] = {}
    original = _original(modules[DENOISER])
    for module in named_layers(modules[DENOISER]):
        for layout in {module, original.get(module, module)}:
            dotted = {layout, layout.replace(".to_out.0", ".to_out")}
            names |= {f"{prefix}{name}": Site(DENOISER, module) for prefix in ("unet.", "") for name in dotted}
    for part, prefix in ((TEXT, "text_encoder"), (TEXT_2, "text_encoder_2")):
        for module in named_layers(modules[part]) if part in modules else []:
            for name in _with_and_without_body(module):
                names |= {f"{prefix}.{spelt}": Site(part, module) for spelt in (name, _as_attention_processor(name))}
    return names


def _flat_names(modules: Modules) -> dict[str, Site]:
    """kohya, A1111 and LyCORIS: names joined by "_", the denoiser's in both layouts; the first text encoder numbered or not."""
    names: dict[str, Site] = {}
    original = _original(modules[DENOISER])
    for module in named_layers(modules[DENOISER]):
        flat = {_flat(module), _flat(original.get(module, module))}
        names |= {f"{prefix}{name}": Site(DENOISER, module) for prefix in FLAT_PREFIXES for name in flat}
    for part, prefixes in ((TEXT, ("lora_te", "lora_te1")), (TEXT_2, ("lora_te2", "lora_te3"))):
        for module in named_layers(modules[part]) if part in modules else []:
            spelt = [f"{prefix}_{_flat(name)}" for prefix in prefixes for name in _with_and_without_body(module)]
            names |= dict.fromkeys(spelt, Site(part, module))
    return names


FLAT_PREFIXES: Final = ("lora_unet_", "lycoris_", "lora_transformer_", "")
SPELLINGS: Final[tuple[Callable[[Modules], dict[str, Site]], ...]] = (_dotted_names, _flat_names)


def shared_text_sites(modules: Modules) -> dict[str, tuple[Site, ...]]:
    """Layers of text encoders by names that do not tell which encoder: dotted, flattened, and LyCORIS's."""
    found: dict[str, tuple[Site, ...]] = {}
    for part in (TEXT, TEXT_2):
        for module in named_layers(modules[part]) if part in modules else []:
            dotted = {spelt for name in _with_and_without_body(module) for spelt in (name, _as_attention_processor(name))}
            for name in dotted | {f"{prefix}{_flat(name)}" for name in dotted for prefix in ("", "lycoris_")}:
                found[name] = (*found.get(name, ()), Site(part, module))
    return found


def kohya_name(site: Site, *, numbered: bool = False) -> str:
    """The name that kohya's scripts, A1111 and ComfyUI look for; text encoders always under `text_model`.

    `numbered`: as for bases of several text encoders, of which the first is "te1" then.
    """
    if site.part == DENOISER:
        return f"lora_unet_{_flat(site.module)}"
    prefix = {TEXT: "lora_te1" if numbered else "lora_te", TEXT_2: "lora_te2"}[site.part]
    return f"{prefix}_text_model_{_flat(site.module.removeprefix('text_model.'))}"


def names_in_original_layout(modules: Modules) -> Callable[[Site], str]:
    """kohya's names of layers of a base of two text encoders: the denoiser's in the original layout, which A1111 looks for (it
    does not find all of diffusers'), ComfyUI and diffusers too."""
    original = _original(modules[DENOISER])

    def name(site: Site) -> str:
        module = original.get(site.module, site.module) if site.part == DENOISER else site.module
        return kohya_name(Site(site.part, module), numbered=True)

    return name


def _original(denoiser: nn.Module) -> Mapping[str, str]:
    """By diffusers' name of a layer, the one that the model's makers gave it."""
    return transformer_names(denoiser).single or original_names(denoiser)


def _unwrapped(stem: str) -> str:
    while wrapper := next((w for w in WRAPPERS if stem.startswith(w)), ""):
        stem = stem.removeprefix(wrapper)
    return stem


def _with_and_without_body(module: str) -> tuple[str, str]:
    """transformers names CLIP's layers with or without the `text_model` around them, by its version."""
    bare = module.removeprefix("text_model.")
    return bare, f"text_model.{bare}"


def _as_attention_processor(name: str) -> str:
    for new, old in (("out_proj", "to_out"), ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v")):
        name = name.replace(f"self_attn.{new}", f"self_attn.{old}")
    return name


def _flat(name: str) -> str:
    return name.replace(".", "_")
