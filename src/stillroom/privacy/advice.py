"""Which cap to choose, from a noisy histogram of votes: the one where what clamping takes away and what noise adds are least together.

Why the whole is private: the histogram is one measurement, and the measurement that follows depends on it alone, not on the data. For
every cap that can be chosen, the second one costs no more than what was set aside for it (`stillroom.query.advised`). So both together
cost the sum, by adaptive composition of zCDP (Bun and Steinke 2016, arXiv:1605.02065, lemma 2.3), and of pure DP. That a lower cap gets
less noise is paid by what it cuts off, which is the answer's bias and no person's privacy.

Each person is in one bin of the histogram at most, that of the least cap that would change nothing about the person. One person who
appears or vanishes moves one number by 1; one whose rows are altered moves two by 1 each; with m identifiers, m times that.

Why a lower cap has to earn its place. The expected squared error of a cell under a cap c is V(c) + (B(c)/k)², where V is the variance of
the noise, and B what c takes away from all totals together, spread over k cells. Under the contract's bound H it is V(H): known, and
without any B. Below, B is known from votes only. Let v be the noisy number of votes for each cap x, each with a variance of s². Nobody
who votes for x has more than x in a cell. So B(c) is at most m · Σ n·max(0, x - c), with n the true numbers of votes, and m the number of
cells in which a person loses as much. That sum is linear in n: by v it is estimated without bias, with a variance of s² · Σ max(0, x - c)²,
whatever the data are. A cap may be chosen only if V(c) + (B⁺(c)/k)² ≤ V(H), where B⁺ is that estimate, or 0 where it is below, and one
standard deviation more. So, but with a probability of 16 % at most, a cap that may be chosen is no worse than H; else it is worse by what
the noise exceeds a standard deviation by. In the mean of simulated tables the error grew by less than an eighth, the share that votes cost
included. Where few have voted, or few cells share what is lost, no lower cap passes, and H stays.

Among the caps that pass, the one with the least error that is expected is chosen (`losses`). All of it is computed from noisy votes, and
from the contract: it is post-processing, and costs nothing beyond what the votes cost.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.model.advice import MOST_CAPS

if TYPE_CHECKING:
    from collections.abc import Sequence

CLEAR = 4
"""So many standard deviations above 0, a number of persons is surely more than noise: each of up to 32 caps has one such number."""

DOUBT = Fraction(1, 2)
"""So many standard deviations of noise are the persons that each number of votes may hide."""

EARNED = 1
"""So many standard deviations more than the votes say may be cut off, and a cap that is chosen is still no worse than the contract's."""

SURELY = 2
"""So many standard deviations more than the votes say is what is cut off, at the most, in a statement to people."""


def candidates(highest: int) -> tuple[int, ...]:
    """Return caps to choose from, ascending: a bound, and on from there each 1/√2 of the one before, rounded up, down to 1 at the least.

    A cap that is off by that factor from the best costs a few per cent of precision.
    """
    found, step = {highest}, 0
    while len(found) < MOST_CAPS and 1 not in found:
        step += 1
        found.add(_root(Fraction(highest**2, 2**step)))
    return tuple(sorted(found))


def _root(square: Fraction) -> int:
    """Return a square root, rounded up."""
    whole = math.ceil(square)
    root = math.isqrt(whole)
    return root if root**2 == whole else root + 1


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


def at_most_taken(caps: Sequence[int], votes: Sequence[int], noise: Fraction, deviations: int = EARNED) -> list[int]:
    """Return what each cap takes away from all totals together, in one cell of each person, at the most.

    It is as many standard deviations above what the votes say; these are rounded up to whole numbers. Who votes for a cap is taken to have
    all of it. Numbers of votes count as they are, with negative ones, so that their noise has the variance that is reckoned with.
    """
    steps = [[max(0, one - cap) for one in caps] for cap in caps]
    return [
        max(0, sum(step * number for step, number in zip(own, votes, strict=True)))
        + deviations * _root(noise * sum(step**2 for step in own))
        for own in steps
    ]


def cells_of_each(caps: Sequence[int], votes: Sequence[int], noise: Fraction, most: int) -> Fraction:
    """Return in how many cells a person is on average, a standard deviation of both votes and cells above what votes about cells say.

    It is 1 at the least, and `most` at the most; that, too, where no persons are seen.
    """
    persons = sum(votes) - _root(noise * len(caps))
    if persons <= 0:
        return Fraction(most)
    cells = sum(cap * number for cap, number in zip(caps, votes, strict=True)) + _root(noise * sum(cap**2 for cap in caps))
    return max(Fraction(1), min(Fraction(most), Fraction(cells, persons)))


def best(  # noqa: PLR0913 - all that an error is expected from
    caps: Sequence[int], votes: Sequence[int], noise: Fraction, variances: Sequence[Fraction], cells: int, *, times: Fraction = Fraction(1)
) -> int:
    """Return the cap with the least expected squared error, the lowest one of several, of those that are worth what they may take away.

    Args:
        caps: The caps to choose from, ascending.
        votes: The noisy number of persons who voted for each.
        noise: The variance of each number of votes.
        variances: The variance of the noise in a cell under each.
        cells: The number of cells, among which what is cut off is taken to be spread evenly.
        times: In how many cells a person may lose what a vote tells of.
    """
    found = zip(losses(caps, votes, noise, variances, cells), variances, at_most_taken(caps, votes, noise), caps, strict=True)
    return min((loss, cap) for loss, variance, taken, cap in found if variance + (times * taken / cells) ** 2 <= variances[-1])[1]


def share_beyond(caps: Sequence[int], votes: Sequence[int], noise: Fraction, cap: int) -> tuple[Fraction, Fraction] | None:
    """Return which share of the largest totals of all persons is beyond a cap by the votes, about and at the most.

    It is None where the votes cannot tell: nobody is clearly seen, or all might be beyond.
    """
    seen, middles, place = seen_beyond(caps, votes, noise), _middles(caps), caps.index(cap)
    everybody = seen_beyond((0, *caps), (0, *votes), noise)[0]
    whole = everybody * middles[0] + sum(number * (high - low) for number, (low, high) in zip(seen, pairwise(middles), strict=False))
    most = at_most_taken(caps, votes, noise, SURELY)[place]
    return (min(taken_away(caps, seen)[place], Fraction(most)) / whole, most / whole) if most < whole else None
