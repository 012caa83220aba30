"""Who the rows of a file belong to, and which rows of a person are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON
from stillroom.adapters.duckdb.admission.cells import identifier
from stillroom.admission.rows import ROW_HASH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from stillroom.adapters.duckdb.admission.table import CellTable
    from stillroom.model.contract import PrivateDataset


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a file, by what becomes of them.

    Attributes:
        rows_read: All rows.
        without_person: Rows that name nobody.
        without_required: Other rows without a value in a required column.
        beyond_limit: Other rows beyond their person's limit.
    """

    rows_read: int
    without_person: int
    without_required: int
    beyond_limit: int


def number_persons(connection: DuckDBPyConnection, cells: CellTable, dataset: PrivateDataset) -> Counts:
    """Make the tables `persons` (canonical identifier, dense code) and `codes` (identifier as in the file, code, whether beyond the limit).

    Each spelling is looked at once. Codes ascend with the identifiers, by code point.
    """
    canonical = identifier(connection, dataset.person, "raw")
    for statement in (
        f"CREATE TABLE spellings AS SELECT {PERSON} AS raw, count(*) AS found, count(*) FILTER (WHERE {cells.admissible}) AS admissible "
        f"FROM ({cells.sql}) GROUP BY {PERSON}",
        f"CREATE TABLE named AS SELECT *, {canonical} AS canonical FROM spellings",
        "CREATE TABLE persons AS SELECT canonical, (row_number() OVER (ORDER BY canonical) - 1)::INTEGER AS code, admissible FROM "
        "(SELECT canonical, sum(admissible) AS admissible FROM named WHERE canonical IS NOT NULL GROUP BY canonical) WHERE admissible > 0",
        f"CREATE TABLE codes AS SELECT raw, code, persons.admissible > {dataset.rows_per_person} AS beyond FROM named JOIN persons "
        "USING (canonical)",
    ):
        connection.execute(statement)
    rows = connection.execute(
        "SELECT sum(found), sum(found) FILTER (WHERE canonical IS NULL), sum(found - admissible) FILTER (WHERE canonical IS NOT NULL), "
        f"(SELECT sum(greatest(admissible - {dataset.rows_per_person}, 0)) FROM persons) FROM named",
    ).fetchall()
    return Counts(*(int(count or 0) for count in rows[0]))


def kept_rows(connection: DuckDBPyConnection, cells: CellTable, limit: int, salt: bytes, *, some_beyond: bool) -> str:
    """Return the relation of all rows that are kept, with their person's code as `person`.

    Where some person has more rows than the limit, it makes the table `kept` of what such persons keep: the rows with the smallest
    keyed hash (`admission.rows.rank`).
    """
    columns = ", ".join([*cells.values, *cells.words])
    coded = (
        f"SELECT codes.code AS {PERSON}, beyond, {columns} FROM ({cells.sql}) AS cells JOIN codes ON cells.{PERSON} = codes.raw "
        f"WHERE {cells.admissible}"
    )
    if not some_beyond:
        return f"({coded})"
    connection.execute(f"CREATE TABLE kept AS SELECT {PERSON}, {columns} FROM ({_ranked(cells, coded, salt)}) WHERE place <= {limit}")
    return f"(SELECT {PERSON}, {columns} FROM ({coded}) WHERE NOT beyond UNION ALL SELECT * FROM kept)"


def _ranked(cells: CellTable, coded: str, salt: bytes) -> str:
    """Number the rows of persons beyond the limit by keyed hash: `place` 1 is the first that is kept."""
    values = ", ".join([PERSON, *cells.values])
    fields = " || ".join(_field(name) for name in ("canonical", *cells.values, "occurrence"))
    return (
        f"SELECT *, row_number() OVER (PARTITION BY {PERSON} ORDER BY sha256('{ROW_HASH}{salt.hex()}' || {fields})) AS place FROM "
        f"(SELECT *, row_number() OVER (PARTITION BY {values}) AS occurrence FROM ({coded}) WHERE beyond) AS rows "
        f"JOIN persons ON rows.{PERSON} = persons.code"
    )


def _field(name: str) -> str:
    """Write a value as `admission.rows.field` does."""
    return f"CASE WHEN {name} IS NULL THEN '-' ELSE strlen({name}::VARCHAR)::VARCHAR || ':' || {name}::VARCHAR END"
