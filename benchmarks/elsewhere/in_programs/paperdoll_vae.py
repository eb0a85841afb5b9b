"""The decoder of the paper-doll lab's autoencoder (AutoencoderTiny) in plain PyTorch, for programs without diffusers."""

import torch
from torch import nn

WIDTH, CHANNELS = 48, 12
BLOCKS = (3, 2, 1, 0)
"""Of each level, from latents to pixels; a level doubles width and height, the last one excepted."""


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(_conv(), nn.ReLU(), _conv(), nn.ReLU(), _conv())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x) + x)


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(CHANNELS, WIDTH, 3, padding=1), nn.ReLU()]
        for level, count in enumerate(BLOCKS):
            last = level == len(BLOCKS) - 1
            layers += [Block() for _ in range(count)]
            layers += [] if last else [nn.Upsample(scale_factor=2, mode="nearest")]
            layers.append(nn.Conv2d(WIDTH, 3 if last else WIDTH, 3, padding=1, bias=last))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(torch.tanh(z / 3) * 3) * 2 - 1
        return found


class PaperDollVAE(nn.Module):
    """`ddconfig` is what the program looks for in every first stage."""

    def __init__(self, ddconfig: object = None) -> None:
        super().__init__()
        self.decoder = Decoder()

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.decoder(z)
        return found


def _conv() -> nn.Conv2d:
    return nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
