"""A connection to PostgreSQL after whose transactions nobody goes on before all that was seen in them is on disk.

A writer commits without waiting for the disk, and so lets the next writer in at once (`postgresql_server`). Whoever ends a transaction,
whether it wrote, read or failed, then waits until the server's log of changes is on disk up to where it had come by then.

- *What is answered is on disk.* That log is one sequence, and is synced from its beginning: with its end, all that was committed before.
- *Nothing is built on what is lost.* A commit that others have seen comes before theirs in that sequence. A crash takes its end away: with
  a commit all that came after, and none of that was answered.
- *Nobody learns what is lost.* A reader sees only commits that are in that log, and does not go on before it is synced up to there.

To have it synced, one writes a message into it, which changes nothing, and commits that as PostgreSQL does by default: waiting for the
disk, with all who wait, for one sync, and with no lock held. (A commit that wrote nothing else would not wait: `RecordTransactionCommit`
in PostgreSQL's xact.c; hence the message.) If all of it is synced already, nothing is written, and nobody waits.

It waits for this server's disk alone, since a commit that standbys are to have is seen by nobody before they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from typing import LiteralString

_FLUSH = """
    BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;
    SET LOCAL synchronous_commit = local;
    SELECT pg_logical_emit_message(true, 'stillroom', '') WHERE pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn();
    COMMIT
"""
"""Waits until all that is in the server's log of changes is on disk, if it is not."""

_COMMIT = f"COMMIT; {_FLUSH}"
"""Both in one message: what was locked is free when the server has read the first word."""


class FlushingConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose transactions end when what was seen in them is on disk."""

    def commit(self) -> None:
        """Commit, and wait for the disk.

        Raises:
            psycopg.Error: It is not known to be on disk: it was not taken, or the server has not said so. The connection is closed then.
        """
        if self.info.transaction_status is not TransactionStatus.IDLE:
            self._wait_for(_COMMIT)

    def rollback(self) -> None:
        """Undo what was done, and wait for the disk: the reason may be what others have done.

        Raises:
            psycopg.Error: The server has not said that it is on disk. The connection is closed then.
        """
        if self.info.transaction_status is not TransactionStatus.IDLE:
            super().rollback()
            self._wait_for(_FLUSH)

    def _wait_for(self, statements: LiteralString) -> None:
        try:
            self.execute(statements, prepare=False)
        except psycopg.Error:
            self.close()
            raise
