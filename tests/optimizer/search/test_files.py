"""A LoRA of several files, its epochs: what holds of every point, and that a search finds the lightest file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InputError
from optimizer.evaluate.image_cache import ImageCache
from optimizer.point import Job, Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.candidates import candidates, cost_of, is_enumerated, max_cost, point_of, row_of
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import lowered, proof_of
from optimizer.search.robustness import neighbours
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.samplers.registry import make_sampler
from optimizer.search.space import EARLIER, Axis, Space
from optimizer.search.strategy import SearchSettings, next_proposal
from optimizer.testing.fake_epochs import LORA, EpochProblem, Judges, epoch_problems, fake_epochs

LABELS = ("dress-000004", "dress-000008", "dress")
WEIGHTS = {"dress": Axis(0.0, 1.0, 0.1), "shoes": Axis(0.0, 1.0, 0.1)}
SPACE = Space(WEIGHTS, 7.0, Axis(6.0, 8.0, 0.5), files={"dress": LABELS})
SINGLE = Space(WEIGHTS, 7.0, Axis(6.0, 8.0, 0.5))
SHARES = st.floats(0.0, 1.0)


@given(SHARES, SHARES, st.sampled_from([6.0, 7.0, 8.0]), st.sampled_from(LABELS))
def test_a_point_of_the_last_file_is_the_point_of_a_lora_of_one_file(dress: float, shoes: float, cfg: float, label: str) -> None:
    weights = {"dress": dress, "shoes": shoes}
    with_files, single = SPACE.point(weights, cfg, files={"dress": label}), SINGLE.point(weights, cfg)
    is_last = label == LABELS[-1] or with_files.weights["dress"] == 0
    assert (with_files.key() == single.key()) == is_last
    assert (with_files == single) == is_last
    assert -1e-12 <= SPACE.cost(with_files) - SINGLE.cost(single) <= 2 * EARLIER + 1e-12
    assert SPACE.from_params(SPACE.params(with_files)) == with_files
    assert SPACE.from_numbers(SPACE.numbers(with_files)) == with_files
    assert point_of(SPACE, row_of(SPACE, with_files)) == with_files
    assert all(SPACE.params(p).keys() == SPACE.distributions().keys() for p in (with_files, SPACE.point(weights)))
    for near in (lowered(SPACE, with_files, "dress", 1), *neighbours(with_files, 0.02).values()):
        assert near is None or near.files == with_files.files


@given(st.dictionaries(st.sampled_from(["dress", "shoes"]), SHARES), st.sampled_from(LABELS))
def test_an_image_is_named_by_the_files_that_draw_it(
    tmp_path_factory: pytest.TempPathFactory, at: dict[str, float], label: str
) -> None:
    """By nothing else of the LoRA's files: adding one, or another last one, leaves the names of images."""
    digests = {"dress-000004": "aa", "dress-000008": "bb", "dress": "cc"}

    def cache(last: str, *earlier: str) -> ImageCache:
        loras = {"dress": digests[last], "shoes": "dd", **{f"dress@{one}": digests[one] for one in earlier}}
        return ImageCache(Path("images"), {"base": "b", "loras": loras})

    point = Point(at, 7.0)
    alone = cache(label).path(Job(1, point))
    among = cache("dress", "dress-000004", "dress-000008")
    chosen = point if label == "dress" else Point(at, 7.0, files={"dress": label})
    if at.get("dress", 0.0) >= 1e-6:
        assert among.path(Job(1, chosen)) == alone
    assert cache("dress").path(Job(1, point)) == among.path(Job(1, point))


def test_candidates_hold_every_file_once_and_cost_what_the_space_says() -> None:
    options = candidates(SPACE, [], seed=0)
    points = [options.point(SPACE, i) for i in range(len(options.cost))]
    assert is_enumerated(SPACE)
    assert len({p.key() for p in points}) == len(points) == (10 * 3 + 1) * 11 * 5
    assert np.allclose(options.cost, [SPACE.cost(p) for p in points], atol=1e-12)
    assert np.allclose(cost_of(SPACE, options.values), options.cost)
    assert max(options.cost) <= max_cost(SPACE) + 1e-12


def test_of_equal_weights_the_later_file_is_the_best() -> None:
    earlier, later = (SPACE.point({"dress": 0.5, "shoes": 0.5}, files={"dress": label}) for label in LABELS[1:])
    found = best([Judged(p, SPACE.cost(p), {"dress": -0.1}) for p in (earlier, later)])
    assert found is not None
    assert found.point.files == {}


def test_a_file_that_a_lora_has_not_is_refused() -> None:
    with pytest.raises(InputError, match="dress has no file dress-000009: dress; name one of: dress-000004, dress-000008, dress"):
        SPACE.point({"dress": 0.5, "shoes": 0.5}, files={"dress": "dress-000009"})
    with pytest.raises(InputError, match="no axis of files: hat"):
        Space(WEIGHTS, 7.0, files={"hat": LABELS})


def searched(problem: Judges, name: str = "least-weight", budget: int = 40) -> list[Judged]:
    require = dict.fromkeys(problem.space.weights, 0.7)
    sampler = make_sampler(name, SamplerSettings(problem.space, problem.start, require=require))
    history: list[Judged] = []
    while proposal := next_proposal(problem.space, history, SearchSettings(problem.start, budget, require=require), sampler):
        history.append(problem.judge(proposal.point))
    return history


@pytest.mark.parametrize("study", [0, 2, 4])
def test_a_search_over_files_is_never_worse_than_one_of_the_last_file(study: int) -> None:
    """In two of these studies the last file breaks hands wherever it shows enough, and the first needs more weight than the
    second: the pick is of the second, at the least that any file needs."""
    files = epoch_problems(fake_epochs(study, 0, 3), 0.7)
    pick, last = best(searched(EpochProblem(files))), best(searched(files[LORA]))
    assert pick is not None
    if last is not None:
        assert pick.cost <= last.cost + 3 * EARLIER
        return
    least = {label: problem.optimum for label, problem in files.items() if problem.optimum is not None}
    assert files[LORA].optimum is None
    assert pick.point.files == {LORA: "dress-000002"}
    assert pick.cost <= min(least.values()) + 0.1


def test_the_proof_stays_at_the_files_of_the_pick() -> None:
    problem = EpochProblem(epoch_problems(fake_epochs(1, 0, 3), 0.7))
    history = searched(problem)
    pick = best(history)
    assert pick is not None
    proof = proof_of(problem.space, pick, history)
    assert proof.complete
    assert {lower.point.files.get(LORA) for lower in proof.steps.values() if lower} == {pick.point.files.get(LORA)}


@pytest.mark.parametrize("name", ["tpe", "random", "nsga2", "gp", "grid"])
def test_other_samplers_try_files_too(name: str) -> None:
    problem = EpochProblem(epoch_problems(fake_epochs(1, 0, 3, levels=6), 0.7))
    assert len({j.point.files.get(LORA) for j in searched(problem, name, budget=24)}) > 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_what_files_move_lies_within_the_prior(seed: int) -> None:
    """A space without files has the prior that it always had."""
    plain = priors_from(SINGLE, [], seed=seed)["dress"].shapes
    own = priors_from(SPACE, [], seed=seed)["dress"].shapes
    assert plain.direction.shape[1] + 1 == own.direction.shape[1]
    assert -0.15 <= own.direction[:, -1].min() <= own.direction[:, -1].max() <= 1.0
    assert LeastWeight(priors_from(SPACE, [], seed=seed)).propose(SPACE, [_start()]) is not None


def _start() -> Judged:
    point = SPACE.point({"dress": 0.5, "shoes": 0.5})
    return Judged(point, SPACE.cost(point), {"dress": 0.2, "shoes": -0.1, "hands": -0.1})
