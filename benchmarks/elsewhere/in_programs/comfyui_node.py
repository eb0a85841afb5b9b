"""A ComfyUI node that loads the paper-doll lab's base: a Stable Diffusion too narrow for ComfyUI's own loaders.

What follows the loader in a graph, LoRA loaders, text, sampler and decoder, are ComfyUI's own nodes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import comfy.latent_formats
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import comfy.utils
import torch

from .paperdoll_vae import PaperDollVAE

GROUPS = 16
"""Groups of the base's group norms; ComfyUI's UNet has 32."""


class PaperDollLatents(comfy.latent_formats.LatentFormat):
    latent_channels = 12
    scale_factor = 1.0


class PaperDollConfig(comfy.supported_models_base.BASE):
    unet_extra_config: ClassVar = {"num_heads": 2, "num_head_channels": -1}
    latent_format = PaperDollLatents
    memory_usage_factor = 1.0

    def model_type(self, state_dict: Any, prefix: str = "") -> Any:
        return comfy.model_base.ModelType.V_PREDICTION

    def inpaint_model(self) -> bool:
        return False


class PaperDollDecoder:
    """What VAEDecode calls: latents (N, 12, h, w) to pixels (N, 8h, 8w, 3) in [0, 1]."""

    def __init__(self, folder: Path) -> None:
        self.model = PaperDollVAE().eval()
        self.scale = json.loads((folder / "config.json").read_text())["scaling_factor"]
        weights = comfy.utils.load_torch_file(str(folder / "diffusion_pytorch_model.safetensors"))
        self.model.load_state_dict({key: value.float() for key, value in weights.items() if key.startswith("decoder.")})

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        pixels = self.model.decode(latents.float() / self.scale)
        return (pixels / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)


class PaperDollBase:
    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"folder": ("STRING", {"default": "base"})}}

    RETURN_TYPES = ("MODEL", "CLIP", "VAE")
    FUNCTION = "load"
    CATEGORY = "loaders"

    def load(self, folder: str) -> tuple[Any, Any, Any]:
        base = Path(__file__).parent / folder
        return _model(base / "unet"), _clip(base), PaperDollDecoder(base / "vae")


def _model(folder: Path) -> Any:
    given = json.loads((folder / "config.json").read_text())
    blocks = len(given["block_out_channels"])
    first = given["block_out_channels"][0]
    config = PaperDollConfig(
        {
            "image_size": 32,
            "in_channels": given["in_channels"],
            "out_channels": given["out_channels"],
            "model_channels": first,
            "num_res_blocks": [given["layers_per_block"]] * blocks,
            "channel_mult": [width // first for width in given["block_out_channels"]],
            "transformer_depth": [1] * blocks * given["layers_per_block"],
            "transformer_depth_output": [1] * blocks * (given["layers_per_block"] + 1),
            "transformer_depth_middle": 1,
            "context_dim": given["cross_attention_dim"],
            "use_spatial_transformer": True,
            "use_linear_in_transformer": False,
            "legacy": False,
            "dtype": torch.float32,
        }
    )
    model = config.get_model({}, "")
    for module in model.modules():
        if isinstance(module, torch.nn.GroupNorm):
            module.num_groups = GROUPS
    names = comfy.utils.unet_to_diffusers(config.unet_config)
    stored = comfy.utils.load_torch_file(str(folder / "diffusion_pytorch_model.safetensors"))
    missing, unexpected = model.diffusion_model.load_state_dict(
        {names[key]: value.float() for key, value in stored.items()}, strict=False
    )
    if missing or unexpected:
        raise ValueError(f"the UNet has other layers: {missing[:3]} {unexpected[:3]}")
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.ModelPatcher(model, load_device=device, offload_device=device)


def _clip(base: Path) -> Any:
    config = json.loads((base / "text_encoder" / "config.json").read_text())
    tokens = {"start": config["bos_token_id"], "end": config["eos_token_id"], "pad": config["pad_token_id"]}

    class Tokenizer(comfy.sd1_clip.SDTokenizer):
        def __init__(self, embedding_directory: Any = None, tokenizer_data: Any = None, **_: Any) -> None:
            super().__init__(
                str(base / "tokenizer"), embedding_directory=embedding_directory, embedding_size=config["hidden_size"]
            )

    class Words(comfy.sd1_clip.SD1Tokenizer):
        def __init__(self, embedding_directory: Any = None, tokenizer_data: Any = None) -> None:
            super().__init__(embedding_directory=embedding_directory, tokenizer=Tokenizer)

    class Encoder(comfy.sd1_clip.SDClipModel):
        def __init__(self, device: str = "cpu", dtype: Any = None, model_options: Any = None) -> None:
            super().__init__(
                device=device,
                dtype=dtype,
                textmodel_json_config=config,
                special_tokens=tokens,
                return_projected_pooled=False,
                model_options=model_options or {},
            )

    class Model(comfy.sd1_clip.SD1ClipModel):
        def __init__(self, device: str = "cpu", dtype: Any = None, model_options: Any = None) -> None:
            super().__init__(device=device, dtype=dtype, model_options=model_options or {}, clip_model=Encoder)

    clip = comfy.sd.CLIP(comfy.supported_models_base.ClipTarget(Words, Model))
    stored = comfy.utils.load_torch_file(str(base / "text_encoder" / "model.safetensors"))
    _fill(
        stored,
        "embeddings.token_embedding.weight",
        clip.cond_stage_model.clip_l.transformer.text_model.embeddings.token_embedding,
    )
    prefix = "clip_l.transformer.text_model."
    missing, unexpected = clip.cond_stage_model.load_state_dict(
        {f"{prefix}{key}": value for key, value in stored.items()}, strict=False
    )
    missing = [key for key in missing if "logit_scale" not in key and "text_projection" not in key]
    if missing or unexpected:
        raise ValueError(f"the text encoder has other layers: {missing[:3]} {unexpected[:3]}")
    return clip


def _fill(stored: dict[str, torch.Tensor], key: str, layer: torch.nn.Embedding) -> None:
    """ComfyUI's vocabulary is larger: zeros for the words that this tokenizer never gives."""
    padded = torch.zeros(layer.weight.shape, dtype=stored[key].dtype)
    padded[: len(stored[key])] = stored[key]
    stored[key] = padded


NODE_CLASS_MAPPINGS = {"PaperDollBase": PaperDollBase}
