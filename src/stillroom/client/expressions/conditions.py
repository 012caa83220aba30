"""Questions about a value: whether there is one, which of several it is, what it looks like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stillroom.client.expressions.piece import Piece, made, operand
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from typing import Self

    from stillroom.client.expressions.piece import Value


class Conditions(Piece):
    """What can be asked about a value, beside comparing it."""

    def is_null(self) -> Self:
        """Ask whether there is no value."""
        return made(self, f"({self.sql} IS NULL)")

    def is_not_null(self) -> Self:
        """Ask whether there is a value."""
        return made(self, f"({self.sql} IS NOT NULL)")

    def eq_missing(self, other: Value) -> Self:
        """Ask whether two values are the same; where both are missing, they are."""
        return made(self, f"({self.sql} IS NOT DISTINCT FROM {operand(other).sql})")

    def ne_missing(self, other: Value) -> Self:
        """Ask whether two values are not the same; where both are missing, they are."""
        return made(self, f"({self.sql} IS DISTINCT FROM {operand(other).sql})")

    def is_in(self, values: Iterable[Value]) -> Self:
        """Ask whether the value is one of several.

        Raises:
            InvalidInput: There are none, None is among them, or they are one text.
        """
        every = [] if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
        if not every or any(value is None for value in every):
            reason = "is_in needs a list of constants without None."
            raise InvalidInput(Code.SQL_INVALID, reason, 'List the values, as in is_in(["x", "y"]); ask for missing ones with is_null().')
        return made(self, f"({self.sql} IN ({', '.join(operand(value).sql for value in every)}))")

    def is_between(self, low: Value, high: Value) -> Self:
        """Ask whether the value lies between two, both included."""
        return made(self, f"({self.sql} BETWEEN {operand(low).sql} AND {operand(high).sql})")

    between = is_between

    def like(self, pattern: str) -> Self:
        """Ask whether text matches a pattern of `%` and `_`."""
        return made(self, f"({self.sql} LIKE {operand(pattern).sql})")

    def ilike(self, pattern: str) -> Self:
        """Ask whether text matches a pattern of `%` and `_`, whatever the case of the letters A to Z."""
        return made(self, f"({self.sql} ILIKE {operand(pattern).sql})")
