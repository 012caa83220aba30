"""What is best believed of coefficients, given noisy sums and how noisy they are. All of it is post-processing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stillroom.learning.rows import Reals  # noqa: TC001  # a NamedTuple's fields are read at run time

_NEGLIGIBLE = 1e-12
"""Curvature of less than this share of the largest is taken for none."""


class Posterior(NamedTuple):
    """What is believed after a round.

    Attributes:
        coefficients: Their mean; one row for each class.
        spread: The sum over coefficients of one class of their variances: the expected squared distance from the mean.
    """

    coefficients: Reals
    spread: float


def nonnegative(matrix: Reals) -> Reals:
    """Return the nearest symmetric matrix without negative eigenvalues: every curvature is one, and noise makes it something else."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)


def posterior(curvature: Reals, target: Reals, variance: float, precisions: Reals) -> Posterior:
    """Return the posterior of coefficients θ with the prior N(0, 1/precisions), given a noisy target.

    The target is Hθ + e + n, for the curvature H, what sampling leaves open, e ~ N(0, H), and noise of a known variance, n ~ N(0, v·I).
    So it has precision W = (H + vI)⁻¹ as a measurement of Hθ, and θ = (Λ + HWH)⁻¹HW·target. Without noise that is ridge regression,
    (Λ + H)⁻¹·target. With noise, directions in which H is small beside v hold no information, and the prior takes over: they are
    regularised as much as the noise makes necessary, and no more.

    Args:
        curvature: H, without negative eigenvalues.
        target: A row for each class.
        variance: v.
        precisions: The diagonal of Λ.
    """
    values, vectors = np.linalg.eigh(curvature)
    known = values > _NEGLIGIBLE * values.max(initial=0.0)
    trust = np.where(known, values / np.where(known, values + variance, 1.0), 0.0)
    information = (vectors * (trust * np.where(known, values, 0.0))) @ vectors.T
    covariance = np.linalg.pinv(np.diag(precisions) + information, hermitian=True, rcond=_NEGLIGIBLE)
    gain = covariance @ ((vectors * trust) @ vectors.T)
    return Posterior(target @ gain.T, float(np.trace(covariance)))
