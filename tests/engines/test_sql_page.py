"""Every entry of the reference of SQL is run: with noise, and without it beside plain DuckDB, on the same rows."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from scripts.sql_entries.aggregates import PER_PERSON
from scripts.sql_entries.clauses import CLAUSES
from scripts.sql_entries.entry import dataset_of
from scripts.sql_entries.windows import PERSON_WINDOWS
from scripts.sql_reference import IN_ROWS, LISTINGS, refusal
from tests.sql_page import exact, noisy, said
from tests.unit.test_sql_reference import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scripts.sql_entries.entry import Listing

OF_ROWS = (*IN_ROWS, PER_PERSON, PERSON_WINDOWS)
"""What says something of each row of a person, which can be compared value by value."""

SEEN = {"MIN(cost)", "MAX(cost)"}
"""Extremes that noise shows, which are not the least and the greatest value."""

NEARLY = Decimal("0.00001")
"""DuckDB divides in doubles; questions show six decimal places."""


MIDNIGHT = " 00:00:00"
"""What DuckDB writes behind a date that it makes a timestamp."""


def examples(listings: Iterable[Listing]) -> list[tuple[Listing, str]]:
    return [(listing, example) for listing in listings for example in listing.examples]


ACCEPTED = [sql for one in CLAUSES for sql in one.places if not refusal(sql)]
ASKED = [listing.asked(example) for listing, example in examples(LISTINGS)] + ACCEPTED + [sql for sql, code in STATEMENTS if not code]


@pytest.mark.parametrize("sql", ASKED)
def test_a_question_of_the_page_is_answered_with_noise(sql: str) -> None:
    table = noisy(sql)
    assert any(heading.noisy for heading in table.headings)
    assert all(len(row) == len(table.headings) for row in table.rows)


@pytest.mark.parametrize(("listing", "example"), examples(OF_ROWS), ids=lambda one: one if isinstance(one, str) else one.name)
def test_an_example_has_the_values_that_it_has_in_duckdb(listing: Listing, example: str) -> None:
    """What is counted is how many rows have each value that DuckDB finds, and how many have none: all rows, in the end."""
    rows = listing.asked(example).partition(" FROM ")[2]
    values = Counter(None if value != value else value for (value,) in said(f"SELECT x FROM {rows}"))  # noqa: PLR0124 - what is no number
    counts = ", ".join(f"COUNT(*) FILTER (WHERE {is_value(value)})" for value in values)
    assert exact(f"SELECT {counts} FROM {rows}") == [[str(count) for count in values.values()]]


def is_value(value: Any) -> str:  # noqa: ANN401 - whatever DuckDB returns
    """Return the condition that x is a value; a double nearly."""
    match value:
        case None:
            return "x IS NULL"
        case bool():
            return f"x IS {'TRUE' if value else 'FALSE'}"
        case float():
            near = Decimal(value).quantize(NEARLY)
            return f"x BETWEEN {near - NEARLY} AND {near + NEARLY}"
        case datetime.datetime():
            return f"x = TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
        case datetime.date():
            return f"x = DATE '{value}'"
        case str():
            return f"x = '{value}'"
        case _:
            return f"x = {value}"


COMPARED = [
    listing.asked(example) for listing, example in examples(one for one in LISTINGS if one not in OF_ROWS) if example not in SEEN
] + ACCEPTED


@pytest.mark.parametrize("sql", COMPARED)
def test_an_example_makes_the_table_that_it_makes_in_duckdb(sql: str) -> None:
    check_same_table(sql)


def check_same_table(sql: str) -> None:
    """Compare a table with DuckDB's, in which there are no groups that nobody is in."""
    found, wanted = exact(sql), said(sql)
    assert [row for row in wanted if not any(same(other, row) for other in found)] == []
    assert [row for row in found if row[-1] != "0" and not any(same(row, other) for other in wanted)] == []


def same(found: Sequence[str | None], wanted: Sequence[Any]) -> bool:
    """Tell whether two rows are the same."""
    return all(alike(*pair) for pair in zip(found, wanted, strict=True))


def alike(found: str | None, wanted: Any) -> bool:  # noqa: ANN401 - whatever DuckDB returns
    """Tell whether two values are the same, numbers nearly."""
    if found is None or wanted is None:
        return found is None and wanted is None
    if isinstance(wanted, int | float | Decimal) and not isinstance(wanted, bool):
        number = Decimal(wanted)
        return abs(Decimal(found) - number) <= NEARLY * max(Decimal(1), abs(number))
    return found.removesuffix(MIDNIGHT) == (str(wanted).lower() if isinstance(wanted, bool) else str(wanted).removesuffix(MIDNIGHT))


HOURS = "SELECT pid, DATE_TRUNC('hour', tapped) AS tapped FROM trips"
OVER_GROUPS = {
    "members": "SELECT age, gender, region, {example} AS x, COUNT(*) AS n FROM members GROUP BY age, gender, region",
    "visits": "SELECT ward, {example} AS x, COUNT(*) AS n FROM visits GROUP BY ward",
    "trips": f"SELECT tapped, {{example}} AS x, COUNT(*) AS n FROM ({HOURS}) GROUP BY tapped",
}
"""Tables of which columns of rows are keys, or sums in their places."""

AFTERWARDS = sorted({example for _, example in examples(IN_ROWS) if not re.search(r"\bday\b", example)})
"""What can be said of rows, but for a column that may not be grouped by; dates have a test of their own."""


@pytest.mark.parametrize("example", AFTERWARDS)
def test_an_example_of_rows_says_the_same_of_keys_and_results(example: str) -> None:
    asked = OVER_GROUPS[dataset_of(example)].format(example=re.sub(r"\bcost\b", "SUM(cost)", example))
    check_same_table(asked)


@pytest.mark.parametrize("extreme", sorted(SEEN))
def test_extremes_lie_within_the_bounds(extreme: str) -> None:
    ((found,),) = exact(f"SELECT {extreme} FROM visits")
    assert found is not None
    assert 0 <= Decimal(found) <= 100
