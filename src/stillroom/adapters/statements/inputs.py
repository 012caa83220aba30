"""The tables that a statement reads: rows under its own names, domains, and persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.engine.links import people_of
from stillroom.adapters.engine.positions import positions_of
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pyarrow as pa

    from stillroom.adapters.engine.links import People, PersonLinks
    from stillroom.adapters.statements.rows import Read
    from stillroom.adapters.statements.statement import Statement
    from stillroom.model.plan import Key, Plan
    from stillroom.ports import AdmittedTable


def inputs_of(plan: Plan, statement: Statement, tables: Mapping[str, AdmittedTable], links: PersonLinks) -> dict[str, pa.Table]:
    """Return every table that a statement reads, by its name there. The same columns of a dataset are read once."""
    people = people_of(plan, tables)
    alike = {_what(read): read for read in statement.reads}
    stored = {what: _rows(read, tables[read.dataset], people, links) for what, read in alike.items()}
    inputs = {read.table: stored[_what(read)].rename_columns(_names(read)) for read in statement.reads}
    inputs.update({f"d{n}": _domain(plan.keys[key], n) for n, key in statement.domains.items()})
    if statement.names_persons:
        inputs["persons"] = _persons(people)
    return inputs


def _what(read: Read) -> Hashable:
    """Return what is read, whatever the statement calls it."""
    return read.dataset, read.columns, read.domains


def _rows(read: Read, table: AdmittedTable, people: People, links: PersonLinks) -> pa.Table:
    """Return rows under the statement's names, with the codes that all tables of the statement share."""
    import pyarrow as pa

    rows = table.rows(read.columns)
    columns = {
        name: rows.column(column) if domain is None else positions_of(rows.column(column), domain)
        for name, column, domain in zip(read.names, read.columns, read.domains, strict=True)
    }
    if read.person is not None:
        persons = rows.column("person")
        columns[read.person] = persons if table is people else links.codes(table, people).take(persons)
    return pa.table(columns)


def _names(read: Read) -> list[str]:
    return [*read.names, *([] if read.person is None else [read.person])]


def _domain(key: Key, n: int) -> pa.Table:
    """Return the positions and values of a key's domain."""
    import pyarrow as pa

    stored = {Kind.TEXT: pa.large_string(), Kind.BOOLEAN: pa.bool_()}.get(key.kind, pa.int64())
    positions = pa.array(range(len(key.listed)), pa.int32())
    return pa.table({f"i{n}": positions, f"v{n}": pa.array(key.listed, stored)})


def _persons(people: People) -> pa.Table:
    """Return the identifier of each code."""
    import numpy as np
    import pyarrow as pa

    identifiers = people.persons()
    return pa.table({"code": np.arange(len(identifiers), dtype=np.int32), "identifier": identifiers})
