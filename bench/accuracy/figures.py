"""The arithmetic of errors: means with their spread, relative errors, and errors of ranks."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from statistics import fmean, stdev
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Spread(NamedTuple):
    """A mean over releases with noise of their own, and its standard error.

    Attributes:
        mean: The mean.
        error: How far off it is, as a standard deviation.
    """

    mean: float
    error: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the mean of at least two independent values."""
        found = list(values)
        return cls(fmean(found), stdev(found) / math.sqrt(len(found)))

    def over(self, other: Spread) -> Spread:
        """Return the ratio of two independent means; its error is that of first order."""
        ratio = self.mean / other.mean
        return Spread(ratio, ratio * math.hypot(self.error / self.mean, other.error / other.mean))

    def percent(self) -> str:
        """Return it as text, in per cent."""
        return f"{100 * self.mean:.2f} ± {100 * self.error:.2f} %"

    def text(self, places: int = 2) -> str:
        """Return it as text, with so many decimal places."""
        return f"{self.mean:.{places}f} ± {self.error:.{places}f}"


def relative_error(released: Sequence[float], truth: Sequence[float]) -> float:
    """Return the mean over groups of how far off a number is, as a part of the true one."""
    return fmean(abs(one - true) / true for one, true in zip(released, truth, strict=True))


def rank_error(value: float, part: float, ordered: Sequence[float]) -> float:
    """Return by how many rows a quantile is off: how far its place among ordered rows is from `part` of them.

    Rows of one value have a range of places, and a value between two rows stands between them: what lies in the range is not off.
    """
    place = part * len(ordered)
    return max(0.0, bisect_left(ordered, value) - place, place - bisect_right(ordered, value))
