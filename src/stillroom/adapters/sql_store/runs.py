"""Reservations and releases in SQL (`stillroom.ports.Runs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.columns import charge_values, read_charge
from stillroom.adapters.sql_store.room_tables import releases, runs
from stillroom.adapters.sql_store.stored import stored
from stillroom.model.record import Commitment, RunRecord, RunState

if TYPE_CHECKING:
    from typing import Any


_MINE = runs.c.reservation == sa.bindparam("mine")
_IN_STATE = runs.c.state == sa.bindparam("before")
_LAST = runs.select().where(runs.c.run == sa.bindparam("of")).order_by(runs.c.attempt.desc()).limit(1)
_GET = runs.select().where(_MINE)
_ADD = runs.insert()
_ADVANCE = runs.update().where(_MINE, _IN_STATE)
_SETTLE = runs.update().where(_MINE, _IN_STATE).values(settled=True)
_UNSETTLED = runs.select().where(runs.c.settled.is_(other=False)).order_by(runs.c.opened_at, runs.c.reservation)
_KEEP = releases.insert()
_RELEASE = sa.select(releases.c.envelope).where(releases.c.reservation == sa.bindparam("mine"))
_RELEASES = sa.select(releases.c.envelope).order_by(releases.c.position)


class SqlRuns:
    """Reservations and their releases."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def last(self, run: str) -> RunRecord | None:
        """Return the last attempt of a run."""
        row = self._connection.execute(_LAST, {"of": run}).one_or_none()
        return None if row is None else _read(row)

    def get(self, reservation: str) -> RunRecord | None:
        """Return a reservation."""
        row = self._connection.execute(_GET, {"mine": reservation}).one_or_none()
        return None if row is None else _read(row)

    def add(self, record: RunRecord) -> None:
        """Keep a new reservation."""
        self._connection.execute(_ADD, _values(record))

    def advance(self, record: RunRecord, before: RunState) -> bool:
        """Keep a reservation in its new state, if its state is `before`; False, and no change, if it is not."""
        named = {"mine": record.reservation, "before": before.value}
        changed = {"state": record.state.value, "settled": record.settled, "asked_by": record.asked_by, **_commitment_values(record)}
        return self._connection.execute(_ADVANCE, named | changed).rowcount == 1

    def settle(self, reservation: str, state: RunState) -> None:
        """Take note that every account knows that the reservation is in this state; nothing happens if it has moved on."""
        self._connection.execute(_SETTLE, {"mine": reservation, "before": state.value})

    def unsettled(self) -> tuple[RunRecord, ...]:
        """Return reservations that are open, or of which some account may not know how they stand."""
        return tuple(_read(row) for row in self._connection.execute(_UNSETTLED))

    def all(self) -> tuple[RunRecord, ...]:
        """Return all reservations, in the order in which they were opened."""
        return tuple(_read(row) for row in self._connection.execute(runs.select().order_by(runs.c.opened_at, runs.c.reservation)))

    def keep_release(self, reservation: str, envelope: bytes) -> None:
        """Keep the one release of a reservation."""
        self._connection.execute(_KEEP, {"reservation": reservation, "envelope": envelope})

    def release(self, reservation: str) -> bytes | None:
        """Return the release of a reservation."""
        return self._connection.execute(_RELEASE, {"mine": reservation}).scalar_one_or_none()

    def releases(self) -> tuple[bytes, ...]:
        """Return all releases, in the order in which they were stored."""
        return tuple(self._connection.execute(_RELEASES).scalars())


def _values(record: RunRecord) -> dict[str, Any]:
    plain = record.model_dump(exclude={"charge", "commitment"}, mode="json")
    return {**plain, **charge_values("charge", record.charge), **_commitment_values(record)}


def _commitment_values(record: RunRecord) -> dict[str, int | None]:
    done = record.commitment
    if done is None:
        return {"before_rho": None, "before_delta": None, "commit_index": None}
    return {**charge_values("before", done.spent_before), "commit_index": done.index}


@stored()
def _read(row: sa.Row[Any]) -> RunRecord:
    return RunRecord(
        reservation=row.reservation,
        run=row.run,
        attempt=row.attempt,
        state=RunState(row.state),
        settled=row.settled,
        contract=row.contract,
        plan=row.plan,
        versions=row.versions,
        accounts=tuple((owner, population) for owner, population in row.accounts),
        charge=read_charge(row, "charge"),
        asked_by=row.asked_by,
        opened_at=row.opened_at,
        commitment=None if row.commit_index is None else Commitment(index=row.commit_index, spent_before=read_charge(row, "before")),
    )
