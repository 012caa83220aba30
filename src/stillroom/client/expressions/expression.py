"""Expressions: columns and constants, and all that can be computed of them. Each is a piece of SQL, which the compiler decides on."""

from __future__ import annotations

from stillroom.client.expressions.aggregates import Aggregates
from stillroom.client.expressions.conditions import Conditions
from stillroom.client.expressions.dates import Dates
from stillroom.client.expressions.numbers import Numbers
from stillroom.client.expressions.operators import Operators
from stillroom.client.expressions.piece import Value, column, operand
from stillroom.client.expressions.text import Text
from stillroom.client.expressions.windows import Windows


class Expression(Operators, Conditions, Numbers, Aggregates, Windows):
    """A piece of a question. Operators and methods make larger ones."""

    @property
    def dt(self) -> Dates[Expression]:
        """What is made of a date or a timestamp."""
        return Dates(self)

    @property
    def str(self) -> Text[Expression]:
        """What is made of a text."""
        return Text(self)


def col(name: str) -> Expression:
    """Return a column by name; `dataset.column` where two tables have one of that name.

    Raises:
        InvalidInput: It is no name.
    """
    return Expression(column(name))


def lit(value: Value) -> Expression:
    """Return a value as an expression. Text stands as a constant, never as a column.

    Raises:
        InvalidInput: It is of no type that a question knows, or a number without a size, or with far too many digits.
    """
    return Expression(operand(value).sql)


of = lit
