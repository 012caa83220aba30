"""Quantiles from noisy counts: the estimate, how far it may be off, and what its interval covers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, pairwise
from operator import mul
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binom

from stillroom.cli.screen import price_lines
from stillroom.errors import Code, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.expression import Quantile, walk
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.question import Question, Terms
from stillroom.privacy.quantiles import Grid, below, expected_rank_error, greatest_of, least_of, quantile_of, reaches, variances
from stillroom.query.compile import compile_question
from stillroom.query.evaluate import evaluate
from stillroom.query.price import price
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.noises import ADDED
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE
LEVEL = Fraction(95, 100)
HALF = Fraction(1, 2)
NOTHING = 2.0**-6
"""A scale at which noise is 0."""


def grid(branches: tuple[int, ...], *scales: float, noise: NoiseKind = GAUSSIAN, width: int = 1, last: int | None = None) -> Grid:
    """Return a grid from 0 on."""
    noises = tuple(Mechanism(noise=noise, scale=scale) for scale in scales or [NOTHING] * len(branches))
    return Grid(noises, branches, 1, 0, math.prod(branches) * width - 1 if last is None else last, width, 1)


def counted(of: Grid, values: Sequence[int] | NDArray[np.int64]) -> list[Floats]:
    """Return the exact counts of each level."""
    leaves = np.bincount(np.array(values, dtype=int) // of.width, minlength=of.leaves).astype(float)
    return [leaves.reshape(size, -1).sum(axis=1) for size in accumulate(of.branches, mul)]


def probabilities(noise: Mechanism) -> tuple[NDArray[np.int64], Floats]:
    """Return where noise lies, but for a probability of 1e-15, and how probable that is."""
    places = np.arange(-math.ceil(40 * noise.scale) - 2, math.ceil(40 * noise.scale) + 3)
    weights = np.exp(-(places**2) / (2 * noise.scale**2) if noise.noise is GAUSSIAN else -np.abs(places) / noise.scale)
    return places, weights / weights.sum()


# ------------------------------------------------------------------------------------------------------ without noise


@pytest.mark.parametrize("branches", [(100,), (10, 10), (5, 5, 4), (3, 7, 5)])
@pytest.mark.parametrize("part", [Fraction(1, 100), Fraction(1, 4), HALF, Fraction(2, 3), Fraction(99, 100)])
def test_without_noise_it_is_the_quantile_of_sql(branches: tuple[int, ...], part: Fraction) -> None:
    """Each value has a bucket of its own, so nothing is lost; the place between two rows is interpolated as QUANTILE_CONT has it."""
    draw = np.random.default_rng(1)
    for size in (1, 2, 3, 10, 101, 1000):
        values = draw.integers(0, 100, size, dtype=np.int64)
        found = quantile_of(grid(branches), counted(grid(branches), values), part, LEVEL)
        assert math.isclose(found.value, np.quantile(values, float(part)), abs_tol=1e-9)
        assert found.low <= found.value <= found.high


def test_values_of_a_bucket_lie_evenly_in_it() -> None:
    of = grid((10,), width=10)
    values = np.repeat(np.arange(100), 50)
    for part in (Fraction(1, 10), HALF, Fraction(9, 10)):
        assert abs(float(quantile_of(of, counted(of, values), part, LEVEL).value) - np.quantile(values, float(part))) < 1


def test_extremes_without_noise_are_the_true_ones() -> None:
    of = grid((5, 5))
    assert least_of(of, counted(of, [3, 3, 7, 20]), LEVEL).value == 3
    assert greatest_of(of, counted(of, [3, 3, 7, 20]), LEVEL).value == 20


@pytest.mark.parametrize("counts", [[0.0] * 6, [-3.0, 0, -1, 0, 0, 0], [-(2.0**62)] * 6])
def test_nobody_has_no_quantile(counts: list[float]) -> None:
    """Noise can make any group look empty; the answer is then a number within the bounds, and says that it is none."""
    of = grid((6,), 5.0)
    for found in (quantile_of(of, [np.array(counts)], HALF, LEVEL), least_of(of, [np.array(counts)], LEVEL)):
        assert 0 <= found.low <= found.value <= found.high <= 5
    assert least_of(of, [np.array(counts)], LEVEL).no_information
    assert greatest_of(of, [np.array(counts)], LEVEL).no_information


def test_huge_counts_are_no_trouble() -> None:
    of = grid((4,), 2.0**40)
    found = quantile_of(of, [np.array([2.0**62, 2.0**61, 2.0**62, 0.0])], HALF, LEVEL)
    assert float(found.value) == 1
    assert not found.no_information


def test_a_last_bucket_may_be_short() -> None:
    of = grid((4,), width=3, last=9)
    assert [of.begin(bucket) for bucket in range(4)] == [0, 3, 6, 9]
    assert [of.end(bucket) for bucket in range(1, 5)] == [2, 5, 8, 9]
    found = greatest_of(of, counted(of, [9, 0]), LEVEL)
    assert [float(end) for end in (found.value, found.low, found.high)] == [9, 9, 9]


# -------------------------------------------------------------------------------------------------------- the estimate


def design(of: Grid) -> tuple[Floats, Floats]:
    """Return which leaves each count adds up, row by row, and the standard deviation of each count."""
    sizes = list(accumulate(of.branches, mul))
    rows = [np.kron(np.eye(size), np.ones(of.leaves // size)) for size in sizes]
    scales = [np.full(size, noise.scale) for size, noise in zip(sizes, of.noises, strict=True)]
    return np.vstack(rows), np.concatenate(scales)


def weights(of: Grid, part: Fraction) -> Floats:
    """Return what each count adds to the estimate of rows below each bucket, less the part of all rows: one column for each count."""
    columns = []
    sizes = list(accumulate(of.branches, mul))
    for one in np.eye(sum(sizes)):
        rows = below(of, [one[first:last] for first, last in pairwise([0, *accumulate(sizes)])])
        columns.append(rows - float(part) * rows[-1])
    return np.array(columns).T


TREES = [(4,), (3, 2), (2, 2, 2), (5, 4), (3, 2, 4)]


@pytest.mark.parametrize("branches", TREES)
@pytest.mark.parametrize("part", [Fraction(0), Fraction(1, 4), HALF, Fraction(1)])
def test_the_estimate_is_that_of_least_squares(branches: tuple[int, ...], part: Fraction) -> None:
    """Held against the normal equations of the whole tree, solved as a matrix; so is the variance."""
    of = grid(branches, *[1.0, 2.5, 0.7][: len(branches)])
    matrix, scales = design(of)
    inverse = np.linalg.inv(matrix.T @ np.diag(scales**-2) @ matrix)
    leaves = inverse @ matrix.T @ np.diag(scales**-2)
    sums = np.vstack([np.zeros(of.leaves), np.tril(np.ones((of.leaves, of.leaves)))]) - float(part) * np.ones((of.leaves + 1, of.leaves))
    assert np.allclose(weights(of, part), sums @ leaves)
    assert np.allclose(variances(of, part), np.diag(sums @ inverse @ sums.T))


@pytest.mark.parametrize("branches", TREES)
def test_no_count_weighs_more_than_once(branches: tuple[int, ...]) -> None:
    """The half-widths of Laplace noise, and the half that is added to those of Gaussian noise, rest on it."""
    of = grid(branches, *[1.0, 2.5, 0.7][: len(branches)])
    assert all(np.abs(weights(of, part)).max() <= 1 + 1e-9 for part in (Fraction(0), Fraction(1, 3), HALF, Fraction(1)))


def exceeds(of: Grid, part: Fraction, place: int, bound: float) -> float:
    """Return the exact probability that the error at a place is at least a bound, by convolution on a lattice that holds all its values."""
    sizes = list(accumulate(of.branches, mul))
    noises = [noise for noise, size in zip(of.noises, sizes, strict=True) for _ in range(size)]
    fractions = [Fraction(weight).limit_denominator(5_000) for weight in weights(of, part)[place]]
    assert np.allclose([float(one) for one in fractions], weights(of, part)[place], atol=1e-12)
    finest = math.lcm(*(one.denominator for one in fractions))
    spread, offset = np.ones(1), 0
    for weight, noise in zip(fractions, noises, strict=True):
        stride = abs(int(weight * finest))
        if stride:
            places, chances = probabilities(noise)
            one = np.zeros(stride * (len(places) - 1) + 1)
            one[::stride] = chances
            spread, offset = np.convolve(spread, one), offset + stride * int(places[0])
    return float(spread[max(0, math.ceil(bound * finest - 1e-9) - offset) :].sum())


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [0.4, 0.6, 1.0, 2.5])
@pytest.mark.parametrize("branches", [(4,), (3, 2), (2, 2, 2)])
def test_errors_beyond_the_reach_are_as_rare_as_said(branches: tuple[int, ...], scale: float, noise: NoiseKind) -> None:
    of = grid(branches, *[scale] * len(branches), noise=noise)
    for part in (Fraction(0), HALF):
        for chance in (Fraction(1, 40), Fraction(1, 2000)):
            reach = reaches(of, part, chance)
            assert all(exceeds(of, part, place, reach[place]) <= chance for place in range(1, of.leaves))


def test_a_reach_that_is_a_third_shorter_would_not_do() -> None:
    of = grid((3, 2), 2.5, 2.5)
    reach = reaches(of, HALF, Fraction(1, 40)) - 0.5
    assert all(exceeds(of, HALF, place, 2 * reach[place] / 3) > Fraction(1, 20) for place in range(1, 6))


# -------------------------------------------------------------------------------------------------------- the interval

TRIALS = 1_000
ALLOWED = 1e-6 / 100
"""The false alarm of each simulation: there are fewer than a hundred."""

FEWEST = int(binom.ppf(ALLOWED, TRIALS, float(LEVEL)))
"""An interval that covers 95 % covers so often, but with that probability. One that covers 88 % does not, with a probability of 0.97."""


def test_the_simulations_have_power() -> None:
    assert binom.cdf(FEWEST - 1, TRIALS, 0.95) <= ALLOWED
    assert binom.cdf(FEWEST - 1, TRIALS, 0.88) > 0.97


DATA = {
    "few": [3, 17, 17, 40, 41],
    "one": [25],
    "alike": [30] * 200,
    "far apart": [0] * 60 + [48] * 60,
    "even": list(range(49)) * 4,
    "skewed": [int(48 * (n / 300) ** 3) for n in range(300)],
}


def noisy(of: Grid, counts: list[Floats], draw: np.random.Generator) -> list[list[Floats]]:
    """Return noisy counts, for each trial."""
    drawn = []
    for noise, exact in zip(of.noises, counts, strict=True):
        places, chances = probabilities(noise)
        drawn.append(exact + draw.choice(places, size=(TRIALS, len(exact)), p=chances))
    return [[level[trial] for level in drawn] for trial in range(TRIALS)]


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("scale", [0.7, pytest.param(6.0, marks=pytest.mark.slow)])
def test_intervals_cover(data: str, noise: NoiseKind, scale: float) -> None:
    """Of quantiles in the middle and near the ends, and of extremes; whatever the values are like, and whether or not buckets are wide."""
    draw = np.random.default_rng(len(data))
    for of in (grid((7, 7), scale, scale, noise=noise), grid((5, 4), scale, scale / 2, noise=noise, width=3, last=48)):
        trials = noisy(of, counted(of, DATA[data]), draw)
        for part in (Fraction(1, 20), HALF, Fraction(9, 10)):
            true = float(np.quantile(DATA[data], float(part)))
            found = [quantile_of(of, counts, part, LEVEL) for counts in trials]
            assert sum(one.low <= true <= one.high for one in found) >= FEWEST, part
            assert all(one.low <= one.value <= one.high for one in found)
        least = [least_of(of, counts, LEVEL) for counts in trials]
        greatest = [greatest_of(of, counts, LEVEL) for counts in trials]
        assert sum(one.low <= min(DATA[data]) <= one.high for one in least) >= FEWEST
        assert sum(one.low <= max(DATA[data]) <= one.high for one in greatest) >= FEWEST


@pytest.mark.parametrize("noise", ADDED)
def test_medians_are_close_in_rank(noise: NoiseKind) -> None:
    """Of 3,000 rows, a median is off by no more rows than was expected, in 19 of 20 trials, and its interval is not all that there is."""
    of = grid((10, 10), 5.0, 5.0, noise=noise)
    values = np.clip(np.random.default_rng(3).gamma(2, 15, 3000).astype(int), 0, 99)
    expected = expected_rank_error(of, HALF, LEVEL)
    assert expected < 100
    close = 0
    for counts in noisy(of, counted(of, values), np.random.default_rng(4)):
        found = quantile_of(of, counts, HALF, LEVEL)
        assert found.high - found.low < 12
        close += np.sum(values < float(found.value)) - expected <= 1500 <= np.sum(values <= math.ceil(found.value)) + expected
    assert close >= FEWEST


def test_more_levels_are_better_than_leaves_alone() -> None:
    """At one price, in the middle of 4,096 leaves: each of three levels has three times the variance, and less than half the error."""
    leaves, tree = grid((4096,), 5.0), grid((16, 16, 16), *[5.0 * 3**0.5] * 3)
    assert 2 * expected_rank_error(tree, HALF, LEVEL) < expected_rank_error(leaves, HALF, LEVEL)


# -------------------------------------------------------------------------------------------------------- the question


@pytest.mark.parametrize(
    ("outputs", "marginals"),
    [
        ("MEDIAN(age)", 3),
        ("MEDIAN(age), QUANTILE_CONT(age, 0.9), MIN(age), MAX(age), PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY age)", 3),
        ("MEDIAN(age), MEDIAN(age) FILTER (WHERE gender = 'F')", 6),
        ("MEDIAN(age), MEDIAN(age * 2)", 6),
        ("MEDIAN(age), COUNT(*), AVG(age)", 5),
        ("MEDIAN(age > 30)", 0),
    ],
)
def test_all_quantiles_of_a_column_share_what_is_measured(outputs: str, marginals: int) -> None:
    if not marginals:
        with pytest.raises(Refusal, match="needs a number, a date or a timestamp"):
            compiled(f"SELECT {outputs} FROM members")
        return
    plan = compiled(f"SELECT {outputs} FROM members").plan
    assert sum(len(strategy) for strategy in plan.strategies) == marginals


def test_a_quantile_beside_what_is_not_measured_is_of_its_own_column() -> None:
    inner = "SELECT VARIANCE(age) AS v, MAX(age) AS h, MEDIAN(cost) AS m, COUNT(*) AS n FROM members JOIN visits ON id = pid"
    assert compiled(f"SELECT m FROM ({inner})").plan == compiled("SELECT MEDIAN(cost) AS m FROM members JOIN visits ON id = pid").plan
    plan = compiled(f"SELECT MAX(m) AS m FROM ({inner}) WHERE h > 3").plan
    read = {
        node.measure
        for part in (plan.finish.having, plan.finish.outputs[0].value)
        if part
        for node in walk(part)
        if isinstance(node, Quantile)
    }
    assert read == {"m0", "m1"}
    assert len(plan.measures) == 2


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("MEDIAN(age)", "QUANTILE_CONT(age, 0.5)"),
        ("QUANTILE_CONT(age, 0)", "MIN(age)"),
        ("QUANTILE_CONT(age, 1)", "MAX(age)"),
        ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY age)", "QUANTILE_CONT(age, 0.90)"),
        ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY age DESC)", "QUANTILE_CONT(age, 0.1)"),
    ],
)
def test_one_quantile_is_written_in_several_ways(written: str, same: str) -> None:
    assert compiled(f"SELECT {written} FROM members").plan == compiled(f"SELECT {same} FROM members").plan


@pytest.mark.parametrize(
    ("question", "branches", "width"),
    [
        ("SELECT MEDIAN(age) FROM members", (4, 5, 5), 1),
        ("SELECT MEDIAN(cost) FROM visits", (5, 7, 7, 7, 7), 1),
        ("SELECT MEDIAN(cost * cost) FROM visits", (8, 8, 8, 8, 8), 3052),
        ("SELECT age, MEDIAN(cost) FROM members JOIN visits ON id = pid GROUP BY age", (8, 8, 8), 20),
        ("SELECT age, ward, region, MEDIAN(cost) FROM members JOIN visits ON id = pid GROUP BY age, ward, region", (8, 8), 157),
        ("SELECT MEDIAN(5) FROM members", (1,), 1),
    ],
)
def test_the_grid_is_as_fine_as_values_and_groups_allow(question: str, branches: tuple[int, ...], width: int) -> None:
    plan = compiled(question).plan
    (node,) = [output.value for output in plan.finish.outputs if isinstance(output.value, Quantile)]
    assert tuple(len(key.listed) for key in plan.keys[len(plan.grouping) :]) == branches
    assert node.width == width
    assert sum(map(plan.cells_of, plan.measures)) <= 100_000


def test_every_value_has_its_bucket() -> None:
    """The digits of the keys, put together, count the buckets in the order of values; the highest value is in the last that is used."""
    plan = compiled("SELECT MEDIAN(cost - 20) FROM visits").plan
    (node,) = [output.value for output in plan.finish.outputs]
    assert isinstance(node, Quantile)
    sizes = [len(key.listed) for key in plan.keys]
    for cost in (0, 1, 2, 21, 22, 483, 484, 485, 5000, 9999, 10_000):
        digits = [evaluate(key.value, {"visits.cost": cost}) for key in plan.keys]
        bucket = 0
        for digit, size in zip(digits, sizes, strict=True):
            assert isinstance(digit, int)
            assert 0 <= digit < size
            bucket = bucket * size + digit
        assert bucket == (cost - 2000 - node.low) // node.width
    assert [evaluate(key.value, {"visits.cost": None}) for key in plan.keys] == [None] * len(sizes)


def test_a_price_says_how_far_off_the_place_may_be_and_how_coarse_values_are() -> None:
    sql = "SELECT age, MEDIAN(cost) AS middle, MAX(cost) AS most FROM members JOIN visits ON id = pid GROUP BY age"
    small, large = (price(CONTRACT, compiled(sql, epsilon=epsilon)).errors for epsilon in (0.5, 5.0))
    assert [one.resolution for one in small] == ["0.20", "0.20"]
    assert [one.half_width for one in small] == [None, None]
    for few, many in zip(large, small, strict=True):
        assert 5 * int(few.rank_half_width or 0) < int(many.rank_half_width or 0)
    assert int(small[1].rank_half_width or 0) > int(small[0].rank_half_width or 0)
    lines = price_lines(price(CONTRACT, compiled(sql)))
    assert any(line.startswith("Expected error of middle: by up to ") and "steps of 0.20" in line for line in lines)


@pytest.mark.parametrize("size", [0, 1, -1, 2, -1000, 10**6, -(10**12), 2**62])
def test_there_is_an_answer_whatever_the_noise(size: int) -> None:
    placed = "MEDIAN(cost), QUANTILE_CONT(cost, 0.99), MIN(cost), MAX(cost)"
    asked = compiled(f"SELECT gender, {placed} FROM members JOIN visits ON id = pid GROUP BY ROLLUP (gender)")
    cells = tuple(tuple(size * (place % 3 - 1) + place for place in range(asked.plan.cells_of(measure))) for measure in asked.plan.measures)
    for row in finish(asked.plan, asked.headings, without_noise(asked.plan, cells)).rows:
        for cell in row[1:]:
            assert 0 <= float(cell.low or -1) <= float(cell.value or -1) <= float(cell.high or -1) <= 100


def test_many_quantiles_of_very_many_groups_are_refused() -> None:
    """Each takes a tenth of a millisecond to find, however coarse its grid."""
    wide = CONTRACT.model_copy(update={"limits": CONTRACT.limits.model_copy(update={"cells": 1_000_000})})
    keys = ", ".join(f"age > {age}" for age in range(20, 26))
    rows = f"FROM members JOIN visits ON id = pid GROUP BY ward, gender, region, age, {keys}"
    for outputs, code in (
        ("COUNT(*)", None),
        ("MEDIAN(cost)", None),
        ("MEDIAN(cost), QUANTILE_CONT(cost, 0.9), MAX(cost)", Code.TOO_MANY_CELLS),
    ):
        asked = Question(contract=digest_of(wide), sql=f"SELECT {outputs} {rows}", terms=Terms(epsilon=1.0), asked_by="a")
        if code is None:
            assert compile_question(wide, asked).plan.cells == 3 * 2 * 3 * 79 * 2**6
            continue
        with pytest.raises(Refusal, match="too many to compute") as refused:
            compile_question(wide, asked)
        assert refused.value.code == code
