"""Values of a question's parameters, as Python has them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TypeAlias

from stillroom.client.expressions.scalars import plain_scalar
from stillroom.errors import Code, InvalidInput
from stillroom.model.question import Parameter

Value: TypeAlias = Parameter | datetime.date
"""A constant; a date or a timestamp (`datetime.datetime`, a kind of date) is the text that a question has for it."""

Values: TypeAlias = Mapping[str, Value]


def written(values: Values | None) -> dict[str, Parameter]:
    """Return parameters as a question holds them.

    Raises:
        InvalidInput: A timestamp has a time zone or parts of a second, which no timestamp of a room has.
    """
    return {name: _written(name, plain_scalar(value)) for name, value in (values or {}).items()}


def _written(name: str, value: Value) -> Parameter:
    if not isinstance(value, datetime.date):
        return value
    if not isinstance(value, datetime.datetime):
        return value.isoformat()
    if value.tzinfo is not None or value.microsecond:
        raise InvalidInput(
            Code.SQL_INVALID,
            f"The parameter {name} is a timestamp with a time zone or parts of a second.",
            "Give one in whole seconds, without a zone, as the data have them.",
        )
    return value.isoformat(" ")
