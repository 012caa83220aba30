"""Which persons two tables have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


class People(Protocol):
    """Persons by code."""

    def persons(self) -> pa.Array:
        """Return the canonical identifiers; item i belongs to code i."""
        ...


class Everybody:
    """The persons of several tables, each once."""

    def __init__(self, tables: Sequence[People]) -> None:
        """Give everybody a code."""
        import pyarrow as pa
        import pyarrow.compute as pc

        identifiers = [table.persons().cast(pa.large_string()) for table in tables]
        self._persons = pc.unique(pa.chunked_array(identifiers, pa.large_string()))

    def persons(self) -> pa.Array:
        """Return the canonical identifiers; item i belongs to code i."""
        return self._persons


class PersonLinks:
    """Translates persons' codes from one table to another, and remembers how for as long as both tables live.

    Persons are the same when their canonical identifiers are the same text. Tables are told apart by identity: a table object
    stands for one admitted version, which never changes.
    """

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._known: WeakKeyDictionary[People, WeakKeyDictionary[People, pa.Array]] = WeakKeyDictionary()

    def codes(self, source: People, target: People) -> pa.Array:
        """Return, for each code of `source`, the code of the same person in `target`, or NULL."""
        known = self._known.setdefault(source, WeakKeyDictionary())
        if target not in known:
            known[target] = _matched(source.persons(), target.persons())
        return known[target]


def _matched(source: pa.Array, target: pa.Array) -> pa.Array:
    """Return where each item of `source` stands in `target`; the hash table is made of the shorter one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    source, target = source.cast(pa.large_string()), target.cast(pa.large_string())
    if len(source) == 0 or len(target) <= len(source):
        return pc.index_in(source, value_set=target)
    places = pc.index_in(target, value_set=source)
    return pc.inverse_permutation(places, max_index=len(source) - 1)
