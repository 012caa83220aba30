"""Two released tables, joined on their keys in the hands of a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from stillroom.client.arrow import arrow_table, pandas_frame
from stillroom.client.picture import rows_html
from stillroom.errors import Code, InvalidInput
from stillroom.model.release import Cell, Table
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from stillroom.model.release import Heading

How: TypeAlias = Literal["inner", "left", "full"]

Key: TypeAlias = "tuple[tuple[bool, str | Decimal | None], ...]"
"""For each column, whether it is totalled over, and its value."""

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_NOTHING = Cell(value=None)


@dataclass(frozen=True)
class Joined:
    """A table that two releases make. Nobody has signed it; the releases are the proof.

    Attributes:
        released: The rows, with intervals as the releases have them.
    """

    released: Table

    @property
    def table(self) -> pa.Table:
        """The table as Arrow, as `Release.table`."""
        return arrow_table(self.released)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas frame, decimals as floats. Needs the extra `stillroom[pandas]`."""
        return pandas_frame(self.table)

    def _repr_html_(self) -> str:
        """Show the table with error bars, in a notebook."""
        return f"<div>{rows_html(self.released)}</div>"


def checked(how: str) -> How:
    """Return which rows stay, as it is typed.

    Raises:
        InvalidInput: It is none of the words.
    """
    for known in get_args(How):
        if how == known:
            return known  # type: ignore[no-any-return]  # one of the words
    raise InvalidInput(Code.USAGE, "Tables are joined inner, left or full.", "Use one of these words.")


def joined(left: Table, right: Table, on: Sequence[str] | None, how: How) -> Joined:
    """Join two tables; `Release.join` says how.

    The rows stand in the order of the left table, those of the right one that meet none behind them.

    Raises:
        InvalidInput: A column is not there, is noisy, or of another type; two rows of the right table have the same keys; or tables are not
            joined in that way.
    """
    how = checked(how)
    pairs = _pairs(left.headings, right.headings, on)
    index = _index(right, [place for _, place in pairs])
    rest = [place for place in range(len(right.headings)) if place not in {place for _, place in pairs}]
    rows, met = [], set[Key]()
    for row in left.rows:
        key = _key(row, left.headings, [place for place, _ in pairs])
        found = index.get(key)
        met.add(key)
        if found is not None or how != "inner":
            rows.append((*row, *(_NOTHING if found is None else found[place] for place in rest)))
    if how == "full":
        rows += [_alone(row, pairs, rest, len(left.headings)) for key, row in index.items() if key not in met]
    return Joined(Table(headings=_headings(left.headings, [right.headings[place] for place in rest]), rows=tuple(rows)))


def _pairs(left: Sequence[Heading], right: Sequence[Heading], on: Sequence[str] | None) -> list[tuple[int, int]]:
    """Return the places of the columns to join on, in both tables."""
    keys = [[one.name for one in headings if not one.noisy] for headings in (left, right)]
    names = [name for name in keys[0] if name in keys[1]] if on is None else list(on)
    if not names:
        raise InvalidInput(Code.COLUMN_UNKNOWN, "The two tables have no key in common.", "Ask with the same names for the same keys.")
    pairs = []
    for name in names:
        if name not in keys[0] or name not in keys[1]:
            raise InvalidInput(
                Code.COLUMN_UNKNOWN, f"{name!r} is not a key of both tables.", "Join on columns without noise that both have."
            )
        pair = [one.name for one in left].index(name), [one.name for one in right].index(name)
        kinds = {left[pair[0]].kind, right[pair[1]].kind}
        if len(kinds) > 1 and not kinds <= _NUMBERS:
            raise InvalidInput(Code.TYPE_MISMATCH, f"{name!r} is of another type in the other table.", "Join on columns of one type.")
        pairs.append(pair)
    return pairs


def _index(table: Table, places: Sequence[int]) -> dict[Key, tuple[Cell, ...]]:
    """Return the rows of a table by their keys."""
    index: dict[Key, tuple[Cell, ...]] = {}
    for row in table.rows:
        key = _key(row, table.headings, places)
        if key in index:
            raise InvalidInput(
                Code.COLUMN_AMBIGUOUS, "Two rows of the other table have the same keys.", "Join on all of its keys, or change sides."
            )
        index[key] = row
    return index


def _key(row: Sequence[Cell], headings: Sequence[Heading], places: Sequence[int]) -> Key:
    """Return what a row is found by; numbers by size, whatever their decimal places."""
    return tuple((row[place].totalled, _value(row[place].value, headings[place].kind)) for place in places)


def _value(text: str | None, kind: Kind) -> str | Decimal | None:
    return Decimal(text) if text is not None and kind in _NUMBERS else text


def _alone(row: Sequence[Cell], pairs: Sequence[tuple[int, int]], rest: Sequence[int], size: int) -> tuple[Cell, ...]:
    """Return a row of the right table that meets none."""
    cells = [_NOTHING] * size
    for place, other in pairs:
        cells[place] = row[other]
    return (*cells, *(row[place] for place in rest))


def _headings(left: Sequence[Heading], right: Sequence[Heading]) -> tuple[Heading, ...]:
    """Return all headings; where both tables have one of a name, the second gets a number."""
    found = list(left)
    for heading in right:
        number, name = 1, heading.name
        while name in {one.name for one in found}:
            number += 1
            name = f"{heading.name}_{number}"
        found.append(heading.model_copy(update={"name": name}))
    return tuple(found)
