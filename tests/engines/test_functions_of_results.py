"""Functions of keys mean after the noise what they mean in DuckDB, over a table of the same keys: in SELECT, in HAVING and in ORDER BY."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache

import duckdb
import pytest

from stillroom.query.table.finish import finish
from tests.questions import compiled

SOURCES = {
    "members": (
        "SELECT id, gender, region, age // 40 AS decade FROM members",
        {"gender": "VARCHAR", "region": "VARCHAR", "decade": "BIGINT"},
    ),
    "days": ("SELECT pid, mode, CAST(DATE_TRUNC('week', tapped) AS DATE) AS day FROM trips", {"mode": "VARCHAR", "day": "DATE"}),
    "moments": ("SELECT pid, DATE_TRUNC('week', tapped) AS moment FROM trips", {"moment": "TIMESTAMP"}),
}
"""Rows whose columns are keys, with the types that these have in DuckDB."""

TEXTS = [
    *("LOWER(gender)", "UPPER(region)", "LENGTH(region || gender)", "CONCAT(gender, '-', region, decade)", "gender || '!' || region"),
    *("SUBSTRING(gender || region || 'xyz', 2, 3)", "LEFT(gender || 'ab', 2)", "RIGHT('ab' || region, 2)", "REVERSE(gender || 'bc')"),
    *("REPLACE(gender || region, 'n', 'north')", "TRIM('  ' || region || ' ')", "LTRIM(' ' || gender)", "RTRIM(region || '  ')"),
    *("gender LIKE 'F%'", "gender ILIKE 'f_'", "gender || region ILIKE 'fN'", "gender NOT ILIKE 'm'", "STRPOS(gender || region, 's')"),
    *("STARTS_WITH(gender, 'F')", "ENDS_WITH(region, 'n')", "CONTAINS(gender || region, 'Mn')", "POSITION('n' IN region)"),
    *("decade::TEXT", "CAST(decade AS TEXT) || gender", "CAST(CAST(decade AS TEXT) AS INTEGER) + 1", "CAST(gender = 'F' AS INTEGER)"),
    *("TRY_CAST(gender AS INTEGER)", "TRY_CAST('2024-02-3' || decade AS DATE)", "CAST(region = 'n' AS TEXT)", "region = 'n' IS TRUE"),
    *("decade % 2", "(1 - decade) % 2", "decade // 2", "(1 - decade) // 2", "TRUNC((decade - 1) / 4, 1)", "SIGN(decade - 1)"),
    *(
        "CAST(decade AS DOUBLE) / 2",
        "CAST(decade / 3 AS BIGINT)",
        "LN(decade + 1)",
        "LOG10(decade + 1)",
        "LOG(decade + 1)",
        "LOG2(decade + 2)",
    ),
    *("EXP(decade - 1)", "POWER(decade, 2)", "POWER(1 - decade, 3)", "POWER(decade + 1, -1.5)", "POW(2, decade)", "LENGTH(UPPER(gender))"),
    *("CBRT(decade * 3 - 1)", "DEGREES(decade + 1)", "RADIANS(decade - 90)", "PI() * decade", "PI()"),
]
DATES = [
    *(
        "YEAR(day)",
        "MONTH(day)",
        "QUARTER(day)",
        "DAY(day)",
        "WEEK(day)",
        "EXTRACT(doy FROM day)",
        "ISODOW(day)",
        "EXTRACT(dow FROM day)",
        "LAST_DAY(day)",
    ),
    *("EXTRACT(month FROM day)", "DATE_PART('week', day)", "DATE_TRUNC('month', day)", "EXTRACT(isodow FROM day + 2)"),
    *("DATE_TRUNC('week', day + 3)", "DATE_TRUNC('quarter', day)", "DATE_DIFF('day', DATE '2023-12-30', day)", "day - DATE '2024-02-29'"),
    *("DATE_DIFF('month', day, DATE '2024-12-31')", "day + 1", "day - 3"),
    *("day + INTERVAL 1 MONTH", "day - INTERVAL 2 WEEK", "day + INTERVAL 90 MINUTE", "day::TEXT", "mode || day"),
    *(
        "CAST(day::TEXT AS DATE)",
        "CAST(CAST(day AS TEXT) || ' 08:15' AS TIMESTAMP)",
        "SUBSTRING(day::TEXT, 1, 7)",
        "YEAR(day) * 100 + MONTH(day)",
    ),
    *(
        "DATE '2024-01-31' + CAST(MONTH(day) AS INTEGER)",
        "day > '2024-02-01'",
        "day + INTERVAL 2 HOUR > day",
        "GREATEST(day, DATE '2024-02-01')",
    ),
]
MOMENTS = [
    *("HOUR(moment)", "EXTRACT(epoch FROM moment)", "MINUTE(moment + INTERVAL 5 MINUTE)", "CAST(moment AS TEXT)", "CAST(moment AS DATE)"),
    *("DATE_TRUNC('month', moment)", "DATE_TRUNC('hour', moment + INTERVAL 90 MINUTE)", "moment + INTERVAL 90 MINUTE", "QUARTER(moment)"),
    *("DATE_DIFF('hour', TIMESTAMP '2024-01-01 05:00:00', moment)", "moment - INTERVAL 1 MONTH", "moment >= '2024-02-01 00:00:00'"),
]
EVERY = [("members", one) for one in TEXTS] + [("days", one) for one in DATES] + [("moments", one) for one in MOMENTS]

NEARLY = Decimal("0.000001")
"""DuckDB computes in doubles, and results show six decimal places."""


def rows_of(source: str, items: str, behind: str = "") -> list[list[str | None]]:
    """Return what a question says of groups with 7 rows each."""
    inside, keys = SOURCES[source]
    question = compiled(f"SELECT {items}, COUNT(*) AS n FROM ({inside}) GROUP BY {', '.join(keys)}{behind}")
    cells = tuple((tuple(7 for _ in range(question.plan.cells_of(one))),) for one in question.plan.measures)
    return [[cell.value for cell in row[:-1]] for row in finish(question.plan, question.headings, cells).rows]


@cache
def database() -> duckdb.DuckDBPyConnection:
    """Return tables of the same groups."""
    connection = duckdb.connect(":memory:")
    for source, (_, keys) in SOURCES.items():
        connection.execute(f"CREATE TABLE {source} ({', '.join(f'{name} {kind}' for name, kind in keys.items())})")
        connection.executemany(f"INSERT INTO {source} VALUES ({', '.join('?' for _ in keys)})", rows_of(source, ", ".join(keys)))
    return connection


def said(sql: str) -> list[list[str | None]]:
    """Return what DuckDB says."""
    return [[text(value) for value in row] for row in database().execute(sql).fetchall()]


def text(value: object) -> str | None:
    """Return a value as tables show it; midnight of a day, which is what DuckDB makes of some dates, as the day."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(" 00:00:00")


def alike(found: str | None, wanted: str | None) -> bool:
    """Tell whether two values are the same, numbers to the places that are shown."""
    if found is None or wanted is None:
        return found == wanted
    try:
        return abs(Decimal(found) - Decimal(wanted)) <= NEARLY * max(Decimal(1), abs(Decimal(wanted)))
    except InvalidOperation:
        return found.removesuffix(" 00:00:00") == wanted


@pytest.mark.parametrize(("source", "written"), EVERY)
def test_a_function_of_keys_means_what_it_means_in_duckdb(source: str, written: str) -> None:
    keys = ", ".join(SOURCES[source][1])
    found, wanted = rows_of(source, f"{keys}, {written} AS x"), said(f"SELECT {keys}, {written} AS x FROM {source}")
    pairs = [pair for row, other in zip(found, wanted, strict=True) for pair in zip(row, other, strict=True)]
    assert all(alike(*pair) for pair in pairs), pairs
    placed = f"ORDER BY ({written}) DESC NULLS LAST, {', '.join(f'{key} NULLS LAST' for key in SOURCES[source][1])}"
    chosen = f"({written}) IS NOT NULL AND ({written}) = ({written})"
    assert [list(map(text, row)) for row in rows_of(source, keys, f" HAVING {chosen} {placed}")] == said(
        f"SELECT {keys} FROM {source} WHERE {chosen} {placed}"
    )
