"""Features, predictors and products of features such that a row's are a function of that row, to the last digit.

A product of matrices in doubles adds up in an order that depends on how many rows there are; one person less could then change the last
digit of another person's number, which rounding makes a unit. So what is added up is whole numbers of less than 2⁵³, for which doubles are
exact in any order; and functions are looked up in tables, since libraries compute them differently at the end of an array than within.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stillroom.errors import Code, InvalidInput
from stillroom.learning.clipping import clipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.learning.rows import Reals, Whole

UNIT = 2**16
"""A row's features are whole numbers of L2 norm at most this: the norm 1."""

COEFFICIENT_UNIT = 2**16
LARGEST_COEFFICIENT = 2**10
MOST_FEATURES = 2**10
"""Partial sums of a predictor are at most 2¹⁰ features of 2¹⁶, times 2¹⁰⁺¹⁶: below 2⁵³."""

_STEPS = 2**8
"""Knots of a table for each unit of its argument."""


def whole_features(features: Reals, width: int, norm: float) -> Whole:
    """Return each row divided by `norm`, in units of `UNIT`, and clipped to norm 1.

    Raises:
        InvalidInput: `DATA_INVALID`: rows have another number of features than the model, which must have at most `MOST_FEATURES`.
    """
    if features.shape[1] != width or width > MOST_FEATURES:
        raise InvalidInput(
            Code.DATA_INVALID, "The rows have not as many features as the model, or too many.", "Scale them as the model says."
        )
    return clipped(np.rint(features * (UNIT / norm)).astype(np.int64), UNIT)


def whole_coefficients(coefficients: Reals) -> tuple[int, ...]:
    """Return coefficients, in any shape, in whole units; none is beyond the largest."""
    held = np.clip(np.nan_to_num(coefficients), -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT)
    return tuple(int(number) for number in np.rint(held * COEFFICIENT_UNIT).ravel())


def real_coefficients(parameters: tuple[int, ...], width: int) -> Reals:
    """Return coefficients from whole units: a row of `width` for each class."""
    return np.array(parameters, dtype=np.float64).reshape(-1, width) / COEFFICIENT_UNIT


def predictors(features: Whole, parameters: tuple[int, ...]) -> Reals:
    """Return the predictor of each row and class, exactly, for whole features and coefficients."""
    coefficients = np.array(parameters, dtype=np.float64).reshape(-1, features.shape[1])
    sums = features.astype(np.float64) @ coefficients.T
    return np.asarray(sums / (UNIT * COEFFICIENT_UNIT), dtype=np.float64)


class Curve:
    """A function of one number between two ends, as straight lines between knots; beyond an end it is what it is there.

    With 256 knots a unit, the logistic function is off by less than 2e-7, and the exponential by less than 2e-6 of itself.
    """

    def __init__(self, function: Callable[[float], float], low: float, high: float) -> None:
        """Compute the knots."""
        self._low = math.floor(low * _STEPS)
        self._last = max(1, math.ceil(high * _STEPS) - self._low)
        self._knots = np.array([function((self._low + place) / _STEPS) for place in range(self._last + 1)])

    def __call__(self, numbers: Reals) -> Reals:
        """Return the values, each by itself."""
        places = np.clip(numbers * _STEPS - self._low, 0, self._last)
        before = np.minimum(np.floor(places).astype(np.int64), self._last - 1)
        left, right = self._knots[before], self._knots[before + 1]
        return np.asarray(left + (right - left) * (places - before), dtype=np.float64)


def packed(features: Reals) -> Reals:
    """Return the products of each row's features with each other, as a vector of norm ‖x‖².

    It is the upper triangle of x·xᵀ row by row, with √2 for what stands twice: Σ xᵢ⁴ + Σ_{i<j} 2xᵢ²xⱼ² = (Σ xᵢ²)².
    """
    first, second = np.triu_indices(features.shape[1])
    products = features[:, first] * features[:, second]
    products *= np.where(first == second, 1.0, math.sqrt(2))
    return products


def unpacked(vector: Reals, width: int) -> Reals:
    """Return the symmetric matrix of a packed vector."""
    first, second = np.triu_indices(width)
    matrix = np.zeros((width, width))
    matrix[first, second] = vector / np.where(first == second, 1.0, math.sqrt(2))
    return matrix + np.triu(matrix, 1).T


def packed_length(width: int) -> int:
    """Return how many numbers a packed vector has."""
    return width * (width + 1) // 2
