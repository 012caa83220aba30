r"""Vectors of persons whose norm is bounded, in whole numbers throughout.

A person's vector is the sum of the vectors of the person's rows. Each of these is whole numbers and depends on its row alone, so that the
sum is exact, the same in any order of the rows, and depends on nobody else. It is scaled down, if need be, to a norm of at most `bound`,
and rounded towards zero; whether it is within the bound is decided in whole numbers, not in doubles. So adding or removing one person, with
any rows whatever, changes the owner's contribution by a vector whose exact L2 norm is at most `bound`, and a sum over k owners by one of
at most k·bound (triangle inequality).

Doubles occur where each of them depends on one person only, in operations that IEEE 754 rounds correctly: a double that several rows were
added up to would depend on their order, and through it on who else is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.learning.rows import Reals, Rows, Whole

LARGEST_BOUND = 2**30
_LARGEST_SQUARES = 2**61
"""Sums of squares stay below this, and so within 64 bits also when rounding has made a vector a little too long."""

_LARGEST_SUM = 2**62
_NUMBERS_AT_ONCE = 2**21
"""How many numbers of rows' vectors are held at a time; 16 MB."""

_STEP = 2.0**-40
"""How much shorter a vector is made that is too long still; twice as much each time."""


def contribution(rows: Rows, length: int, bound: int, vectors: Callable[[Rows], Whole]) -> Whole:
    """Return the sum over persons of their bounded vectors.

    Args:
        rows: One owner's rows.
        length: How many numbers a vector has.
        bound: The largest L2 norm of a person's vector, in units.
        vectors: Returns a vector of whole numbers for each row, which depends on that row alone; none of its numbers is beyond `bound`.

    Raises:
        InvalidInput: `NUMBER_TOO_LARGE`: whole numbers of 64 bits do not hold all squares or sums that there may be.
    """
    check(length, bound, len(rows))
    total = np.zeros(length, dtype=np.int64)
    begun = np.zeros(length, dtype=np.int64)
    owner: int | None = None
    for piece in rows.by_person().pieces(max(1, _NUMBERS_AT_ONCE // length)):
        codes, sums = _by_person(piece.person, vectors(piece))
        if codes[0] == owner:
            sums[0] += begun
        elif owner is not None:
            total += clipped(begun[np.newaxis], bound)[0]
        total += clipped(sums[:-1], bound).sum(axis=0)
        owner, begun = int(codes[-1]), sums[-1]
    return total if owner is None else total + clipped(begun[np.newaxis], bound)[0]


def check(length: int, bound: int, rows: int = 1) -> None:
    """Refuse a bound, or a number of rows, for which whole numbers of 64 bits are too small.

    Raises:
        InvalidInput: `NUMBER_TOO_LARGE`.
    """
    if not 1 <= bound <= LARGEST_BOUND or length * bound**2 > _LARGEST_SQUARES or rows * bound > _LARGEST_SUM:
        raise InvalidInput(
            Code.NUMBER_TOO_LARGE,
            "The bound, the length of the vector or the number of rows is too large for sums in 64 bits.",
            "Give a smaller bound, or fewer features.",
        )


def clipped(vectors: Whole, bound: int) -> Whole:
    """Return vectors of the same direction, rounded towards zero, whose squared norm is at most bound².

    Vectors that are within the bound stay as they are. `check` has passed for the bound, and no number is beyond 2⁶².
    """
    kept = vectors.copy()
    within = np.abs(vectors).max(axis=1, initial=0) <= bound
    over = ~within
    over[within] = _squares(vectors[within]) > bound**2
    longer = vectors[over]
    factors = bound / _norms(longer)
    shorter = _scaled(longer, factors)
    step = _STEP
    while (beyond := _squares(shorter) > bound**2).any():
        factors[beyond] *= 1 - step
        shorter[beyond] = _scaled(longer[beyond], factors[beyond])
        step = min(0.5, 2 * step)
    kept[over] = shorter
    return kept


def _by_person(persons: Whole, vectors: Whole) -> tuple[Whole, Whole]:
    """Return the persons of a piece, whose rows are next to each other, and the sums of their vectors."""
    starts = np.flatnonzero(np.concatenate([[True], persons[1:] != persons[:-1]]))
    if len(starts) == len(persons):
        return persons, vectors
    return persons[starts], np.add.reduceat(vectors, starts, axis=0)


def _squares(vectors: Whole) -> Whole:
    """Return the squared norms, exactly."""
    return np.asarray(np.einsum("ij,ij->i", vectors, vectors), dtype=np.int64)


def _norms(vectors: Whole) -> Reals:
    """Return the norms, nearly: of vectors brought to one size, in whole numbers, so that each depends on its vector only."""
    size = 2.0 ** ((_LARGEST_SQUARES.bit_length() - vectors.shape[1].bit_length()) // 2)
    largest = np.abs(vectors).max(axis=1, initial=1).astype(np.float64)
    brought = _scaled(vectors, size / largest)
    return np.asarray(np.sqrt(_squares(brought).astype(np.float64)) * (largest / size), dtype=np.float64)


def _scaled(vectors: Whole, factors: Reals) -> Whole:
    """Return the vectors times their factors, rounded towards zero."""
    return np.trunc(vectors * factors[:, np.newaxis]).astype(np.int64)
