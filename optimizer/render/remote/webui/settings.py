"""The settings of A1111 and its relatives that decide a picture besides the request itself.

A setting that was never saved keeps the value of the last request that named it, and a person at the page may change any of them
in the middle of a run. So all that the server lists stand in every request, at the value that it had when it was first asked. The
study decides some of them, a payload may set the others.

The server does not list the settings of extensions that add them with the page (Hypertile, tiles of SwinIR). They stay as its
user has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

STUDY: Final[Mapping[str, Any]] = {
    "sd_model_checkpoint": None,
    "sd_vae": "Automatic",
    "CLIP_stop_at_last_layers": 1,
    "randn_source": "GPU",
    "eta_noise_seed_delta": 0,
}
"""Set by the study file, and the program's defaults."""

REPORTS: Final[Mapping[str, Any]] = {
    "add_model_hash_to_info": True,
    "add_model_name_to_info": True,
    "add_vae_hash_to_info": True,
    "add_vae_name_to_info": True,
    "add_version_to_infotext": True,
    "enable_pnginfo": True,
    "lora_add_hashes_to_infotext": True,
    "textual_inversion_add_hashes_to_infotext": True,
    "live_previews_enable": False,
}
"""What makes the answer state all that is compared. Previews would cost time whenever progress is asked."""

ADDED: Final[Mapping[str, Any]] = {"sd_lora": "None", "sd_hypernetwork": "None"}
"""Networks that the program would add to every prompt: none, whatever the server has."""

FOLLOWED: Final[Mapping[str, Any]] = {
    "always_discard_next_to_last_sigma": False,
    "auto_vae_precision": True,
    "auto_vae_precision_bfloat16": False,
    "batch_cond_uncond": True,
    "beta_dist_alpha": 0.6,
    "beta_dist_beta": 0.6,
    "code_former_weight": 0.5,
    "comma_padding_backtrack": 20,
    "DAT_tile": 192,
    "DAT_tile_overlap": 8,
    "emphasis": "Original",
    "enable_quantization": False,
    "ESRGAN_tile": 192,
    "ESRGAN_tile_overlap": 8,
    "eta_ancestral": 1.0,
    "eta_ddim": 0.0,
    "face_restoration": False,
    "face_restoration_model": "CodeFormer",
    "forge_additional_modules": [],
    "hires_fix_refiner_pass": "second pass",
    "hires_fix_use_firstpass_conds": False,
    "img2img_extra_noise": 0.0,
    "hypertile_enable_unet": False,
    "hypertile_enable_unet_secondpass": False,
    "hypertile_enable_vae": False,
    "hypertile_max_depth_unet": 3,
    "hypertile_max_depth_vae": 3,
    "hypertile_max_tile_unet": 256,
    "hypertile_max_tile_vae": 128,
    "hypertile_swap_size_unet": 3,
    "hypertile_swap_size_vae": 3,
    "inpainting_mask_weight": 1.0,
    "lora_functional": False,
    "no_dpmpp_sde_batch_determinism": False,
    "pad_cond_uncond": False,
    "pad_cond_uncond_v0": False,
    "refiner_switch_by_sample_steps": False,
    "rho": 0.0,
    "s_churn": 0.0,
    "s_min_uncond": 0.0,
    "s_min_uncond_all": False,
    "s_noise": 1.0,
    "s_tmax": 0.0,
    "s_tmin": 0.0,
    "sd_noise_schedule": "Default",
    "sd_unet": "Automatic",
    "sd_vae_decode_method": "Full",
    "sd_vae_encode_method": "Full",
    "sd_vae_overrides_per_model_preferences": True,
    "sdxl_clip_l_skip": False,
    "sdxl_crop_left": 0,
    "sdxl_crop_top": 0,
    "sdxl_refiner_high_aesthetic_score": 6.0,
    "sdxl_refiner_low_aesthetic_score": 2.5,
    "sgm_noise_multiplier": False,
    "sigma_max": 0.0,
    "sigma_min": 0.0,
    "skip_early_cond": 0.0,
    "token_merging_ratio": 0.0,
    "token_merging_ratio_hr": 0.0,
    "uni_pc_lower_order_final": True,
    "uni_pc_order": 3,
    "uni_pc_skip_type": "time_uniform",
    "uni_pc_variant": "bh1",
    "upcast_attn": False,
    "use_downcasted_alpha_bar": False,
    "use_old_emphasis_implementation": False,
    "use_old_hires_fix_width_height": False,
    "use_old_karras_scheduler_sigmas": False,
    "use_old_scheduling": False,
}
"""Sent as the server has them, and the defaults of version 1.10."""

RECORDED: Final[Mapping[str, Any]] = {
    "cache_fp16_weight": False,
    "cross_attention_optimization": "Automatic",
    "fp8_storage": "Disable",
    "forge_unet_storage_dtype": "Automatic",
    "forge_try_reproduce": "None",
    "sd3_enable_t5": False,
}
"""Settings that take effect only when a person applies them, so that no request can set them: part of the identity alone."""

RELATED: Final = re.compile(
    r"_(eta|s_noise|s_churn|s_tmin|s_dy_pow|s_extra_steps|solver|solver_type|max_order|rho|r|atol|rtol|max_steps|extrapolation)$"
    r"|^(dynamic_clip_skip|epsilon_scaling|custom_cfg|custom_sampler|reforge|deis|laplace|ays_custom|phi_power|sd_sampling|sd_text"
    r"|reflective_padding|use_old_clip_g)|_(sf_factor|decay|shrink_factor)$"
)
"""Settings of samplers and models that only reForge has; followed where the server states them."""

LABELS: Final[Mapping[str, str]] = {
    "always_discard_next_to_last_sigma": "Discard penultimate sigma",
    "emphasis": "Emphasis",
    "eta_ancestral": "Eta",
    "eta_ddim": "Eta DDIM",
    "img2img_extra_noise": "Extra noise",
    "pad_cond_uncond": "Pad conds",
    "pad_cond_uncond_v0": "Pad conds v0",
    "rho": "Schedule rho",
    "s_churn": "Sigma churn",
    "s_min_uncond": "NGMS",
    "s_min_uncond_all": "NGMS all steps",
    "s_noise": "Sigma noise",
    "s_tmax": "Sigma tmax",
    "s_tmin": "Sigma tmin",
    "sd_noise_schedule": "Noise Schedule",
    "sd_vae_decode_method": "VAE Decoder",
    "sgm_noise_multiplier": "SGM noise multiplier",
    "sigma_max": "Schedule max sigma",
    "sigma_min": "Schedule min sigma",
    "skip_early_cond": "Skip Early CFG",
    "token_merging_ratio": "Token merging ratio",
    "uni_pc_order": "UniPC order",
    "uni_pc_skip_type": "UniPC skip type",
    "uni_pc_variant": "UniPC variant",
    "use_downcasted_alpha_bar": "Downcast alphas_cumprod",
}
"""Under which name the infotext states a setting where it acted."""

DECIDED: Final = frozenset([*STUDY, *REPORTS, *ADDED])
"""No payload may set these."""


def listed(options: Mapping[str, Any]) -> dict[str, Any]:
    """The server's own values as a request may send them back. A1111 lists whole numbers as fractions: tiles of 192.0 pixels."""
    return {name: _whole(name, value) for name, value in options.items()}


def followed(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a request sends of the server's own settings, from its `listed` values."""
    return {name: value for name, value in options.items() if name in FOLLOWED or RELATED.search(name)}


def recorded(options: Mapping[str, Any]) -> dict[str, Any]:
    """The server's values of `RECORDED`, as far as it lists them."""
    return {name: options[name] for name in RECORDED if name in options}


def unusual(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not at the defaults of version 1.10: what is worth naming to a person."""
    return {name: value for name, value in sorted(settings.items()) if value != _default(name)}


def _default(name: str) -> Any:
    return next((table[name] for table in (FOLLOWED, RECORDED, STUDY) if name in table), None)


def _whole(name: str, value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and not isinstance(_default(name), float):
        return int(value)
    return value
