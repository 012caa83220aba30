"""One statement where plain SQL needs two: inserting a row that may be there. Both databases have it, each in its own dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    import sqlalchemy as sa


def put(connection: sa.Connection, table: sa.Table, **values: object) -> None:
    """Keep a row in place of the one that has its primary key."""
    insert = _insert(connection, table).values(**values)
    key = table.primary_key.columns.keys()
    others = {name: insert.excluded[name] for name in values if name not in key}
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=others))


def put_first(connection: sa.Connection, table: sa.Table, **values: object) -> None:
    """Keep a row, unless there is one that it may not stand beside: the first one stays."""
    connection.execute(_insert(connection, table).values(**values).on_conflict_do_nothing())


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
