"""The surrogate of one constraint, and the noise with which it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.search.least_weight.fit import default_prior
from optimizer.search.least_weight.surrogate import fit, predict
from optimizer.search.space import Axis, Space

SPACE = Space({n: Axis(0.0, 1.0, 0.05) for n in ("dress", "shoes")}, given_cfg=5.0)
PRIOR = default_prior(SPACE, "dress", require=0.7)
X = np.random.default_rng(0).uniform(0.6, 1.0, (12, 2))


def test_no_noise_is_as_without() -> None:
    y = 0.7 - X[:, 0]
    one, other = fit(PRIOR, X, y), fit(PRIOR, X, y, 0.0)
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize("seed", range(4))
def test_a_plateau_that_is_only_seen_with_noise_is_no_rough_one(seed: int) -> None:
    noise = 0.08
    y = -0.1 + noise * np.random.default_rng(seed).standard_normal(len(X))
    at = np.array([[0.8, 0.8], [0.9, 0.7]])
    told, untold = (predict(fit(PRIOR, X, y, sd), at, 256).feasible for sd in (noise, 0.0))
    assert (told > untold).all()
