"""Expressions of the lazy builder: columns, and what can be computed from them. Each is a piece of SQL, which the compiler decides on."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from stillroom.errors import Code, InvalidInput

Value: TypeAlias = "Expression | bool | int | float | Decimal | str | datetime.date | None"
"""What may stand in an expression: another expression, or a constant."""

MOST_DIGITS = 100
"""The most digits of a number before its point, or after it; no question can be asked with so many."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A piece of a question. Operators and methods make larger ones; `==` compares values, as SQL does.

    Attributes:
        sql: Its text.
    """

    sql: str

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

    def _with(self, operator: str, other: Value, *, swapped: bool = False) -> Expression:
        left, right = (of(other), self) if swapped else (self, of(other))
        return Expression(f"({left.sql} {operator} {right.sql})")

    def __eq__(self, other: Value) -> Expression:  # type: ignore[override]
        """Compare; with None, ask whether the value is missing."""
        return self.is_null() if other is None else self._with("=", other)

    def __ne__(self, other: Value) -> Expression:  # type: ignore[override]
        """Compare; with None, ask whether there is a value."""
        return ~self.is_null() if other is None else self._with("<>", other)

    def __lt__(self, other: Value) -> Expression:
        """Compare."""
        return self._with("<", other)

    def __le__(self, other: Value) -> Expression:
        """Compare."""
        return self._with("<=", other)

    def __gt__(self, other: Value) -> Expression:
        """Compare."""
        return self._with(">", other)

    def __ge__(self, other: Value) -> Expression:
        """Compare."""
        return self._with(">=", other)

    def __add__(self, other: Value) -> Expression:
        """Add."""
        return self._with("+", other)

    def __radd__(self, other: Value) -> Expression:
        """Add."""
        return self._with("+", other, swapped=True)

    def __sub__(self, other: Value) -> Expression:
        """Subtract."""
        return self._with("-", other)

    def __rsub__(self, other: Value) -> Expression:
        """Subtract."""
        return self._with("-", other, swapped=True)

    def __mul__(self, other: Value) -> Expression:
        """Multiply."""
        return self._with("*", other)

    def __rmul__(self, other: Value) -> Expression:
        """Multiply."""
        return self._with("*", other, swapped=True)

    def __truediv__(self, other: Value) -> Expression:
        """Divide; by zero it is NULL."""
        return self._with("/", other)

    def __rtruediv__(self, other: Value) -> Expression:
        """Divide; by zero it is NULL."""
        return self._with("/", other, swapped=True)

    def __neg__(self) -> Expression:
        """Negate a number."""
        return Expression(f"(- {self.sql})")

    def __and__(self, other: Value) -> Expression:
        """Ask whether both are true."""
        return self._with("AND", other)

    def __or__(self, other: Value) -> Expression:
        """Ask whether one is true."""
        return self._with("OR", other)

    def __invert__(self) -> Expression:
        """Negate a condition."""
        return Expression(f"(NOT {self.sql})")

    def is_null(self) -> Expression:
        """Ask whether there is no value."""
        return Expression(f"({self.sql} IS NULL)")

    def is_in(self, values: list[bool | int | float | str]) -> Expression:
        """Ask whether the value is one of several."""
        return Expression(f"({self.sql} IN ({', '.join(of(value).sql for value in values)}))")

    def between(self, low: Value, high: Value) -> Expression:
        """Ask whether the value lies between two, both included."""
        return Expression(f"({self.sql} BETWEEN {of(low).sql} AND {of(high).sql})")

    def like(self, pattern: str) -> Expression:
        """Ask whether text matches a pattern of `%` and `_`."""
        return Expression(f"({self.sql} LIKE {of(pattern).sql})")

    def sum(self) -> Expression:
        """Add up, over a group."""
        return Expression(f"SUM({self.sql})")

    def mean(self) -> Expression:
        """Average, over a group."""
        return Expression(f"AVG({self.sql})")

    def count(self) -> Expression:
        """Count the rows that have a value, over a group."""
        return Expression(f"COUNT({self.sql})")

    def n_unique(self) -> Expression:
        """Count the distinct values, over a group."""
        return Expression(f"COUNT(DISTINCT {self.sql})")

    def median(self) -> Expression:
        """Return the value in the middle, over a group."""
        return Expression(f"MEDIAN({self.sql})")

    def quantile(self, part: float) -> Expression:
        """Return the value that a part of the rows, such as 0.9, lie below, over a group."""
        return Expression(f"QUANTILE_CONT({self.sql}, {of(part).sql})")

    def min(self) -> Expression:
        """Return the least value over one person's rows (`Rows.per_person`); over a group, the least at which noise shows one."""
        return Expression(f"MIN({self.sql})")

    def max(self) -> Expression:
        """Return the greatest value over one person's rows (`Rows.per_person`); over a group, the greatest at which noise shows one."""
        return Expression(f"MAX({self.sql})")

    def desc(self) -> Expression:
        """Order from the greatest to the least (`Question.order_by`)."""
        return Expression(f"{self.sql} DESC")


class When:
    """The beginning of a choice: `when(condition, value).when(…).otherwise(value)`."""

    def __init__(self, branches: tuple[tuple[str, str], ...]) -> None:
        """Use `when`."""
        self._branches = branches

    def when(self, condition: Expression, value: Value) -> When:
        """Add a branch, for rows of no branch before."""
        return When((*self._branches, (written(condition), of(value).sql)))

    def otherwise(self, value: Value = None) -> Expression:
        """End the choice with the value of all other rows."""
        branches = " ".join(f"WHEN {condition} THEN {value}" for condition, value in self._branches)
        return Expression(f"CASE {branches} ELSE {of(value).sql} END")


def when(condition: Expression, value: Value) -> When:
    """Begin a choice: the value of the first branch whose condition is true."""
    return When(((written(condition), of(value).sql),))


def col(name: str) -> Expression:
    """Return a column by name; `dataset.column` where two tables have one of that name.

    Raises:
        InvalidInput: It is no name.
    """
    if not isinstance(name, str):
        raise InvalidInput(
            Code.SQL_INVALID, f"A column is named by text, not by a value of the type {type(name).__name__}.", "Name expressions: x=…."
        )
    return Expression(".".join(quoted(part) for part in name.split(".")))


def count() -> Expression:
    """Count rows, over a group."""
    return Expression("COUNT(*)")


def of(value: Value) -> Expression:
    """Return a value as an expression. Text stands as a constant, never as a column.

    Raises:
        InvalidInput: It is of no type that a question knows, or a number without a size, or with far too many digits.
    """
    match value:
        case Expression():
            return value
        case None:
            return Expression("NULL")
        case bool():
            return Expression("TRUE" if value else "FALSE")
        case int() | Decimal() | float():
            return Expression(_number(value if isinstance(value, Decimal | int) else Decimal(str(value))))
        case datetime.datetime():
            return Expression(f"TIMESTAMP '{_timestamp(value)}'")
        case datetime.date():
            return Expression(f"DATE '{value.isoformat()}'")
        case str():
            return Expression("'" + value.replace("'", "''") + "'")
        case _:
            raise InvalidInput(
                Code.SQL_INVALID,
                f"A question has no constants of the type {type(value).__name__}.",
                "Use a number, text, a truth value, a date, a timestamp or None.",
            )


def _timestamp(value: datetime.datetime) -> str:
    """Return a timestamp as SQL writes it.

    Raises:
        InvalidInput: It has a time zone, or parts of a second.
    """
    if value.tzinfo is not None or value.microsecond:
        fix = "Give it in UTC, without a time zone, in whole seconds: value.astimezone(UTC).replace(tzinfo=None, microsecond=0)."
        raise InvalidInput(Code.SQL_INVALID, "A timestamp in a question has no time zone and no parts of a second.", fix)
    return value.isoformat(sep=" ")


def written(value: Expression) -> str:
    """Return the text of what must be an expression.

    Raises:
        InvalidInput: It is something else.
    """
    if not isinstance(value, Expression):
        raise InvalidInput(
            Code.SQL_INVALID,
            f"An expression was expected, not a value of the type {type(value).__name__}.",
            'Make one of a column, such as col("age") > 30 or col("cost").sum(), or with count().',
        )
    return value.sql


def _number(value: int | Decimal) -> str:
    """Return a number as SQL writes it."""
    exact = Decimal(value)
    if not exact.is_finite() or exact.adjusted() > MOST_DIGITS or -int(exact.as_tuple().exponent) > MOST_DIGITS:
        raise InvalidInput(
            Code.NUMBER_TOO_LARGE, f"A number is infinite, not a number, or has more than {MOST_DIGITS} digits.", "Use another number."
        )
    return f"{exact:f}"


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
