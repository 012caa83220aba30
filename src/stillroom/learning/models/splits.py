"""Where a node of a tree is split, given noisy sums of its rows in the bins of each column. All of it is post-processing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stillroom.learning.models.bins import Bins  # noqa: TC001  # a NamedTuple's fields are read at run time
from stillroom.learning.rows import Reals  # noqa: TC001  # as above

_LEAST = 1e-3
"""Each side of a split has at least this Hessian, as in scikit-learn; with noise, also at least the standard deviation of that."""

_FURTHEST = 32.0
"""No leaf is beyond this: odds of 8e13."""

NOWHERE = -1
"""The column of a node that is not split: all its rows go to the left."""


class Sums(NamedTuple):
    """The gradient and the Hessian of some rows, and the variances of the noise in them."""

    gradient: float
    hessian: float
    gradient_variance: float = 0.0
    hessian_variance: float = 0.0

    def seen_from(self, score: float) -> Sums:
        """Return what rows of score 0 would have had at another score that all of them share.

        At score 0 a row's Hessian is 1/4. So its gradient y - 1/2 becomes y - p, less by 4(p - 1/2) Hessians, and its Hessian p(1 - p).
        """
        chance = 1 / (1 + math.exp(-score))
        shift, scale = 4 * chance - 2, 4 * chance * (1 - chance)
        variance = self.gradient_variance + shift**2 * self.hessian_variance
        return Sums(self.gradient - shift * self.hessian, scale * self.hessian, variance, scale**2 * self.hessian_variance)

    def leaf(self, ridge: float) -> float:
        """Return the mean of what is believed of Newton's step w, for a prior of precision `ridge`.

        The gradient is Hw + e + n, with e ~ N(0, H) for what sampling leaves open, and noise n, that of wH included. So the step is
        tG/(ridge + tH) with t = H/(H + v), v the variance of n: G/(ridge + H) without noise (`stillroom.learning.models.posterior`).
        """
        if self.hessian <= max(_LEAST, math.sqrt(self.hessian_variance)):
            return 0.0
        noise = self.gradient_variance + (self.gradient / self.hessian) ** 2 * self.hessian_variance
        trust = self.hessian / (self.hessian + noise)
        return max(-_FURTHEST, min(_FURTHEST, trust * self.gradient / (ridge + trust * self.hessian)))


NOBODY = Sums(0.0, 0.0)


class Split(NamedTuple):
    """A split: rows whose bin of the column is at most this one, of a list exactly this one, go to the left."""

    column: int
    place: int
    left: Sums
    right: Sums
    gain: float = 0.0


class Histogram(NamedTuple):
    """The noisy sums of the rows of one node in each bin.

    Attributes:
        bins: The bins.
        gradients: Sums of gradients, in each.
        hessians: Sums of Hessians.
        gradient_variance: That of the noise in each gradient.
        hessian_variance: That of the noise in each Hessian.
    """

    bins: Bins
    gradients: Reals
    hessians: Reals
    gradient_variance: float
    hessian_variance: float

    def total(self) -> Sums:
        """Return the sums over all rows: each column tells them, with the noise of its bins, so that the fewer count the more."""
        precision = 1 / np.array(self.bins.sizes)
        weights = precision / precision.sum()
        gradient, hessian = (float(np.add.reduceat(sums, self.bins.starts[:-1]) @ weights) for sums in (self.gradients, self.hessians))
        spread = 1 / float(precision.sum())
        return Sums(gradient, hessian, spread * self.gradient_variance, spread * self.hessian_variance)

    def best(self) -> Split:
        """Return the split of the greatest gain, of which noise has no part, if some split is beyond what noise alone would make."""
        total = self.total()
        unsplit = Split(NOWHERE, 0, total, NOBODY)
        if total.hessian <= max(_LEAST, math.sqrt(total.hessian_variance)):
            return unsplit
        return max([unsplit, *(self._best_of(total, column) for column in range(len(self.bins.columns)))], key=lambda split: split.gain)

    def _best_of(self, total: Sums, column: int) -> Split:
        """Return the best split by one column; its gain is 0 if there is none.

        For a side of gradient G₁ and Hessian H₁ of a node of G and H, let D = G₁ - H₁G/H. The gain of Newton's step,
        G₁²/H₁ + G₂²/H₂ - G²/H, is D²·H/(H₁H₂). Noise of variance v in D adds v to the mean of D², and is taken off. Of m splits of a
        node whose rows are all alike the greatest D²/v is about 2·ln m; what is not beyond that is taken for noise.
        """
        size, ratio = self.bins.sizes[column], total.gradient / total.hessian
        gradients = self._left(self.gradients, total.gradient, column)
        hessians = self._left(self.hessians, total.hessian, column)
        taken = np.arange(1, size) if self.bins.ordered[column] else np.ones(size - 1)
        within, others = taken * (size - taken) / size, total.hessian - hessians
        spread = within + (taken / size - hessians / total.hessian) ** 2 * (total.gradient_variance / (self.gradient_variance or 1.0))
        noise = spread * (self.gradient_variance + ratio**2 * self.hessian_variance)
        squares = (gradients - ratio * hessians) ** 2
        told = np.maximum(_LEAST, np.sqrt(within * self.hessian_variance))
        fit = (hessians >= told) & (others >= told) & (squares > 2 * math.log(self.bins.splits) * noise)
        gains = np.where(fit, (squares - noise) * total.hessian / np.where(fit, hessians * others, 1.0), 0.0)
        best = int(np.argmax(gains))
        left = self._side(total, float(gradients[best]), float(hessians[best]), float(taken[best]) / size, size)
        right = self._side(total, total.gradient - left.gradient, total.hessian - left.hessian, 1 - float(taken[best]) / size, size)
        return Split(column, best, left, right, float(gains[best]))

    def _left(self, sums: Reals, total: float, column: int) -> Reals:
        """Return the sum of the left side of each split of a column, whose bins are made to add up to the total."""
        own = sums[self.bins.starts[column] : self.bins.starts[column + 1]]
        agreed = own + (total - own.sum()) / len(own)
        return np.asarray(np.cumsum(agreed)[:-1] if self.bins.ordered[column] else agreed[:-1], dtype=np.float64)

    def _side(self, total: Sums, gradient: float, hessian: float, part: float, size: int) -> Sums:
        """Return the sums of one side, which has such a part of a column's bins, with the variances of their noise."""
        within = size * part * (1 - part)
        return Sums(
            gradient,
            hessian,
            within * self.gradient_variance + part**2 * total.gradient_variance,
            within * self.hessian_variance + part**2 * total.hessian_variance,
        )
