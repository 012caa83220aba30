"""One statement where plain SQL needs two: inserting a row that may be there. Both databases have it, each in its own dialect."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa


def put(connection: sa.Connection, table: sa.Table, **values: object) -> None:
    """Keep a row, with a value for each column, in place of the one that has its primary key."""
    connection.execute(_replacing(connection.dialect.name, table), values)


def put_first(connection: sa.Connection, table: sa.Table, *rows: Mapping[str, object]) -> None:
    """Keep rows, one at least, each unless there is one that it may not stand beside: the first one stays."""
    connection.execute(_yielding(connection.dialect.name, table), rows)


@cache
def _replacing(dialect: str, table: sa.Table) -> sa.Insert:
    insert, key = _insert(dialect, table), table.primary_key.columns.keys()
    others = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=others)


@cache
def _yielding(dialect: str, table: sa.Table) -> sa.Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


def _insert(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
