"""One person more or less, with any rows, changes a contribution by no more than the bound: in any step of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.learning.clipping import clipped, contribution
from stillroom.learning.rows import Rows
from tests.modelled import LARGEST, MAKERS, joined, rows_of, squared_norm, steps_of

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from stillroom.learning.rows import Whole

WIDTH = 3
NEIGHBOUR = 1_000
FEATURE = st.one_of(st.sampled_from([-1.0, 1.0, 0.0, -0.0, 5e-324]), st.floats(-1, 1))
LABEL = st.one_of(st.sampled_from([0.0, 1.0, 2.0, -1e308, 1e308]), st.floats(-10, 10))
ROW = st.tuples(*[FEATURE] * WIDTH, LABEL)
PERSON = st.lists(ROW, max_size=5)
PERSONS = st.lists(PERSON, max_size=6).map(lambda found: list(enumerate(found)))
COEFFICIENTS = st.lists(st.integers(-LARGEST, LARGEST) | st.integers(-(2**17), 2**17), min_size=1, max_size=7)
BOUND = st.sampled_from([1, 2, 7, 2**10, 2**20, 2**26])
NORM = st.sampled_from([0.3, 1.0, 1.7321])


@pytest.mark.parametrize("kind", sorted(MAKERS))
@given(others=PERSONS, person=PERSON, again=st.integers(1, 40), coefficients=COEFFICIENTS, bound=BOUND, norm=NORM)
def test_a_person_changes_a_contribution_by_the_bound_at_most(
    kind: str,
    others: list[tuple[int, Sequence[Sequence[float]]]],
    person: list[tuple[float, ...]],
    again: int,
    coefficients: list[int],
    bound: int,
    norm: float,
) -> None:
    model = MAKERS[kind](features=WIDTH, norm=norm, bound=bound)
    own = rows_of([(NEIGHBOUR, person * again)], WIDTH)
    without = rows_of(others, WIDTH)
    for step in steps_of(model, coefficients):
        change = model.measure(step, joined(own, without)) - model.measure(step, without)
        assert squared_norm(change) <= bound**2
        assert (change == model.measure(step, own)).all()


@pytest.mark.parametrize("kind", sorted(MAKERS))
@given(persons=PERSONS, coefficients=COEFFICIENTS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_codes_of_persons_do_not_matter(
    kind: str, persons: list[tuple[int, Sequence[Sequence[float]]]], coefficients: list[int], order: random.Random
) -> None:
    model = MAKERS[kind](features=WIDTH, norm=1.0, bound=2**12)
    rows = rows_of(persons, WIDTH)
    places = list(range(len(rows)))
    order.shuffle(places)
    shuffled = Rows(rows.features[places], rows.label[places], 2**60 - 7 * rows.person[places])
    for step in steps_of(model, coefficients):
        assert (model.measure(step, rows) == model.measure(step, shuffled)).all()


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_others_stay_as_they_are_to_the_unit(kind: str) -> None:
    """Also where a library treats the end of an array in another way than its middle."""
    model = MAKERS[kind](features=9, norm=2.0, bound=2**26)
    generator = np.random.default_rng(8)
    features, label, person = generator.uniform(-1, 1, size=(203, 9)), generator.integers(0, 3, 203).astype(float), np.arange(203)
    for step in steps_of(model, [91_577, -31_337, 77_003, 5]):
        alone = [model.measure(step, Rows(features[one : one + 1], label[one : one + 1], person[one : one + 1])) for one in range(203)]
        for size in (203, 202, 201, 199, 130):
            assert (model.measure(step, Rows(features[:size], label[:size], person[:size])) == np.sum(alone[:size], axis=0)).all()


@given(
    vectors=st.integers(1, 9).flatmap(
        lambda width: st.lists(st.lists(st.integers(-(2**62), 2**62), min_size=width, max_size=width), min_size=1, max_size=5)
    ),
    bound=st.sampled_from([1, 2, 3, 1000, 2**20, 2**28]),
)
def test_vectors_are_shortened_to_the_bound_and_hardly_more(vectors: list[list[int]], bound: int) -> None:
    given_ = np.array(vectors, dtype=np.int64)
    kept = clipped(given_, bound)
    for before, after in zip(given_, kept, strict=True):
        squares = squared_norm(before)
        assert squared_norm(after) <= bound**2
        assert all(abs(int(new)) <= abs(int(old)) and int(new) * int(old) >= 0 for old, new in zip(before, after, strict=True))
        if squares <= bound**2:
            assert (before == after).all()
        else:
            exact = [int(number) * bound / squares**0.5 for number in before]
            assert all(abs(new - old) <= 1 + bound * 1e-6 for old, new in zip(exact, after, strict=True))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-50, 50), st.integers(-50, 50)), max_size=30))
def test_the_sum_is_that_of_persons(table: list[tuple[int, int, int]]) -> None:
    """Against the definition, in Python's own numbers and person by person."""
    bound = 60
    numbers = np.array(table, dtype=np.int64).reshape(-1, 3)
    rows = Rows(numbers[:, 1:] / 50, np.zeros(len(table)), numbers[:, 0])

    def vectors(piece: Rows) -> Whole:
        return np.rint(piece.features * 50).astype(np.int64)

    people = [numbers[numbers[:, 0] == person][:, 1:].sum(axis=0) for person in set(numbers[:, 0])]
    expected = sum((clipped(person[np.newaxis], bound)[0] for person in people), np.zeros(2, dtype=np.int64))
    assert (contribution(rows, 2, bound, vectors) == expected).all()
