"""What one of a person's rows says: by its definition, in whatever order rows are stored, and within what is said about it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from tests.engines.test_against_duckdb import CONTRACT, kinds
from tests.fakes import ListTable
from tests.questions import CONTRACT as SMALL
from tests.questions import compiled
from tests.reference import ReferenceEngine
from tests.unit.test_spread import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar

Row = tuple[str, int | None, int | None]
"""A ward, days and an age."""


def least_by(rows: Sequence[Row], *, most: bool = False) -> int | None:
    """Return the days of the row with the least age, or the greatest; of several, the least. Rows without either do not count."""
    known = [(-age if most else age, days) for _, days, age in rows if days is not None and age is not None]
    return min(known)[1] if known else None


def first(rows: Sequence[Row], *, last: bool = False) -> int | None:
    """Return the days of the row with the least age, or the greatest, where each age is there once; rows without an age come last."""
    ordered = sorted(rows, key=lambda row: (row[2] is None, row[2] or 0))
    return (ordered[-1] if last else ordered[0])[1] if ordered else None


def usual(rows: Sequence[Row]) -> int | None:
    """Return the most frequent days; of several, the least."""
    known = Counter(days for _, days, _ in rows if days is not None)
    return min(known, key=lambda days: (-known[days], days)) if known else None


MEANT: dict[str, Callable[[Sequence[Row]], int | None]] = {
    "ARG_MIN(days, age)": least_by,
    "ARG_MAX(days, age)": lambda rows: least_by(rows, most=True),
    "ARG_MAX(days, age) FILTER (WHERE age < 5)": lambda rows: least_by(
        [row for row in rows if row[2] is not None and row[2] < 5], most=True
    ),
    "MODE(days)": usual,
    "MODE(days) FILTER (WHERE days > 0)": lambda rows: usual([row for row in rows if row[1]]),
    "ANY_VALUE(days)": lambda rows: min((days for _, days, _ in rows if days is not None), default=None),
}
IN_ORDER: dict[str, Callable[[Sequence[Row]], int | None]] = {
    "FIRST(days ORDER BY age)": first,
    "LAST(days ORDER BY age)": lambda rows: first(rows, last=True),
    "FIRST(days ORDER BY age DESC NULLS FIRST)": lambda rows: first(rows, last=True),
    "FIRST(days ORDER BY age) FILTER (WHERE days > 1)": lambda rows: first([row for row in rows if row[1] is not None and row[1] > 1]),
}
"""These are told by the order alone where no two rows have the same age."""

ROWS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.none() | st.integers(0, 4), st.none() | st.integers(-3, 9)), min_size=1, max_size=6
)


@cache
def plan_for(asked: str) -> Plan:
    """Return the plan of what is said in each of a person's groups, which the verifier agrees with."""
    plan = plan_of(f"SELECT ward, SUM(v), COUNT(v) FROM (SELECT pid, ward, {asked} AS v FROM visits GROUP BY pid, ward) GROUP BY ward")
    check_bounds(plan, CONTRACT)
    return plan


def said(asked: str, rows: Sequence[Row]) -> tuple[list[int], list[int]]:
    """Return what a person's rows say in the groups x and y: the days, and whether there are any."""
    columns = {name: kind.kind for name, kind in kinds("visits").items()}
    stored: list[dict[str, Scalar]] = [
        {"person": "p", **dict.fromkeys(columns), "ward": ward, "days": days, "age": age} for ward, days, age in rows
    ]
    sums, counts = ReferenceEngine().measure_exactly(plan_for(asked), {"visits": ListTable(stored, columns, salt=b"v", private=True)})
    return list(sums[:2]), list(counts[:2])


def check(asked: str, meant: Callable[[Sequence[Row]], int | None], rows: Sequence[Row]) -> None:
    """Compare what is said with its definition, in the order that rows are stored in and in the reverse."""
    wanted = [meant([row for row in rows if row[0] == ward]) for ward in ("x", "y")]
    for stored in (rows, rows[::-1]):
        assert said(asked, stored) == ([one or 0 for one in wanted], [int(one is not None) for one in wanted]), asked


@pytest.mark.parametrize("asked", MEANT)
def test_it_is_what_its_definition_says(asked: str) -> None:
    @given(ROWS)
    @example([("x", 3, 1), ("x", 2, 1), ("x", None, 0), ("x", 1, None), ("y", None, 2)])
    @example([("x", 4, 0), ("x", 1, 0), ("x", 4, 2), ("x", 1, 2), ("x", 0, 1)])
    def holds(rows: list[Row]) -> None:
        check(asked, MEANT[asked], rows)

    holds()


@pytest.mark.parametrize("asked", IN_ORDER)
def test_the_first_and_the_last_row_are_those_of_the_order(asked: str) -> None:
    @given(
        st.lists(
            st.tuples(st.sampled_from(["x", "y"]), st.none() | st.integers(0, 4), st.none() | st.integers(-3, 9)),
            unique_by=lambda row: row[2],
            min_size=1,
            max_size=6,
        )
    )
    @example([("x", None, 3), ("x", 2, 4), ("x", 1, None), ("y", 4, 1)])
    def holds(rows: list[Row]) -> None:
        check(asked, IN_ORDER[asked], rows)

    holds()


@pytest.mark.parametrize("asked", ["ARG_MAX(cost, day)", "FIRST(cost ORDER BY day)", "MODE(cost)", "ANY_VALUE(cost)"])
def test_its_range_is_that_of_the_values(asked: str) -> None:
    plan = compiled(f"SELECT SUM(v) FROM (SELECT pid, {asked} AS v FROM visits GROUP BY pid)").plan
    measure = plan.measures[0]
    assert (measure.row_low, measure.row_high, measure.digits) == (0, 10_000, 2)
    check_bounds(plan, SMALL)
    with pytest.raises(Broken, match="values of measure 0"):
        check_bounds(plan.model_copy(update={"measures": (measure.model_copy(update={"row_high": measure.row_high - 1}),)}), SMALL)
