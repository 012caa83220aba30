"""What functions of row expressions mean, written down once more for the reference. It shares no code with the package."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from calendar import monthrange
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from fractions import Fraction
from itertools import chain, dropwhile, islice
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Scalar: TypeAlias = bool | int | str | None


def call(function: str, operands: Sequence[Scalar]) -> Scalar:
    """Return the value of a function."""
    if function in _OF_SOME:
        some = [operand for operand in operands if operand is not None]
        return _OF_SOME[function](some) if some else None
    return None if None in operands else _OF_ALL[function](*operands)


def _divided(left: int, right: int, whole: Callable[[Fraction], int]) -> int | None:
    return None if right == 0 else whole(Fraction(left, right))


def _root(number: int) -> int | None:
    """Return the whole part of a root, by decimals of fifty digits."""
    if number < 0:
        return None
    with localcontext(prec=50):
        return int(Decimal(number).sqrt())


def _date(day: int) -> tuple[datetime.date, int]:
    """Return a day in the years 1 to 400, and how many times 400 years later it is."""
    cycles, rest = divmod(day + 719_162, 146_097)
    return datetime.date.fromordinal(rest + 1), cycles


def _months(day: int) -> int:
    date, cycles = _date(day)
    return (date.year + 400 * cycles) * 12 + date.month - 1


def _month_start(month: int) -> int:
    cycles, rest = divmod(month - 12, 4_800)
    return datetime.date(rest // 12 + 1, rest % 12 + 1, 1).toordinal() + 146_097 * cycles - 719_163


def _add_months(day: int, months: int) -> int:
    first = _month_start(_months(day) + months)
    number = _date(day)[0].day
    return first + min(number, monthrange(_date(first)[0].year, _date(first)[0].month)[1]) - 1


def _space(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def _spelled(number: int, places: int) -> str:
    return format(Decimal(number).scaleb(-places), "f") if number else format(Decimal(0), f".{places}f")


def _read(text: str, digits: int, places: int) -> int | None:
    """Read a number by Python's decimals, which know exponents and other things that do not count."""
    text = text.strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f")
    if not set(text) <= set("0123456789.+-") or text.count(".") > 1:
        return None
    with localcontext(prec=20_000):
        try:
            found = int(Decimal(text).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).scaleb(places))
        except (InvalidOperation, ValueError):
            return None
    return found if abs(found) < 10**digits else None


def _read_date(text: str) -> int | None:
    text = text.strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f")
    date, time = text[:10], text[10:]
    shaped = [len(part) for part in date.split("-")] == [4, 2, 2] and set(date) <= set("0123456789-")
    if not shaped or (time and not re.fullmatch("[T ][0-9:.]+(Z|[+-][0-9:]+)?", time)):
        return None
    try:
        return datetime.date(*map(int, date.split("-"))).toordinal() - 719_163
    except ValueError:
        return None


def _read_timestamp(text: str) -> int | None:
    text = text.strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f")
    day, time = _read_date(text[:10]), text[10:] or " 00:00"
    clock = re.fullmatch(r"[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](?:00|0000|00:00))?", time, re.ASCII)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (24, 0, 0)
    return None if day is None or hour > 23 or minute > 59 or second > 59 else day * 86_400 + hour * 3_600 + minute * 60 + second


def _read_truth(text: str) -> bool | None:
    spelled = "".join(one.lower() if one.isascii() else one for one in text.strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f"))
    return {**dict.fromkeys(("true", "t", "yes", "y", "1"), True), **dict.fromkeys(("false", "f", "no", "n", "0"), False)}.get(spelled)


_OF_SOME: dict[str, Callable[[list[Any]], Scalar]] = {
    "greatest": lambda some: next(one for one in some if all(other <= one for other in some)),
    "least": lambda some: next(one for one in some if all(one <= other for other in some)),
}

_OF_ALL: dict[str, Callable[..., Scalar]] = {
    "absolute": lambda number: max(number, -number),
    "quotient": lambda left, right: _divided(left, right, math.trunc),
    "remainder": lambda left, right: None if right == 0 else int(math.copysign(1, left)) * (abs(left) % abs(right)),
    "floor": lambda left, right: _divided(left, right, math.floor),
    "root": _root,
    "within": lambda number, low, high: number if number in range(low, high + 1) else None,
    "length": lambda text: sum(1 for _ in text),
    "lower": lambda text: "".join(one.lower() if one.isascii() else one for one in text),
    "upper": lambda text: "".join(one.upper() if one.isascii() else one for one in text),
    "trim_start": lambda text: "".join(dropwhile(_space, text)),
    "trim_end": lambda text: "".join(reversed([*dropwhile(_space, reversed(text))])),
    "substring": lambda text, start, length: "".join(islice(text, start - 1, start - 1 + length)),
    "right": lambda text, length: "".join(text[place] for place in range(len(text)) if place >= len(text) - length),
    "reverse": lambda text: "".join(reversed(text)),
    "concat": lambda *texts: "".join(chain.from_iterable(texts)),
    "replace": lambda text, old, new: new.join(text.split(old)) if old else text,
    "position": lambda text, part: next((place + 1 for place in range(len(text) + 1) if text.startswith(part, place)), 0),
    "number_text": _spelled,
    "date_text": lambda day: str(datetime.date.fromordinal(day + 719_163)) if 0 < day + 719_163 <= 3_652_059 else None,
    "text_number": _read,
    "text_date": _read_date,
    "text_timestamp": _read_timestamp,
    "text_truth": _read_truth,
    "months": _months,
    "month_start": _month_start,
    "day_of_month": lambda day: _date(day)[0].day,
    "day_of_year": lambda day: _date(day)[0].timetuple().tm_yday,
    "week": lambda day: _date(day)[0].isocalendar().week,
    "add_months": _add_months,
}
