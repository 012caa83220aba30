"""Operators of expressions: arithmetic, comparisons, and conditions put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.expressions.piece import Piece, made, operand
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from typing import Self

    from stillroom.client.expressions.piece import Value


class Operators(Piece):
    """What Python's operators mean; `==` compares values, as SQL does."""

    def __bool__(self) -> bool:
        """Refuse `and`, `or`, `not` and chained comparisons, which Python decides at once.

        Raises:
            InvalidInput: Always.
        """
        raise InvalidInput(
            Code.SQL_INVALID, "An expression has no truth value before it is measured.", "Use & for AND, | for OR and ~ for NOT."
        )

    def __hash__(self) -> int:
        """Hash by the text."""
        return hash(self.sql)

    def _with(self, operator: str, other: Value, *, swapped: bool = False) -> Self:
        left, right = (operand(other), self) if swapped else (self, operand(other))
        return made(self, f"({left.sql} {operator} {right.sql})")

    def __eq__(self, other: Value) -> Self:  # type: ignore[override]
        """Compare; with None, ask whether the value is missing."""
        return made(self, f"({self.sql} IS NULL)") if other is None else self._with("=", other)

    def __ne__(self, other: Value) -> Self:  # type: ignore[override]
        """Compare; with None, ask whether there is a value."""
        return made(self, f"({self.sql} IS NOT NULL)") if other is None else self._with("<>", other)

    def __lt__(self, other: Value) -> Self:
        """Compare."""
        return self._with("<", other)

    def __le__(self, other: Value) -> Self:
        """Compare."""
        return self._with("<=", other)

    def __gt__(self, other: Value) -> Self:
        """Compare."""
        return self._with(">", other)

    def __ge__(self, other: Value) -> Self:
        """Compare."""
        return self._with(">=", other)

    def __add__(self, other: Value) -> Self:
        """Add; to a date, days."""
        return self._with("+", other)

    def __radd__(self, other: Value) -> Self:
        """Add."""
        return self._with("+", other, swapped=True)

    def __sub__(self, other: Value) -> Self:
        """Subtract; of two dates, it is the days in between."""
        return self._with("-", other)

    def __rsub__(self, other: Value) -> Self:
        """Subtract."""
        return self._with("-", other, swapped=True)

    def __mul__(self, other: Value) -> Self:
        """Multiply."""
        return self._with("*", other)

    def __rmul__(self, other: Value) -> Self:
        """Multiply."""
        return self._with("*", other, swapped=True)

    def __truediv__(self, other: Value) -> Self:
        """Divide; by zero it is NULL."""
        return self._with("/", other)

    def __rtruediv__(self, other: Value) -> Self:
        """Divide; by zero it is NULL."""
        return self._with("/", other, swapped=True)

    def __floordiv__(self, other: Value) -> Self:
        """Divide whole numbers, cut off towards zero, where Python rounds down; by zero it is NULL."""
        return self._with("//", other)

    def __rfloordiv__(self, other: Value) -> Self:
        """Divide whole numbers, cut off towards zero."""
        return self._with("//", other, swapped=True)

    def __mod__(self, other: Value) -> Self:
        """Return the remainder, with the sign of the dividend, where Python has that of the divisor; by zero it is NULL."""
        return self._with("%", other)

    def __rmod__(self, other: Value) -> Self:
        """Return the remainder, with the sign of the dividend."""
        return self._with("%", other, swapped=True)

    def __pow__(self, other: Value) -> Self:
        """Raise to a power; of results only."""
        return made(self, f"POWER({self.sql}, {operand(other).sql})")

    def __rpow__(self, other: Value) -> Self:
        """Raise to a power; of results only."""
        return made(self, f"POWER({operand(other).sql}, {self.sql})")

    def __neg__(self) -> Self:
        """Negate a number."""
        return made(self, f"(- {self.sql})")

    def __abs__(self) -> Self:
        """Return the size of a number."""
        return made(self, f"ABS({self.sql})")

    def __and__(self, other: Value) -> Self:
        """Ask whether both are true."""
        return self._with("AND", other)

    def __rand__(self, other: Value) -> Self:
        """Ask whether both are true."""
        return self._with("AND", other, swapped=True)

    def __or__(self, other: Value) -> Self:
        """Ask whether one is true."""
        return self._with("OR", other)

    def __ror__(self, other: Value) -> Self:
        """Ask whether one is true."""
        return self._with("OR", other, swapped=True)

    def __invert__(self) -> Self:
        """Negate a condition."""
        return made(self, f"(NOT {self.sql})")
