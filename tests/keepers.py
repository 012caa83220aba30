"""The clinic's agent, and a server that may keep the clinic's rows, without a network between them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.remote.kept import Kept
from stillroom.adapters.remote.sender import TICKET_SIZE
from stillroom.adapters.remote.tables import RemoteTables
from stillroom.adapters.remote.vault import RemoteVault
from stillroom.errors import Code, Failed
from stillroom.model.reading import Reading
from stillroom.room import accounts, commitment, extract
from stillroom.room.data import columns_of
from stillroom.room.door import Silent
from tests.lied_to import scene_of
from tests.parties import PARTIES, document
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.model import errand
    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable
    from tests.lied_to import Scene
    from tests.services import Served

WARDS = "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward"
COSTS = "SELECT SUM(cost) AS c FROM visits"


def keeping(*datasets: str) -> dict[str, Any]:
    """Return the datasets of `tests.parties`, of which a server may keep some."""
    found: dict[str, Any] = document(dict.fromkeys(PARTIES, ""))["datasets"]
    return {name: {**one, "keep": "at_server"} if name in datasets else one for name, one in found.items()}


@dataclass
class Porter:
    """Takes to the server what the agent brings (`stillroom.agent.errands.Carrier`), and knows what that was.

    Attributes:
        incoming: Where the server expects it.
        brought: The names of files and their sizes, in order.
        most: How many files it takes before its connection ends.
    """

    incoming: Path
    brought: list[tuple[str, int]] = field(default_factory=list)
    most: int = 1_000

    def bring(self, ticket: str, file: Path) -> None:
        """Take one file."""
        if len(self.brought) == self.most:
            raise Failed(Code.SERVER_UNAVAILABLE, "The server is gone.", "Try again.")
        (place,) = (self.incoming / ticket).glob("*/*")
        (place / file.name).write_bytes(file.read_bytes())
        self.brought.append((file.name, file.stat().st_size))

    def names(self) -> set[str]:
        """Return what was brought since this was asked last."""
        found = {name for name, size in self.brought if size}
        self.brought.clear()
        return found


@dataclass
class Direct:
    """Hands errands to the agent itself (`stillroom.adapters.remote.sender.Sender`), and keeps them with the answers."""

    scene: Scene
    done: list[tuple[errand.Task, errand.Reply]] = field(default_factory=list)

    @property
    def room(self) -> str:
        """The room's identity."""
        return str(self.scene.room.identity)

    def ticket(self) -> str:
        """Return a new ticket."""
        return SystemEntropy().token(TICKET_SIZE).hex()

    def raises(self, party: str, population: str) -> int:
        """Return how often an account got a cap."""
        del party, population
        return 1

    def abandon(self, ticket: str) -> None:
        """Nobody waits here."""

    def send(self, party: str, task: errand.Task, seconds: float, ticket: str | None = None) -> errand.Reply:
        """Have the agent do an errand."""
        del party, seconds
        reply = self.scene.do(task, ticket or self.ticket())
        self.done.append((task, reply))
        return reply


@dataclass
class Keeper:
    """A server, what it keeps, and the clinic's agent.

    Attributes:
        scene: The agent, and what the server shows it.
        porter: Takes what is brought.
        direct: Hands errands to the agent.
        kept: What is kept.
        clock: The server's time.
    """

    scene: Scene
    porter: Porter
    direct: Direct
    kept: Kept
    clock: FakeClock

    @property
    def home(self) -> Home:
        """The clinic's home."""
        return Home.open(self.scene.served.folder / "clinic")

    @property
    def folder(self) -> Path:
        """Where pieces are."""
        return self.kept._folder

    def pieces(self) -> list[str]:
        """Return which pieces are kept."""
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file())

    def committed(self, sql: str, epsilon: float = 0.1) -> tuple[Plan, Reading]:
        """Commit a run."""
        cleared = self.scene.cleared(sql, epsilon)
        room = replace(self.scene.room, vaults={"clinic": RemoteVault("clinic", self.direct)})  # type: ignore[arg-type]  # sends alike
        record = commitment.reserve(room, cleared)
        if record.commitment is None:
            record = commitment.commit(room, cleared, record, accounts.hold_all(room, cleared, record, Silent()))
            accounts.tell(room, record)
        assert record.commitment is not None
        return cleared.planned.compiled.plan, Reading(record.reservation, record.commitment.index, accounts.grounds(room, cleared))

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[AdmittedTable]:
        """Open the table of a run that is committed."""
        prove = lambda index: extract.proof(self.scene.room, [index])  # noqa: E731 - as the server has it
        tables = RemoteTables(self.scene.room.store, self.direct, self.porter.incoming, self.kept, prove)  # type: ignore[arg-type]
        with tables.opened(plan, reading) as found:
            yield found["visits"]

    def run(self, sql: str = WARDS, epsilon: float = 0.1) -> set[str]:
        """Run a question as far as its table, see that it is what the home has, and return what was brought for it."""
        plan, reading = self.committed(sql, epsilon)
        columns, stored = columns_of(plan)["visits"], self.home.table("visits", reading.versions["visits"])
        with self.opened(plan, reading) as found:
            for within in (slice(None), slice(3, 7)):
                assert found.rows(columns, within).equals(stored.rows(columns, within).select(["person", *columns]))
                assert found.persons(within).equals(stored.persons(within))
            assert (found.extent(), found.salt) == (stored.extent(), stored.salt)
        return self.porter.names()


def keeper_of(served: Served, limit: int = 2**30) -> Keeper:
    """Return the clinic's agent at a server that may keep its rows, so many bytes of them."""
    scene, clock = scene_of(served), FakeClock(served.service.room.clock.now())
    incoming = served.service.incoming
    porter = Porter(incoming)
    scene.agent._carrier = porter
    kept = Kept(served.service.room.store, clock, incoming.with_name("kept"), limit)
    return Keeper(scene, porter, Direct(scene), kept, clock)
