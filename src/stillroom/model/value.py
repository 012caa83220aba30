"""The base of every frozen value."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer


class Value(BaseModel):
    """An immutable, strictly typed record that has exactly one canonical encoding.

    Unknown fields are refused, types are not coerced, and two values are equal when their fields are.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    def to_json(self) -> dict[str, Any]:
        """Return the value as plain JSON data."""
        return self.model_dump(mode="json", by_alias=True)


def _whole(value: object) -> object:
    """Read a whole number that was written as decimal text."""
    if isinstance(value, str) and value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return value


BigInt = Annotated[int, BeforeValidator(_whole), PlainSerializer(str, return_type=str, when_used="json")]
"""A whole number of any size; in JSON it is decimal text, because RFC 8785 numbers are doubles."""
