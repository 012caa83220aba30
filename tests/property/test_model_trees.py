"""One person more or less, in any nodes of any trees, changes a contribution by no more than the bound; and nobody else's part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillroom.learning.models.model import Step
from stillroom.learning.models.trees import BoostedTrees
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import Bounded, Listed
from tests.modelled import joined, squared_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = (Bounded(low=-1.0, high=1.0), Bounded(low=0.0, high=1.0), Listed(size=2), Listed(size=3))
WIDTH = 6
MODEL = BoostedTrees(columns=COLUMNS, intercept=False, trees=2, depth=2, bins=4, bound=2**10)
SPLIT = st.tuples(st.integers(-1, 4), st.integers(0, 4))
TREE = st.tuples(st.tuples(SPLIT, SPLIT, SPLIT), st.lists(st.integers(-(2**18), 2**18), min_size=4, max_size=4))
FEATURES = st.one_of(
    st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0, 0.5**0.5, -5e-324]),
    st.floats(-1, 1),
)
ROWS = st.lists(st.tuples(*[FEATURES] * WIDTH, st.sampled_from([0.0, 1.0, -1e308, 0.3])), min_size=1, max_size=8)
LENGTH = 2 * (4 + 4 + 3 + 4)


def rows_of(table: Sequence[tuple[float, ...]], persons: int) -> Rows:
    """Return rows, dealt out to persons in turn."""
    numbers = np.array(table)
    return Rows(np.ascontiguousarray(numbers[:, :-1]), np.ascontiguousarray(numbers[:, -1]), np.arange(len(table)) % persons)


def steps_of(trees: Sequence[tuple[tuple[tuple[int, int], ...], list[int]]], base: int) -> list[Step]:
    """Return each step that could have these trees before it, and in it."""
    flat = [base, *(number for splits, leaves in trees for number in (*np.ravel(splits).tolist(), *leaves))]
    return [Step(kind="histograms", round=number, length=LENGTH * 2 ** (number % 2), parameters=tuple(flat)) for number in range(4)]


@given(
    trees=st.lists(TREE, min_size=2, max_size=2),
    base=st.integers(-(2**18), 2**18),
    person=ROWS,
    others=ROWS,
    again=st.integers(1, 30),
)
def test_a_person_in_many_nodes_changes_a_contribution_by_the_bound_at_most(
    trees: list[tuple[tuple[tuple[int, int], ...], list[int]]],
    base: int,
    person: list[tuple[float, ...]],
    others: list[tuple[float, ...]],
    again: int,
) -> None:
    own, without = rows_of(person * again, 1), rows_of(others, 3)
    moved = Rows(own.features, own.label, own.person + 7)
    for step in steps_of(trees, base):
        change = MODEL.measure(step, joined(moved, without)) - MODEL.measure(step, without)
        assert squared_norm(change) <= MODEL.bound**2
        assert (change == MODEL.measure(step, own)).all()


def test_somebody_with_a_row_in_each_node_has_one_bound() -> None:
    corners = [(first, second, 0.5, 0.0, 0.0, 0.0, 1.0) for first in (-1.0, 1.0) for second in (-1.0, 1.0)]
    step = steps_of([(((0, 1), (1, 1), (1, 1)), [0, 0, 0, 0])] * 2, 0)[3]
    many, one = (MODEL.measure(step, rows_of(corners * times, 1)).reshape(2, 2, -1) for times in (50, 1))
    assert many.any(axis=2).all()
    assert one.any(axis=2).all()
    assert 0.9 * MODEL.bound < squared_norm(many.ravel()) ** 0.5 <= MODEL.bound
