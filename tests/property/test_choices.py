"""Quantiles by the exponential mechanism: how far one row moves scores, what is chosen how often, and what that reveals.

The chi-square tests of the sampler are at a nominal false-alarm rate of 1e-9, over classes whose expected counts are at least 100, and
there are fewer than 20 of them: a false alarm of all has a probability below 1e-6. What they would miss is computed beside them.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.expression import PARTS
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind
from stillroom.privacy.exponential import ROW, choice_sensitivities, range_of_a_row, rank_error, scores
from stillroom.privacy.mechanisms import epsilon_of, guarantee_of, rho_of
from stillroom.privacy.sensitivity import Sensitivity, sensitivities
from tests.noises import chances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

GUMBEL, EXPONENTIAL = NoiseKind.GUMBEL, NoiseKind.EXPONENTIAL
HALF, TENTH, LAST = PARTS // 2, PARTS // 10, PARTS - 1
SOME = [1, HALF, TENTH, PARTS - TENTH, LAST]
COUNTS = [list(counts) for buckets in (1, 2, 3, 4) for counts in product(range(4), repeat=buckets)]
"""The counts of all groups of up to four buckets with at most three rows each."""

parts = st.integers(1, PARTS - 1)
groups = st.lists(st.integers(0, 50), min_size=1, max_size=12)


def moved(before: Sequence[int], after: Sequence[int], part: int) -> int:
    """Return within which range the scores of a group move."""
    found = [there - here for here, there in zip(scores(before, part), scores(after, part), strict=True)]
    return max(found) - min(found)


def with_rows(counts: Sequence[int], places: Sequence[int]) -> list[int]:
    """Return counts with further rows."""
    return [count + places.count(bucket) for bucket, count in enumerate(counts)]


# ------------------------------------------------------------------------------------------------------------------- scores


def by_hand(counts: Sequence[int], part: int) -> list[Fraction]:
    """Return how far the place is from each bucket, row after row."""
    rows = [bucket for bucket, count in enumerate(counts) for _ in range(count)]
    place = Fraction(part, PARTS) * (len(rows) - 1) + Fraction(1, 2)
    return [max(sum(row < one for row in rows) - place, place - sum(row <= one for row in rows)) for one in range(len(counts))]


@given(counts=groups, part=parts)
def test_a_score_is_how_far_the_place_is_from_a_bucket(counts: list[int], part: int) -> None:
    assert [Fraction(score, ROW) for score in scores(counts, part)] == by_hand(counts, part)


@given(counts=st.lists(st.integers(0, 2**40), min_size=1, max_size=6), part=parts, place=st.integers(0, 5))
def test_no_score_is_beyond_what_doubles_hold(counts: list[int], part: int, place: int) -> None:
    """However many rows there are: and what is cut moves no further than the range."""
    assert all(abs(score) <= 2**53 for score in scores(counts, part))
    assert moved(counts, with_rows(counts, [place % len(counts)]), part) <= range_of_a_row(part)


@pytest.mark.parametrize("part", SOME)
def test_the_best_bucket_holds_the_row_at_the_place(part: int) -> None:
    for counts in COUNTS:
        rows = [bucket for bucket, count in enumerate(counts) for _ in range(count)]
        if not rows:
            continue
        place = Fraction(part, PARTS) * (len(rows) - 1)
        found = scores(counts, part)
        best = found.index(min(found))
        assert min(found) <= 0
        assert rows[math.floor(place)] <= best <= rows[math.ceil(place)]


@pytest.mark.parametrize("part", SOME)
def test_one_row_moves_scores_within_the_range(part: int) -> None:
    """Of all small groups; and somewhere it moves them just so far, so that no smaller range would do."""
    ranges = [moved(counts, with_rows(counts, [place]), part) for counts in COUNTS for place in range(len(counts))]
    assert max(ranges) <= range_of_a_row(part)
    assert max(ranges) == range_of_a_row(part) or part in {1, LAST}


@given(counts=groups, part=parts, places=st.data())
def test_rows_move_scores_within_so_many_ranges(counts: list[int], part: int, places: st.DataObject) -> None:
    """Of one person who appears; and of one whose rows become others."""
    rows = st.lists(st.integers(0, len(counts) - 1), max_size=6)
    one, other = places.draw(rows), places.draw(rows)
    assert moved(counts, with_rows(counts, one), part) <= len(one) * range_of_a_row(part)
    assert moved(with_rows(counts, one), with_rows(counts, other), part) <= (len(one) + len(other)) * range_of_a_row(part)


def test_sensitivities_are_those_of_rows_times_the_range() -> None:
    rows, _ = sensitivities(lo=0, hi=3, rows_total=5, groups=4, cells=10, identifiers=2)
    for part in SOME:
        once = range_of_a_row(part)
        add_remove, change = choice_sensitivities(rows, part)
        assert (add_remove.l1, add_remove.l2_squared, add_remove.linf) == (rows.l1 * once, rows.l2_squared * once**2, rows.linf * once)
        assert (change.l1, change.l2_squared, change.linf) == (2 * add_remove.l1, 4 * add_remove.l2_squared, 2 * add_remove.linf)
    assert range_of_a_row(HALF) == ROW
    assert range_of_a_row(TENTH) == range_of_a_row(PARTS - TENTH) == 9 * ROW // 5


# ------------------------------------------------------------------------------------------------------------ what it reveals

SCALES = [ROW / 4, ROW, 5.0 * ROW]
ORDERS = [1.001, 1.5, 2.0, 4.0, 16.0, 64.0]


def renyi(one: Floats, other: Floats, order: float) -> float:
    """Return the Rényi divergence of an order."""
    return float(logsumexp(order * np.log(one) + (1 - order) * np.log(other)) / (order - 1))


def one_row(part: int) -> list[tuple[list[int], list[int]]]:
    """Return scores of groups and of the same with a row more, in both orders."""
    pairs = [(scores(counts, part), scores(with_rows(counts, [place]), part)) for counts in COUNTS[::3] for place in range(len(counts))]
    return pairs + [(other, one) for one, other in pairs]


ONE = Sensitivity(l0=1, l1=1, l2_squared=1, linf=1)
"""A count to which a person adds one row."""


@pytest.mark.parametrize("part", [HALF, TENTH, LAST])
@pytest.mark.parametrize("scale", SCALES)
def test_gumbel_noise_reveals_no_more_than_its_rho(part: int, scale: float) -> None:
    """By the exact chances: their ratios lie within the range, and all Rényi divergences below the line of zCDP."""
    mechanism, moves = Mechanism(noise=GUMBEL, scale=scale), choice_sensitivities(ONE, part)[0]
    rho, width = float(rho_of(mechanism, moves)), moves.l1 / scale
    assert math.isclose(rho, width**2 / 8)
    for one, other in one_row(part):
        first, second = chances(one, scale, GUMBEL), chances(other, scale, GUMBEL)
        losses = np.log(first / second)
        assert losses.max() - losses.min() <= width * (1 + 1e-9)
        assert all(renyi(first, second, order) <= rho * order * (1 + 1e-9) + 1e-12 for order in ORDERS)


@pytest.mark.parametrize("part", [HALF, TENTH, LAST])
@pytest.mark.parametrize("scale", SCALES)
def test_exponential_noise_reveals_no_more_than_its_epsilon(part: int, scale: float) -> None:
    mechanism, moves = Mechanism(noise=EXPONENTIAL, scale=scale), choice_sensitivities(ONE, part)[0]
    epsilon = float(epsilon_of(mechanism, moves) or 0)
    assert math.isclose(epsilon, moves.l1 / scale)
    assert math.isclose(float(rho_of(mechanism, moves)), epsilon**2 / 2)
    for one, other in one_row(part):
        first, second = chances(one, scale, EXPONENTIAL), chances(other, scale, EXPONENTIAL)
        assert np.log(first / second).max() <= epsilon + 1e-6
        assert all(renyi(first, second, order) <= order * epsilon**2 / 2 + 1e-6 for order in ORDERS)


def test_exponential_noise_has_no_bounded_range() -> None:
    """A price of ε²/8 would be too low by more than half: the test of Gumbel noise above would see that."""
    scale = 2.0 * ROW
    rho = (range_of_a_row(HALF) / scale) ** 2 / 8
    before, after = (chances(scores(counts, HALF), scale, EXPONENTIAL) for counts in ([0, 0], [1, 0]))
    assert renyi(before, after, ORDERS[0]) > 2 * rho * ORDERS[0]


# ---------------------------------------------------------------------------------------------------------------- the sampler

DRAWS = 6_000
FALSE_ALARM = 1e-9
UNBOUNDED = Guarantee(sensitivity=0, rho=0)
GROUPS = {"few rows": [0, 2, 1, 0, 3, 1], "all alike": [0, 9, 0, 0], "nobody": [0, 0, 0, 0], "many": [40, 41, 39, 45, 3, 30]}


def classes(expected: Floats) -> list[list[int]]:
    """Return buckets, those that are seldom chosen together, so that each class has a hundred draws at least."""
    often = [[bucket] for bucket in range(len(expected)) if expected[bucket] * DRAWS >= 100]
    seldom = [bucket for bucket in range(len(expected)) if expected[bucket] * DRAWS < 100]
    if sum(expected[bucket] for bucket in seldom) * DRAWS < 100:
        often[0] += seldom
        return often
    return [*often, seldom]


def rejects(found: Sequence[int], expected: Floats) -> bool:
    """Tell whether what was chosen does not look like these chances."""
    counts = np.bincount(np.array(found), minlength=len(expected))
    sets = classes(expected)
    hits, wanted = (np.array([sum(of[bucket] for bucket in one) for one in sets]) for of in (counts, expected * len(found)))
    return bool(((hits - wanted) ** 2 / wanted).sum() > stats.chi2.isf(FALSE_ALARM, len(sets) - 1))


def power(expected: Floats, true: Floats) -> float:
    """Return the probability of rejecting choices with other chances (noncentral chi-square)."""
    sets = classes(expected)
    one, other = (np.array([sum(of[bucket] for bucket in own) for own in sets]) for of in (expected, true))
    distance = DRAWS * ((other - one) ** 2 / one).sum()
    return float(stats.ncx2.sf(stats.chi2.isf(FALSE_ALARM, len(sets) - 1), len(sets) - 1, distance))


def chosen(counts: Sequence[int], part: int, mechanism: Mechanism) -> list[int]:
    return OpendpNoise().choose(mechanism, [scores(counts, part)] * DRAWS, UNBOUNDED)


@pytest.mark.parametrize("noise", [GUMBEL, EXPONENTIAL])
@pytest.mark.parametrize("name", GROUPS)
def test_buckets_are_chosen_as_often_as_the_formula_says(name: str, noise: NoiseKind) -> None:
    mechanism = Mechanism(noise=noise, scale=2.5 * ROW)
    assert not rejects(chosen(GROUPS[name], HALF, mechanism), chances(scores(GROUPS[name], HALF), 2.5 * ROW, noise))


@pytest.mark.parametrize("noise", [GUMBEL, EXPONENTIAL])
def test_other_scales_and_other_noise_are_rejected(noise: NoiseKind) -> None:
    """Negative controls: each is rejected with a probability above 1 - 1e-9."""
    found, right = scores(GROUPS["few rows"], HALF), 1.0 * ROW
    expected = chances(found, right, noise)
    other = EXPONENTIAL if noise is GUMBEL else GUMBEL
    for wrong in (
        Mechanism(noise=noise, scale=2 * right),
        Mechanism(noise=noise, scale=right / 2),
        Mechanism(noise=other, scale=right),
    ):
        assert power(expected, chances(found, wrong.scale, wrong.noise)) > 1 - 1e-9
        assert rejects(chosen(GROUPS["few rows"], HALF, wrong), expected)


@pytest.mark.parametrize("noise", [GUMBEL, EXPONENTIAL])
def test_scores_of_many_rows_are_told_apart(noise: NoiseKind) -> None:
    """Two buckets among 10⁹ rows, which differ by a row: at a scale of half a row the better one wins as often as the formula says."""
    counts = [5 * 10**8, 10**9 - 1, 5 * 10**8]
    assert max(scores(counts, HALF)) < 2**53
    mechanism = Mechanism(noise=noise, scale=ROW / 2)
    assert set(chosen(counts, HALF, mechanism)) == {1}
    near = [5 * 10**8, 0, 5 * 10**8 - 1]
    assert not rejects(chosen(near, HALF, mechanism), chances(scores(near, HALF), ROW / 2, noise))


# ------------------------------------------------------------------------------------------------------------------- its error

LEVEL = Fraction(95, 100)


def evenly(rows: int) -> list[int]:
    return [rows] * 200


@pytest.mark.parametrize("noise", [GUMBEL, EXPONENTIAL])
@pytest.mark.parametrize("part", [HALF, TENTH])
@pytest.mark.parametrize("counts", [evenly(1), evenly(20), [0] * 100 + [1] + [0] * 99, [500, *[0] * 198, 501]])
@pytest.mark.parametrize("rows", [0.5, 3.0, 20.0])
def test_the_place_is_off_by_no_more_than_expected(noise: NoiseKind, part: int, counts: list[int], rows: float) -> None:
    mechanism = Mechanism(noise=noise, scale=rows * ROW)
    most = rank_error(mechanism, len(counts), LEVEL) * ROW
    found = scores(counts, part)
    chance = chances(found, mechanism.scale, noise)
    assert sum(one for one, score in zip(chance, found, strict=True) if score > most) <= 1 - float(LEVEL)


def test_no_smaller_error_would_do() -> None:
    """All rows are in the first bucket, and every other one is as far off as that is long: two rows less, and it would be exceeded."""
    mechanism = Mechanism(noise=GUMBEL, scale=3.0 * ROW)
    most = rank_error(mechanism, 200, LEVEL)
    found = scores([most - 1, *[0] * 199], 1)
    chance = chances(found, mechanism.scale, GUMBEL)
    assert sum(one for one, score in zip(chance, found, strict=True) if score > (most - 2) * ROW) > 1 - float(LEVEL)


# ----------------------------------------------------------------------------------------------------------------- guarantees


@pytest.mark.parametrize("noise", [GUMBEL, EXPONENTIAL])
@pytest.mark.parametrize("moves", [ONE, sensitivities(lo=0, hi=3, rows_total=7, groups=4, cells=9, identifiers=2)[0]], ids=["one", "many"])
def test_the_sampler_confirms_just_what_is_charged(noise: NoiseKind, moves: Sensitivity) -> None:
    """All that is charged is confirmed, to the last unit but rounding; a thousandth less is not."""
    for part in SOME:
        mechanism = Mechanism(noise=noise, scale=3.7 * ROW)
        guarantee = guarantee_of(mechanism, choice_sensitivities(moves, part)[0])
        assert OpendpNoise().choose(mechanism, [], guarantee) == []
        for less in (
            guarantee.model_copy(update={"rho": guarantee.rho * 999 // 1000}),
            guarantee.model_copy(update={"sensitivity": guarantee.sensitivity * 1002 // 1000}),
        ):
            with pytest.raises(Exception, match="does not confirm"):
                OpendpNoise().choose(mechanism, [], less)


def test_scores_beyond_doubles_are_not_chosen_by() -> None:
    noise: Callable[..., list[int]] = OpendpNoise().choose
    for mechanism, group in (
        (Mechanism(noise=GUMBEL, scale=1.0), [0, 2**53 + 2]),
        (Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=1.0), [0]),
    ):
        with pytest.raises(Exception, match=r"too large to be chosen by|not of the kind"):
            noise(mechanism, [group], UNBOUNDED)
