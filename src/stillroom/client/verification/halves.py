"""How wide the interval of a total must be: computed once more from the noise of all marginals that tell about it."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.verification.noise import spread
from stillroom.client.verification.sizes import telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.model.marginal import Marginal, Strategy
    from stillroom.model.mechanism import Mechanism
    from stillroom.model.plan import Plan

    Kept = tuple[int, ...]

SMOOTH = 2.0
"""Sums of Gaussian noise from this scale on are as good as normal."""

NEAR = 1e-6
"""Half-widths that are computed in two ways differ by less than this share."""


class Halves(NamedTuple):
    """What half the width of an interval may be, in the units that a table shows.

    Attributes:
        least: The least.
        most: The greatest.
        offset: How far the value may be from the middle: where several marginals are measured, totals are rounded.
        floored: Whether neither value nor interval may be below 0; the value may then be anywhere, and the interval reaches out to it.
    """

    least: int
    most: int
    offset: int
    floored: bool = False


def strategy_of(plan: Plan, measure: int, kept: tuple[int, ...]) -> Strategy:
    """Return how a measure is measured in a grouping set, which may have one of its own."""
    return plan.strategies[telling(plan, measure, kept)]


def halves(plan: Plan, measure: int, kept: tuple[int, ...], level: float) -> Halves:
    """Return the half-width of a total of a grouping set. No noise is added up along selected keys, so that they count as one value."""
    one, grouped = 10**plan.finish.places, len(plan.grouping)
    sizes = tuple(len(key.listed) or 1 if number < grouped else 1 for number, key in enumerate(plan.keys))
    strategy, floored = strategy_of(plan, measure, kept), plan.finish.nonnegative and plan.measures[measure].low == 0
    if len(strategy) > 1:
        return several(strategy, sizes, kept, level, one)._replace(floored=floored)
    draws = math.prod(sizes[key] for key in strategy[0].kept) // math.prod(sizes[key] for key in kept)
    least, most = (_one(strategy[0].mechanism, draws, level, more=more) for more in (False, True))
    return Halves(least * one, most * one, 0, floored)


def alone(plan: Plan, measure: int, level: float) -> Halves:
    """Return the half-width of the one number that a measure is, in its own units: of one draw."""
    least, most = (_one(plan.strategies[measure][0].mechanism, 1, level, more=more) for more in (False, True))
    return Halves(least, most, 0)


def sum_halves(plan: Plan, measure: int, kept: tuple[int, ...], rows: Sequence[tuple[int, ...]], level: float) -> Halves:
    """Return the half-width of the sum of some totals of a grouping set, given the positions of their keys.

    Where one marginal is measured, it is that of the sum of so many draws; a room may compute with a number of draws that is larger by less
    than a sixty-fourth. Where several are, the half-widths of all totals, which share the level, add up at most; at least, if these
    totals are all that agree in some keys, it is that of the total over the other keys.
    """
    one, strategy, grouped = 10**plan.finish.places, strategy_of(plan, measure, kept), len(plan.grouping)
    sizes = tuple(len(key.listed) or 1 if number < grouped else 1 for number, key in enumerate(plan.keys))
    if len(strategy) == 1:
        draws = len(rows) * math.prod(sizes[key] for key in strategy[0].kept) // math.prod(sizes[key] for key in kept)
        least, most = (_one(strategy[0].mechanism, number, level, more=more) for number, more in _numbers(draws))
        return Halves(least * one, most * one, 0)
    apart = several(strategy, sizes, kept, 1 - (1 - level) / len(rows), one)
    free = [place for place in range(len(kept)) if len({row[place] for row in rows}) > 1]
    least = apart.least * len(rows)
    if len(rows) == math.prod(sizes[kept[place]] for place in free):
        together = tuple(key for place, key in enumerate(kept) if place not in free)
        least = min(least, several(strategy, sizes, together, level, one).least)
    return Halves(least, apart.most * len(rows), apart.offset * len(rows))


def _numbers(draws: int) -> tuple[tuple[int, bool], tuple[int, bool]]:
    """Return the least number of draws that a half-width may be of, and the greatest: the next with seven binary digits, then zeros."""
    rest = max(0, draws.bit_length() - 7)
    return (draws, False), ((draws + 2**rest - 1) // 2**rest * 2**rest, True)


@lru_cache(maxsize=256)
def _one(mechanism: Mechanism, draws: int, level: float, *, more: bool) -> int:
    """Return the least half-width whose coverage reaches a level: surely, or as far as can be told."""
    noise = spread(mechanism, draws)
    wanted = level + (noise.tolerance if more else -noise.tolerance)
    low, high = -1, math.ceil(len(noise.within) * noise.grain)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if noise.coverage(middle) >= wanted else (middle, high)
    return high


@lru_cache(maxsize=1024)
def several(strategy: Strategy, sizes: tuple[int, ...], kept: tuple[int, ...], level: float, one: int) -> Halves:
    """Return the half-width of a least-squares estimate: that of a normal variable, and a half for each discrete sum with its weight.

    Where noise is too small for that, the half-widths of all sums, which share the level, add up. A total that is shown is off by the
    rounding of 2^k numbers, k being the number of keys that it keeps; its interval lies around the whole number nearest to the estimate.
    """
    sums = [draws for marginal in strategy for draws in _draws(strategy, marginal, sizes, kept) if draws.number]
    if min(draws.noise.scale for draws in sums) >= SMOOTH:
        variance = sum(draws.weight**2 * (draws.number * draws.noise.scale**2 + 0.25) for draws in sums)
        half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(variance) + sum(abs(draws.weight) for draws in sums) / 2
    else:
        share = 1 - (1 - level) / len(sums)
        half = sum(abs(draws.weight) * _one(draws.noise, draws.number, share, more=True) for draws in sums)
    least, most = (math.ceil(half * one * near + 0.5) for near in (1 - NEAR, 1 + NEAR))
    return Halves(least, most, 2 ** len(kept) // 2 + 1)


class _Draws(NamedTuple):
    """Draws of noise that have one weight in an estimate."""

    weight: float
    noise: Mechanism
    number: int


def _draws(strategy: Strategy, marginal: Marginal, sizes: tuple[int, ...], kept: tuple[int, ...]) -> Iterator[_Draws]:
    """Yield how the totals of a measured marginal enter an estimate, by the common keys in which they agree with its total.

    The matrix of all that is measured, weighted by precision, is a sum over marginals of products over keys: identity where a key is kept,
    all ones where not. Its eigenspaces belong to sets of keys; that of a set has the sum, over the marginals which keep all of the set, of
    precision × the product of the other keys' sizes that the marginal leaves out. A weight is precision × the product of both totals'
    parts in an eigenspace ÷ its eigenvalue, summed over eigenspaces; that product is one over keys, too.
    """
    common = tuple(key for key in kept if key in marginal.kept)
    for same in _subsets(common):
        weight = sum(
            _precision(marginal.mechanism) * _product(sizes, part, marginal.kept, kept, same) / _eigenvalue(strategy, sizes, part)
            for part in _subsets(common)
        )
        yield _Draws(weight, marginal.mechanism, _number(sizes, marginal.kept, kept, same))


def _product(sizes: Kept, part: Kept, measured: Kept, kept: Kept, same: Kept) -> float:
    """Return the product, in an eigenspace, of two totals that agree in some of their common keys."""
    factors = []
    for key, size in enumerate(sizes):
        if key in part:
            factors.append((key in same) - 1 / size)
        else:
            factors.append(1 / size if key in measured and key in kept else 1 if key in measured or key in kept else size)
    return math.prod(factors)


def _number(sizes: Kept, measured: Kept, kept: Kept, same: Kept) -> int:
    """Return how many totals of a marginal agree with a total in just these keys."""
    return math.prod(sizes[key] - (key in kept) for key in measured if key not in same)


def _eigenvalue(strategy: Strategy, sizes: tuple[int, ...], part: tuple[int, ...]) -> float:
    known = [one for one in strategy if set(part) <= set(one.kept)]
    return sum(_precision(one.mechanism) * math.prod(size for key, size in enumerate(sizes) if key not in one.kept) for one in known)


def _precision(mechanism: Mechanism) -> float:
    return 1 / mechanism.scale**2


def _subsets(kept: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return (part for size in range(len(kept) + 1) for part in combinations(kept, size))
