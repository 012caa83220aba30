"""What a contract declares about columns, as far as bounds and domains go."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from stillroom.client.verification.outcome import Broken
from stillroom.model.contract import PrivateDataset
from stillroom.model.relation import dataset_of
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.model.contract import Contract, Dataset
    from stillroom.model.schema import Column, Scalar

Range: TypeAlias = tuple[int, int]
"""Least and greatest value, in whole units."""

Typed: TypeAlias = tuple[str, "Scalar"]
"""A value with the name of its type, since Python has 1 equal to True."""

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY = 86_400
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_DAYS = (datetime.date.min.toordinal() - _EPOCH, datetime.date.max.toordinal() - _EPOCH)
_CALENDAR = {Kind.DATE: _DAYS, Kind.TIMESTAMP: (_DAYS[0] * _DAY, (_DAYS[1] + 1) * _DAY - 1)}
"""The first and the last day that there are, and the first and the last second."""
_LARGEST_DOMAIN = 1_000_000
_LONGEST = 400
"""No number of a contract has more digits; a double has at most 309."""
_ADMITTED = (1 - 2**53, 2**53 - 1)
"""What admission limits numbers to that have no bounds, in whole units."""
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})


def last_day(contract: Contract) -> datetime.date:
    """Return the last day on which a contract is in force.

    Raises:
        Broken: What it says is not a day.
    """
    try:
        return datetime.date.fromisoformat(contract.expires)
    except ValueError:
        raise Broken(f"the contract expires on {contract.expires}, which is not a day") from None


def dataset(contract: Contract, name: str) -> Dataset:
    """Return a dataset of the contract.

    Raises:
        Broken: There is none of that name.
    """
    found = contract.datasets.get(name)
    if found is None:
        raise Broken(f"the contract has no dataset {name}")
    return found


def column(contract: Contract, name: str) -> Column:
    """Return the declaration of a column, by its name in a plan: `dataset.column`, or `dataset#n.column` for another reading.

    Raises:
        Broken: There is none, or the column may not be used at all.
    """
    own = name.partition(".")[2]
    source = dataset(contract, dataset_of(name))
    found = source.columns.get(own)
    if found is None or (isinstance(source, PrivateDataset) and not found.uses):
        raise Broken(f"the contract does not let a question use {name}")
    return found


def value_range(contract: Contract, name: str) -> Range | None:
    """Return the least and greatest value of a number, in its units; None for truth values.

    For dates these are days, for timestamps seconds, for texts lengths. Where the contract has no bounds, it is admission that limits them.

    Raises:
        Broken: As `column`, or the declaration makes no sense.
    """
    declared = column(contract, name)
    ends = declared.values if declared.values is not None else declared.bounds
    try:
        if declared.type in _CALENDAR:
            return _ends(declared) or _CALENDAR[declared.type]
        if declared.type is Kind.TEXT:
            return 0, _longest(declared)
        if declared.type not in _NUMBERS:
            return None
        if not ends:
            return _ADMITTED
        units = [_units(end, _digits(declared)) for end in ends]
    except (ArithmeticError, ValueError):
        raise _senseless(name) from None
    return min(units), max(units)


def domain(contract: Contract, name: str) -> frozenset[Typed] | None:
    """Return every value of a column but NULL; None where it has no finite domain.

    Raises:
        Broken: As `column`, or the declaration makes no sense.
    """
    declared = column(contract, name)
    if declared.type is Kind.BOOLEAN and declared.values is None:
        return typed((False, True))
    if declared.values is None or declared.type in _NUMBERS:
        return _steps(contract, name, declared) if declared.values is None else _listed(name, declared)
    return typed(declared.values)


def allows(contract: Contract, name: str, value: Typed) -> bool:
    """Tell whether a column without a finite domain may have a value: a number or a date within its bounds, by its step; any other.

    Raises:
        Broken: As `column`, or the declaration makes no sense.
    """
    declared, number = column(contract, name), value[1]
    ends = value_range(contract, name)
    if declared.type is Kind.TEXT or ends is None or not isinstance(number, int):
        return True
    try:
        step = 1 if declared.type in _CALENDAR or declared.step is None else _units(declared.step, _digits(declared))
    except (ArithmeticError, ValueError):
        raise _senseless(name) from None
    return ends[0] <= number <= ends[1] and number % step == 0


def typed(values: Iterable[Scalar]) -> frozenset[Typed]:
    """Return values with the names of their types."""
    return frozenset((type(value).__name__, value) for value in values)


def _listed(name: str, declared: Column) -> frozenset[Typed]:
    """Return listed numbers, in units."""
    try:
        return typed(_units(value, _digits(declared)) for value in declared.values or ())
    except (ArithmeticError, ValueError):
        raise _senseless(name) from None


def _steps(contract: Contract, name: str, declared: Column) -> frozenset[Typed] | None:
    """Return the multiples of the step within the bounds."""
    try:
        ends = value_range(contract, name) if declared.bounds else None
        step = 1 if declared.type in _CALENDAR or declared.step is None else _units(declared.step, _digits(declared))
    except (ArithmeticError, ValueError):
        raise _senseless(name) from None
    if ends is None or step < 1 or (ends[1] - ends[0]) // step > _LARGEST_DOMAIN:
        return None
    return typed(range(-(-ends[0] // step) * step, ends[1] + 1, step))


def _longest(declared: Column) -> int:
    """Return the most characters of a text: listed values are as long as they are, whatever else is declared."""
    return declared.max_length or 0 if declared.values is None else max((len(str(value)) for value in declared.values), default=0)


def _ends(declared: Column) -> Range | None:
    """Return the bounds of a date in days, of a timestamp in seconds."""
    if declared.bounds is None:
        return None
    read = _day_of if declared.type is Kind.DATE else _second_of
    low, high = (read(str(bound)) for bound in declared.bounds)
    return low, high


def _day_of(text: str) -> int:
    return _written(text, _DATE).toordinal() - _EPOCH


def _second_of(text: str) -> int:
    moment = _written(text, _TIMESTAMP)
    passed = moment - datetime.datetime.combine(moment.date(), datetime.time())
    return (moment.toordinal() - _EPOCH) * _DAY + passed.seconds


def _written(text: str, pattern: re.Pattern[str]) -> datetime.datetime:
    """Return a date or a timestamp that is written in the one way in which a contract has it.

    Raises:
        ValueError: It is not.
    """
    if not pattern.fullmatch(text):
        raise ValueError
    return datetime.datetime.fromisoformat(text)


def _digits(declared: Column) -> int:
    """Return how many decimal places a number has."""
    exponent = Decimal(str(1 if declared.step is None else declared.step)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _units(number: float | str, places: int) -> int:
    """Return a number in units of 10**-places."""
    found = Decimal(str(number))
    if found.adjusted() > _LONGEST:
        raise ValueError
    return int(found.scaleb(places))


def _senseless(name: str) -> Broken:
    return Broken(f"what the contract declares about {name} makes no sense")
