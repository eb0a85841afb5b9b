"""Conditionings of unequal length in one batch."""

from __future__ import annotations

import torch
from torch.nn.functional import scaled_dot_product_attention

from models.base.family import Conditioning
from optimizer.render.drawing import evened


def test_a_shorter_prompt_is_repeated_and_attention_does_not_see_it() -> None:
    torch.manual_seed(0)
    short, long = (Conditioning(torch.randn(1, tokens, 16), {}) for tokens in (4, 6))
    even = evened([short, long])
    assert {one.hidden.shape[1] for one in even} == {12}
    query = torch.randn(1, 9, 16)
    for before, after in zip((short, long), even, strict=True):
        alone, together = (scaled_dot_product_attention(query, one.hidden, one.hidden) for one in (before, after))
        assert torch.allclose(alone, together, atol=1e-6)


def test_tokens_that_are_counted_are_padded() -> None:
    short, long = (Conditioning(torch.ones(1, tokens, 4), {}, (tokens,)) for tokens in (3, 5))
    even = evened([short, long])
    assert [one.hidden.shape[1] for one in even] == [5, 5]
    assert even[0].lengths == (3,)
    assert even[0].hidden[0, 3:].abs().sum() == 0


def test_equal_ones_stay_as_they_are() -> None:
    one = Conditioning(torch.ones(1, 3, 4), {})
    assert evened([one, one]) == [one, one]
