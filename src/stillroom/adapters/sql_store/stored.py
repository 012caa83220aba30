"""Reading what was stored: whatever cannot be what was written is said to be damaged, and nothing else is."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stored() -> Iterator[None]:
    """Read values of a database, in this context or in a function that it decorates.

    Raises:
        Failed: `STORE_FAILED` for a value that cannot have been written. It is not in the message.
    """
    try:
        yield
    except ValueError as error:  # JSON that is none, an unknown state, a record with values that it cannot have
        raise Failed(Code.STORE_FAILED, "A record in a database is damaged.", "Restore the database from a backup.") from error


def read_json(text: str) -> Any:  # noqa: ANN401 - parsed JSON
    """Read a column of JSON. It fails as `stored` does."""
    with stored():
        return json.loads(text)
