"""Small data for the questions of the reference of SQL, as an engine reads them and as tables of DuckDB; and what both say of questions."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.contract import PrivateDataset
from stillroom.model.schema import EPOCH, Kind, column_type
from stillroom.protections.server import ServerProtection
from stillroom.query.protected import plan_charge
from stillroom.query.table.finish import finish
from tests.fakes import ListTable, ListTables, ZeroNoise, reading_of
from tests.questions import CONTRACT, compiled
from tests.reference import ReferenceTable

if TYPE_CHECKING:
    from stillroom.model.release import Table
    from stillroom.model.schema import ColumnType, Scalar
    from stillroom.ports import Noise


def day(text: str) -> int:
    """Return a date as tables store it."""
    return (datetime.date.fromisoformat(text) - EPOCH).days


def moment(text: str) -> int:
    """Return a timestamp as tables store it."""
    return int(datetime.datetime.fromisoformat(f"{text}+00:00").timestamp())


MEMBERS = (
    *(("p1", 12, "F", "n"), ("p2", 29, "M", None), ("p3", 30, "F", "s"), ("p4", 31, "F", "n"), ("p5", 66, "M", "s"), ("p6", 90, "F", None)),
    *(("p7", 30, "M", "n"), ("p8", 45, "F", "s"), ("p9", 39, "M", "n")),
)
VISITS = (
    *(("p1", 0, "x", "2024-02-29"), ("p1", 5, "x", "2024-12-30"), ("p1", None, "y", "2021-01-03"), ("p1", 5000, "z", "2020-01-01")),
    *(("p2", 995, "x", "2025-12-31"), ("p2", 9999, "y", "2024-01-31"), ("p2", 9050, "x", "2023-03-31")),
    *(("p4", 5001, "x", "2024-07-01"), ("p4", 4999, "x", "2024-08-15")),
    *(("p8", 10000, "z", "2022-06-30"), ("p10", 3333, "y", "2024-02-28"), ("p10", 350, "x", "2024-03-01"), ("p10", 70, "y", None)),
)
TRIPS = (
    *(("p1", "Köln", "ann", "bus", 250, "2024-01-01 00:00:00"), ("p1", "Bonn", None, "rail", 1999, "2024-02-29 23:59:59")),
    *(("p1", "Köln", "bob", "bus", None, "2024-03-31 12:30:01"), ("p2", None, "ann", "bus", 0, "2024-01-31 08:15:00")),
    *(("p3", "Bonn", "bob", "rail", 2000, "2024-02-01 08:15:00"), ("p9", "Ulm", "ann", "bus", 720, "2024-03-10 17:00:59")),
)
ROWS: dict[str, list[dict[str, Scalar]]] = {
    "members": [dict(zip(("person", "age", "gender", "region"), row, strict=True)) for row in MEMBERS],
    "visits": [{"person": person, "cost": cost, "ward": ward, "day": None if on is None else day(on)} for person, cost, ward, on in VISITS],
    "trips": [
        {"person": person, "place": place, "driver": driver, "mode": mode, "fare": fare, "tapped": moment(tapped)}
        for person, place, driver, mode, fare, tapped in TRIPS
    ],
}
"""Admitted rows. No person has two rows of one day or moment, so that these order them."""


ENGINE = DuckdbEngine(threads=1)
"""Runs all questions."""


def types(dataset: str) -> dict[str, ColumnType]:
    """Return what the columns of a dataset hold."""
    return {name: column_type(column) for name, column in CONTRACT.datasets[dataset].columns.items()}


@cache
def tables() -> dict[str, ListTable]:
    """Return the rows as engines read them."""
    kinds = {dataset: {name: type_.kind for name, type_ in types(dataset).items()} for dataset in ROWS}
    return {dataset: ListTable(rows, kinds[dataset], salt=dataset.encode()) for dataset, rows in ROWS.items()}


def referred() -> dict[str, ReferenceTable]:
    """Return the rows as the reference reads them."""
    return {dataset: ReferenceTable(rows, dataset.encode()) for dataset, rows in ROWS.items()}


def answered(sql: str, noise: Noise) -> Table:
    """Return what becomes of a question: compiled, measured by the engine, made noisy and finished."""
    question = compiled(sql)
    protection = ServerProtection(ENGINE, noise, ListTables(tables()))
    found = protection.measure(question.plan, plan_charge(question.plan), reading_of(dict.fromkeys(ROWS, 1)))
    return finish(question.plan, question.headings, found.cells, found.shown)


def noisy(sql: str) -> Table:
    """Return the answer with genuine noise."""
    return answered(sql, OpendpNoise())


def exact(sql: str) -> list[list[str | None]]:
    """Return the rows of the answer without noise."""
    return [[cell.value for cell in row] for row in answered(sql, ZeroNoise()).rows]


MACROS = (
    "dow(d) AS dayofweek(d)",
    "doy(d) AS dayofyear(d)",
    "iif(condition, one, other) AS CASE WHEN condition THEN one ELSE other END",
    "width_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE floor((x - low) * n / (high - low)) + 1 END",
)
"""Functions that DuckDB does not have, or has by other names, as PostgreSQL and others define them."""


@cache
def plain() -> duckdb.DuckDBPyConnection:
    """Return a database of the rows under the names of the contract, with values as people write them."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET ieee_floating_point_ops = false; SET error_on_division_by_zero = false")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    names = {Kind.INTEGER: "BIGINT", Kind.TEXT: "TEXT", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP"}
    for dataset, declared in CONTRACT.datasets.items():
        assert isinstance(declared, PrivateDataset)
        columns = [f"{name} {names.get(type_.kind, f'DECIMAL(18, {type_.digits})')}" for name, type_ in types(dataset).items()]
        connection.execute(f"CREATE TABLE {dataset} ({', '.join([f'{declared.person.column} TEXT', *columns])})")
        for row in ROWS[dataset]:
            values = [row["person"], *(written(row[name], type_) for name, type_ in types(dataset).items())]
            connection.execute(f"INSERT INTO {dataset} VALUES ({', '.join('?' for _ in values)})", values)
    return connection


def written(value: Scalar, type_: ColumnType) -> Any:  # noqa: ANN401 - a parameter of any type
    """Return a stored value as what it stands for."""
    if value is None or type_.kind in {Kind.TEXT, Kind.INTEGER}:
        return value
    if type_.kind is Kind.DATE:
        return EPOCH + datetime.timedelta(days=int(value))
    if type_.kind is Kind.TIMESTAMP:
        return datetime.datetime.fromtimestamp(int(value), datetime.UTC).replace(tzinfo=None)
    return Decimal(int(value)).scaleb(-type_.digits)


def said(sql: str) -> list[tuple[Any, ...]]:
    """Return what DuckDB says; it cuts quantiles of decimals off to the places of their column, which doubles do not have."""
    if "QUANTILE_CONT" in sql or "PERCENTILE_CONT" in sql:
        sql = sql.replace("cost", "cost::DOUBLE")
    return plain().execute(sql).fetchall()
