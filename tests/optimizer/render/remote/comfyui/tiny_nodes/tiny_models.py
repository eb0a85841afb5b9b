"""Loader nodes for a real ComfyUI: its own model classes, narrowed, with random weights. The server imports this, no test does.

Each takes the place of a stock loader, whose files can only be of published widths: TinyCheckpoint of CheckpointLoaderSimple
(SD1.5, SDXL, SDXL's refiner), TinyModel of UNETLoader (Flux; Lumina 2, as which ComfyUI draws Z-Image), TinyText of CLIPLoader
and DualCLIPLoader, TinyVae of VAELoader, TinyControl of ControlNetLoader. All other nodes of a workflow are stock. Written
against ComfyUI 0.3.64.
"""

from __future__ import annotations

import zlib
from typing import Any

import comfy.cldm.cldm
import comfy.controlnet
import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import comfy.taesd.taesd
import comfy.text_encoders.flux
import comfy.text_encoders.sd3_clip
import torch

WIDTH = 32
CLIP = {"hidden_size": WIDTH, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 3}
T5 = {"d_model": WIDTH, "d_ff": 64, "d_kv": 16, "num_heads": 2, "num_layers": 2}
TEXT_OPTIONS = {"clip_l_model_config": CLIP, "clip_g_model_config": {**CLIP, "projection_dim": WIDTH}, "t5xxl_model_config": T5}
UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 32,
    "use_spatial_transformer": True,
    "legacy": False,
    "num_res_blocks": [1, 1],
    "channel_mult": [1, 2],
    "transformer_depth": [1, 1],
    "transformer_depth_output": [1, 1, 1, 1],
    "transformer_depth_middle": 1,
    "use_checkpoint": False,
    "use_temporal_attention": False,
    "use_temporal_resblock": False,
}
PLAIN = {**UNET, "use_linear_in_transformer": False, "context_dim": WIDTH, "adm_in_channels": None}
LARGE = {**UNET, "use_linear_in_transformer": True, "num_classes": "sequential"}
BASES: dict[str, Any] = {
    "tiny-sd15": ("SD15", PLAIN),
    "tiny-xl": ("SDXL", {**LARGE, "context_dim": 2 * WIDTH, "adm_in_channels": WIDTH + 6 * 256}),
    "tiny-refiner": ("SDXLRefiner", {**LARGE, "context_dim": WIDTH, "adm_in_channels": WIDTH + 5 * 256}),
}
FLUX = {
    "image_model": "flux",
    "in_channels": 16,
    "out_channels": 16,
    "patch_size": 2,
    "vec_in_dim": WIDTH,
    "context_in_dim": WIDTH,
    "hidden_size": 48,
    "mlp_ratio": 2.0,
    "num_heads": 2,
    "depth": 1,
    "depth_single_blocks": 1,
    "axes_dim": [8, 8, 8],
    "theta": 10000,
    "qkv_bias": True,
    "guidance_embed": True,
}
LUMINA = {
    "image_model": "lumina2",
    "patch_size": 2,
    "in_channels": 16,
    "dim": 48,
    "cap_feat_dim": WIDTH,
    "n_layers": 1,
    "n_refiner_layers": 1,
    "n_heads": 2,
    "n_kv_heads": 2,
    "multiple_of": 16,
    "qk_norm": True,
    "axes_dims": [8, 8, 8],
    "axes_lens": [300, 512, 512],
}
MODELS: dict[str, Any] = {"tiny-flux": ("Flux", FLUX), "tiny-z-image": ("Lumina2", LUMINA)}


def _filled(module: Any, name: str) -> Any:
    """Random weights that are the same in every process."""
    dice = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    for key, weight in sorted(module.named_parameters()):
        with torch.no_grad():
            if weight.ndim > 1:
                fan_in = weight[0].numel() if not key.endswith("embedding.weight") else 1
                weight.copy_(torch.randn(weight.shape, generator=dice) / fan_in**0.5)
            elif weight.numel() > 1:
                weight.fill_(0.0 if key.endswith("bias") else 1.0)
    return module.eval()


def _model(name: str, family: str, config: dict[str, Any]) -> Any:
    described = getattr(comfy.supported_models, family)(config)
    if "model_channels" in config:
        described.unet_config |= {"num_heads": 2, "num_head_channels": -1}
    described.set_inference_dtype(torch.float32, None)
    model = described.get_model({}, "", device="cpu")
    _filled(model.diffusion_model, name)
    devices = {"load_device": comfy.model_management.get_torch_device(), "offload_device": torch.device("cpu")}
    return comfy.model_patcher.ModelPatcher(model, **devices)


def _clip(name: str, target: Any) -> Any:
    clip = comfy.sd.CLIP(target, model_options={**TEXT_OPTIONS, "dtype": torch.float32})
    _filled(clip.cond_stage_model, f"{name} text")
    return clip


def _vae(channels: int) -> Any:
    return comfy.sd.VAE(sd=_filled(comfy.taesd.taesd.TAESD(latent_channels=channels), f"vae {channels}").state_dict())


class TinyCheckpoint:
    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "load", ("MODEL", "CLIP", "VAE")

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"ckpt_name": (list(BASES),)}}

    def load(self, ckpt_name: str) -> Any:
        family, config = BASES[ckpt_name]
        model = _model(ckpt_name, family, config)
        return model, _clip(ckpt_name, model.model.model_config.clip_target({})), _vae(4)


class TinyModel:
    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "load", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"unet_name": (list(MODELS),)}}

    def load(self, unet_name: str) -> Any:
        return (_model(unet_name, *MODELS[unet_name]),)


class _MaskedT5(comfy.sd1_clip.SD1ClipModel):
    """A text encoder that gives a mask of its tokens, as Lumina 2 needs one; the published one's words lie in its weights."""

    def __init__(self, device: Any = "cpu", dtype: Any = None, model_options: Any = None) -> None:
        def masked(**options: Any) -> Any:
            return comfy.text_encoders.sd3_clip.T5XXLModel(attention_mask=True, **options)

        super().__init__(device=device, dtype=dtype, name="t5xxl", clip_model=masked, model_options=model_options or {})


class _Unpadded(comfy.text_encoders.flux.T5XXLTokenizer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.min_length = 1


class _MaskedT5Tokenizer(comfy.sd1_clip.SD1Tokenizer):
    def __init__(self, embedding_directory: Any = None, tokenizer_data: Any = None) -> None:
        options = {"embedding_directory": embedding_directory, "tokenizer_data": tokenizer_data or {}}
        super().__init__(**options, clip_name="t5xxl", tokenizer=_Unpadded)


class TinyText:
    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "load", ("CLIP",)

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"type": (["flux", "lumina2"],)}}

    def load(self, type: str) -> Any:  # noqa: A002
        if type == "flux":
            return (_clip("flux", comfy.supported_models.Flux(FLUX).clip_target({})),)
        target = comfy.supported_models.supported_models_base.ClipTarget(_MaskedT5Tokenizer, _MaskedT5)
        return (_clip("lumina2", target),)


class TinyVae:
    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "load", ("VAE",)

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"channels": ("INT", {"default": 16})}}

    def load(self, channels: int) -> Any:
        return (_vae(channels),)


class TinyControl:
    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "load", ("CONTROL_NET",)

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"control_net_name": (["tiny-net"],)}}

    def load(self, control_net_name: str) -> Any:
        config = {key: value for key, value in PLAIN.items() if key != "out_channels"}
        # Wide layers must not be left as they were allocated: weights are random too, where a trained net begins with zeros.
        net = comfy.cldm.cldm.ControlNet(**config, hint_channels=3, num_heads=2, operations=comfy.ops.disable_weight_init)
        return (comfy.controlnet.ControlNet(_filled(net, "net"), load_device=comfy.model_management.get_torch_device()),)


class TinyMark:
    """Paints over the upper quarter how strongly the model that drew is changed, so that a study of noise has something to see:
    red by the LoRA whose alpha is 4, green by that of alpha 3."""

    CATEGORY, FUNCTION, RETURN_TYPES = "tiny", "mark", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> Any:  # noqa: N802
        return {"required": {"image": ("IMAGE",), "model": ("MODEL",)}}

    def mark(self, image: Any, model: Any) -> Any:
        strengths = {4.0: 0.0, 3.0: 0.0}
        for strength, adapter, *_ in next(iter(model.patches.values()), []):
            strengths[float(adapter.weights[2])] += strength
        marked = image.clone()
        marked[:, : image.shape[1] // 4] = torch.tensor([*strengths.values(), 0.0])
        return (marked,)


NODES = (TinyCheckpoint, TinyModel, TinyText, TinyVae, TinyControl, TinyMark)
NODE_CLASS_MAPPINGS = {each.__name__: each for each in NODES}
