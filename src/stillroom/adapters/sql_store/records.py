"""Everything that a room keeps, inside one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.sql_store.approvals import SqlApprovals
from stillroom.adapters.sql_store.balances import SqlBalances
from stillroom.adapters.sql_store.consents import SqlConsents
from stillroom.adapters.sql_store.contracts import SqlContracts
from stillroom.adapters.sql_store.counters import SqlCounters
from stillroom.adapters.sql_store.jobs import SqlJobs
from stillroom.adapters.sql_store.log import SqlLog
from stillroom.adapters.sql_store.parties import SqlParties
from stillroom.adapters.sql_store.pauses import SqlPauses
from stillroom.adapters.sql_store.runs import SqlRuns
from stillroom.adapters.sql_store.versions import SqlVersions

if TYPE_CHECKING:
    import sqlalchemy as sa


class SqlRecords:
    """The records of a room over one connection (`stillroom.ports.Records`)."""

    def __init__(self, connection: sa.Connection) -> None:
        """Read and write through a connection that is inside a transaction."""
        self.contracts = SqlContracts(connection)
        self.balances = SqlBalances(connection)
        self.versions = SqlVersions(connection)
        self.approvals = SqlApprovals(connection)
        self.runs = SqlRuns(connection)
        self.log = SqlLog(connection)
        self.counters = SqlCounters(connection)
        self.parties = SqlParties(connection)
        self.jobs = SqlJobs(connection)
        self.consents = SqlConsents(connection)
        self.pauses = SqlPauses(connection)
