from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from studies.paperdoll.make.training.muon import Muon, orthogonalised


@given(rows=st.integers(1, 12), columns=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_step_turns_as_the_gradient_does_with_like_singular_values(rows: int, columns: int, seed: int) -> None:
    g = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    u, s, v = torch.linalg.svd(g, full_matrices=False)
    found = u.T @ orthogonalised(g) @ v.T
    kept = s > 0.05 * s.norm()
    assert torch.allclose(found, torch.diag(torch.diagonal(found)), atol=1e-3)
    assert bool((torch.diagonal(found)[kept] > 0.6).all())
    assert bool((torch.diagonal(found) < 1.3).all())


def test_it_fits_matrices_convolutions_and_biases() -> None:
    torch.manual_seed(0)
    model, teacher = (torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Flatten(), torch.nn.Linear(16, 1)) for _ in range(2))
    x = torch.randn(64, 2, 4, 4)
    wanted = teacher(x).detach() + 3
    optimizer = Muon(model.parameters(), lr=0.02)
    losses = []
    for _ in range(150):
        loss = (model(x) - wanted).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]


def test_its_state_can_be_kept() -> None:
    weight = torch.nn.Parameter(torch.ones(3, 2))
    runs = []
    for resumed in (False, True):
        weight.data.fill_(1.0)
        optimizer = Muon([weight], lr=0.1)
        for step in range(4):
            if resumed and step == 2:
                state, optimizer = optimizer.state_dict(), Muon([weight], lr=0.1)
                optimizer.load_state_dict(state)
            weight.grad = torch.full((3, 2), float(step)) + torch.eye(3, 2)
            optimizer.step()
        runs.append(weight.detach().clone())
    assert torch.equal(*runs)
    assert runs[0] != pytest.approx(1.0)
