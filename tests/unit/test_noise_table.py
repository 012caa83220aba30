"""The table that noise is drawn from: every entry against high precision, every boundary, and the bytes it takes."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mpmath import mp, mpf

from stillroom.errors import Code, InvalidInput
from stillroom.learning import noise_table as tables
from stillroom.learning.noise_table import NoiseTable, draw, drawn, noise_table
from stillroom.model.noise_share import LARGEST_VARIANCE, draw_error, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = 2**128
HALF = 2**127
DIGITS = 80
VARIANCES = [Fraction(1, 4), Fraction(1025, 4096), Fraction(1), Fraction(22, 7), Fraction(100), Fraction(10**6)]


@pytest.fixture(autouse=True)
def _precise() -> Iterator[None]:
    with mp.workdps(DIGITS):
        yield


def thresholds(table: NoiseTable) -> list[int]:
    return [(int(high) << 64) + int(low) for high, low in zip(table.high, table.low, strict=True)]


def masses(squared: Fraction) -> list[mpf]:
    """Return P(|X| = m) for m from 0 to beyond what 80 digits show, by summing in high precision."""
    count = 2 * reach(squared) + 10
    weights = [mp.exp(-mpf(m * m) * squared.denominator / (2 * squared.numerator)) * (2 if m else 1) for m in range(count)]
    total = mp.fsum(weights)
    return [weight / total for weight in weights]


def expected(table: list[int], word: int) -> int:
    """Return what a draw is, by whole numbers."""
    size = bisect_right(table, word % HALF)
    return -size if word >= HALF else size


def as_bytes(*words: int) -> bytes:
    """Return two words each, the upper one first, least significant byte first."""
    return b"".join((word >> 64).to_bytes(8, "little") + (word % 2**64).to_bytes(8, "little") for word in words)


def test_pi() -> None:
    with mp.workdps(115):
        assert abs(mpf(str(tables._PI)) - mp.pi) < mpf(10) ** -110


@pytest.mark.parametrize("squared", VARIANCES, ids=str)
def test_entries_are_cumulative_probabilities(squared: Fraction) -> None:
    table = thresholds(noise_table(squared))
    assert len(table) == reach(squared)
    for entry, probability in zip(table, accumulate(masses(squared)), strict=False):
        assert 0 <= probability * HALF - entry < 2


@pytest.mark.parametrize("squared", VARIANCES, ids=str)
def test_distance_from_the_discrete_gaussian(squared: Fraction) -> None:
    """The total variation, summed exactly over all that can be drawn and all that cannot, is within what the table says."""
    table = noise_table(squared)
    entries = [0, *thresholds(table), HALF]
    drawn_masses = [mpf(after - before) / HALF for before, after in pairwise(entries)]
    exact = masses(squared)
    drawn_masses += [mpf(0)] * (len(exact) - len(drawn_masses))
    distance = mp.fsum(abs(one - other) for one, other in zip(drawn_masses, exact, strict=True)) / 2
    assert distance <= mpf(table.error.numerator) / table.error.denominator
    assert table.error == draw_error(squared) == Fraction(reach(squared) + 1, 2**126)


def test_tails_are_beyond_what_is_counted() -> None:
    for squared in VARIANCES:
        assert mp.fsum(masses(squared)[reach(squared) :]) < mpf(2) ** -126
    assert draw_error(LARGEST_VARIANCE) < Fraction(1, 2**102)


@pytest.mark.parametrize("squared", VARIANCES[:-1], ids=str)
def test_boundaries(squared: Fraction) -> None:
    """The least and the greatest words, and every entry with its neighbours, of both signs."""
    table = noise_table(squared)
    entries = thresholds(table)
    near = [entry + step for entry in entries for step in (-(2**64), -1, 0, 1, 2**64)]
    words = [0, HALF - 1, HALF, ALL - 1, *near, *(HALF + word for word in near)]
    words = [word for word in words if 0 <= word < ALL]
    assert draw(table, as_bytes(*words)).tolist() == [expected(entries, word) for word in words]
    farthest = reach(squared)
    assert draw(table, as_bytes(0, HALF - 1, ALL - 1)).tolist() == [0, farthest, -farthest]


def test_lower_words_decide_ties() -> None:
    """Entries that share their upper words, as the last ones of every table do."""
    entries = [5, (3 << 64) + 1, (3 << 64) + 7, (3 << 64) + 7, (3 << 64) + 9, 4 << 64, HALF - 1]
    high, low = (np.array(part, dtype=np.uint64) for part in zip(*(divmod(entry, 2**64) for entry in entries), strict=True))
    words = [entry + step for entry in entries for step in (-1, 0, 1)]
    words += [HALF + word for word in words if word < HALF]
    table = NoiseTable(Fraction(1), Fraction(0), high, low)
    assert draw(table, as_bytes(*words)).tolist() == [expected(entries, word) for word in words]


def test_real_tables_have_ties() -> None:
    upper = noise_table(Fraction(100)).high
    assert np.count_nonzero(upper == upper[-1]) > 10


@pytest.mark.parametrize("squared", [Fraction(1023, 4096), LARGEST_VARIANCE + Fraction(1, 4096), Fraction(0), Fraction(-1)], ids=str)
def test_variances_without_a_table(squared: Fraction) -> None:
    with pytest.raises(InvalidInput) as refused:
        noise_table(squared)
    assert refused.value.code is Code.PRICE_INVALID


def test_a_draw_takes_sixteen_bytes() -> None:
    table = noise_table(Fraction(1))
    assert draw(table, b"").tolist() == []
    with pytest.raises(ValueError, match="16 bytes"):
        draw(table, bytes(24))


class Counted:
    """Random bytes that are none: a running number, and how many were taken at once (`stillroom.ports.Entropy`)."""

    def __init__(self) -> None:
        """Begin with nothing given."""
        self.sizes: list[int] = []
        self.given = b""

    def token(self, size: int) -> bytes:
        """Return bytes that differ from those before."""
        self.sizes.append(size)
        fresh = np.arange(sum(self.sizes) - size, sum(self.sizes), dtype=np.uint64).astype(np.uint8).tobytes()
        self.given += fresh
        return fresh


def test_fresh_bytes_for_each_draw() -> None:
    table, entropy = noise_table(Fraction(100)), Counted()
    draws = drawn(table, 150_000, entropy)
    assert sum(entropy.sizes) == 150_000 * 16
    assert max(entropy.sizes) <= 2**20
    assert draws.dtype == np.int64
    assert draws.tolist() == draw(table, entropy.given).tolist()
