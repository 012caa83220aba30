"""Rows of a source, as its owner's machine reads them: those that SQL means, and each a function of its person's rows alone."""

from __future__ import annotations

from collections import Counter
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.duckdb.source_rows import SourceReader
from tests.reference import measure, read_tables
from tests.training import source, visits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.schema import Scalar

READER, ENGINE = SourceReader(), DuckdbEngine()
EVERYTHING = "SELECT age, bmi, sex, smoker, grade, ill FROM visits"
ROWS: list[dict[str, Scalar]] = [
    {"person": 0, "age": 20, "bmi": 200, "sex": "f", "smoker": True, "grade": 1, "ill": True, "ward": 1},
    {"person": 0, "age": 30, "bmi": None, "sex": None, "smoker": False, "grade": 2, "ill": False, "ward": 2},
    {"person": 1, "age": None, "bmi": 300, "sex": "m", "smoker": None, "grade": 3, "ill": True, "ward": None},
    {"person": 2, "age": 50, "bmi": 400, "sex": "f", "smoker": True, "grade": None, "ill": None, "ward": 2},
]


def read(sql: str, rows: Sequence[Mapping[str, Scalar]]) -> Counter[tuple[int | None, ...]]:
    """Return the rows of a source: the person's code, features, and label."""
    found = source(sql)
    table = READER.read(found, visits(rows))
    measures = [one.measure for one in (*found.features, found.label)]
    return Counter((int(person), *map(known, values)) for person, values in zip(table.person, table.values[:, measures], strict=True))


def known(value: float) -> int | None:
    """Return a whole number, or None where nothing is known."""
    return None if isnan(value) else int(value)


def test_values_are_whole_units_and_what_is_unknown_stays_unknown() -> None:
    assert read(EVERYTHING, ROWS) == Counter(
        [
            (0, 20, 200, 0, 1, 1, 1),
            (0, 30, None, None, 0, 2, 0),
            (1, None, 300, 1, None, 3, 1),
            (2, 50, 400, 0, 1, None, None),
        ]
    )


def test_conditions_groups_and_windows() -> None:
    assert read("SELECT age, ill FROM visits WHERE ward = 2", ROWS) == Counter([(0, 30, 0), (2, 50, None)])
    grouped = "SELECT COUNT(*) AS n, SUM(CASE WHEN ill THEN 1 ELSE 0 END) AS ill FROM visits GROUP BY pid"
    assert read(grouped, ROWS) == Counter([(0, 2, 1), (1, 1, 1), (2, 1, 0)])
    earlier = "SELECT LAG(age) OVER (PARTITION BY pid ORDER BY age) AS earlier, age, ill FROM visits"
    assert read(earlier, ROWS) == Counter([(0, None, 20, 1), (0, 20, 30, 0), (1, None, None, 1), (2, None, 50, None)])


def test_no_rows() -> None:
    assert read(EVERYTHING, []) == Counter()


visit = st.fixed_dictionaries(
    {
        "age": st.none() | st.integers(18, 90),
        "bmi": st.none() | st.integers(100, 600),
        "sex": st.sampled_from([None, "f", "m"]),
        "smoker": st.sampled_from([None, True, False]),
        "grade": st.sampled_from([None, 1, 2, 3]),
        "ill": st.sampled_from([None, True, False]),
        "ward": st.none() | st.integers(0, 9),
    }
)
some = st.lists(st.lists(visit, max_size=3), max_size=4).map(
    lambda people: [{"person": code, **one} for code, person in enumerate(people) for one in person]
)
"""Rows of up to four people, no more of each than the contract allows."""

SOURCES = (
    EVERYTHING,
    "SELECT age * grade AS product, CASE WHEN smoker THEN bmi ELSE 0 END AS b, ill FROM visits WHERE ward > 3 OR smoker",
    "SELECT COUNT(*) AS n, AVG(age) AS age, MAX(CASE WHEN ill THEN 1 ELSE 0 END) AS ill FROM visits GROUP BY pid",
    "SELECT ROW_NUMBER() OVER (PARTITION BY pid ORDER BY age) AS number, age, ill FROM visits QUALIFY number < 3",
)


@settings(max_examples=60, deadline=None)
@given(rows=some, sql=st.sampled_from(SOURCES))
def test_the_rows_add_up_to_what_the_question_would_count(rows: list[dict[str, Scalar]], sql: str) -> None:
    """Features that are added up over all rows are the totals of the plan, by the engine and by the reference interpreter."""
    found, tables = source(sql), visits(rows)
    totals = np.nansum(READER.read(found, tables).values, axis=0).astype(int).tolist()
    cells = [[total] for total in totals]
    assert cells == [list(one) for one in ENGINE.measure_exactly(found.plan, tables)]
    assert cells == [list(one) for one in measure(found.plan, read_tables(found.plan, tables))]


@settings(max_examples=60, deadline=None)
@given(rows=some, sql=st.sampled_from(SOURCES))
def test_features_are_within_their_bounds(rows: list[dict[str, Scalar]], sql: str) -> None:
    found = source(sql)
    table = READER.read(found, visits(rows))
    for one in (*found.features, found.label):
        column = table.values[:, one.measure]
        assert ((column >= one.low) & (column <= one.high) | np.isnan(column)).all()


@settings(max_examples=60, deadline=None)
@given(rows=some, sql=st.sampled_from(SOURCES), gone=st.integers(0, 3))
def test_rows_of_a_person_depend_on_that_person_alone(rows: list[dict[str, Scalar]], sql: str, gone: int) -> None:
    """Without one person, everybody else's rows are what they were."""
    others = [one for one in rows if one["person"] != gone]
    with_everybody, without = read(sql, rows), read(sql, others)
    assert without == Counter({one: number for one, number in with_everybody.items() if one[0] != gone})
