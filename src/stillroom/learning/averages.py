"""Averages that a few of those that are averaged cannot move far.

Over sums of groups (`stillroom.learning.groups`) they are post-processing of what was opened. Over single owners' updates they need these
in the clear: for contracts that allow it, at the price of what a secure sum hides. Nothing then bounds what an update tells of a person,
unless it has noise that is enough for it alone.

Each treats all rows alike, whoever has more persons. What is proved is what their docstrings say, and no more: rows that lie where honest
ones might are averaged as honest ones are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.learning.rows import Reals, Whole

_FEWEST = 3
_LARGEST_TOTAL = 2.0**62


def median(updates: NDArray[np.number]) -> Reals:
    """Return the median of each coordinate.

    With fewer than half of the rows spoiled, it lies between honest values in each coordinate.

    Args:
        updates: One row for each owner or group.

    Raises:
        InvalidInput: `DATA_INVALID` for numbers that are not finite, or fewer than three rows.
    """
    return np.asarray(np.median(_checked(updates, _FEWEST), axis=0), dtype=np.float64)


def trimmed_mean(updates: NDArray[np.number], cut: int) -> Reals:
    """Return the mean of each coordinate without its `cut` least and its `cut` greatest numbers.

    With at most `cut` rows spoiled, all that is averaged lies between honest values (Yin, Chen, Ramchandran and Bartlett 2018,
    "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates", arXiv:1803.01498).

    Args:
        updates: One row for each owner or group.
        cut: How many on each side.

    Raises:
        InvalidInput: `DATA_INVALID` for numbers that are not finite, a negative `cut`, or if nothing would be left.
    """
    ordered = np.sort(_checked(updates, max(_FEWEST, 2 * cut + 1)), axis=0)
    if cut < 0:
        raise _too_few("Fewer than none cannot be cut.")
    return np.asarray(ordered[cut : len(ordered) - cut].mean(axis=0), dtype=np.float64)


def multi_krum(updates: NDArray[np.number], spoiled: int, kept: int) -> Reals:
    """Return the mean of the `kept` rows that are nearest to the n - spoiled - 2 rows next to them.

    (Blanchard, El Mhamdi, Guerraoui and Stainer 2017, "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent".) It takes
    n ≥ 2·spoiled + 3. Distances are of whole rows, so that one coordinate may be wrong by as much as rows are apart. Of rows that are
    equally near, the first ones are kept.

    Args:
        updates: One row for each owner.
        spoiled: How many rows may be spoiled.
        kept: How many are averaged; n - spoiled at most.

    Raises:
        InvalidInput: `DATA_INVALID` for numbers that are not finite, or numbers of rows that do not go together.
    """
    rows = _checked(updates, max(_FEWEST, 2 * spoiled + 3))
    if spoiled < 0 or not 1 <= kept <= len(rows) - spoiled:
        raise _too_few("As many are kept as are not spoiled, or fewer; and one at least.")
    with np.errstate(over="ignore"):
        squares = np.array([np.square(rows - row).sum(axis=1) for row in rows])
    np.fill_diagonal(squares, math.inf)
    scores = np.sort(squares, axis=1)[:, : len(rows) - spoiled - 2].sum(axis=1)
    return np.asarray(rows[np.argsort(scores, kind="stable")[:kept]].mean(axis=0), dtype=np.float64)


def total_of(average: Reals, count: int) -> Whole:
    """Return the total of `count` rows with this average, in whole numbers, for a model that takes sums; it does not leave 63 bits."""
    return np.rint(np.clip(count * average, -_LARGEST_TOTAL, _LARGEST_TOTAL)).astype(np.int64)


def median_deviation(deviation: float, groups: int) -> float:
    """Return about how large the noise is in a total that was made of the median of groups' sums.

    A median of many normal numbers has π/2 times the variance of their mean. What a model makes of sums depends on it; no guarantee does.

    Args:
        deviation: The standard deviation of the noise in each sum.
        groups: How many sums.
    """
    return deviation * math.sqrt(groups * math.pi / 2)


def _checked(updates: NDArray[np.number], least: int) -> Reals:
    """Return a table of finite numbers with enough rows."""
    if updates.ndim != 2 or updates.dtype.kind not in "iuf" or not np.isfinite(updates).all():  # noqa: PLR2004  a table
        raise InvalidInput(Code.DATA_INVALID, "An update is not a vector of finite numbers.", "Leave it out, and whoever has sent it.")
    if len(updates) < least:
        raise _too_few(f"{len(updates)} updates are too few: {least} are needed.")
    return updates.astype(np.float64)


def _too_few(reason: str) -> InvalidInput:
    return InvalidInput(Code.DATA_INVALID, reason, "Have more owners take part, or assume that fewer are spoiled.")
