"""The engine: runs plans exactly, on a cluster behind Spark Connect."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from stillroom.adapters.engine.cells import failed
from stillroom.adapters.engine.features import lacking, values_of
from stillroom.adapters.engine.finding import FindingEngine
from stillroom.adapters.engine.links import PersonLinks
from stillroom.errors import Failed
from stillroom.model.expression import All, Any, children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from stillroom.adapters.statements.statement import Statement
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import AdmittedTable

Cells: TypeAlias = "tuple[Scalar, ...]"
"""What a statement finds of one cell."""

LACKS: frozenset[str] = frozenset()
"""What some server does not compute exactly, by the names of `stillroom.adapters.engine.features`."""

BEYOND = "numbers of this size"
"""The name of what does not fit the engine's decimals."""

NESTED = "divisions inside divisions inside divisions"
"""The name of operands that are written several times, each of them inside another such one, more than `MOST_REPEATED` deep."""

MOST_REPEATED = 3
"""How deep. An optimizer's work grows by a factor with each further one."""

DEEP = "expressions this deep"
"""The name of statements with more than `MOST_DEEP` parentheses inside each other, and of conditions of more than `MOST_WIDE` others."""

MOST_DEEP, MOST_WIDE = 160, 400
"""Servers walk statements recursively, as wide conditions too, and Sail ends for good when that takes more than its stack."""

_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.groupByOrdinal": "true",
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.PushProjectionThroughUnion",
}
"""Whatever the server's defaults are: an overflow fails instead of losing digits, and what SQL says is read in one way only.

One rule of Apache Spark 4.2's optimizer is left out: where EXISTS reads a UNION of which one column is constant, it fails.
"""


class SparkEngine(FindingEngine):
    """Runs plans with Spark Connect.

    Every run has a session of its own, with the tables that its statements read; the server forgets both when the run ends. The server sees
    exact rows: it is part of what the room's operator is trusted with.

    Attributes:
        name: Name and version, for people.
    """

    def __init__(self, remote: str) -> None:
        """Name the server by its URL, as in `sc://host:port/;use_ssl=true;token=…`; nobody connects yet."""
        self.name = f"spark connect {version('pyspark-client')}"
        self._remote = remote
        self._links = PersonLinks()

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what a plan asks for that a server may not compute exactly, by name and sorted."""
        from stillroom.adapters.spark.dialect import SPARK
        from stillroom.adapters.statements.statement import statements

        names = lacking(plan, LACKS)
        values = values_of(plan)
        if max(map(_repeated, values)) > MOST_REPEATED:
            return (*names, NESTED)
        try:
            deep = max(_depth(statement.sql) for statement in statements(plan, b"", SPARK)) > MOST_DEEP
        except Failed:
            return names or (BEYOND,)
        wide = any(isinstance(node, All | Any) and len(node.operands) > MOST_WIDE for value in values for node in walk(value))
        return (*names, DEEP) if deep or wide else names

    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[tuple[Statement, list[Cells]]]:
        """Run the statements of a plan, and return each with its rows."""
        from stillroom.adapters.spark.dialect import SPARK
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import statements

        try:
            questions = statements(plan, tables[plan.datasets[0]].salt, SPARK)
            with _session(self._remote) as session:
                return [(question, _answer(session, question, inputs_of(plan, question, tables, self._links))) for question in questions]
        except Exception:  # noqa: BLE001 - what a server says may show rows, whatever kind of error its client makes of it
            raise failed() from None


def _repeated(node: Expression) -> int:
    """Return how deep operands that are written several times stand inside each other."""
    from stillroom.adapters.spark.functions import repeats

    return repeats(node) + max(map(_repeated, children(node)), default=0)


def _depth(sql: str) -> int:
    """Return how many parentheses stand inside each other."""
    return max(accumulate((character == "(") - (character == ")") for character in sql))


@contextmanager
def _session(remote: str) -> Iterator[SparkSession]:
    """Open a session, and see that the server forgets it."""
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    _silence()
    session = SparkSession.builder.remote(remote).create()
    try:
        session.client.set_retry_policies([DefaultPolicy(max_retries=4)])
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
        yield session
    finally:
        session.stop()


def _silence() -> None:
    """Keep the client from logging what servers say: it may show rows."""
    import logging

    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.client.logging"):
        logging.getLogger(name).disabled = True


def _answer(session: SparkSession, question: Statement, inputs: Mapping[str, pa.Table]) -> list[Cells]:
    """Run a statement and return its rows."""
    for name, table in inputs.items():
        _uploaded(session, table).createOrReplaceTempView(name)
    try:
        found = session.sql(question.sql, args=question.texts or None).toArrow()
    finally:
        for name in inputs:
            session.catalog.dropTempView(name)
    columns = [[int(value) if isinstance(value, Decimal) else value for value in column.to_pylist()] for column in found.columns]
    return list(zip(*columns, strict=True))


def _uploaded(session: SparkSession, table: pa.Table) -> DataFrame:
    """Send a table; every column has one of the four types that statements know."""
    import pyarrow as pa
    from pyspark.sql.types import BooleanType, IntegerType, LongType, StringType, StructType

    kinds = {pa.bool_(): BooleanType(), pa.int32(): IntegerType(), pa.int64(): LongType(), pa.string(): StringType()}
    plain = pa.schema([pa.field(one.name, one.type if one.type in kinds else pa.string()) for one in table.schema])
    schema = StructType()
    for field in plain:
        schema.add(field.name, kinds[field.type], nullable=True)
    return session.createDataFrame(table.cast(plain), schema=schema)
