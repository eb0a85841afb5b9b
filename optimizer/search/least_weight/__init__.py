"""Constrained Bayesian optimisation with a known objective: the smallest LoRA weights that meet every constraint.

The cost is known exactly, so that only the constraints are learned. Each has one surrogate, a Gaussian process on the residual
of a monotone step (surrogate.py); the acquisition is constrained expected improvement (Gardner et al. 2014), which for a known
cost is the saving times the probability that every constraint is met (acquisition.py).

    v(x) = a + b s(x; d, p, h) + r(x) + e        one constraint; met where v(x) <= 0
    s(x; d, p, h) = 1 / (1 + exp(-(d.x - p) / h))
    EI(x) = max(0, c_best - c(x)) * prod_k P(v_k(x) <= 0 | data)

| symbol     | code              | shape      | meaning, unit                                                                |
|------------|-------------------|------------|------------------------------------------------------------------------------|
| D          |                   |            | axes of the space: weights, CFG, files, schedules, ControlNets, prompt edits |
| n          |                   |            | points that were judged                                                      |
| M          |                   |            | candidates                                                                   |
| N          | SHAPE_COUNT       |            | step shapes, samples of the prior of (d, p, h)                               |
| G          | SCALES            |            | pairs of standard deviations that r and e may have                           |
| x          | x                 | (n or M, D)| points as shares of their axes: 0 the lower bound, 1 the upper               |
| v          | y                 | (n,)       | constraint violation, in units of the constraint; above 0 it is violated     |
| c          | cost              | (M,)       | cost, in units of weight                                                     |
| d          | direction         | (N, D)     | how much each axis moves the step; a LoRA's own weight has 1                 |
| p          | place             | (N,)       | where along d.x the step is, in shares of an axis                            |
| h          | width             | (N,)       | its width, in shares of an axis                                              |
| s          | step              | (N, M)     | the step, in [0, 1]                                                          |
| (a, b)     | level             | (.., 2)    | height below the step and what it adds, in units of v; b < 0 where it helps  |
| r          |                   |            | residual: zero-mean Gaussian process, Matern 5/2, LENGTH_SCALE of an axis    |
| e          |                   |            | roughness of v: of any point by itself                                       |
| t          | noise             |            | measurement noise of y = v + t, its standard deviation known                 |
| w_gi       | weights           | (G, N)     | posterior probability of scales g and shape i; sums to 1                     |
| P(v <= 0)  | feasible          | (M,)       | probability that the constraint is met                                       |

fit.py fits the surrogates of all constraints, transfer_prior.py turns the trials of other seeds into priors, candidates.py
lists the points of the grid, sampler.py is the sampler that a study names.
"""
