"""10,000 simulated releases with the real noise: intervals cover what they promise, and hardly more.

Counts, sums and totals must cover with a probability p between 0.95 and 0.95 + P(end points); averages, and what is computed from
noisy totals, with at least 0.95. The number covered is binomial; a check fails where it is outside of what a p in that range gives
with probability 1 - 1e-9, so that the file, with fewer than 1,000 checks, raises a false alarm with probability below 1e-6. Power:
noise 30 % too wide covers at most 0.91, 30 % too narrow at least 0.98, and either fails with probability above 1 - 1e-9; this is
tried too.
"""

from __future__ import annotations

import math
import operator
import random
import statistics
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from scipy import stats

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind
from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.intervals import quantile
from stillroom.privacy.noise_sums import coverage
from stillroom.privacy.ratios import Average, ratio_interval
from stillroom.query.estimation import row_noise, sizes_of
from stillroom.query.table.finish import finish
from tests import reference
from tests.marginals import sole, without_noise
from tests.noises import ADDED
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.model.plan import NoisyCells, Plan
    from stillroom.model.release import Cell

RELEASES = 10_000
LEVEL = Fraction(95, 100)
FALSE_ALARM = 1e-9
UNBOUNDED = Guarantee(sensitivity=0, rho=0)
GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE


@lru_cache
def totals(mechanism: Mechanism, terms: int, purpose: str = "measure") -> list[int]:
    """Return the noise of the total of `terms` cells, in each of many releases: one sample for each purpose."""
    del purpose
    draws = OpendpNoise().draw(mechanism, RELEASES * terms, UNBOUNDED)
    return [sum(draws[start : start + terms]) for start in range(0, len(draws), terms)]


def too_few(covered: int, releases: int = RELEASES) -> bool:
    return bool(stats.binom.cdf(covered, releases, float(LEVEL)) < FALSE_ALARM)


def too_many(covered: int, most: float, releases: int = RELEASES) -> bool:
    return bool(stats.binom.sf(covered - 1, releases, most) < FALSE_ALARM)


def half_width_and_most(mechanism: Mechanism, terms: int) -> tuple[int, float]:
    """Return the half-width, and the most that it may cover: the level and the probability of both end points."""
    half_width = quantile(mechanism, terms, LEVEL)
    covered = coverage(mechanism, terms)
    return half_width, float(LEVEL) + covered(half_width) - (covered(half_width - 1) if half_width else 0.0)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize(("scale", "terms"), [(0.6, 1), (3.0, 1), (1e6, 1), (0.6, 5), (3.0, 5), (1e6, 2)])
def test_counts_sums_and_totals_cover_95_percent_and_hardly_more(noise: NoiseKind, scale: float, terms: int) -> None:
    mechanism = Mechanism(noise=noise, scale=scale)
    half_width, most = half_width_and_most(mechanism, terms)
    covered = sum(abs(error) <= half_width for error in totals(mechanism, terms))
    assert not too_few(covered)
    assert not too_many(covered, most)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("terms", [1, 4])
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_noise_of_a_wrong_scale_is_noticed(noise: NoiseKind, terms: int, factor: float) -> None:
    """Negative control: intervals for one scale, noise of another."""
    half_width, most = half_width_and_most(Mechanism(noise=noise, scale=20.0), terms)
    covered = sum(abs(error) <= half_width for error in totals(Mechanism(noise=noise, scale=20.0 * factor), terms))
    assert too_few(covered) or too_many(covered, most)


def average(noise: NoiseKind, scale: float, terms: int) -> Average:
    """Return an average of values from -20 to 100, with noise in proportion to what a person can add."""
    return Average(
        sum_noise=Combined((Part(1, Mechanism(noise=noise, scale=100 * scale), terms),)),
        count_noise=Combined((Part(1, Mechanism(noise=noise, scale=scale), terms),)),
        low=Fraction(-20),
        high=Fraction(100),
        level=LEVEL,
    )


def covered_averages(model: Average, noisy: Average, group: int, mean: int) -> int:
    """Return how often the interval for `model` contains the mean when the noise is that of `noisy`."""
    (of_sums,), (of_counts,) = noisy.sum_noise.parts, noisy.count_noise.parts
    errors = zip(totals(of_sums.noise, of_sums.draws, "sum"), totals(of_counts.noise, of_counts.draws, "count"), strict=True)
    ratios = (ratio_interval(model, group * mean + of_sum, group + of_count) for of_sum, of_count in errors)
    return sum(ratio.low <= mean <= ratio.high for ratio in ratios)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize(("scale", "terms"), [(0.7, 1), (2.0, 1), (4.0, 3)])
@pytest.mark.parametrize(("group", "mean"), [(1, 30), (40, -20), (100, 100), (1000, 37)])
def test_averages_cover_at_least_95_percent(noise: NoiseKind, scale: float, terms: int, group: int, mean: int) -> None:
    """Small and large groups, and means at the bounds."""
    model = average(noise, scale, terms)
    assert not too_few(covered_averages(model, model, group, mean))


def test_averages_with_too_much_noise_are_noticed() -> None:
    """Negative control."""
    assert too_few(covered_averages(average(GAUSSIAN, 3.0, 1), average(GAUSSIAN, 3.9, 1), 1000, 37))


def test_fieller_is_not_much_too_wide() -> None:
    """At scale 2, the least for Fieller, continuity costs most: coverage stays below 98 %; at scale 30 below 95.6 %."""
    for scale, most in ((2.0, 0.98), (30.0, 0.956)):
        model = average(GAUSSIAN, scale, 1)
        assert not too_many(covered_averages(model, model, 100_000, 37), most)


AGES, REGIONS = 79, 3
TABLES = RELEASES // AGES + 1
"""With a row for each age, so many tables have at least as many rows as there are releases to simulate."""

COLUMNS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "COUNT(*)": lambda _, count: count,
    "SUM(age - 50)": lambda total, _: total,
    "AVG(age - 50)": lambda total, count: total / count,
    "SUM(age - 50) - COUNT(*)": lambda total, count: total - count,
    "SUM(age - 50) * COUNT(*)": lambda total, count: total * count,
    "SUM(age - 50) / COUNT(*)": lambda total, count: total / count,
    "(AVG(age - 50) + COUNT(*)) / 2": lambda total, count: (total / count + count) / 2,
    "CASE WHEN COUNT(*) > 40 THEN SUM(age - 50) ELSE 2 * COUNT(*) END": lambda total, count: total if count > 40 else 2 * count,
    "CASE WHEN AVG(age - 50) > 0 THEN AVG(age - 50) ELSE 0 END": lambda total, count: max(total / count, Fraction(0)),
    "CASE WHEN GROUPING(region) = 1 THEN SUM(age - 50) + COUNT(*) END": lambda total, count: total + count,
    "ROUND(SUM(age - 50), -1)": lambda total, _: Fraction(math.floor(abs(total) / 10 + Fraction(1, 2)) * 10 * (-1 if total < 0 else 1)),
    "ABS(SUM(age - 50))": lambda total, _: abs(total),
    "SIGN(SUM(age - 50) + COUNT(*))": lambda total, count: Fraction((total + count > 0) - (total + count < 0)),
    "GREATEST(SUM(age - 50), COUNT(*), 45)": lambda total, count: max(total, count, Fraction(45)),
    "SQRT(GREATEST(COUNT(*), 0))": lambda _, count: Fraction(math.sqrt(count)),
    "SUM(age - 50) / NULLIF(COUNT(*), 0)": lambda total, count: total / count,
    "FLOOR(COALESCE(SUM(age - 50) / COUNT(*), 0))": lambda total, count: Fraction(math.floor(total / count)),
}
"""What is selected, and what it is without noise."""


def tables(group: int, mean: int, **terms: float) -> tuple[Plan, list[list[Cell]]]:
    """Return rows of many releases, each a total over regions with `group` people in all, and a sum of `mean` for each of them."""
    outputs = ", ".join(COLUMNS)
    question = compiled(f"SELECT {outputs} FROM members GROUP BY GROUPING SETS ((age), (age, region)) HAVING GROUPING(region) = 1", **terms)
    exact = without_noise(question.plan, tuple((size, 0, 0) * AGES for size in (group, group * mean)))
    rows: list[list[Cell]] = []
    for cells in noised(question.plan, exact, TABLES):
        rows += map(list, finish(question.plan, question.headings, cells).rows)
    return question.plan, rows


def noised(plan: Plan, exact: NoisyCells, releases: int, factor: float = 1.0) -> Iterator[NoisyCells]:
    """Yield exact totals with noise, of many releases: `factor` times the noise that the plan says."""
    mechanisms = [[one.mechanism.model_copy(update={"scale": one.mechanism.scale * factor}) for one in own] for own in plan.strategies]
    drawn = [
        [OpendpNoise().draw(one, releases * len(cells), UNBOUNDED) for one, cells in zip(*pair, strict=True)]
        for pair in zip(mechanisms, exact, strict=True)
    ]
    for release in range(releases):
        yield tuple(
            tuple(
                tuple(map(operator.add, cells, noise[release * len(cells) : (release + 1) * len(cells)]))
                for cells, noise in zip(*pair, strict=True)
            )
            for pair in zip(exact, drawn, strict=True)
        )


def covers(cell: Cell, value: Fraction) -> bool:
    return (cell.low is None or Fraction(cell.low) <= value) and (cell.high is None or value <= Fraction(cell.high))


GROUPS = ((1, 30), (30, -38), (60, 0), (2000, 25))
TERMS = ((0.5, False), (0.5, True), (5.0, False), (5.0, True))
EVERY_GROUP = [
    pytest.param(*group, *terms, marks=[] if place == other == 2 else [pytest.mark.slow])
    for place, group in enumerate(GROUPS)
    for other, terms in enumerate(TERMS)
]


@pytest.mark.parametrize(("group", "mean", "epsilon", "pure"), EVERY_GROUP)
def test_all_that_a_table_shows_of_totals_is_covered(group: int, mean: int, epsilon: float, pure: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Through the whole finish: several noisy terms in one expression share the error, and a CASE may take the wrong branch."""
    plan, rows = tables(group, mean, epsilon=epsilon, pure=pure)
    for position, (name, meaning) in enumerate(COLUMNS.items()):
        covered = sum(covers(row[position], meaning(Fraction(group * mean), Fraction(group))) for row in rows)
        assert not too_few(covered, len(rows)), name
        if position < len(plan.strategies):
            assert not too_many(covered, most_covered(plan, position), len(rows)), name


def most_covered(plan: Plan, measure: int, kept: tuple[int, ...] = (0,)) -> float:
    """Return how often an interval of a grouping set may cover: of several marginals, half a unit of continuity and one of rounding."""
    noise = row_noise(plan.strategies[measure], sizes_of(plan), kept, 10**plan.finish.places)
    if len(noise.parts) == 1:
        return half_width_and_most(noise.parts[0].noise, noise.parts[0].draws)[1]
    deviation = math.sqrt(sum(part.weight**2 * part.draws * part.noise.scale**2 for part in noise.parts))
    return float(2 * stats.norm.cdf((noise.whole_half_width(LEVEL) + 0.5) / deviation) - 1)


@pytest.mark.parametrize(("epsilon", "releases"), [(0.3, 3_000), (3.0, 3_000), (30.0, 1_500)])
def test_totals_of_several_marginals_are_covered(epsilon: float, releases: int) -> None:
    """Every row of a CUBE, with much noise, little and hardly any: each total is estimated from all marginals."""
    question = compiled("SELECT gender, region, COUNT(*) FROM members GROUP BY CUBE (gender, region)", epsilon=epsilon)
    leaves = (40, 3, 0, 500, 77, 1)
    exact = without_noise(question.plan, (leaves,))
    assert len(question.plan.strategies[0]) == 4
    truth = [int(Fraction(row[2].value or 0)) for row in finish(question.plan, question.headings, exact).rows]
    assert truth[:6] == list(leaves)
    covered, kept = [0] * len(truth), [one for one in question.plan.finish.sets for _ in range(math.prod((2, 3)[key] for key in one))]
    for cells in noised(question.plan, exact, releases):
        for place, row in enumerate(finish(question.plan, question.headings, cells).rows):
            covered[place] += covers(row[2], Fraction(truth[place]))
    assert not any(too_few(one, releases) for one in covered)
    assert not any(too_many(one, most_covered(question.plan, 0, one_set), releases) for one, one_set in zip(covered, kept, strict=True))


@pytest.mark.parametrize("sets", ["CUBE (gender, region)", "gender, region"])
def test_counts_that_are_kept_from_being_negative_are_covered(sets: str) -> None:
    """Most cells are empty or nearly so; intervals are cut at 0, so that they may cover more than 95 %."""
    sql = f"SELECT gender, region, COUNT(*), COUNT(*) / 2 AS half FROM members GROUP BY {sets}"
    question = compiled(sql, epsilon=0.5, nonnegative=True)
    exact = without_noise(question.plan, ((4, 0, 0, 50, 0, 1),))
    truth = [int(Fraction(row[2].value or 0)) for row in finish(question.plan, question.headings, exact).rows]
    assert truth[:6] == [4, 0, 0, 50, 0, 1]
    covered = [[0, 0] for _ in truth]
    for cells in noised(question.plan, exact, 2_000):
        for place, row in enumerate(finish(question.plan, question.headings, cells).rows):
            assert 0 <= Fraction(row[2].low or -1) <= Fraction(row[2].value or -1) <= Fraction(row[2].high or -1)
            covered[place][0] += covers(row[2], Fraction(truth[place]))
            covered[place][1] += covers(row[3], Fraction(truth[place], 2))
    assert not any(too_few(one, 2_000) for pair in covered for one in pair)


Pairs: TypeAlias = "list[tuple[int, int]]"
"""For each row, an age in years and a cost in cents."""

MOMENTS: dict[str, Callable[[Pairs], float | None]] = {
    "VAR_POP(age)": lambda rows: statistics.pvariance(ages(rows)),
    "VARIANCE(age)": lambda rows: statistics.variance(ages(rows)) if len(rows) > 1 else None,
    "STDDEV_POP(age)": lambda rows: statistics.pstdev(ages(rows)),
    "STDDEV(age)": lambda rows: statistics.stdev(ages(rows)) if len(rows) > 1 else None,
    "COVAR_POP(cost, age)": lambda rows: covariance(rows) * (len(rows) - 1) / len(rows),
    "COVAR_SAMP(age, cost)": lambda rows: covariance(rows) if len(rows) > 1 else None,
    "CORR(age, cost)": lambda rows: statistics.correlation(ages(rows), costs(rows)) if varied(rows) else None,
    "REGR_SLOPE(cost, age)": lambda rows: statistics.linear_regression(ages(rows), costs(rows)).slope if varied(rows) else None,
    "REGR_INTERCEPT(cost, age)": lambda rows: statistics.linear_regression(ages(rows), costs(rows)).intercept if varied(rows) else None,
}
"""Statistics, and what they are without noise; None where they are not defined."""


def ages(rows: Pairs) -> list[float]:
    return [float(age) for age, _ in rows]


def costs(rows: Pairs) -> list[float]:
    return [cost / 100 for _, cost in rows]


def covariance(rows: Pairs) -> float:
    return statistics.covariance(ages(rows), costs(rows)) if len(rows) > 1 else 0.0


def varied(rows: Pairs) -> bool:
    return len(set(ages(rows))) > 1 and len(set(costs(rows))) > 1


def people(size: int, kind: str) -> Pairs:
    """Return rows that are at one place, at the ends of the bounds, or spread so that cost rises with age."""
    draw = random.Random(size)
    if kind == "alike":
        return [(30, 1234)] * size
    if kind == "extreme":
        return [((12, 0), (90, 10_000))[place % 2] for place in range(size)]
    drawn = [draw.randint(12, 90) for _ in range(size)]
    return [(age, min(10_000, age * 60 + draw.randint(0, 4_000))) for age in drawn]


def moments(rows: Pairs, releases: int, factor: float = 1.0, **terms: float) -> list[list[Cell]]:
    """Return rows of many releases; `factor` times the noise that the plan says."""
    question = compiled(f"SELECT {', '.join(MOMENTS)} FROM members JOIN visits ON id = pid GROUP BY age", **terms)
    plan = question.plan
    known: list[dict[str, reference.Scalar]] = [{"members.age": age, "visits.cost": cost} for age, cost in rows]
    exact = [sum(int(reference.evaluate(measure.value, row) or 0) for row in known) for measure in plan.measures]
    found: list[list[Cell]] = []
    for cells in noised(plan, sole(tuple((total,) * AGES for total in exact)), releases, factor):
        found += map(list, finish(plan, question.headings, cells).rows)
    return found


def covered_moments(rows: Pairs, found: list[list[Cell]], name: str) -> int | None:
    """Return how often a statistic is covered; doubles that it is computed in are right to nine digits."""
    wanted = MOMENTS[name](rows)
    if wanted is None:
        return None
    near = Fraction(wanted), abs(Fraction(wanted)) / 10**9 + Fraction(1, 10**9)
    cells = [row[list(MOMENTS).index(name)] for row in found]
    return sum(covers(cell, near[0] - near[1]) or covers(cell, near[0] + near[1]) for cell in cells)


GATHERED = [(1, "alike"), (2, "extreme"), (40, "spread"), (500, "alike"), (3_000, "spread"), (3_000, "extreme")]
EVERY_GATHERING = [
    pytest.param(*gathered, *terms, TABLES, marks=pytest.mark.slow) for gathered in GATHERED for terms in ((1.0, False), (5.0, True))
]
SOME_GATHERINGS = [pytest.param(*gathered, 2.0, False, TABLES // 12) for gathered in (GATHERED[1], GATHERED[4])]


@pytest.mark.parametrize(("size", "kind", "epsilon", "pure", "releases"), [*SOME_GATHERINGS, *EVERY_GATHERING])
def test_variances_and_what_is_made_of_them_are_covered(
    size: int,
    kind: str,
    epsilon: float,
    pure: bool,  # noqa: FBT001 - a parameter of the test
    releases: int,
) -> None:
    """One row and few, all alike, at the ends of the bounds, and many."""
    rows = people(size, kind)
    found = moments(rows, releases, epsilon=epsilon, pure=pure)
    for name in MOMENTS:
        covered = covered_moments(rows, found, name)
        assert covered is None or not too_few(covered, len(found)), name


def test_variances_with_too_much_noise_are_noticed() -> None:
    """Negative control: the intervals share the error among as many as seven totals, so that they must be far too narrow to miss often."""
    rows = people(3_000, "spread")
    found = moments(rows, 8, 3.0, epsilon=5.0)
    covered = covered_moments(rows, found, "VAR_POP(age)")
    assert covered is not None
    assert too_few(covered, len(found))


def test_a_large_group_has_a_narrow_deviation() -> None:
    """Intervals are of use: 3,000 people, ε = 5 for nine statistics; a deviation of 22 years is known to within two."""
    cell = moments(people(3_000, "spread"), 1, epsilon=5.0)[0][list(MOMENTS).index("STDDEV(age)")]
    assert Fraction(cell.high or 0) - Fraction(cell.low or 0) < 4


def test_the_largest_of_many_groups_owes_that_to_its_noise() -> None:
    """What the promise says about LIMIT: about 18 of 100; the bounds are more than seven deviations away."""
    question = compiled("SELECT age, COUNT(*) FROM members GROUP BY age ORDER BY COUNT(*) DESC LIMIT 1")
    releases = noised(question.plan, sole(((0,) * AGES,)), 500)
    covered = sum(covers(finish(question.plan, question.headings, one).rows[0][1], Fraction(0)) for one in releases)
    assert 25 <= covered <= 150


def test_simulation_is_not_vacuous() -> None:
    """The thresholds lie close around the promise."""
    assert too_few(9_300)
    assert too_many(9_700, float(LEVEL))
    assert not too_few(9_500)
    assert np.isclose(stats.binom.std(RELEASES, float(LEVEL)), 21.8, atol=0.1)
