"""Jobs in SQL (`stillroom.ports.Jobs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import jobs
from stillroom.adapters.sql_store.stored import stored
from stillroom.model.record import ENDED_LIMIT, JobRecord, JobState

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any


class SqlJobs:
    """Questions on their way."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def get(self, job: str) -> JobRecord | None:
        """Return a job."""
        row = self._connection.execute(jobs.select().where(jobs.c.job == job)).one_or_none()
        return None if row is None else _read(row)

    def put(self, record: JobRecord) -> None:
        """Keep a job, in place of what was kept of it."""
        values = record.model_dump(exclude={"job", "phase"})
        if self._connection.execute(jobs.update().where(jobs.c.job == record.job).values(**values)).rowcount == 0:
            self._connection.execute(jobs.insert().values(job=record.job, **values))

    def queue(self, record: JobRecord) -> None:
        """Keep a job behind all others; forget what was kept of it, and what is over of its party beyond `ENDED_LIMIT`."""
        self._connection.execute(jobs.delete().where(jobs.c.job == record.job))
        self.put(record)
        over = sa.select(jobs.c.position).where(jobs.c.party == record.party, ~_under_way())
        oldest = over.order_by(jobs.c.position.desc()).offset(ENDED_LIMIT)
        self._connection.execute(jobs.delete().where(jobs.c.position.in_(oldest)))

    def next(self, now: float, others: Collection[str] = (), mine: Collection[str] = ()) -> JobRecord | None:
        """Return the first job, but for some parties' and some of one's own, that nobody works on: it waits, or its lease has run out."""
        free = sa.or_(jobs.c.state == JobState.WAITING.value, sa.and_(jobs.c.state == JobState.RUNNING.value, jobs.c.lease < now))
        first = jobs.select().where(free, jobs.c.party.not_in(others), jobs.c.job.not_in(mine)).order_by(jobs.c.position).limit(1)
        row = self._connection.execute(first).one_or_none()
        return None if row is None else _read(row)

    def working(self, party: str) -> int:
        """Return how many jobs of a party are not over."""
        mine = sa.and_(jobs.c.party == party, _under_way())
        return int(self._connection.execute(sa.select(sa.func.count()).select_from(jobs).where(mine)).scalar_one())

    def resume(self, at: float) -> None:
        """Let all jobs that are not over be taken up from a moment on: no worker of before is there any more."""
        self._connection.execute(jobs.update().where(_under_way()).values(state=JobState.RUNNING.value, lease=at))


def _under_way() -> sa.ColumnElement[bool]:
    return jobs.c.state.in_([JobState.WAITING.value, JobState.RUNNING.value])


@stored()
def _read(row: sa.Row[Any]) -> JobRecord:
    return JobRecord(
        job=row.job,
        party=row.party,
        question=row.question,
        state=JobState(row.state),
        lease=row.lease,
        reservation=row.reservation,
        fresh=row.fresh,
        problem=row.problem,
        cancelled=row.cancelled,
    )
