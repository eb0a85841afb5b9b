"""Which program's meaning of prompts, noise and LoRAs a picture follows."""

from __future__ import annotations

from typing import Literal

Program = Literal["a1111", "comfyui"]
