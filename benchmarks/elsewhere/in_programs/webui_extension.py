"""What the paper-doll lab's base needs in Stable Diffusion WebUI besides the YAML next to its checkpoint."""

import paperdoll_vae  # noqa: F401  (the YAML names it; the extension's folder is importable only now)
import torch
from modules import script_callbacks

GROUPS = 16
CHANNELS = 12


def prepare(model):
    if model.sd_checkpoint_info.name_for_extra == "paperdoll":
        model.latent_channels = CHANNELS
        for layer in model.model.modules():
            if isinstance(layer, torch.nn.GroupNorm):
                layer.num_groups = GROUPS


script_callbacks.on_model_loaded(prepare)
