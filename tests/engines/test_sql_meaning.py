"""Without noise, limits and clamps, a question means what its SQL means: DuckDB, given the text as it is, answers the same.

Here an engine sees an analyst's text, over the admitted rows of the corpus, to compare. Nothing in the package ever does that.
"""

from __future__ import annotations

import datetime
import math
import random
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from stillroom.model.contract import PrivateDataset
from stillroom.model.expression import Column, Quantile
from stillroom.model.question import Terms
from stillroom.model.schema import EPOCH, ColumnType, Kind, column_type
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.world import ACCEPTED, contract, measured, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.plan import Output
    from stillroom.model.schema import Scalar
    from tests.world import Entry

OPEN = {
    "number of a row",
    "first row of each person",
    "row before and row after",
    "least and greatest so far",
    "functions of windows",
    "one window by a side of an outer join, and another by what two of its sides have been merged to",
    "rows with the least and the most of a person",
    "rows with the most of a person's groups",
    "most frequent value of a person",
    "a value of a person",
}
"""The questions whose own text leaves open which of a person's rows comes first: their rows tie, and DuckDB takes them as they lie."""

SEEN = {
    "extremes",
    "quantiles of large numbers",
    "dates in the middle and at the ends",
    "dates in the middle, chosen",
    "extremes of timestamps",
}
"""The questions for extremes that noise shows, or for values on a grid that is coarser than they are: these are not SQL's."""

SPELLED = {
    "covariances and regressions of a person": {
        "REGR_SLOPE(change, severity)": "IF(REGR_SXX(change, severity) > 0, REGR_SLOPE(change, severity), NULL)"
    },
    "a logarithm where there is none": {
        "LN(severity)": "LN(NULLIF(severity, 0))",
        "LN(-severity + 2)": "LN(NULLIF(GREATEST(-severity + 2, 0), 0))",
    },
    "roots of rows": {"SUM(SQRT(cost))": "SUM(ROUND(SQRT(cost), 6))"},
    "deviations and correlations of a person": {
        "STDDEV_POP(cost)": "ROUND(STDDEV_POP(cost), 5)",
        "STDDEV(change)": "ROUND(STDDEV(change), 7)",
        "CORR(change, severity)": "IF(REGR_SYY(change, severity) * REGR_SXX(change, severity) > 0, ROUND(CORR(change, severity), 6), NULL)",
    },
    "medians and quantiles of a person": {"QUANTILE_CONT(change": "QUANTILE_CONT(change::DOUBLE"},
}
"""What DuckDB is asked in the place of parts of some questions. It says that the slope through rows of one x is no number, where questions
say NULL, has no logarithm of 0 but an error, and cuts quantiles of decimals off to the places of their column."""

ASKED = [
    replace(entry, variant="loose", terms=Terms(epsilon=50.0))
    for entry in ACCEPTED
    if " LIMIT " not in entry.sql and entry.name not in OPEN | SEEN
]
"""Every question but those, and those that cut off rows of which several may come last."""

ORDERS = 4
"""So many orders in which the tables may lie."""

NEARLY = Decimal("0.000001")
"""DuckDB divides in doubles, questions to six decimal places."""

MACROS = (
    "iif(condition, one, other) AS CASE WHEN condition THEN one ELSE other END",
    "width_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE floor((x - low) * n / (high - low)) + 1 END",
)
"""Functions that DuckDB does not have, as PostgreSQL and others define them."""


@cache
def database(shuffled: int = 0) -> duckdb.DuckDBPyConnection:
    """Return a database of the admitted rows under the names of the contract, with numbers, dates and text as people write them."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET error_on_division_by_zero = false")
    connection.execute("SET ieee_floating_point_ops = false")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    for name, dataset in contract().datasets.items():
        types = {column: column_type(declared) for column, declared in dataset.columns.items()}
        person = {dataset.person.column: "person"} if isinstance(dataset, PrivateDataset) else {}
        declared = [f"{column} VARCHAR" for column in person] + [f"{column} {_sql_type(type_)}" for column, type_ in types.items()]
        connection.execute(f"CREATE TABLE {name} ({', '.join(declared)})")
        rows = list(world()[name].rows)
        random.Random(shuffled).shuffle(rows)
        for row in rows:
            values = [row["person"] for _ in person] + [_written(row[column], type_) for column, type_ in types.items()]
            connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' for _ in values)})", values)
    return connection


def _sql_type(type_: ColumnType) -> str:
    names = {Kind.TEXT: "VARCHAR", Kind.BOOLEAN: "BOOLEAN", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP", Kind.INTEGER: "BIGINT"}
    return names.get(type_.kind, f"DECIMAL(18, {type_.digits})")


def _written(value: Scalar, type_: ColumnType) -> Any:  # noqa: ANN401  a parameter of any type
    if value is None or type_.kind not in {Kind.DATE, Kind.TIMESTAMP, Kind.DECIMAL}:
        return value
    if type_.kind is Kind.TIMESTAMP:
        return datetime.datetime.fromtimestamp(int(value), datetime.UTC).replace(tzinfo=None)
    return EPOCH + datetime.timedelta(days=int(value)) if type_.kind is Kind.DATE else Decimal(int(value)).scaleb(-type_.digits)


MIDNIGHT = " 00:00:00"
"""What DuckDB writes behind a date that it makes a timestamp."""


def _text(value: object) -> str | None:
    """Return a value as text; what is not a number is NULL here."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return str(value.replace(microsecond=0)).removesuffix(MIDNIGHT)
    if isinstance(value, float) and math.isnan(value):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def alike(found: str | None, wanted: str | None, output: Output) -> bool:
    """Tell whether two values are the same: numbers to the places that are shown, and 0 or an average of nothing where SQL says NULL."""
    if found is None or wanted is None:
        return found == wanted or (wanted is None and output.noisy)
    if output.kind is Kind.TIMESTAMP and isinstance(output.value, Quantile):  # its buckets may have several seconds
        moments = [datetime.datetime.fromisoformat(text) for text in (found, wanted)]
        return abs(moments[0] - moments[1]) <= datetime.timedelta(seconds=output.value.width)
    if output.kind not in {Kind.INTEGER, Kind.DECIMAL}:
        return found.removesuffix(MIDNIGHT) == wanted
    one, other = Decimal(found), Decimal(wanted)
    if isinstance(output.value, Quantile):  # DuckDB cuts one off to the decimal places of its column
        return -NEARLY <= abs(one) - abs(other) <= Decimal(1).scaleb(-output.value.digits)
    return abs(one - other) <= Decimal("0.6").scaleb(-output.digits) + NEARLY * abs(other)


def is_empty(row: Sequence[str | None], outputs: Sequence[Output]) -> bool:
    """Tell whether nobody is in a row: every plain count and sum is 0."""
    measures = [value for value, output in zip(row, outputs, strict=True) if output.noisy and isinstance(output.value, Column)]
    return all(value is not None and Decimal(value) == 0 for value in measures)


def spelled(entry: Entry) -> str:
    """Return a question as DuckDB is asked it."""
    sql = entry.sql
    for ours, theirs in SPELLED.get(entry.name, {}).items():
        assert ours in sql
        sql = sql.replace(ours, theirs)
    return sql


@pytest.mark.parametrize("entry", ASKED, ids=lambda entry: entry.name)
def test_it_means_what_the_sql_means(entry: Entry) -> None:
    compiled = entry.compile()
    outputs = compiled.plan.finish.outputs
    released = finish(compiled.plan, compiled.headings, without_noise(compiled.plan, measured(compiled.plan, world())))
    found = [[cell.value for cell in row] for row in released.rows]
    wanted = [[_text(value) for value in row] for row in database().execute(spelled(entry)).fetchall()]
    for row in wanted:
        assert any(all(map(alike, other, row, outputs)) for other in found), row
    for row in found:
        assert is_empty(row, outputs) or any(all(map(alike, row, other, outputs)) for other in wanted), row


def test_the_questions_have_one_meaning_in_sql() -> None:
    """Else the comparison above would pass or fail by chance; and what stands in the list is there for a reason."""
    opened = {
        entry.name for entry in ACCEPTED if " LIMIT " not in entry.sql and len({_answer(entry, order) for order in range(ORDERS)}) > 1
    }
    assert opened <= OPEN
    assert opened


def _answer(entry: Entry, order: int) -> str:
    rows = database(order).execute(spelled(entry)).fetchall()
    return str(sorted(str([f"{value:.9g}" if isinstance(value, float) else _text(value) for value in row]) for row in rows))
