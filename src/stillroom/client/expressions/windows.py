"""Windows: what is said of a row by looking at others, of the same person or of the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from stillroom.client.expressions.order import Ordered, directed, terms
from stillroom.client.expressions.piece import ROWS, Piece, Takes, called, column, made, operand, whole, written
from stillroom.client.expressions.scalars import listed, plain_scalar
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from stillroom.client.expressions.order import Term
    from stillroom.client.expressions.piece import Value

Frame: TypeAlias = "tuple[int | None, int | None]"
"""From which row to which a window looks, relative to its own: `(-2, 0)` to the two before; None is where there are no more."""


class Windows(Piece):
    """What is said of a row by its place, and the windows in which functions and aggregates look at rows."""

    def desc(self, *, nulls_last: bool | None = None) -> Ordered:
        """Order from the greatest to the least."""
        return directed(self, descending=True, nulls_last=nulls_last)

    def asc(self, *, nulls_last: bool | None = None) -> Ordered:
        """Order from the least to the greatest."""
        return directed(self, descending=False, nulls_last=nulls_last)

    def shift(self, rows: int = 1, default: Value = None) -> Self:
        """Return the value of the row that many rows before, or below 0 behind; the default where there is none. Needs `over`."""
        distance, rest = whole(rows, "The number of rows to shift by", least=None), () if default is None else (default,)
        return called(self, "LEAD" if distance < 0 else "LAG", abs(distance), *rest, takes=Takes.OVER)

    def first(self, *, order_by: Term | Sequence[Term] | None = None, descending: bool | Sequence[bool] = False) -> Self:
        """Return the value of the first row: of an order, of one person's rows (`Rows.per_person`); without one, in a window (`over`)."""
        return self._of_end("FIRST", order_by, descending=descending)

    def last(self, *, order_by: Term | Sequence[Term] | None = None, descending: bool | Sequence[bool] = False) -> Self:
        """Return the value of the last row, as `first` does that of the first."""
        return self._of_end("LAST", order_by, descending=descending)

    def _of_end(self, end: str, order_by: Term | Sequence[Term] | None, *, descending: bool | Sequence[bool]) -> Self:
        if order_by is None:
            return called(self, f"{end}_VALUE", takes=Takes.OVER)
        order = terms([order_by], descending=descending)
        return made(self, f"{end}({self.sql} ORDER BY {', '.join(order)})", Takes.FILTER)

    def nth(self, number: int) -> Self:
        """Return the value of a row by its number, counted from 1; of results only. Needs `over`."""
        return called(self, "NTH_VALUE", whole(number, "The number of a row", least=1), takes=Takes.OVER)

    def over(
        self,
        *keys: str | Piece | Sequence[str | Piece],
        order_by: Term | Sequence[Term] | None = None,
        descending: bool | Sequence[bool] = False,
        rows: Frame | None = None,
        peers: Frame | None = None,
    ) -> Self:
        """Look at other rows: of the same person, where rows are of persons; else of the table.

        Args:
            keys: Columns, or expressions, one by one or in lists, that these rows have in common.
            order_by: The order of these rows. With an order, totals run up to the row and those that are equal to it in the order.
            descending: Whether they go from the greatest to the least.
            rows: From which row to which: `(None, None)` for all, `(-2, 2)` for a moving average; of a person's rows, all, or those up to
                the row itself.
            peers: The same, but rows that are equal in the order stand together; each end is None, or 0 for the row and its equals.

        Raises:
            InvalidInput: This is neither an aggregate nor a function of a window, the order or the frame is none.
        """
        if Takes.OVER not in self.takes:
            fix = 'Write col("cost").sum().over(…), col("cost").shift().over(…) or row_number().over(…).'
            raise InvalidInput(Code.SQL_INVALID, "Only an aggregate or a function of a window looks at other rows, once.", fix)
        shared = [column(key) if isinstance(key, str) else written(key) for key in listed(keys)]
        by = () if order_by is None else terms([order_by], descending=descending)
        parts = [", ".join([ROWS, *shared]), f"ORDER BY {', '.join(by)}" if by else "", _frame(rows, peers)]
        return made(self, f"{self.sql} OVER ({' '.join(part for part in parts if part)})")


def _frame(rows: Frame | None, peers: Frame | None) -> str:
    """Return the frame of a window."""
    if rows is not None and peers is not None:
        raise InvalidInput(Code.SQL_INVALID, "A window has one frame.", "Give rows, or peers.")
    if rows is None and peers is None:
        return ""
    start, end = _ends(peers if rows is None else rows)
    if peers is not None and (start or end):
        raise InvalidInput(
            Code.SQL_INVALID, "A frame of peers ends at the row itself, or nowhere.", "Write peers=(None, 0), or rows=(-2, 0)."
        )
    return f"{'ROWS' if peers is None else 'RANGE'} BETWEEN {_end(start, 'PRECEDING')} AND {_end(end, 'FOLLOWING')}"


def _ends(frame: object) -> Frame:
    """Return the ends of a frame."""
    ends = tuple(map(plain_scalar, frame)) if isinstance(frame, list | tuple) else frame
    match ends:
        case (None | int() as start, None | int() as end) if not isinstance(start, bool) and not isinstance(end, bool):
            return start, end
        case _:
            fix = "Write (-2, 0), (None, 0) or (None, None)."
            raise InvalidInput(Code.SQL_INVALID, "A frame is a pair of numbers of rows, or None.", fix)


def _end(end: int | None, nowhere: str) -> str:
    if end is None:
        return f"UNBOUNDED {nowhere}"
    return "CURRENT ROW" if end == 0 else f"{abs(int(end))} {'PRECEDING' if end < 0 else 'FOLLOWING'}"


def of_each_row(value: Value) -> str:
    """Return the text of what is computed of each row.

    Raises:
        InvalidInput: It is made of many rows, and it is not said of which.
    """
    piece = operand(value)
    if piece.takes is not Takes.NOTHING:
        fix = "Add .over(): of all rows of the person or the table, .over(key) of those with the same key."
        raise InvalidInput(Code.SQL_INVALID, "What is made of many rows is no column or condition of each.", fix)
    return piece.sql


def looks_around(sql: str) -> bool:
    """Tell whether there is a window in a text."""
    return ROWS in sql


def of_person(sql: str, person: str) -> str:
    """Return a text whose windows look at the rows of each person."""
    return sql.replace(ROWS, f"PARTITION BY {person}")


def of_table(sql: str) -> str:
    """Return a text whose windows look at the rows of a table."""
    return sql.replace(f"{ROWS}, ", "PARTITION BY ").replace(f"{ROWS} ", "").replace(ROWS, "")


def without_windows(sql: str, where: str) -> str:
    """Return a text that must have no window.

    Raises:
        InvalidInput: It has one.
    """
    if looks_around(sql):
        raise InvalidInput(Code.SQL_INVALID, f"A window cannot stand in {where}.", "Name it in with_columns first, and use the name.")
    return sql
