"""How values are spelled as text."""

from __future__ import annotations

from stillroom.model.expression import ArithmeticOp, Not
from stillroom.model.function import Function
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.comparisons import BOOLEAN
from stillroom.query.constants import NULL
from stillroom.query.function_values import function_value
from stillroom.query.functions.call import called, whole
from stillroom.query.functions.timestamps import TIME_OF_DAY, days, second_of_day
from stillroom.query.typed import Typed, arithmetic, combined, constant, picked, span

DATE_LENGTH = 10


def as_text(value: Typed) -> Typed:
    """Return how a value is spelled: numbers with all their decimal places, dates as YYYY-MM-DD, timestamps with HH:MM:SS behind it."""
    missing = value.type.nullable
    match value.type.kind:
        case Kind.TEXT:
            return value
        case Kind.BOOLEAN:
            return told(value, constant("true", Kind.TEXT), constant("false", Kind.TEXT))
        case Kind.DATE:
            return called(Function.DATE_TEXT, ColumnType(kind=Kind.TEXT, length=DATE_LENGTH, nullable=missing), value)
        case Kind.TIMESTAMP:
            return _timestamp_text(value)
        case Kind.INTEGER | Kind.DECIMAL:
            ends = [function_value(Function.NUMBER_TEXT, (end, value.type.digits)) for end in span(value)]
            kind = ColumnType(kind=Kind.TEXT, length=max(len(str(end)) for end in ends), nullable=missing)
            return called(Function.NUMBER_TEXT, kind, value, whole(value.type.digits))


def _timestamp_text(value: Typed) -> Typed:
    """Return how a timestamp is spelled: `YYYY-MM-DD HH:MM:SS`."""
    passed, missing = second_of_day(value, "CAST"), value.type.nullable
    day = called(Function.DATE_TEXT, ColumnType(kind=Kind.TEXT, length=DATE_LENGTH, nullable=missing), days(value, "CAST"))
    texts = [day]
    for before, part in zip(" ::", TIME_OF_DAY.values(), strict=True):
        texts += [constant(before, Kind.TEXT), _two_digits(part(passed))]
    length = sum(text.type.longest or 0 for text in texts)
    return called(Function.CONCAT, ColumnType(kind=Kind.TEXT, length=length, nullable=missing), *texts)


def _two_digits(number: Typed) -> Typed:
    """Return a number below 100 as two digits."""
    more = arithmetic(ArithmeticOp.ADD, number, whole(100))
    spelled = called(Function.NUMBER_TEXT, ColumnType(kind=Kind.TEXT, length=3, nullable=number.type.nullable), more, whole(0))
    return called(Function.RIGHT, ColumnType(kind=Kind.TEXT, length=2, nullable=number.type.nullable), spelled, whole(2))


def told(value: Typed, one: Typed, other: Typed) -> Typed:
    """Return one of two values for true and for false."""
    return picked([(value, one), (combined(Not(operand=value.expression), BOOLEAN, value), other)], NULL, nullable=value.type.nullable)
