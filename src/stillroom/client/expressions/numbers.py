"""Functions of one number, and choices that leave a value or put another in its place."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from stillroom.client.expressions.piece import Piece, called, known, made, whole
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Self

    from stillroom.client.expressions.piece import Value

Type: TypeAlias = Literal[
    "integer", "smallint", "tinyint", "bigint", "hugeint", "decimal", "text", "boolean", "date", "timestamp", "double"
]
"""Types that values are cast to; `hugeint` and `double` of results only."""

FEWEST_PLACES = -12
"""The furthest place before the point that numbers are rounded to."""

_TYPES: dict[type, Type] = {
    bool: "boolean",
    int: "integer",
    float: "double",
    str: "text",
    datetime.date: "date",
    datetime.datetime: "timestamp",
}


class Numbers(Piece):
    """What is made of one value: most of it of numbers."""

    def abs(self) -> Self:
        """Return the size of a number."""
        return called(self, "ABS")

    def sign(self) -> Self:
        """Return -1, 0 or 1."""
        return called(self, "SIGN")

    def floor(self) -> Self:
        """Return the next whole number that is not above."""
        return called(self, "FLOOR")

    def ceil(self) -> Self:
        """Return the next whole number that is not below."""
        return called(self, "CEIL")

    def round(self, places: int = 0) -> Self:
        """Round to some decimal places, half away from zero; below 0, to tens, hundreds and so on."""
        return called(self, "ROUND", whole(places, "The number of places", least=FEWEST_PLACES))

    def truncate(self, places: int = 0) -> Self:
        """Cut off after some decimal places; below 0, to tens, hundreds and so on."""
        return called(self, "TRUNC", whole(places, "The number of places", least=FEWEST_PLACES))

    def sqrt(self) -> Self:
        """Return the square root; NULL below 0."""
        return called(self, "SQRT")

    def cbrt(self) -> Self:
        """Return the cube root, of a number below 0 too; in rows of few values."""
        return called(self, "CBRT")

    def degrees(self) -> Self:
        """Return an angle in radians as one in degrees; of results only."""
        return called(self, "DEGREES")

    def radians(self) -> Self:
        """Return an angle in degrees as one in radians; of results only."""
        return called(self, "RADIANS")

    def pow(self, exponent: Value) -> Self:
        """Raise to a power; in rows of few values, or to a whole power up to 4."""
        return called(self, "POWER", exponent)

    def exp(self) -> Self:
        """Return e to the power of it; in rows of few values."""
        return called(self, "EXP")

    def log(self, base: int | None = None) -> Self:
        """Return the logarithm: the natural one, or to the base 2 or 10; NULL for 0 and below; in rows of few values.

        Raises:
            InvalidInput: It is to another base.
        """
        if base is None:
            return called(self, "LN")
        if base not in {2, 10}:
            raise InvalidInput(Code.SQL_INVALID, "Logarithms are to the base 2 or 10, or natural.", "Write x.log() / math.log(base).")
        return called(self, f"LOG{base}")

    def width_bucket(self, low: float | Decimal, high: float | Decimal, buckets: int) -> Self:
        """Return in which bucket of equal width a number lies, counted from 1: 0 below `low`, one more than there are from `high` on."""
        return called(self, "WIDTH_BUCKET", low, high, whole(buckets, "The number of buckets", least=1))

    def clip(self, low: Value = None, high: Value = None) -> Self:
        """Move a number to the ends of a range that it lies outside of; what is missing stays missing.

        Raises:
            InvalidInput: There is no end.
        """
        if low is None and high is None:
            raise InvalidInput(Code.SQL_INVALID, "clip has neither a lower nor an upper end.", "Give one, or both: clip(0, 100).")
        above = self if low is None else called(self, "GREATEST", low)
        inside = above if high is None else called(above, "LEAST", high)
        return made(self, f"CASE WHEN {self.sql} IS NULL THEN NULL ELSE {inside.sql} END")

    def fill_null(self, value: Value) -> Self:
        """Put a value where one is missing."""
        return called(self, "COALESCE", value)

    def nullif(self, value: Value) -> Self:
        """Leave the value out where it equals another."""
        return called(self, "NULLIF", value)

    def cast(self, to: Type | type, digits: int = 15, places: int = 0) -> Self:
        """Return the value as another type; NULL where it does not fit.

        Args:
            to: The type by name, or Python's: `int`, `float`, `str`, `bool`, `datetime.date` or `datetime.datetime`.
            digits: How many digits a decimal has.
            places: How many of them are decimal places.

        Raises:
            InvalidInput: There is no such type.
        """
        name = known(_TYPES.get(to, "") if isinstance(to, type) else to, get_args(Type))
        size = f"({whole(digits, 'The number of digits', least=1)}, {whole(places, 'The number of places')})" if name == "decimal" else ""
        return made(self, f"CAST({self.sql} AS {name.upper()}{size})")
