"""Counts that are kept from being negative: the nearest ones, which agree with their totals and keep these."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.table import check_table
from stillroom.model.codec import digest_of
from stillroom.model.release import Cell, Table
from stillroom.privacy.marginals import below
from stillroom.query.estimation import estimate, exact, rounded
from stillroom.query.table.finish import finish
from stillroom.query.table.nonnegative import nearest, nonnegative
from tests.marginals import without_noise
from tests.questions import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.model.price import Compiled

SETS = [[()], [(0,), (0, 1)], [(), (0,), (0, 1)], [(0, 1), (1,)], [(0,), (1,)], [(0, 1)], below([(0, 1, 2)]), [(0, 2), (1,), ()]]

Line: TypeAlias = "list[int]"


@given(st.lists(st.integers(-4, 5), min_size=1, max_size=4), st.integers(0, 7), st.integers(0, 3), st.sampled_from([np.int64, np.object_]))
def test_no_whole_numbers_of_that_total_are_nearer(line: Line, total: int, before: int, kind: type) -> None:
    """Wherever the line stands among others."""
    lines = [[0] * len(line)] * before + [line]
    found = nearest(np.array(lines, dtype=kind), np.array([0] * before + [total], dtype=kind))[-1].tolist()
    assert sum(found) == total
    assert min(found) >= 0
    others = (one for one in product(range(total + 1), repeat=len(line)) if sum(one) == total)
    assert distance(found, line) == min(distance(other, line) for other in others)


def distance(line: Line | tuple[int, ...], other: Line) -> int:
    return sum((one - two) ** 2 for one, two in zip(line, other, strict=True))


def test_what_is_left_over_is_not_always_taken_from_the_same_columns() -> None:
    found = nearest(np.full((30, 3), 5), np.full(30, 14))
    assert found.sum(axis=0).tolist() == [140] * 3


@settings(deadline=None)
@given(st.lists(st.integers(-20, 30), min_size=24, max_size=24), st.sampled_from(SETS), st.sampled_from([1, 2**62, 10**30]))
def test_cells_are_not_negative_and_the_coarsest_totals_stay(line: Line, sets: list[tuple[int, ...]], unit: int) -> None:
    """Also where no 64 bits hold the sums."""
    cells = exact([one * unit for one in line]).reshape(2, 3, 4)
    found = nonnegative(cells, sets)
    assert found.min() >= 0
    assert found.shape == cells.shape
    coarsest = min(sets, key=lambda one: (len(one), one))
    others = tuple(key for key in range(3) if key not in coarsest)
    assert (found.sum(axis=others, keepdims=True) == np.maximum(cells.sum(axis=others, keepdims=True), 0)).all()


def test_one_grouping_set_is_raised_to_zero_cell_by_cell() -> None:
    assert nonnegative(np.array([[3, -2], [-7, 1]]), [(0, 1)]).tolist() == [[3, 0], [0, 1]]


@pytest.mark.parametrize("unit", [1, 10**30])
def test_a_table_without_keys_is_one_number(unit: int) -> None:
    assert nonnegative(exact([-3 * unit]).reshape(()), [()]).tolist() == 0
    assert nonnegative(exact([3 * unit]).reshape(()), [()]).tolist() == 3 * unit


def test_what_is_not_negative_stays() -> None:
    cells = np.arange(24).reshape(2, 3, 4)
    assert (nonnegative(cells, below([(0, 1, 2)])) == cells).all()


def test_rows_and_columns_that_are_totalled_over_stay_near() -> None:
    """Of a table that is empty for the most part, totals stay about as near to the truth, and cells come twice as near."""
    draw, sizes = np.random.default_rng(5), (20, 25, 30)
    sets, truth = below([(0, 1, 2)]), np.where(draw.random(sizes) < 0.02, draw.integers(0, 900, sizes), 0)
    noisy = {kept: total + draw.normal(0, 10, total.shape).round() for kept, total in ((one, totalled(truth, one)) for one in sets)}
    estimates = rounded(estimate(sizes, dict.fromkeys(sets, 1.0), noisy))
    found = nonnegative(estimates, sets)
    errors = {kept: [float(((totalled(one, kept) - totalled(truth, kept)) ** 2).mean()) for one in (estimates, found)] for kept in sets}
    assert all(after < 2.5 * before for before, after in errors.values()), errors
    assert errors[0, 1, 2][1] < errors[0, 1, 2][0] / 4


def totalled(cells: NDArray[Any], kept: tuple[int, ...]) -> NDArray[Any]:
    """Return totals over the keys that are not kept."""
    totals: NDArray[Any] = cells.sum(axis=tuple(key for key in range(3) if key not in kept), keepdims=True)
    return totals


# in tables


CUBE = "SELECT gender, region, COUNT(*), AVG(age), COUNT(*) * 2 AS twice FROM members GROUP BY CUBE (gender, region)"


def table(question: Compiled, cells: tuple[tuple[int, ...], ...]) -> Table:
    return finish(question.plan, question.headings, without_noise(question.plan, cells))


def test_it_is_part_of_the_plan_and_of_the_question_and_costs_nothing() -> None:
    plain, asked = compiled(CUBE), compiled(CUBE, epsilon=1.0, nonnegative=True)
    assert digest_of(plain.plan) != digest_of(asked.plan)
    assert (plain.charge, plain.plan.strategies) == (asked.charge, asked.plan.strategies)
    assert "nonnegative" not in str(plain.plan.to_json())


def test_a_sum_that_can_be_negative_stays_so() -> None:
    sql = "SELECT gender, COUNT(*), SUM(age), SUM(age - 50) FROM members GROUP BY gender"
    rows = table(compiled(sql, epsilon=1.0, nonnegative=True), ((-3, 4), (-100, 30), (-70, 8))).rows
    assert [[cell.value for cell in row[1:]] for row in rows] == [["0", "0", "-70"], ["4", "30", "8"]]


def test_intervals_are_cut_at_zero_and_keep_half_their_width() -> None:
    rows, plain = (
        table(compiled("SELECT gender, COUNT(*) FROM members GROUP BY gender", epsilon=1.0, **more), ((-3, 4000),)).rows
        for more in ({"nonnegative": True}, {})
    )
    half = int(plain[0][1].high or 0) + 3
    assert rows[0][1] == Cell(value="0", low="0", high=str(half))
    assert rows[1] == plain[1]


@pytest.mark.parametrize("pure", [False, True])
def test_totals_agree_with_parts_that_are_not_negative(pure: bool) -> None:  # noqa: FBT001 - a parameter of the test
    rows = table(compiled(CUBE, epsilon=1.0, pure=pure, nonnegative=True), ((9, -4, -2, 7, -1, -3), (450, -20, 9, 300, 0, 0))).rows
    known = {(row[0].value or row[0].totalled, row[1].value or row[1].totalled): Fraction(row[2].value or 0) for row in rows}
    assert min(known.values()) >= 0
    for gender in "FM":
        assert known[gender, True] == sum(known[gender, region] for region in ("n", "s", False))
    assert known[True, True] == known["F", True] + known["M", True] == 6


SMALL = "SELECT gender, COUNT(*) AS n, COUNT(*) * 2 AS twice FROM members GROUP BY gender"

LIES: dict[str, tuple[int, int, dict[str, Any], str]] = {
    "a count below zero": (0, 1, {"value": "-1", "low": "-1"}, "is not what its noise gives"),
    "an interval below zero": (0, 1, {"low": "-5"}, "is not what its noise gives"),
    "half an interval is too narrow": (0, 1, {"high": "1"}, "is not what its noise gives"),
    "a whole interval is too narrow": (1, 1, {"low": "3999"}, "is not what its noise gives"),
    "a whole interval is too wide": (1, 1, {"low": "3000"}, "is not what its noise gives"),
    "a value outside of its interval": (1, 1, {"value": "3000"}, "is not what its noise gives"),
    "what is made of it is known too well": (0, 2, {"high": "1"}, "the interval of a computed value"),
    "what is made of it is below zero": (0, 2, {"low": "-1"}, "the interval of a computed value"),
}


@pytest.mark.parametrize("lie", LIES)
def test_the_verifier_finds_what_does_not_fit(lie: str) -> None:
    question = compiled(SMALL, epsilon=1.0, nonnegative=True)
    honest = table(question, ((-3, 4000),))
    check_table(question.plan, honest)
    row, column, change, words = LIES[lie]
    rows = [list(one) for one in honest.rows]
    rows[row][column] = replace(rows[row][column], **change)
    with pytest.raises(Broken, match=words):
        check_table(question.plan, honest.model_copy(update={"rows": tuple(map(tuple, rows))}))
