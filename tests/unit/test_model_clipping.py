"""Bounded vectors of whole numbers: the ends of what 64 bits hold, persons with very many rows, and nobody at all."""

from __future__ import annotations

import numpy as np
import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.learning.clipping import LARGEST_BOUND, check, clipped, contribution
from stillroom.learning.rows import Rows
from tests.modelled import MAKERS, joined, squared_norm, steps_of


def test_a_norm_is_compared_in_whole_numbers() -> None:
    """The square 2⁶⁰ + 1 is 2⁶⁰ as a double."""
    longer = np.array([[2**30, 1], [2**30, 0]], dtype=np.int64)
    kept = clipped(longer, 2**30)
    assert squared_norm(kept[0]) < 2**60
    assert (kept[1] == longer[1]).all()


def test_rounding_is_towards_zero() -> None:
    found = clipped(np.array([[3, -3, 3], [-100, 100, 1]], dtype=np.int64), 4)
    assert found.tolist() == [[2, -2, 2], [-2, 2, 0]]


def test_a_vector_as_long_as_64_bits_allow_is_shortened() -> None:
    found = clipped(np.full((1, 2), -(2**62), dtype=np.int64), LARGEST_BOUND)
    assert squared_norm(found[0]) <= LARGEST_BOUND**2
    assert abs(int(found[0, 0]) + LARGEST_BOUND / 2**0.5) < 2


@pytest.mark.parametrize(
    ("length", "bound", "rows"), [(3, LARGEST_BOUND, 1), (2**22, 2**20, 1), (1, 2**30, 2**33), (1, 0, 1), (1, 2**31, 1)]
)
def test_what_64_bits_do_not_hold_is_refused(length: int, bound: int, rows: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(length, bound, rows)
    assert caught.value.code is Code.NUMBER_TOO_LARGE


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_a_person_with_thousands_of_rows_has_one_bound(kind: str) -> None:
    """They are so many that they are not all looked at together."""
    model = MAKERS[kind](features=60, norm=7.0, bound=2**16)
    generator = np.random.default_rng(4)
    many = Rows(np.tile(generator.uniform(-1, 1, (1, 60)), (5_000, 1)), np.ones(5_000), np.full(5_000, 70))
    others = Rows(generator.uniform(-1, 1, (40, 60)), np.zeros(40), np.arange(40) // 2)
    for step in steps_of(model, [4_000, -9_000, 31]):
        change = model.measure(step, joined(many, others)) - model.measure(step, others)
        assert 0.9 * 2**16 < squared_norm(change) ** 0.5 <= 2**16


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_an_owner_without_rows_contributes_zeros(kind: str) -> None:
    model = MAKERS[kind](features=3, norm=1.0)
    nobody = Rows(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=np.int64))
    for step in steps_of(model, [1]):
        assert not model.measure(step, nobody).any()
        assert model.measure(step, nobody).shape == (step.length,)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_rows_of_another_model_are_refused(kind: str) -> None:
    model = MAKERS[kind](features=4, norm=1.0)
    rows = Rows(np.zeros((1, 3)), np.zeros(1), np.zeros(1, dtype=np.int64))
    with pytest.raises(InvalidInput) as caught:
        model.measure(steps_of(model, [1])[0], rows)
    assert caught.value.code is Code.DATA_INVALID


def test_the_sum_of_many_persons_is_exact() -> None:
    rows = Rows(np.ones((100_000, 1)), np.zeros(100_000), np.arange(100_000))
    total = contribution(rows, 1, LARGEST_BOUND, lambda piece: np.full((len(piece), 1), LARGEST_BOUND, dtype=np.int64))
    assert total.tolist() == [100_000 * LARGEST_BOUND]
