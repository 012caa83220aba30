"""What admission did to a file. Only the owner of the data sees these counts, once."""

from __future__ import annotations

from pydantic import Field

from stillroom.model.contract import Name
from stillroom.model.value import Value

Count = Field(ge=0)


class ColumnReport(Value):
    """What happened in one column, over the admitted rows.

    Attributes:
        name: The column.
        unusable: Cells with something that is no value of the column; they became NULL, or the column's `other`.
        clamped: Cells outside the bounds; they became the nearer bound.
    """

    name: Name
    unusable: int = Count
    clamped: int = Count


class AdmissionReport(Value):
    """What happened to the rows of a file.

    Attributes:
        rows_read: Rows in the file.
        rows_admitted: Rows that are kept.
        persons: Persons with at least one kept row; 0 for a public table.
        without_person: Rows dropped because nobody is named: NULL, empty, or a placeholder.
        without_required: Rows dropped because a required column has no value.
        beyond_limit: Rows dropped because their person has more than `rows_per_person`.
        columns: One for each column of the contract, by name.
    """

    rows_read: int = Count
    rows_admitted: int = Count
    persons: int = Count
    without_person: int = Count
    without_required: int = Count
    beyond_limit: int = Count
    columns: tuple[ColumnReport, ...]
