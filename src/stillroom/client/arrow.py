"""Released tables as Arrow and pandas."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stillroom.model.schema import ORDERED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow as pa

    from stillroom.model.release import Table

SHARED_PRECISION = 38
"""Digits of the decimal columns."""

MOST_PRECISION = 76
"""Digits of a decimal column with numbers that need more; a number beyond these is null in Arrow, and exact in the statement."""

LARGEST = Decimal(10) ** (MOST_PRECISION - 12)
"""Numbers from here on do not fit, whatever their decimal places, of which there are at most 12."""

INT64 = 2**63
"""Whole numbers from here on do not fit 64 bits."""


def arrow_table(table: Table) -> pa.Table:
    """Return a table as Arrow. A noisy column `x` has its interval beside it, as `x_low` and `x_high` (null where unbounded).

    A key column that is totalled over in some rows has a column `x_totalled` beside it, which tells NULL from a total. Where the table
    has a column of such a name itself, that one keeps it, and `_` is added to the other.
    """
    import pyarrow as pa

    columns: dict[str, pa.Array] = {}
    taken = {heading.name for heading in table.headings}
    for position, heading in enumerate(table.headings):
        cells = [row[position] for row in table.rows]
        columns[heading.name] = _array(heading.kind, [cell.value for cell in cells])
        if heading.noisy and heading.kind in ORDERED:
            columns[_beside(heading.name, "low", taken)] = _array(heading.kind, [cell.low for cell in cells])
            columns[_beside(heading.name, "high", taken)] = _array(heading.kind, [cell.high for cell in cells])
        if any(cell.totalled for cell in cells):
            columns[_beside(heading.name, "totalled", taken)] = pa.array([cell.totalled for cell in cells], type=pa.bool_())
    return pa.table(columns)


def pandas_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a pandas frame, decimals as floats. Needs the extra `stillroom[pandas]`."""
    import pyarrow as pa

    for position, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(pa.float64()))
    try:
        frame: pd.DataFrame = table.to_pandas()
    except ModuleNotFoundError as error:
        error.add_note("Install it with Stillroom's extra: python3 -m pip install 'stillroom[pandas]'")
        raise
    return frame


def _beside(name: str, what: str, taken: set[str]) -> str:
    """Return the name of a column that stands beside another one, and take it."""
    beside = f"{name}_{what}"
    while beside in taken:
        beside += "_"
    taken.add(beside)
    return beside


def _array(kind: Kind, texts: list[str | None]) -> pa.Array:
    """Return a column of values that were exact text."""
    import pyarrow as pa

    readers: dict[Kind, Callable[[str], Any]] = {
        Kind.INTEGER: int,
        Kind.DECIMAL: Decimal,
        Kind.DATE: datetime.date.fromisoformat,
        Kind.TIMESTAMP: datetime.datetime.fromisoformat,
        Kind.BOOLEAN: lambda text: text == "true",
        Kind.TEXT: str,
    }
    values = [None if text is None else readers[kind](text) for text in texts]
    values = [None if _size(value) >= LARGEST else value for value in values]
    return pa.array(values, type=_arrow_type(kind, values))


def _size(value: object) -> Decimal:
    """Return the absolute value of a number; 0 for anything else."""
    return Decimal(value).copy_abs() if isinstance(value, int | Decimal) else Decimal(0)


def _arrow_type(kind: Kind, values: list[Any]) -> pa.DataType:
    """Return the Arrow type of a column; whole numbers beyond 64 bits become decimals without places."""
    import pyarrow as pa

    digits = max((-int(value.as_tuple().exponent) for value in values if isinstance(value, Decimal)), default=0)
    largest = max(map(_size, values), default=Decimal(0))
    types = {Kind.DATE: pa.date32(), Kind.TIMESTAMP: pa.timestamp("s"), Kind.BOOLEAN: pa.bool_(), Kind.TEXT: pa.string()}
    if kind in types:
        return types[kind]
    if kind is Kind.INTEGER and largest < INT64:
        return pa.int64()
    return pa.decimal128(SHARED_PRECISION, digits) if largest < 10 ** (SHARED_PRECISION - digits) else pa.decimal256(MOST_PRECISION, digits)
