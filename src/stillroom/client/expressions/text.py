"""Functions of text: `col("place").str.lower()`. All of them count code points; cases are those of the letters A to Z."""

from __future__ import annotations

from typing import Generic

from stillroom.client.expressions.piece import P, Value, called, whole
from stillroom.errors import Code, InvalidInput


class Text(Generic[P]):
    """What is made of a text."""

    def __init__(self, of: P) -> None:
        """Take an expression; `str` of it does."""
        self._of = of

    def lower(self) -> P:
        """Return the text with small letters."""
        return called(self._of, "LOWER")

    def upper(self) -> P:
        """Return the text with capital letters."""
        return called(self._of, "UPPER")

    def strip(self) -> P:
        """Take away spaces at both ends; neither tabs nor line ends are spaces."""
        return called(self._of, "TRIM")

    def lstrip(self) -> P:
        """Take away spaces at the beginning."""
        return called(self._of, "LTRIM")

    def rstrip(self) -> P:
        """Take away spaces at the end."""
        return called(self._of, "RTRIM")

    def reverse(self) -> P:
        """Return the code points from the last to the first."""
        return called(self._of, "REVERSE")

    def len_chars(self) -> P:
        """Return how many code points the text has."""
        return called(self._of, "LENGTH")

    def slice(self, offset: int, length: int | None = None) -> P:
        """Return what stands from a place on, counted from 0; below 0, from the end of the text.

        Raises:
            InvalidInput: A length is given for a place that is counted from the end.
        """
        if whole(offset, "Where a slice begins", least=None) < 0:
            if length is not None:
                reason = "A slice that begins from the end goes to the end."
                raise InvalidInput(Code.SQL_INVALID, reason, "Leave out the length, or take .str.head(…) of it.")
            return self.tail(-offset)
        begin = int(offset) + 1
        rest = () if length is None else (whole(length, "The length of a slice"),)
        return called(self._of, "SUBSTRING", begin, *rest)

    def head(self, length: int) -> P:
        """Return the first code points."""
        return called(self._of, "LEFT", whole(length, "A number of code points"))

    def tail(self, length: int) -> P:
        """Return the last code points."""
        return called(self._of, "RIGHT", whole(length, "A number of code points"))

    def replace(self, old: str, new: str) -> P:
        """Put a text in the place of another, wherever that stands."""
        return called(self._of, "REPLACE", old, new)

    def position(self, part: Value) -> P:
        """Return where a text first stands in this one, counted from 1; 0 where it does not."""
        return called(self._of, "STRPOS", part)

    def starts_with(self, part: Value) -> P:
        """Ask whether the text begins with another."""
        return called(self._of, "STARTS_WITH", part)

    def ends_with(self, part: Value) -> P:
        """Ask whether the text ends with another."""
        return called(self._of, "ENDS_WITH", part)

    def contains(self, part: Value) -> P:
        """Ask whether another text stands in this one, letter by letter: no sign in it is special."""
        return called(self._of, "CONTAINS", part)
