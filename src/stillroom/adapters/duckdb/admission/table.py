"""The cells of a file as a statement, and its result as an Arrow table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON
from stillroom.adapters.duckdb.admission.cells import cell, check_type, person_text
from stillroom.admission.cells import Mark
from stillroom.admission.report import ColumnReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from stillroom.adapters.duckdb.admission.source import Source
    from stillroom.model.schema import Column

_MARK_BITS = 2
_MARKS_PER_WORD = 4


class CellTable:
    """A file's rows, each cell admitted.

    Attributes:
        sql: The statement. Its columns are `person` (as the file has it; private tables only), `values` and `words`.
        names: The contract's columns, ascending.
        values: What the statement calls the admitted cells, in the order of `names`.
        words: What it calls the words that hold the marks of the cells.
        admissible: The condition that no required column is NULL.
    """

    def __init__(self, source: Source, columns: Mapping[str, Column], person: str | None = None) -> None:
        """Make the statement, and in the source's connection the functions and types that it uses.

        Raises:
            InvalidInput: `DATA_INVALID` if the file has columns of the wrong type.
        """
        self.names = tuple(sorted(columns))
        self.values = tuple(f"v{i}" for i in range(len(self.names)))
        self.words = tuple(f"m{i}" for i in range(-(-len(self.names) // _MARKS_PER_WORD)))
        self.admissible = " AND ".join(f"v{i} IS NOT NULL" for i, name in enumerate(self.names) if columns[name].required) or "true"
        self.sql = self._statement(source, columns, person)

    def _statement(self, source: Source, columns: Mapping[str, Column], person: str | None) -> str:
        for name in self.names:
            check_type(name, columns[name], source.types[name])
        cells = [
            cell(source.connection, columns[name], i, source.columns[name], source.types[name]) for i, name in enumerate(self.names)
        ]
        carried = [] if person is None else [PERSON]
        given = [f"{one.given} AS g{i}" for i, one in enumerate(cells)]
        if person is not None:
            given.insert(0, f"{person_text(person, source.columns[person], source.types[person])} AS {PERSON}")
        read = [*carried, *(f"g{i}" for i in range(len(cells))), *(f"{one.read} AS u{i}" for i, one in enumerate(cells))]
        admitted = [*carried, *(f"{one.value} AS v{i}" for i, one in enumerate(cells)), *self._packed([one.mark for one in cells])]
        inner = _select(given, source.relation)
        return _select(admitted, f"({_select(read, f'({inner})')})")

    def _packed(self, marks: Sequence[str]) -> list[str]:
        """Pack the marks of a row into bytes, so that they cost little until they are counted."""
        shifted = [f"(({mark}) << {_MARK_BITS * (i % _MARKS_PER_WORD)})" for i, mark in enumerate(marks)]
        words = [shifted[i : i + _MARKS_PER_WORD] for i in range(0, len(shifted), _MARKS_PER_WORD)]
        return [f"({' | '.join(word)})::UTINYINT AS {name}" for word, name in zip(words, self.words, strict=True)]

    def fetch(self, source: Source, relation: str, schema: pa.Schema) -> tuple[pa.Table, tuple[ColumnReport, ...]]:
        """Return the rows of a relation, sorted by all columns of the schema, and what happened to their cells.

        Args:
            source: The open file.
            relation: What stands after FROM. It has the columns `values`, `words` and, for a private table, `person`.
            schema: The columns and types of the result.
        """
        head = [PERSON] if PERSON in schema.names else []
        statement = f"{_select([*head, *self.values, *self.words], relation)} ORDER BY {', '.join([*head, *self.values])}"
        table = source.connection.sql(statement).to_arrow_table()
        words = [table.column(word) for word in self.words]
        rows = table.select([*head, *self.values]).rename_columns(schema.names).cast(schema)
        return rows, tuple(_column_report(name, words[i // _MARKS_PER_WORD], i % _MARKS_PER_WORD) for i, name in enumerate(self.names))


def _select(columns: Sequence[str], relation: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {relation}"  # noqa: S608  names and literals of our own


def _column_report(name: str, word: pa.ChunkedArray, place: int) -> ColumnReport:
    import pyarrow.compute as pc

    mark = pc.bit_wise_and(pc.shift_right(word, _MARK_BITS * place), 2**_MARK_BITS - 1)
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(mark).to_pylist()}
    return ColumnReport(name=name, unusable=counts.get(Mark.UNUSABLE, 0), clamped=counts.get(Mark.CLAMPED, 0))
