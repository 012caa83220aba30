"""Which cap to choose, from a noisy histogram of votes: the one where what clamping takes away and what noise adds are least together.

Why the whole is private: the histogram is one measurement, and the measurement that follows depends on it alone, not on the data. For
every cap that can be chosen, the second one costs no more than what was set aside for it (`stillroom.query.advised`). So both together
cost the sum, by adaptive composition of zCDP (Bun and Steinke 2016, arXiv:1605.02065, lemma 2.3), and of pure DP. That a lower cap gets
less noise is paid by what it cuts off, which is the answer's bias and no person's privacy.

Each person is in one bin of the histogram at most, that of the least cap that would change nothing about the person. One person who
appears or vanishes moves one number by 1; one whose rows are altered moves two by 1 each; with m identifiers, m times that.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 32
"""The most caps to choose from."""


def candidates(highest: int) -> tuple[int, ...]:
    """Return caps to choose from, ascending: a bound, and on from there each 1/√2 of the one before, rounded up, down to 1 at the least.

    A cap that is off by that factor from the best costs a few per cent of precision; 32 caps reach from a bound down to 1/46,000 of it.
    """
    found, step = {highest}, 0
    while len(found) < MOST and 1 not in found:
        step += 1
        square = -(-(highest**2) // 2**step)
        root = math.isqrt(square)
        found.add(root if root**2 == square else root + 1)
    return tuple(sorted(found))


def taken_away(caps: Sequence[int], votes: Sequence[int]) -> list[Fraction]:
    """Return an estimate of what each cap takes away from all totals together.

    Who voted for a cap has a total between it and the cap before, taken to be in the middle. There are no fewer than 0 votes: what noise
    makes of bins that nobody is in counts as if somebody was, which errs towards higher caps.
    """
    middles = [Fraction(low + high, 2) for low, high in zip((0, *caps), caps, strict=False)]
    present = [max(0, number) for number in votes]
    return [
        sum((number * (middle - cap) for number, middle in zip(present[place + 1 :], middles[place + 1 :], strict=True)), Fraction(0))
        for place, cap in enumerate(caps)
    ]


def losses(caps: Sequence[int], votes: Sequence[int], variances: Sequence[Fraction], cells: int) -> list[Fraction]:
    """Return for each cap the expected squared error of a cell: the variance of its noise, and the square of its share of what is cut off.

    Args:
        caps: The caps to choose from, ascending.
        votes: The noisy number of persons who voted for each.
        variances: The variance of the noise in a cell under each.
        cells: The number of cells, among which what is cut off is taken to be spread evenly.
    """
    biases = taken_away(caps, votes)
    return [variance + (bias / cells) ** 2 for variance, bias in zip(variances, biases, strict=True)]


def best(caps: Sequence[int], votes: Sequence[int], variances: Sequence[Fraction], cells: int) -> int:
    """Return the cap with the least expected squared error, the lowest one of several."""
    found = losses(caps, votes, variances, cells)
    return caps[found.index(min(found))]
