"""Admitted tables that live in memory, for tests and for exact answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.admitted import PERSON, WHOLE

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

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons."""
        return self._contents.rows.num_rows, len(self._contents.persons)

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range: `person` (private tables only) and the columns."""
        person = [PERSON] if PERSON in self._contents.rows.column_names else []
        return self._contents.rows.select([*person, *columns])[within]

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the canonical identifiers of a range of codes."""
        return self._contents.persons[within]
