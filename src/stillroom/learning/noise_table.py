"""Draws of the discrete Gaussian from a table of its cumulative probabilities, many at once.

**The table.** For X of N(0, s²) on the integers let p_m = P(|X| = m), F_m = p_0 + … + p_m, u = 2⁻¹²⁷ and R = `reach(s²)`. The table has
whole numbers T_0 ≤ T_1 ≤ … ≤ T_{R-1} with 0 ≤ F_m - u·T_m < 2u. A draw takes 128 random bits: one for the sign, the others as a whole
number K. Its distance from 0 is the number of T_m ≤ K, at most R.

**How far a draw is from N(0, s²).** It is m with probability p̃_m = u(T_m - T_{m-1}), where T_R stands for 1/u. With D_m = F_m - u·T_m in
[0, 2u) for m < R: p̃_0 - p_0 = -D_0 ≤ 0; p̃_m - p_m = D_{m-1} - D_m < 2u for 0 < m < R; and p̃_R - p_R = D_{R-1} + P(|X| > R) < 2u +
2⁻¹²⁶. Signs are symmetric in both, so the total variation, which is the sum of the positive differences, is less than 2uR + 2⁻¹²⁶ = (R +
1)·2⁻¹²⁶ = `draw_error(s²)`.

**How the table is computed.** In whole numbers of ulps, 2⁻²⁴⁰, always rounded down. From P(X = 0) = w_0, r_0 = exp(-1/2s²) and q =
exp(-1/s²) follow w_{x+1} = w_x·r_x, which is P(X = x + 1), and r_{x+1} = r_x·q. These three numbers are given with errors of 2 ulps at
most. No factor is larger than 1, so that r_x has an error of 3x + 2 ulps at most, w_x of 2 + Σ_{i<x}(3i + 3) = 2 + 3x(x + 1)/2, and F_m =
w_0 + 2(w_1 + … + w_m) of at most (m + 2)³ < 2⁷⁸ ulps for m < 2²⁵: below u/2. Cutting F_m to 127 bits adds less than u.

P(X = 0) = 1/Σ_x exp(-x²/2s²), and by Poisson's formula that sum is √(2π) s (1 + 2 Σ_{m≥1} exp(-2π²s²m²)); for s² ≥ 1/4 the terms from m =
8 on add less than 10⁻¹³⁶. Decimal's exponentials are rounded correctly; with 110 digits, relative errors are below 10⁻⁹⁰ throughout,
while an ulp is more than 10⁻⁷³.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillroom.errors import Code, InvalidInput
from stillroom.model.noise_share import LARGEST_VARIANCE, LEAST_VARIANCE, draw_error, reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from numpy.typing import NDArray

    from stillroom.ports import Entropy

DRAW_BYTES = 16
"""How many random bytes a draw takes."""

_BITS = 240
_KEY_BITS = 127
_DIGITS = 110
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651")
_TERMS = 8
_LEAN = Decimal(10) ** -90
_LOWER = np.uint64(2**63 - 1)
"""All bits of a word but the sign."""

_BUILT_AT_ONCE = 2**16
_DRAWN_AT_ONCE = 2**16
"""The draws, and the entries of a table, that are made in one piece: a megabyte of bytes."""


class NoiseTable(NamedTuple):
    """The cumulative probabilities of |X|, and what draws from them guarantee.

    Attributes:
        squared: s².
        error: A bound on the total variation between a draw and N(0, s²).
        high: The upper 63 of 127 bits of each T_m.
        low: The lower 64.
    """

    squared: Fraction
    error: Fraction
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]


def noise_table(squared: Fraction) -> NoiseTable:
    """Return the table for N(0, s²): 16 bytes for each of some 13.3·s entries, in about a microsecond each.

    Raises:
        InvalidInput: `PRICE_INVALID`: the variance is below 1/4 or above 2⁴⁰.
    """
    if not LEAST_VARIANCE <= squared <= LARGEST_VARIANCE:
        raise InvalidInput(
            Code.PRICE_INVALID, "The variance of a share of noise must be from 1/4 to 2^40.", "Count contributions in other units."
        )
    entries = reach(squared)
    words = np.empty((entries, 2), dtype=np.uint64)
    cumulative = _cumulative(squared)
    for start in range(0, entries, _BUILT_AT_ONCE):
        part = words[start : start + _BUILT_AT_ONCE]
        bits = b"".join(next(cumulative).to_bytes(DRAW_BYTES, "big") for _ in range(len(part)))
        part[:] = np.frombuffer(bits, dtype=">u8").reshape(-1, 2)
    high, low = np.ascontiguousarray(words.T)
    return NoiseTable(squared, draw_error(squared), high, low)


def _cumulative(squared: Fraction) -> Iterator[int]:
    """Yield T_0, T_1 and so on."""
    weight, ratio, step = _fixed(_at_zero(squared)), _fixed(_exp(1 / (2 * squared))), _fixed(_exp(1 / squared))
    total = weight
    while True:
        yield total >> _BITS - _KEY_BITS
        weight = weight * ratio >> _BITS
        ratio = ratio * step >> _BITS
        total += 2 * weight


def _fixed(number: Decimal) -> int:
    """Return a number between 0 and 1 in ulps, less by at most 2."""
    with localcontext(prec=_DIGITS):
        return int(number * (1 - _LEAN) * (1 << _BITS))


def _at_zero(squared: Fraction) -> Decimal:
    """Return P(X = 0)."""
    with localcontext(prec=_DIGITS):
        variance = Decimal(squared.numerator) / Decimal(squared.denominator)
        echoes = sum((-2 * _PI**2 * variance * m**2).exp() for m in range(1, _TERMS))
        return 1 / ((2 * _PI * variance).sqrt() * (1 + 2 * echoes))


def _exp(number: Fraction) -> Decimal:
    """Return exp(-number)."""
    with localcontext(prec=_DIGITS):
        return (-Decimal(number.numerator) / Decimal(number.denominator)).exp()


def draw(table: NoiseTable, random_bytes: bytes) -> NDArray[np.int64]:
    """Return one draw for each 16 bytes: two words, each with its least significant byte first.

    The first word has the sign and the upper 63 bits of K, the second its lower 64. The number of T_m ≤ K is found by upper words. Where
    the last T_m that has been counted shares its upper word with K, the lower words of all such T_m decide.

    Raises:
        ValueError: The bytes are not a multiple of 16.
    """
    if len(random_bytes) % DRAW_BYTES:
        raise ValueError("A draw takes 16 bytes.")
    words = np.frombuffer(random_bytes, dtype="<u8").reshape(-1, 2)
    high, low = words[:, 0] & _LOWER, words[:, 1]
    sizes = np.searchsorted(table.high, high, side="right")
    tied = (sizes > 0) & (table.high[sizes - 1] == high)
    for place in np.flatnonzero(tied):
        first = np.searchsorted(table.high, high[place], side="left")
        sizes[place] = first + np.searchsorted(table.low[first : sizes[place]], low[place], side="right")
    return np.where(words[:, 0] > _LOWER, -sizes, sizes)


def drawn(table: NoiseTable, count: int, entropy: Entropy) -> NDArray[np.int64]:
    """Return fresh independent draws."""
    draws = np.empty(count, dtype=np.int64)
    for start in range(0, count, _DRAWN_AT_ONCE):
        part = draws[start : start + _DRAWN_AT_ONCE]
        part[:] = draw(table, entropy.token(DRAW_BYTES * len(part)))
    return draws
