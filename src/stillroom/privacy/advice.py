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

from stillroom.model.advice import MOST_CAPS

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAR = 4
"""So many standard deviations above 0, a number of persons is surely more than noise: each of up to 32 caps has one such number."""

DOUBT = Fraction(1, 2)
"""So many standard deviations of noise are the persons that each number of votes may hide."""


def candidates(highest: int) -> tuple[int, ...]:
    """Return caps to choose from, ascending: a bound, and on from there each 1/√2 of the one before, rounded up, down to 1 at the least.

    A cap that is off by that factor from the best costs a few per cent of precision.
    """
    found, step = {highest}, 0
    while len(found) < MOST_CAPS and 1 not in found:
        step += 1
        square = -(-(highest**2) // 2**step)
        root = math.isqrt(square)
        found.add(root if root**2 == square else root + 1)
    return tuple(sorted(found))


def _middles(caps: Sequence[int]) -> list[Fraction]:
    """Return what who voted for a cap is taken to have: the middle of the whole numbers beyond the cap before, up to it."""
    return [Fraction(low + 1 + high, 2) for low, high in zip((0, *caps), caps, strict=False)]


def seen_beyond(caps: Sequence[int], votes: Sequence[int], noise: Fraction) -> list[int]:
    """Return how many persons are clearly seen to be beyond each cap.

    A number that its own noise may well have made, being below four standard deviations of the sum of its votes, counts as none: there are
    many such sums, and most high caps are beyond everybody's totals.
    """
    beyond = [sum(votes[place + 1 :]) for place in range(len(caps))]
    return [number if number > 0 and number**2 > CLEAR**2 * (len(caps) - 1 - place) * noise else 0 for place, number in enumerate(beyond)]


def taken_away(caps: Sequence[int], seen: Sequence[int]) -> list[Fraction]:
    """Return an estimate of what each cap takes away from all totals together.

    It is, summed over the steps between the middles of votes from the cap on, the number of persons seen beyond each.
    """
    middles, found = _middles(caps), []
    rest = Fraction(0)
    for place in reversed(range(len(caps) - 1)):
        found.append(rest + seen[place] * (middles[place + 1] - caps[place]))
        rest += seen[place] * (middles[place + 1] - middles[place])
    return [*found[::-1], Fraction(0)]


def unseen(caps: Sequence[int], seen: Sequence[int], noise: Fraction) -> list[Fraction]:
    """Return the square of what each cap may take away from persons whom the votes do not show, each cap's apart.

    Half a standard deviation of noise may hide behind each number of votes. Beyond the last cap beyond which there clearly is somebody,
    it is no more than if persons became fewer in proportion to what they have: among a hundred with more than ten, ten with more than a
    hundred. That is the heaviest tail of which the totals of all such persons together still stay about the same from octave to octave.
    """
    middles, hidden = _middles(caps), [DOUBT**2 * noise] * len(caps)
    last = max((place for place, number in enumerate(seen) if number), default=None)
    if last is not None:
        for place in range(last + 1, len(caps)):
            hidden[place] = min(hidden[place], (seen[last] * caps[last] / middles[place]) ** 2)
    ends = list(zip(middles, hidden, strict=True))
    return [sum(((middle - cap) ** 2 * one for middle, one in ends[place + 1 :]), Fraction(0)) for place, cap in enumerate(caps)]


def losses(caps: Sequence[int], votes: Sequence[int], noise: Fraction, variances: Sequence[Fraction], cells: int) -> list[Fraction]:
    """Return for each cap the expected squared error of a cell: the variance of its noise, and the square of its share of what is cut off.

    Beside what is seen to be cut off stands what the votes cannot show. Without it, a table of few cells, in which a few persons matter
    that noise hides, would get caps that are too low.

    Args:
        caps: The caps to choose from, ascending.
        votes: The noisy number of persons who voted for each.
        noise: The variance of each number of votes.
        variances: The variance of the noise in a cell under each.
        cells: The number of cells, among which what is cut off is taken to be spread evenly.
    """
    seen = seen_beyond(caps, votes, noise)
    parts = zip(variances, taken_away(caps, seen), unseen(caps, seen, noise), strict=True)
    return [variance + (taken**2 + hidden) / cells**2 for variance, taken, hidden in parts]


def best(caps: Sequence[int], votes: Sequence[int], noise: Fraction, variances: Sequence[Fraction], cells: int) -> int:
    """Return the cap with the least expected squared error, the lowest one of several."""
    found = losses(caps, votes, noise, variances, cells)
    return caps[found.index(min(found))]
