"""Kinds of noise, and the exact chances of what is chosen by noisy scores."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from stillroom.model.mechanism import NoiseKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ADDED = (NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE)
"""The noise of totals."""

NODES = 128
"""So many points integrate polynomials of less than twice the degree exactly."""


@cache
def nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points of Gauss and Legendre's rule on (0, 1), and their weights."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return (points + 1) / 2, weights / 2


def chances(scores: Sequence[float], scale: float, noise: NoiseKind) -> NDArray[np.float64]:
    """Return the probability with which each score is the least after noise.

    Gumbel: the exponential mechanism, exp(-d/s), made to add up to 1. Exponential: let x be how much of e^(-Z/s) is left for the winner, on
    (0, 1); score i wins at x·e^(gap of i) if each other score's noise is less: the integral over u in (0, 1) of e^(-gᵢ)·Π(1 - u·e^(-gⱼ))
    over j ≠ i, where g are gaps to the best. That is a polynomial of u, so that Gauss and Legendre's rule has it exactly.
    """
    gaps = (np.array(scores, dtype=float) - min(scores)) / scale
    if noise is NoiseKind.GUMBEL:
        return np.exp(-gaps) / np.exp(-gaps).sum()  # type: ignore[no-any-return]  # an array of doubles
    place, share = nodes()
    factors = 1 - np.exp(-gaps)[:, None] * place
    others = [np.delete(factors, one, axis=0).prod(axis=0) for one in range(len(gaps))]
    return np.array([np.exp(-gap) * (share * rest).sum() for gap, rest in zip(gaps, others, strict=True)])
