"""Whether what a room keeps agrees with itself: everything is worked out again from the log, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.ledger import entry
from stillroom.ledger.log import replay
from stillroom.room.consistency import books, statements, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stillroom.ports import Records, Store
    from stillroom.room.room import Notary


_UNREADABLE = (StillroomError, TypeError, ValueError)
"""What reading raises where somebody has written something else: a text for bytes, say."""


def findings(store: Store, notary: Notary) -> tuple[str, ...]:
    """Return all that does not agree: leaves, hashes, checkpoints, statements, runs, releases, balances and versions.

    Args:
        store: What the room keeps.
        notary: Its name and key.
    """
    try:
        with store.reading() as records:
            return tuple(_findings(records, notary))
    except StillroomError as error:
        return (f"The store cannot be read: {error.reason}",)


def _findings(records: Records, notary: Notary) -> Iterator[str]:
    leaves = records.log.leaves()
    yield from _told("The tree", tree.findings(records, notary, leaves))
    try:
        entries = tuple(entry.decode(leaf) for leaf in leaves)
        state = replay(entries)
    except StillroomError as error:
        yield f"The log: {error.reason}"
        return
    yield from _told("Statements", statements.findings(records, notary, entries))
    yield from _told("The books", books.findings(records, state))


def _told(what: str, found: Iterable[str]) -> Iterator[str]:
    """Yield what was found; that a part cannot be read is a finding, too."""
    try:
        yield from (f"{what}: {one}" for one in found)
    except _UNREADABLE as error:
        yield f"{what}: it cannot be read ({error.code if isinstance(error, StillroomError) else type(error).__name__})."
