"""Entries of a log that a home has copied, and which of them are looked for."""

from __future__ import annotations

from typing import NamedTuple


class Leaf(NamedTuple):
    """An entry of the log.

    Attributes:
        position: Its place, from 0.
        kind: Its kind.
        leaf: The entry, byte for byte as it is hashed.
    """

    position: int
    kind: str
    leaf: bytes


class Span(NamedTuple):
    """Which entries are looked for, among the first ones.

    Attributes:
        size: So many entries are looked at.
        kind: Of which kind; of any if it is empty.
        words: What all stands in them, in small letters.
        above: Only entries after this one.
        below: Only entries before this one.
    """

    size: int
    kind: str = ""
    words: tuple[str, ...] = ()
    above: int = -1
    below: int | None = None
