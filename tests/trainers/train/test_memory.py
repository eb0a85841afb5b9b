"""What training takes of memory, counted tensor by tensor."""

from __future__ import annotations

import pytest
import torch

from benchmarks.training.live_memory import LiveMemory
from benchmarks.training.memory import Peaks, foretold


def test_every_storage_counts_once_until_it_is_freed() -> None:
    known = torch.zeros(100)
    with LiveMemory([known, known]) as memory:
        assert memory.live == known.nbytes
        kept = torch.zeros(1000)
        view = kept[:10].view(2, 5)
        assert memory.live == known.nbytes + kept.nbytes
        del kept
        assert memory.live == known.nbytes + 4000, "the view holds the storage"
        del view
        assert memory.live == known.nbytes
        assert memory.peak == known.nbytes + 4000
        memory.restart()
        assert memory.peak == known.nbytes


def test_what_autograd_keeps_counts_until_the_backward_pass() -> None:
    weight = torch.ones(8, 8, requires_grad=True)
    with LiveMemory([weight]) as memory:
        loss = (torch.ones(64, 8) @ weight).sigmoid().sum()
        assert memory.live >= weight.nbytes + 2 * 64 * 8 * 4, "the input and the sigmoid's answer"
        loss.backward()  # type: ignore[no-untyped-call]
        assert weight.grad is not None
        assert memory.live == weight.nbytes + weight.grad.nbytes + loss.nbytes


def test_the_line_goes_through_both_small_sizes() -> None:
    found = {(128, 192): Peaks(1.0, 2.0), (256, 384): Peaks(1.0, 5.0)}
    assert foretold(found, "training", (128, 192)) == pytest.approx(2.0)
    assert foretold(found, "training", (512, 768)) == pytest.approx(2.0 + 15 * 1.0)
    assert foretold(found, "encoding", (512, 768)) == pytest.approx(1.0)
