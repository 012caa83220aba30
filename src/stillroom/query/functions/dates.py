"""Functions of dates and timestamps, and arithmetic with them. Both are of the years 1 to 9999; what would be another is NULL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stillroom.admission.dates import FIRST_DAY
from stillroom.errors import Code, Refusal
from stillroom.model.expression import ArithmeticOp
from stillroom.model.function import Function
from stillroom.model.schema import DOMAIN_LIMIT, SECONDS_OF_DAY, Kind
from stillroom.query import calendar
from stillroom.query.comparisons import calendar_kind, of_calendar
from stillroom.query.functions.call import called, whole
from stillroom.query.functions.numbers import floor, quotient_of_wholes, remainder
from stillroom.query.functions.timestamps import TIME_OF_DAY, UNITS_OF_DAY, date, days, second_of_day, seconds, timestamp
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, arithmetic, is_null, mismatch, number_type, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand

MONTHS_OF = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
"""The months of units of time."""

DAYS_OF = {"DAY": 1, "WEEK": 7}
"""The days of the others."""

LONGEST_INTERVAL = 400_000
"""The most units of an interval."""

_COUNT = re.compile(r"[+-]?[0-9]{1,6}")


def months(day: Typed) -> Typed:
    """Return how many months have begun since January of the year 0."""
    low, high = span(day)
    return called(Function.MONTHS, number_type(0, calendar.months(low), calendar.months(high), nullable=day.type.nullable), day)


def month_start(month: Typed) -> Typed:
    """Return the first day of a month."""
    low, high = span(month)
    kind = number_type(0, calendar.month_start(low), calendar.month_start(high), nullable=month.type.nullable)
    return called(Function.MONTH_START, kind, month)


def plus(left: Typed, right: Typed) -> Typed:
    """Return a sum of whole numbers."""
    return arithmetic(ArithmeticOp.ADD, left, right)


def minus(left: Typed, right: Typed) -> Typed:
    """Return a difference of whole numbers."""
    return arithmetic(ArithmeticOp.SUBTRACT, left, right)


def _counted(function: Function, most: int) -> Callable[[Typed], Typed]:
    """Return what counts something from 1 to a number."""
    return lambda day: called(function, number_type(0, 1, most, nullable=day.type.nullable), day)


def _weekday(day: Typed, first: int) -> Typed:
    """Return how many days have passed since the last `first`, a day before the calendar begins or its first, a Monday."""
    return remainder(minus(day, whole(first)), whole(7))


PARTS: dict[str, Callable[[Typed], Typed]] = {
    "YEAR": lambda day: quotient_of_wholes(months(day), whole(12)),
    "QUARTER": lambda day: plus(quotient_of_wholes(remainder(months(day), whole(12)), whole(3)), whole(1)),
    "MONTH": lambda day: plus(remainder(months(day), whole(12)), whole(1)),
    "WEEK": _counted(Function.WEEK, 53),
    "DAY": _counted(Function.DAY_OF_MONTH, 31),
    "DOY": _counted(Function.DAY_OF_YEAR, 366),
    "ISODOW": lambda day: plus(_weekday(day, FIRST_DAY), whole(1)),
    "DOW": lambda day: _weekday(day, FIRST_DAY - 1),
}
"""The parts of dates."""

EPOCH = "EPOCH"
"""The part that is a timestamp's, or a date's beginning."""

_ALSO = {"DAYOFMONTH": "DAY", "DAYOFYEAR": "DOY", "DAYOFWEEK": "DOW", "DAYOFWEEKISO": "ISODOW", "WEEKOFYEAR": "WEEK"}


def _part(operand: Typed, name: str) -> Typed:
    """Return a part of a date or a timestamp."""
    if operand.type.kind is Kind.TIMESTAMP and name in TIME_OF_DAY:
        return TIME_OF_DAY[name](second_of_day(operand, name))
    if name == EPOCH:
        return seconds(operand, name)
    part = PARTS.get(_ALSO.get(name, name))
    if part is None:
        raise _unknown_unit(name, operand.type.kind, [*PARTS, EPOCH])
    return part(days(operand, name))


def _unknown_unit(name: str, kind: Kind, known: Sequence[str]) -> Refusal:
    """Return the refusal of a unit; a timestamp has all those of a date, and hours, minutes and seconds."""
    of_day = UNITS_OF_DAY if kind is Kind.TIMESTAMP else ()
    what = "a timestamp" if kind is Kind.TIMESTAMP else "a date"
    return Refusal(Code.EXPRESSION_NOT_ALLOWED, f"{name[:20]} of {what} is not supported.", f"Use {', '.join([*of_day, *known])}.")


def _named_part(node: exp.Expr, operand: Operand) -> Typed:
    """Return the part that a function is named after."""
    only(node, {"this", "expressions"})
    if isinstance(node.this, str):
        (argument,) = _arguments(node, 1)
        return _part(operand(argument), node.this.upper())
    return _part(operand(node.this), type(node).__name__.upper())


def _epoch(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    return _part(operand(node.this), EPOCH)


def _extract(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression"})
    return _part(operand(node.expression), node.this.name.upper())


def _date_part(node: exp.Expr, operand: Operand) -> Typed:
    name, argument = _arguments(node, 2)
    return _part(operand(argument), name.name.upper())


def _arguments(node: exp.Expr, count: int) -> list[exp.Expr]:
    """Return the operands of a call that the parser does not know."""
    if len(node.expressions) != count:
        raise unsupported(node)
    return list(node.expressions)


def _truncated(node: exp.Expr, operand: Operand) -> Typed:
    """Return the beginning of the hour, day, week, month, quarter or year: of a timestamp a timestamp, and of a date a date."""
    only(node, {"this", "unit"})
    value, unit = operand(node.this), node.args["unit"].name.upper()
    if value.type.kind is not Kind.TIMESTAMP:
        return _first_day(value, unit)
    if unit not in UNITS_OF_DAY:
        return _midnight(_first_day(value, unit))
    size, second = UNITS_OF_DAY[unit], seconds(value, "DATE_TRUNC")
    if size == 1:
        return timestamp(second)
    low, high = (end // size for end in span(second))
    begun = arithmetic(ArithmeticOp.MULTIPLY, floor(second, size), whole(size))
    return timestamp(begun, _starts(range(low * size, high * size + 1, size)))


def _midnight(day: Typed) -> Typed:
    """Return the beginning of a date; where no more of them are listed than those of units of time, it lists them."""
    domain = day.type.domain(DOMAIN_LIMIT)
    values = None if domain is None else tuple(int(value) * SECONDS_OF_DAY for value in domain if value is not None)
    return timestamp(seconds(day, "DATE_TRUNC"), values)


def _first_day(value: Typed, unit: str) -> Typed:
    """Return the first day of the week, month, quarter or year: a date, where DuckDB says midnight of that day."""
    day = days(value, "DATE_TRUNC")
    low, high = span(day)
    if unit == "DAY":
        return date(day)
    if unit == "WEEK":
        weeks = floor(minus(day, whole(FIRST_DAY)), 7)
        first = low - (low - FIRST_DAY) % 7
        return date(plus(arithmetic(ArithmeticOp.MULTIPLY, weeks, whole(7)), whole(FIRST_DAY)), _starts(range(first, high + 1, 7)))
    if unit not in MONTHS_OF:
        raise _unknown_unit(unit, value.type.kind, [*DAYS_OF, *MONTHS_OF])
    size = MONTHS_OF[unit]
    begun = _units(day, size)
    start = month_start(begun if size == 1 else arithmetic(ArithmeticOp.MULTIPLY, begun, whole(size)))
    first, last = calendar.months(low) // size * size, calendar.months(high)
    return date(start, _starts(range(first, last + 1, size), calendar.month_start))


def _units(day: Typed, size: int) -> Typed:
    """Return how many units of some months have begun since January of the year 0."""
    return months(day) if size == 1 else floor(months(day), size)


def _starts(places: range, start: Callable[[int], int] = int) -> tuple[int, ...] | None:
    """Return where units of time begin, unless these are too many."""
    return tuple(start(place) for place in places) if len(places) <= DOMAIN_LIMIT else None


def _difference(node: exp.Expr, operand: Operand) -> Typed:
    """Return how many boundaries of seconds, hours, days, months, quarters or years lie between; of weeks, how many have passed whole."""
    only(node, {"this", "expression", "unit", "date_part_boundary"})
    operands = [operand(node.expression), operand(node.this)]
    kind = calendar_kind(operands) or Kind.DATE
    begin, end = (of_calendar(one, kind) for one in operands)
    unit = node.args["unit"].name.upper() if node.args.get("unit") else ""
    if kind is Kind.TIMESTAMP and unit in UNITS_OF_DAY:
        return minus(*(floor(seconds(one, "DATE_DIFF"), UNITS_OF_DAY[unit]) for one in (end, begin)))
    first, last = (days(one, "DATE_DIFF") for one in (begin, end))
    if unit in DAYS_OF:
        return quotient_of_wholes(minus(last, first), whole(DAYS_OF[unit])) if unit != "DAY" else minus(last, first)
    if unit not in MONTHS_OF:
        raise _unknown_unit(unit, kind, [*DAYS_OF, *MONTHS_OF])
    return minus(_units(last, MONTHS_OF[unit]), _units(first, MONTHS_OF[unit]))


def _last_day(node: exp.Expr, operand: Operand) -> Typed:
    """Return the last day of the month of a date."""
    only(node, {"this"})
    return date(minus(month_start(plus(months(days(operand(node.this), "LAST_DAY")), whole(1))), whole(1)))


def date_arithmetic(node: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Return a date some days later or earlier, or how many days lie between two dates.

    Raises:
        Refusal: The question's dialect gives it another meaning, or operands do not go together.
    """
    from sqlglot import exp

    if node.args.get("typed"):
        fix = "Write an INTERVAL where the dialect has it, or the question in DuckDB's dialect."
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "Dates and numbers do not add up in this dialect, or to something else.", fix)
    if Kind.TIMESTAMP in {left.type.kind, right.type.kind}:
        what = "Timestamps are not added to, or taken from, numbers and each other."
        fix = "Write an INTERVAL, or DATE_DIFF('second', a, b) for what lies between."
        raise Refusal(Code.TYPE_MISMATCH, what, fix)
    if isinstance(node, exp.Sub) and left.type.kind is right.type.kind:
        return minus(days(left, "A difference"), days(right, "A difference"))
    if isinstance(node, exp.Add) and right.type.kind is Kind.DATE:
        left, right = right, left
    if isinstance(node, exp.Mul) or left.type.kind is not Kind.DATE or right.type.kind is not Kind.INTEGER or is_null(right):
        raise mismatch("To a date, a whole number of days is added; from it, one or another date is taken away.")
    return date((plus if isinstance(node, exp.Add) else minus)(days(left, "A sum"), right))


def moved(node: exp.Expr, operand: Operand) -> Typed:
    """Return a date or a timestamp that is moved by an interval; a date that is moved by hours is a timestamp."""
    from sqlglot import exp

    if isinstance(node, exp.Add) and isinstance(node.this, exp.Interval):
        node = exp.Add(this=node.expression, expression=node.this)
    if not isinstance(node, exp.Add | exp.Sub) or isinstance(node.this, exp.Interval):
        raise unsupported(node)
    count, unit = _interval(node.expression)
    count = -count if isinstance(node, exp.Sub) else count
    value = operand(node.this)
    if unit in UNITS_OF_DAY:
        return timestamp(plus(seconds(value, "INTERVAL"), whole(count * UNITS_OF_DAY[unit])))
    if unit in DAYS_OF and value.type.kind is Kind.TIMESTAMP:
        return timestamp(plus(seconds(value, "INTERVAL"), whole(count * DAYS_OF[unit] * SECONDS_OF_DAY)))
    day = days(value, "INTERVAL")
    if unit in DAYS_OF:
        return date(plus(day, whole(count * DAYS_OF[unit])))
    added = count * MONTHS_OF[unit]
    kind = number_type(0, *(calendar.add_months(end, added) for end in span(day)), nullable=day.type.nullable)
    later = called(Function.ADD_MONTHS, kind, day, whole(added))
    if value.type.kind is not Kind.TIMESTAMP:
        return date(later)
    return timestamp(plus(arithmetic(ArithmeticOp.MULTIPLY, later, whole(SECONDS_OF_DAY)), second_of_day(value, "INTERVAL")))


def _interval(node: exp.Expr) -> tuple[int, str]:
    """Return how many of which unit an interval has."""
    from sqlglot import exp

    only(node, {"this", "unit"})
    unit = node.args["unit"].name.upper().removesuffix("S") if node.args.get("unit") else ""
    written = node.this.name if isinstance(node.this, exp.Literal) else ""
    known = _COUNT.fullmatch(written) is not None and unit in {*UNITS_OF_DAY, *DAYS_OF, *MONTHS_OF}
    if not known or abs(int(written)) > LONGEST_INTERVAL:
        raise Refusal(
            Code.EXPRESSION_NOT_ALLOWED,
            "An interval is a constant number of seconds, minutes, hours, days, weeks, months, quarters or years.",
            "Write INTERVAL 3 MONTH.",
        )
    return int(written), unit


DATES: dict[str, Meaning] = {
    **dict.fromkeys(("Year", "Quarter", "Month", "Week", "Day", "DayOfMonth", "DayOfYear", "DayOfWeek", "DayOfWeekIso"), _named_part),
    **dict.fromkeys(("WeekOfYear", "DOW", "DOY", "Hour", "Minute", "Second"), _named_part),
    "TimeToUnix": _epoch,
    **dict.fromkeys(("DATE_PART", "DATEPART"), _date_part),
    "Extract": _extract,
    "TimestampTrunc": _truncated,
    "DateTrunc": _truncated,
    "DateDiff": _difference,
    "LastDay": _last_day,
}
