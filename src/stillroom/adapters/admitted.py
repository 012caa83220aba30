"""Tables of the contract, as admission makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.admission.cells import limits
from stillroom.model.schema import Kind, column_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from stillroom.admission.report import AdmissionReport
    from stillroom.model.schema import Column

PERSON = "person"
"""The column of a private table that holds each row's person code; no column of a contract has this name."""

WHOLE = slice(None)
"""The range of all rows, or of all persons."""

_INT32 = 2**31


@dataclass(frozen=True)
class Contents:
    """A table of the contract, ready to be read by an engine.

    Attributes:
        rows: For a private table `person` (int32 codes 0, 1, …), then each column by name; sorted by all of them. Numbers and dates are
            whole units; text with listed values is dictionary-encoded.
        persons: The canonical identifiers, ascending by code point; item i belongs to code i. None at all for a public table.
        salt: The secret key of the keyed hashes; empty for a public table.
    """

    rows: pa.Table
    persons: pa.Array
    salt: bytes

    def without(self, codes: Sequence[int]) -> Contents:
        """Return a private table without the rows of some persons; the codes of the others close ranks."""
        import numpy as np
        import pyarrow as pa

        stays = np.ones(len(self.persons), bool)
        stays[list(codes)] = False
        owners = self.rows.column(PERSON).to_numpy()
        kept = self.rows.filter(pa.array(stays[owners]))
        moved = (np.cumsum(stays, dtype=np.int32) - 1)[owners[stays[owners]]]
        person = self.rows.schema.field(PERSON)
        rows = kept.set_column(0, person, pa.array(moved, person.type))
        return Contents(rows, self.persons.filter(pa.array(stays)), self.salt)


@dataclass(frozen=True)
class Admitted(Contents):
    """A table as admission made it.

    Attributes:
        report: What happened to the rows, for its owner's eyes.
    """

    report: AdmissionReport


def arrow_schema(columns: Mapping[str, Column], *, private: bool) -> pa.Schema:
    """Return the types of an admitted table's columns, in their order."""
    import pyarrow as pa

    person = [pa.field(PERSON, pa.int32(), nullable=False)] if private else []
    return pa.schema([*person, *(pa.field(name, arrow_type(columns[name])) for name in sorted(columns))])


def arrow_type(column: Column) -> pa.DataType:
    """Return the type that holds every value of a column: the narrower of two widths for numbers and dates."""
    import pyarrow as pa

    type_ = column_type(column)
    if type_.kind is Kind.BOOLEAN:
        return pa.bool_()
    if type_.kind is Kind.TEXT:
        return pa.string() if type_.values is None else pa.dictionary(pa.int32(), pa.string())
    low, high = limits(type_)
    return pa.int32() if low >= -_INT32 and high < _INT32 else pa.int64()
