"""ControlNets (Zhang et al. 2023) of SD1.5 and SDXL."""
