"""Quantiles by the exponential mechanism: in each group one bucket of values is chosen, and nothing else is released.

Sort the n rows of a group by value, and let each take a length of 1, so that row i lies from i to i + 1. The place of a quantile p is the
middle of the row that it is, t = p(n - 1) + ½. Let F(b) be how many rows lie below bucket b, and G(b) how many do not lie above it. The
score of a bucket is how far the place is outside of it, d(b) = max(F(b) - t, t - G(b)): below 0 inside, and deeper in the middle. Some
bucket has d ≤ 0 where there are rows. Many rows of one value make a long bucket, which is no further from the places that it holds.

**One row** is added, at bucket x. The place moves by p, F(b) by 1 where b > x, and G(b) by 1 where b ≥ x. So F(b) - t grows by 1 - p above
x, and falls by p elsewhere; t - G(b) grows by p below x, and falls by 1 - p elsewhere. A maximum of two numbers moves by no more than one
of them does, so that every score moves by at most q = max(p, 1 - p) to either side: all together within a range of 2q. With r rows, within
r times that. A row that vanishes moves them back.

**What that reveals.** To each score noise of a scale s is added, and the least is chosen. Where scores move within a range of D:

- Gumbel noise makes it the exponential mechanism, P(b) ∝ exp(-d(b)/s) (McSherry and Talwar 2007). The ratio of its likelihoods lies in an
  interval of length D/s, whatever is chosen: it is (D/s)-bounded-range (Durfee and Rogers 2019, arXiv:1905.04273), hence
  (D/s)²/8-zCDP (Cesar and Rogers 2021, arXiv:2004.07223).
- Exponential noise makes it permute-and-flip (Ding, Kifer, Sayed, Steinke, Wang, Xiao and Zhang 2021, arXiv:2105.07260), which is
  (D/s)-DP (McKenna and Sheldon 2020, arXiv:2010.12603, where D is twice the sensitivity): and no bounded range comes with that.

**All groups.** A person with r₁, r₂, … rows in some groups moves the scores of these within ranges of 2q·r₁, 2q·r₂, … Noise is independent,
so guarantees add up: Σ(2q·rᵢ/s)²/8 in zCDP, and Σ2q·rᵢ/s in pure ε. These depend on the person by the squared L2 and the L1 norm of the
numbers of rows, whose bounds are those of a count of rows.

**A change** of rows is their removal and the addition of others: r and u rows of a group move its scores within 2q(r + u). By the triangle
inequality both norms at most double.

Scores are counted in units of 1/(2·`PARTS`) of a row, so that all are whole numbers.
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from stillroom.model.expression import PARTS
from stillroom.model.mechanism import NoiseKind
from stillroom.privacy.sensitivity import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from stillroom.model.mechanism import Mechanism

ROW = 2 * PARTS
"""So many units of scores are a row."""

FURTHEST = 2**53
"""No score is further from 0, so that doubles hold each: what is more than 4.5 · 10⁹ rows off is as bad as that. Cut scores move no
further than others do."""


def scores(counts: Sequence[int], part: int) -> list[int]:
    """Return how far the place of a quantile is from each bucket of a group, in units of scores.

    Args:
        counts: How many rows are in each bucket, by ascending values.
        part: Which part of the rows lies before the quantile, in units of 1/`PARTS`.
    """
    *_, rows = ends = [0, *accumulate(counts)]
    place = 2 * part * (rows - 1) + PARTS
    found = (max(below * ROW - place, place - within * ROW) for below, within in pairwise(ends))
    return [max(-FURTHEST, min(score, FURTHEST)) for score in found]


def range_of_a_row(part: int) -> int:
    """Return within which range one row moves the scores of its group: 2q."""
    return 2 * max(part, PARTS - part) * (ROW // PARTS)


def choice_sensitivities(rows: Sensitivity, part: int) -> tuple[Sensitivity, Sensitivity]:
    """Return the (add/remove, change) sensitivities of the scores of all groups, each group counting as one entry: its range.

    Args:
        rows: The add/remove sensitivity of the number of rows in each group.
        part: Which part of the rows lies before the quantile, in units of 1/`PARTS`.
    """
    once = range_of_a_row(part)
    return _times(rows, 1, once), _times(rows, 2, 2 * once)


def _times(rows: Sensitivity, groups: int, factor: int) -> Sensitivity:
    """Return the norms of a vector with so many times the entries, each so many times as large."""
    return Sensitivity(l0=rows.l0 * groups, l1=rows.l1 * factor, l2_squared=rows.l2_squared * factor**2, linf=rows.linf * factor)


def rank_error(mechanism: Mechanism, buckets: int, level: Fraction) -> int:
    """Return by how many rows the place of a quantile is outside of the bucket that is chosen, at most.

    With Gumbel noise a bucket whose score is worse than the best by t comes before it with probability 1/(1 + exp(t/s)), with exponential
    noise with exp(-t/s)/2. There are fewer than N such buckets. So P(d > best + t) < N·exp(-t/s), or half of that, and the best is at
    most 0 where there are rows.
    """
    chance = (1 - float(level)) * (2 if mechanism.noise is NoiseKind.EXPONENTIAL else 1)
    return math.ceil(mechanism.scale * math.log(max(1.0, buckets / chance)) / ROW)
