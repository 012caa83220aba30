"""Rows and their scaling: what is refused, what columns become, and that the data have no part in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from stillroom.errors import Code, InvalidInput
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import NOWHERE, Bounded, Listed, Scaling

SCALING = Scaling(columns=(Bounded(low=0.0, high=10.0), Listed(size=2), Listed(size=3)))
TABLE = [np.array([0.0, 5.0, 30.0, -4.0]), np.array([0, 1, NOWHERE, 1]), np.array([2, 0, NOWHERE, 7])]


def test_columns_become_features() -> None:
    root = math.sqrt(0.5)
    expected = [[-1, -0.5, 0, 0, root, 0.5], [0, 0.5, root, 0, 0, 0.5], [1, 0, 0, 0, 0, 0.5], [-1, 0.5, 0, 0, 0, 0.5]]
    assert SCALING.features(TABLE).tolist() == expected
    assert SCALING.width == 6
    assert Scaling(columns=SCALING.columns, intercept=False).features(TABLE).tolist() == [row[:-1] for row in expected]


def test_no_row_is_longer_than_the_largest_norm() -> None:
    assert SCALING.largest_norm == math.sqrt(1 + 0.25 + 0.5 + 0.25)
    assert np.linalg.norm(SCALING.features(TABLE), axis=1).max() <= SCALING.largest_norm


def test_a_row_is_scaled_without_looking_at_others() -> None:
    together = SCALING.features(TABLE)
    for place in range(4):
        alone = SCALING.features([column[place : place + 1] for column in TABLE])
        assert (alone[0] == together[place]).all()


def test_two_listed_values_are_at_distance_one() -> None:
    for size in (2, 3, 9):
        features = Listed(size=size).features(np.arange(size))
        apart = np.linalg.norm(features[:, np.newaxis] - features[np.newaxis], axis=2)
        assert np.allclose(apart + np.eye(size), 1)
        assert (np.linalg.norm(features, axis=1) ** 2 <= Listed(size=size).largest + 1e-12).all()


def test_scaling_needs_bounds_that_are_apart() -> None:
    with pytest.raises(ValidationError):
        Bounded(low=1.0, high=1.0)
    assert Scaling(columns=()).features([]).shape == (0, 1)
    assert Scaling(columns=(), intercept=False).features([]).shape == (0, 0)


@pytest.mark.parametrize("columns", [TABLE[:2], [TABLE[0], TABLE[1], TABLE[2][:3]], [np.array([1.0, math.nan, 0, 0]), *TABLE[1:]]])
def test_columns_that_were_not_declared_are_refused(columns: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        SCALING.features(columns)
    assert caught.value.code is Code.DATA_INVALID


BAD = {
    "a feature that is no number": ([[math.nan]], [0.0], [1]),
    "a feature without end": ([[math.inf]], [0.0], [1]),
    "a label that is no number": ([[0.5]], [math.nan], [1]),
    "a label without end": ([[0.5]], [-math.inf], [1]),
    "a feature out of range": ([[0.5], [1.0000001]], [0.0, 0.0], [1, 2]),
    "a label too few": ([[0.5], [0.5]], [0.0], [1, 2]),
    "a person too many": ([[0.5]], [0.0], [1, 2]),
    "no table": ([0.5], [0.0], [1]),
}


@pytest.mark.parametrize("why", BAD)
def test_bad_rows_are_refused_and_no_value_is_named(why: str) -> None:
    features, label, person = BAD[why]
    with pytest.raises(InvalidInput) as caught:
        Rows(np.array(features), np.array(label), np.array(person))
    assert caught.value.code is Code.DATA_INVALID
    assert not any(text in str(caught.value).lower() for text in ("nan", "inf", "1.0000001", "0.5"))


def test_other_types_are_refused() -> None:
    for features, label, person in ((np.float32, float, int), (float, int, int), (float, float, float)):
        with pytest.raises(InvalidInput) as caught:
            Rows(np.zeros((1, 1), dtype=features), np.zeros(1, dtype=label), np.zeros(1, dtype=person))
        assert caught.value.code is Code.DATA_INVALID
