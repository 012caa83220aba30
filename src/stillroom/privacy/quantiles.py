"""Quantiles and extremes from noisy counts on a grid of values, with intervals.

The values of a column lie on a grid of buckets, which are the leaves of a tree: each node has as many children as the next level has
branches, and its rows are those of its children. Every level is counted with noise of its own. The best linear estimate of the leaves
uses all levels (least squares; Hay, Rastogi, Miklau and Suciu 2010, here for levels of unequal noise), and the number of rows below a
bucket is a sum of few independent parts, so that its variance is known before anything is measured.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.intervals import Derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHERNOFF = tuple(n / 64 for n in range(1, 64))
"""Where Chernoff's bound is tried, as parts of the largest argument at which it exists."""

FINEST = 2.0**-40
"""Which part of all rows a row counts as, at least, so that doubles can tell where it begins and ends."""


class Grid(NamedTuple):
    """What is known about noisy counts before they are measured.

    Attributes:
        noises: The noise of each level, from the top to the leaves.
        branches: How many nodes the top level has, then how many children each node of a level has on the next.
        terms: How many independent noisy counts each number is the sum of.
        first: The least value.
        last: The greatest value.
        width: What lies between the beginnings of two buckets; a multiple of `step`.
        step: What lies between two values, at least.
    """

    noises: tuple[Mechanism, ...]
    branches: tuple[int, ...]
    terms: int
    first: int
    last: int
    width: int
    step: int

    @property
    def leaves(self) -> int:
        """How many buckets there are."""
        return math.prod(self.branches)

    def end(self, bucket: int) -> int:
        """Return the greatest value before a bucket, which may be the one behind all."""
        return min(self.last, self.first + bucket * self.width - self.step)

    def begin(self, bucket: int) -> int:
        """Return the least value of a bucket."""
        return min(self.last, self.first + bucket * self.width)


def below(grid: Grid, counts: Sequence[Floats]) -> Floats:
    """Return estimates of how many rows lie below each bucket, and below the end, by least squares.

    Going up, a node's own count and the sum of its children's estimates are averaged by their variances. Going down, what a parent's
    estimate differs by from the sum of its children's is shared among them evenly, since their variances are equal.

    Args:
        grid: What is known beforehand.
        counts: The noisy counts of each level, from the top to the leaves.
    """
    import numpy as np

    up, variance = [counts[-1]], _variance(grid, -1)
    for level in range(len(counts) - 2, -1, -1):
        children = grid.branches[level + 1]
        mine, theirs = _variance(grid, level), children * variance
        up.append((theirs * counts[level] + mine * up[-1].reshape(-1, children).sum(axis=1)) / (mine + theirs))
        variance = mine * theirs / (mine + theirs)
    found, *rest = reversed(up)
    for one in rest:
        siblings = one.reshape(len(found), -1)
        found = (siblings + ((found - siblings.sum(axis=1)) / siblings.shape[1])[:, None]).ravel()
    return np.concatenate([[0.0], np.cumsum(found)])


def quantile_of(grid: Grid, counts: Sequence[Floats], part: Fraction, level: Fraction) -> Derived:
    """Return a quantile and its interval.

    Sort the n rows by value, x₀ ≤ … ≤ xₙ₋₁. The quantile is the value at the place p(n - 1), between two rows in proportion. Let F(k) be
    how many rows lie below bucket k, and D(k) = F(k) - p(n - 1), which never falls with k and is a linear function of the counts. If
    D(k) ≤ 0, the quantile is no less than the beginning of bucket k; if D(k) ≥ 1, it lies below it.

    Let a be the last k with D(k) ≤ 0. It depends on the rows alone, and D(a + 1) > 0; so the estimate of D(a + 1) is above -c(a + 1) but
    with probability (1 - level)/2, where c is the half-width of a single estimate. The interval begins with the first bucket k of
    which the same is true at k + 1, and so no later than a. It ends likewise before the last k for which the estimate of D(k - 1) is
    below 1 + c(k - 1). No correction for many buckets is needed: only two of them matter, which do not depend on noise. Groups of at
    least one row are meant; nobody has no quantile.
    """
    import numpy as np

    rows = below(grid, counts)
    reach = reaches(grid, part, (1 - level) / 2)
    places = rows - float(part) * (rows[-1] - 1)
    low = grid.begin(int(np.flatnonzero(places[1:] > -reach[1:])[0])) if (places[1:] > -reach[1:]).any() else grid.last
    high = grid.end(int(np.flatnonzero(places[:-1] < 1 + reach[:-1])[-1]) + 1) if (places[:-1] < 1 + reach[:-1]).any() else grid.first
    low, high = min(low, high), max(low, high)
    value = min(max(_value(grid, rows, float(part)), Fraction(low)), Fraction(high))
    return Derived(value, Fraction(low), Fraction(high), (low, high) == (grid.first, grid.last))


def least_of(grid: Grid, counts: Sequence[Floats], level: Fraction) -> Derived:
    """Return a value that is surely no less than the least one: the first at or below which there is surely somebody.

    If the estimate of F(k) is above c(k), there is a row below bucket k; each c(k) is exceeded with probability (1 - level)/N where F(k) is
    0, hence any of the N with probability 1 - level at most. Nothing is known about how far below it the least value is.
    """
    import numpy as np

    some = np.flatnonzero(below(grid, counts)[1:] > reaches(grid, Fraction(0), (1 - level) / grid.leaves)[1:])
    value = Fraction(grid.end(int(some[0]) + 1) if len(some) else grid.last)
    return Derived(value, Fraction(grid.first), value, value == grid.last)


def greatest_of(grid: Grid, counts: Sequence[Floats], level: Fraction) -> Derived:
    """Return a value that is surely no greater than the greatest one, likewise: the last at or above which there is surely somebody."""
    import numpy as np

    rows = below(grid, counts)
    some = np.flatnonzero((rows[-1] - rows)[:-1] > reaches(grid, Fraction(1), (1 - level) / grid.leaves)[:-1])
    value = Fraction(grid.begin(int(some[-1])) if len(some) else grid.first)
    return Derived(value, value, Fraction(grid.last), value == grid.first)


def expected_rank_error(grid: Grid, part: Fraction, level: Fraction) -> int:
    """Return by how many rows the place of a quantile is off at most, wherever it is; for an extreme, how many rows show it.

    It is the largest half-width of the estimates that decide, and those are of the rows below a bucket, less their part of all rows.
    """
    chance = (1 - level) / (grid.leaves if part in {0, 1} else 2)
    return math.ceil(float(reaches(grid, part, chance).max()))


@lru_cache(maxsize=64)
def reaches(grid: Grid, part: Fraction, chance: Fraction) -> Floats:
    """Return, for each bucket and the end, what the error of F(k) - p·n exceeds with a given probability at most, to either side.

    Gaussian: each draw has a variance of σ² at most, and the error is the sum of many; it is taken for normal with that variance. A single
    draw has P(X ≥ t) ≤ Q((t - ½)/σ) for t ≥ σ + ½, by the convexity of the density there; the half that is added covers the same for sums
    of draws with weights up to 1. `tests/unit/test_quantiles.py` holds it against exact convolutions.

    Laplace: by Chernoff. With weights a, log E exp(sX) ≤ -Σ log(1 - a²b²s²) ≤ -(A/m²)·log(1 - m²s²) for A = Σa²b², m = max |a|·b and
    s < 1/m, as (cosh s - 1)/s² grows with s and -log(1 - x)/x with x; so P(X ≥ c) ≤ chance for c = (m/u)·(-(A/m²)·log(1 - u²) - log chance)
    at any u = ms. No weight is above 1.
    """
    import numpy as np

    spread = variances(grid, part)
    if grid.noises[0].noise is NoiseKind.DISCRETE_GAUSSIAN:
        return -NormalDist().inv_cdf(float(chance)) * np.sqrt(spread) + 0.5
    most = max(noise.scale for noise in grid.noises)
    bounds = [(most / u) * (-(spread / 2 / most**2) * math.log1p(-(u**2)) - math.log(chance)) for u in CHERNOFF]
    return np.minimum.reduce(bounds)  # type: ignore[no-any-return]  # an array of doubles


def variances(grid: Grid, part: Fraction) -> Floats:
    """Return the variance of the error of F(k) - p·n, for each bucket and the end.

    Below a node of a level, some children lie left of k, and of the next one a fraction g. The sum of these children, each with its
    weight w, is (Σw/b) times the node plus Σw·(z - mean of z), where the z are the children's estimates from below. Those differences
    are independent of the node's estimate, which depends on the z through their sum alone, and each z has variance R. So a level
    contributes R·(Σw² - (Σw)²/b), and the top, whose nodes are independent, R·Σ(w - p)².
    """
    import numpy as np

    spreads = _from_below(grid)
    bucket = np.arange(grid.leaves + 1)
    fraction = np.zeros(len(bucket))
    total = np.zeros(len(bucket))
    for level in range(len(grid.branches) - 1, 0, -1):
        children = grid.branches[level]
        left = bucket % children
        bucket //= children
        total += spreads[level] * (left + fraction**2 - (left + fraction) ** 2 / children)
        fraction = (left + fraction) / children
    p = float(part)
    return total + spreads[0] * (bucket + fraction**2 - 2 * p * (bucket + fraction) + p**2 * grid.branches[0])


def _from_below(grid: Grid) -> list[float]:
    """Return, for each level, the variance of a node's estimate from its own count and those below it."""
    found = [_variance(grid, -1)]
    for level in range(len(grid.branches) - 2, -1, -1):
        mine, theirs = _variance(grid, level), grid.branches[level + 1] * found[-1]
        found.append(mine * theirs / (mine + theirs))
    return found[::-1]


def _variance(grid: Grid, level: int) -> float:
    """Return no less than the variance of a noisy count of a level: discrete noise varies less than continuous noise of that scale."""
    noise = grid.noises[level]
    return grid.terms * noise.scale**2 * (1 if noise.noise is NoiseKind.DISCRETE_GAUSSIAN else 2)


def _value(grid: Grid, estimated: Floats, part: float) -> Fraction:
    """Return the value at a place: the mean of the values of the row there, of which one part may lie before the next value.

    Estimated numbers of rows may fall from one bucket to the next; halfway between the highest before and the lowest behind, they do not.
    The values of a bucket are taken to lie evenly in it.
    """
    import numpy as np

    rising = (np.maximum.accumulate(estimated) + np.minimum.accumulate(estimated[::-1])[::-1]) / 2
    rows = np.clip(rising, 0, max(estimated[-1], 0.0))
    rows -= rows[0]
    if rows[-1] <= 0:
        return Fraction(grid.first + grid.last, 2)
    place, length = part * max(rows[-1] - 1, 0.0), max(1.0, rows[-1] * FINEST)
    inside = np.diff(rows)
    start, stop = (np.clip(end - rows[:-1], 0, inside) for end in (place, min(place + length, rows[-1])))
    middle = np.divide((start + stop) / 2, inside, out=np.zeros_like(inside), where=inside > 0)
    begins, lengths = _buckets(grid)
    return Fraction(float(((stop - start) * (begins + lengths * middle)).sum() / (stop - start).sum()))


def _buckets(grid: Grid) -> tuple[Floats, Floats]:
    """Return the least value of each bucket, and by how much its greatest differs."""
    import numpy as np

    begins = grid.first + grid.width * np.arange(grid.leaves, dtype=float)
    ends = np.minimum(begins + (grid.width - grid.step), float(grid.last))
    begins = np.minimum(begins, float(grid.last))
    return begins, ends - begins
