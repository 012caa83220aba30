"""The cells of a file, and the admitted rows as an Arrow table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON
from stillroom.adapters.duckdb.admission.cells import cell, check_type, person_text
from stillroom.admission.cells import Mark
from stillroom.admission.report import ColumnReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from stillroom.adapters.duckdb.admission.cells import Cell
    from stillroom.adapters.duckdb.admission.source import Source
    from stillroom.model.schema import Column

_FIELD = "CREATE MACRO field(x) AS CASE WHEN x IS NULL THEN '-' ELSE strlen(x::VARCHAR)::VARCHAR || ':' || x::VARCHAR END"
"""Writes a value as `stillroom.admission.rows.field` does."""

_MARK_BITS = 2
_MARKS_PER_WORD = 4


class CellTable:
    """A file's rows, each cell admitted: the view `cells` in the source's connection, over a table, since they are looked at twice.

    Its columns are `person` (as the file has it; private tables only), `admissible` (whether no required column is NULL), the admitted
    values, the words that hold the marks of the cells, `fields` (the values as one text), and `marks` (the words as one list).

    Attributes:
        names: The contract's columns, ascending.
        values: What the view calls the admitted cells, in the order of `names`.
        words: What it calls the words of marks.
    """

    def __init__(self, source: Source, columns: Mapping[str, Column], person: str | None = None) -> None:
        """Read the file, with functions and types made for it, and make the view.

        Args:
            source: The open file.
            columns: As the contract declares them.
            person: The column with identifiers, for a private table.

        Raises:
            InvalidInput: `DATA_INVALID` if the file has columns of the wrong type.
        """
        self.names = tuple(sorted(columns))
        self.values = tuple(f"v{i}" for i in range(len(self.names)))
        self.words = tuple(f"m{i}" for i in range(-(-len(self.names) // _MARKS_PER_WORD)))
        for name in self.names:
            check_type(name, columns[name], source.kinds[name])
        cells = [cell(source.connection, columns[name], i, source.columns[name], source.types[name]) for i, name in enumerate(self.names)]
        required = [f"v{i} IS NOT NULL" for i, name in enumerate(self.names) if columns[name].required]
        head = [] if person is None else [f"{person_text(person, source.columns[person], source.kinds[person])} AS {PERSON}"]
        source.connection.execute(_FIELD)
        source.connection.execute(f"CREATE TABLE file_rows AS {self._statement(cells, head, required, source.relation)}")
        fields = " || ".join(["''", *(f"field({value})" for value in self.values)])
        marks = f"[{', '.join(self.words)}]"
        source.connection.execute(f"CREATE VIEW cells AS {_select(['*', f'{fields} AS fields', f'{marks} AS marks'], 'file_rows')}")

    def _statement(self, cells: Sequence[Cell], head: Sequence[str], required: Sequence[str], relation: str) -> str:
        """Return the statement that reads the file: what it gives, what that is read as, what it becomes, and whether the row can stay."""
        person = [PERSON] if head else []
        given = [*head, *(f"{one.given} AS g{i}" for i, one in enumerate(cells))]
        read = [*person, *(f"g{i}" for i in range(len(cells))), *(f"{one.read} AS u{i}" for i, one in enumerate(cells))]
        admitted = [*person, *(f"{one.value} AS v{i}" for i, one in enumerate(cells)), *self._packed([one.mark for one in cells])]
        row = ["*", f"{' AND '.join(required) or 'true'} AS admissible"]
        return _select(row, _select(admitted, _select(read, _select(given, relation))))

    def _packed(self, marks: Sequence[str]) -> list[str]:
        """Pack the marks of a row into bytes, so that they cost little until they are counted."""
        shifted = [f"(({mark}) << {_MARK_BITS * (i % _MARKS_PER_WORD)})" for i, mark in enumerate(marks)]
        words = [shifted[i : i + _MARKS_PER_WORD] for i in range(0, len(shifted), _MARKS_PER_WORD)]
        return [f"({' | '.join(word)})::UTINYINT AS {name}" for word, name in zip(words, self.words, strict=True)]

    def fetch(self, source: Source, view: str, schema: pa.Schema) -> tuple[pa.Table, tuple[ColumnReport, ...]]:
        """Return the rows of a view, sorted by all columns of the schema, and what happened to their cells.

        The words of marks only follow along: as the last of what is sorted by, they cost least.

        Args:
            source: The open file.
            view: A view or table with the columns of `cells` but for `fields` and `marks`; `person` holds codes, if the schema has it.
            schema: The columns and types of the result.
        """
        columns = [*([PERSON] if PERSON in schema.names else []), *self.values]
        statement = f"{_select([*columns, *self.words], view).strip('()')} ORDER BY ALL"
        table = source.connection.sql(statement).to_arrow_table()
        rows = table.select(columns).rename_columns(schema.names).cast(schema)
        counts = [_counted(table.column(word)) for word in self.words]
        return rows, tuple(_column_report(name, counts[i // _MARKS_PER_WORD], i % _MARKS_PER_WORD) for i, name in enumerate(self.names))


def _select(columns: Sequence[str], relation: str) -> str:
    return f"(SELECT {', '.join(columns)} FROM {relation})"  # noqa: S608  names and literals of our own


def _counted(words: pa.ChunkedArray) -> dict[int, int]:
    """Return how often each word of marks occurs."""
    return {pair["values"]: pair["counts"] for pair in words.value_counts().to_pylist()}


def _column_report(name: str, words: Mapping[int, int], place: int) -> ColumnReport:
    """Count the marks that stand at one place of the words."""

    def count(mark: Mark) -> int:
        return sum(times for word, times in words.items() if word >> (_MARK_BITS * place) & (2**_MARK_BITS - 1) == mark)

    return ColumnReport(name=name, unusable=count(Mark.UNUSABLE), clamped=count(Mark.CLAMPED))
