"""Admitted tables that live in memory, for tests and for exact answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from stillroom.adapters.admitted import Contents


class MemoryTable:
    """An admitted table in memory."""

    def __init__(self, contents: Contents) -> None:
        """Wrap a table."""
        self._contents = contents

    @property
    def salt(self) -> bytes:
        """The key of the dataset's keyed hashes; empty for a public table."""
        return self._contents.salt

    def rows(self, columns: Sequence[str]) -> pa.Table:
        """Return the rows: `person` (private tables only) and the columns."""
        person = [PERSON] if PERSON in self._contents.rows.column_names else []
        return self._contents.rows.select([*person, *columns])

    def persons(self) -> pa.Array:
        """Return the canonical identifiers; item i belongs to code i."""
        return self._contents.persons
