"""Marginals are divided, estimated and bounded as plain linear algebra says."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.client.verification.halves import several
from stillroom.model.marginal import Marginal
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.marginals import below, cells, division, shares, variance, weights
from stillroom.query.estimation import estimate, marginal_of, rounded, row_noise, shape_of
from tests.noises import ADDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from stillroom.privacy.marginals import Kept

TABLES = [(2,), (3, 4), (2, 3, 5), (1, 4, 2), (2, 2, 3, 2)]
LEVEL = Fraction(95, 100)


def matrix(sizes: Sequence[int], kept: Kept) -> NDArray[np.float64]:
    """Return the matrix that adds up leaf cells."""
    found = np.ones((1, 1))
    for key, size in enumerate(sizes):
        found = np.asarray(np.kron(found, np.eye(size) if key in kept else np.ones((1, size))))
    return found


def covariance(sizes: Sequence[int], precisions: Mapping[Kept, float], kept: Kept) -> NDArray[np.float64]:
    """Return the covariance of least-squares estimates of a marginal."""
    measured = np.vstack([matrix(sizes, one) * math.sqrt(precision) for one, precision in precisions.items()])
    return np.asarray(matrix(sizes, kept) @ np.linalg.pinv(measured.T @ measured) @ matrix(sizes, kept).T)


def cube(sizes: Sequence[int]) -> list[Kept]:
    """Return all sets of keys."""
    return below([tuple(range(len(sizes)))])


def some_precisions(sizes: Sequence[int]) -> dict[Kept, float]:
    """Return a precision for each marginal but a few; together they tell about everything."""
    every = cube(sizes)
    return {kept: 1 / (3 + number) for number, kept in enumerate(every) if number % 3 != 1 or kept == every[-1]}


@pytest.mark.parametrize("sizes", TABLES, ids=str)
def test_variances_are_those_of_least_squares(sizes: tuple[int, ...]) -> None:
    known = some_precisions(sizes)
    for kept in cube(sizes):
        wanted = np.diag(covariance(sizes, known, kept))
        assert np.allclose(wanted, variance(sizes, known, kept))
        parts = weights(sizes, known, kept)
        assert sum(part.weight**2 * part.totals / known[part.kept] for part in parts) == pytest.approx(variance(sizes, known, kept))


@pytest.mark.parametrize("sizes", TABLES, ids=str)
def test_estimates_are_those_of_least_squares(sizes: tuple[int, ...]) -> None:
    known, draw = some_precisions(sizes), np.random.default_rng(1)
    measured = {kept: draw.normal(50, 9, shape_of(sizes, kept)) for kept in known}
    leaves = estimate(sizes, known, measured).ravel()
    rows = np.vstack([matrix(sizes, kept) * math.sqrt(precision) for kept, precision in known.items()])
    values = np.concatenate([measured[kept].ravel() * math.sqrt(precision) for kept, precision in known.items()])
    solution = np.linalg.lstsq(rows, values)[0]
    for kept in cube(sizes):
        assert np.allclose(matrix(sizes, kept) @ leaves, matrix(sizes, kept) @ solution)
    for kept in known:
        numbers = np.arange(len(leaves))
        assert list(marginal_of(numbers.tolist(), sizes, kept)) == (matrix(sizes, kept) @ numbers).tolist()


@pytest.mark.parametrize("sizes", TABLES, ids=str)
def test_estimates_reproduce_totals_without_noise(sizes: tuple[int, ...]) -> None:
    """Whatever the weights, the estimate is unbiased."""
    leaves = np.arange(math.prod(sizes), dtype=np.float64) ** 2
    known = some_precisions(sizes)
    measured = {kept: (matrix(sizes, kept) @ leaves).reshape(shape_of(sizes, kept)) for kept in known}
    assert np.allclose(estimate(sizes, known, measured).ravel(), leaves)


def test_what_nothing_tells_about_is_not_estimated() -> None:
    with pytest.raises(ValueError, match="No marginal"):
        shares((2, 3), {(0,): 1.0}, (1,))


@settings(deadline=None)
@given(st.sampled_from([(7,), (3, 4), (2, 3, 4), (2, 2, 2, 3)]), st.integers(0, 2**32), st.sampled_from([1.0, 1e6, 1e17]))
def test_rounded_totals_are_whole_and_near(sizes: tuple[int, ...], seed: int, size: float) -> None:
    leaves = np.random.default_rng(seed).normal(0, size, sizes)
    whole = rounded(leaves)
    for kept in cube(sizes):
        others = tuple(key for key in range(len(sizes)) if key not in kept)
        exact, shown = leaves[..., None].sum(axis=others).ravel().tolist(), whole[..., None].sum(axis=others).ravel().tolist()
        assert all(isinstance(one, int) for one in shown)
        error = math.prod(sizes) * size * 1e-14
        assert max(abs(one - other) for one, other in zip(exact, shown, strict=True)) <= 2 ** len(kept) / 2 + 0.001 + error


@pytest.mark.parametrize("sizes", [(10, 10, 10), (3, 4, 5), (50, 20, 4), (6, 6, 6)], ids=str)
def test_a_cube_is_more_precise_than_separate_tables(sizes: tuple[int, ...]) -> None:
    """Total squared error over the eight tables of a CUBE, for persons in one cell: about a third of an equal split, less than of the best.

    It is the least that any matrix mechanism reaches for this workload: (Σ √(a·q))² over all sets A of keys, where q is what a precision
    of 1 in the subspace of A costs, and a what a variance of 1 there adds to all rows (Xiao, He, Zhang and Kifer 2023).
    """
    every = cube(sizes)
    found = division(sizes, dict.fromkeys(every, 1.0), dict.fromkeys(every, 1.0))
    assert sum(found.values()) == pytest.approx(1)
    error = sum(cells(sizes, kept) * variance(sizes, found, kept) for kept in every)
    numbers = [cells(sizes, kept) for kept in every]
    assert error <= len(every) * sum(numbers) * 0.338
    assert error == pytest.approx(residual_planner(sizes), rel=1e-6)
    assert error < sum(map(math.sqrt, numbers)) ** 2
    assert error < sum(cells(sizes, kept) * variance(sizes, {every[-1]: 1.0}, kept) for kept in every)


def residual_planner(sizes: Sequence[int]) -> float:
    """Return the least total squared error of all tables of a CUBE at a price of 1."""
    every, total = cube(sizes), 0.0
    for part in every:
        inside = math.prod(1 - 1 / sizes[key] for key in part)
        price = inside * math.prod(1 / size for key, size in enumerate(sizes) if key not in part)
        others = [key for key in range(len(sizes)) if key not in part]
        added = sum(
            cells(sizes, kept) * inside * math.prod(1 / sizes[key] if key in kept else sizes[key] for key in others)
            for kept in every
            if set(part) <= set(kept)
        )
        total += math.sqrt(price * added)
    return total**2


@pytest.mark.parametrize("sets", [[(0, 1), (0,), ()], [(0, 1), (1,)], [(0,), (1,)], [(0, 1), (0, 2), (1, 2)]], ids=str)
def test_no_division_is_better(sets: list[Kept]) -> None:
    """The division is the best one: moving some of the price from any marginal to any other makes the error larger."""
    sizes, candidates = (3, 4, 2), below(sets)
    costs = {kept: 1.0 + len(kept) / 7 for kept in candidates}

    def error(known: Mapping[Kept, float]) -> float:
        return sum(cells(sizes, kept) * variance(sizes, known, kept) for kept in sets)

    found = division(sizes, dict.fromkeys(sets, 1.0), costs)
    assert sum(precision * costs[kept] for kept, precision in found.items()) == pytest.approx(1)
    for one, other in itertools.permutations(candidates, 2):
        moved = found[one] * costs[one] / 20
        there = {**found, one: found[one] - moved / costs[one], other: found[other] + moved / costs[other]}
        assert error(there) > error(found) * (1 - 1e-4)


def distribution(part: Part) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of a part's sum with their probabilities, by convolution."""
    reach = math.ceil(9 * part.noise.scale)
    points = np.arange(-reach, reach + 1)
    gaussian = part.noise.noise is NoiseKind.DISCRETE_GAUSSIAN
    mass = np.exp(-(points**2) / (2 * part.noise.scale**2) if gaussian else -abs(points) / part.noise.scale)
    single = mass / mass.sum()
    total = np.ones(1)
    for _ in range(part.draws):
        total = np.convolve(total, single)
    return np.asarray(np.arange(-reach * part.draws, reach * part.draws + 1) * part.weight, dtype=np.float64), total


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [0.5, 2.0, 3.7])
@pytest.mark.parametrize("parts", [[(1.0, 1), (-0.5, 1)], [(0.9, 1), (0.05, 4)], [(0.6, 1), (0.3, 2), (-0.1, 3)], [(1.0, 1), (1.0, 1)]])
def test_weighted_sums_stay_within_their_half_width(noise: NoiseKind, scale: float, parts: list[tuple[float, int]]) -> None:
    """Against the distribution itself; for noise that is not very small, the half-width is hardly larger than need be."""
    known = Combined(tuple(Part(weight, Mechanism(noise=noise, scale=scale), draws) for weight, draws in parts))
    values, chances = np.zeros(1), np.ones(1)
    for part in known.parts:
        own, likely = distribution(part)
        values, chances = np.add.outer(values, own).ravel(), np.multiply.outer(chances, likely).ravel()
    half = float(known.half_width(LEVEL))
    assert chances[abs(values) <= half + 1e-9].sum() >= 0.95
    if known.smooth:
        assert chances[abs(values) <= half * 0.75].sum() < 0.95


def test_one_marginal_keeps_the_exact_distribution() -> None:
    mechanism = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=7.0)
    noise = row_noise((Marginal(kept=(0, 1), mechanism=mechanism),), (3, 4), (1,), 10)
    assert noise.parts == (Part(10, mechanism, 3),)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.sampled_from([0.7, 2.0, 9.0]), st.integers(0, 2))
def test_half_widths_are_those_that_verify_derives(sizes: list[int], scale: float, places: int) -> None:
    """Keys with a single value too, which nothing differs in."""
    known, one = some_precisions(sizes), 10**places
    noise = {kept: Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=scale / math.sqrt(precision)) for kept, precision in known.items()}
    strategy = tuple(Marginal(kept=kept, mechanism=mechanism) for kept, mechanism in noise.items())
    for kept in cube(sizes):
        written = row_noise(strategy, tuple(sizes), kept, one).whole_half_width(LEVEL)
        least, most = several(strategy, tuple(sizes), kept, float(LEVEL), one)[:2] if len(strategy) > 1 else (written, written)
        assert least <= written <= most <= least + 1
