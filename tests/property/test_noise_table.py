"""Draws from the table: exactly what whole numbers say, and distributed as the discrete Gaussian."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillroom.learning.noise_table import NoiseTable, draw, drawn, noise_table

DRAWS = 400_000
FALSE_ALARM = 1e-6
POWER = 1e-6
"""How likely a wrong scale would be missed, at most."""


class Stream:
    """A stream of SHAKE-256 in place of random bytes, so that each run sees the same (`stillroom.ports.Entropy`)."""

    def __init__(self, label: str) -> None:
        """Name the stream."""
        self.label = label
        self.taken = 0

    def token(self, size: int) -> bytes:
        """Return bytes that differ from those before."""
        self.taken += 1
        return hashlib.shake_256(f"{self.label} {self.taken}".encode()).digest(size)


@lru_cache
def table_of(squared: Fraction) -> NoiseTable:
    return noise_table(squared)


@lru_cache
def thresholds(squared: Fraction) -> list[int]:
    table = table_of(squared)
    return [(int(high) << 64) + int(low) for high, low in zip(table.high, table.low, strict=True)]


@given(data=st.data(), squared=st.sampled_from([Fraction(1, 4), Fraction(7, 3), Fraction(900)]))
def test_a_draw_is_a_function_of_its_bytes(data: st.DataObject, squared: Fraction) -> None:
    entries = thresholds(squared)
    near = st.builds(lambda entry, step: (entry + step) % 2**128, st.sampled_from(entries), st.integers(-3, 3))
    words = data.draw(st.lists(st.one_of(st.integers(0, 2**128 - 1), near, near.map(lambda word: word ^ 2**127)), max_size=20))
    given_bytes = b"".join((word >> 64).to_bytes(8, "little") + (word % 2**64).to_bytes(8, "little") for word in words)
    sizes = [bisect_right(entries, word % 2**127) for word in words]
    wanted = [-size if word >> 127 else size for size, word in zip(sizes, words, strict=True)]
    assert draw(table_of(squared), given_bytes).tolist() == wanted


def binned(squared: float, edges: np.ndarray) -> np.ndarray:
    """Return the probability of each bin between edges, from the exact distribution, and of what is beyond them."""
    farthest = int(14 * np.sqrt(squared)) + 1
    points = np.arange(-farthest, farthest + 1)
    weights = np.exp(-(points.astype(np.float64) ** 2) / (2 * squared))
    places = np.searchsorted(edges, points, side="right")
    return np.bincount(places, weights=weights / weights.sum(), minlength=len(edges) + 1)


def edges_of(squared: Fraction) -> np.ndarray:
    """Return edges of some forty bins, each with at least a few expected draws."""
    scale = float(squared) ** 0.5
    return np.unique(np.round(np.linspace(-4 * scale, 4 * scale, 41))).astype(np.int64)


def misfit(draws: np.ndarray, squared: float, edges: np.ndarray) -> float:
    """Return Pearson's statistic."""
    expected = binned(squared, edges) * len(draws)
    counts = np.bincount(np.searchsorted(edges, draws, side="right"), minlength=len(edges) + 1)
    return float(np.sum((counts - expected) ** 2 / expected))


@pytest.mark.parametrize("squared", [Fraction(1), Fraction(6), Fraction(100), Fraction(250_000)], ids=str)
def test_draws_fit_the_discrete_gaussian(squared: Fraction) -> None:
    """A wrong fit is reported with probability 1e-6 of a true one; a variance 4 % off would be missed with less than 1e-6."""
    edges = edges_of(squared)
    limit = stats.chi2.isf(FALSE_ALARM, len(edges))
    draws = drawn(table_of(squared), DRAWS, Stream(f"fit {squared}"))
    assert misfit(draws, float(squared), edges) < limit
    wrong = float(squared) * 1.04
    right, off = binned(float(squared), edges), binned(wrong, edges)
    assert stats.ncx2.cdf(limit, len(edges), DRAWS * np.sum((right - off) ** 2 / off)) < POWER
    assert misfit(draws, wrong, edges) > limit


def test_draws_do_not_depend_on_each_other() -> None:
    """Correlation between draws and those after them, and of their squares: below six standard errors, which 1e-8 exceed."""
    draws = drawn(table_of(Fraction(100)), DRAWS, Stream("apart")).astype(np.float64)
    for values in (draws, draws**2):
        centred = values - values.mean()
        assert abs(np.mean(centred[1:] * centred[:-1])) / centred.var() < 6 / DRAWS**0.5
    assert abs(np.mean(np.sign(draws[draws != 0]))) < 6 / DRAWS**0.5
