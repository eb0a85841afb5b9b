from __future__ import annotations

import torch

from studies.paperdoll.make.parser import near_borders


def test_pixels_within_reach_of_another_part_are_near_a_border() -> None:
    parts = torch.zeros((1, 12, 12), dtype=torch.long)
    parts[:, :, 6:] = 7
    near = near_borders(parts, reach=2)
    assert near.shape == parts.shape
    assert near[0, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]


def test_one_part_has_no_border() -> None:
    assert not near_borders(torch.full((2, 8, 8), 3)).any()
