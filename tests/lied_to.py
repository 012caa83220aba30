"""The clinic's agent, and a server that lies to it with the room's own key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stillroom import bootstrap
from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.home.watch import Watch
from stillroom.adapters.remote.seal import RunKey
from stillroom.adapters.remote.vault import shown
from stillroom.adapters.vault import LocalVault
from stillroom.agent.errands import Errands
from stillroom.agent.witness import Proofs
from stillroom.model import errand
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.room import accounts, checks, commitment, extract
from stillroom.room.door import Silent
from stillroom.room.signed import sign
from stillroom.room.stages import Asked
from stillroom.room.statement import ERRAND_TYPE, QUESTION_TYPE
from tests.parties import QUESTION
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.crypto.keys import SigningKey
    from stillroom.ledger.account import Standing
    from stillroom.room.stages import Cleared
    from tests.services import Served


@dataclass
class Bag:
    """Takes what an agent brings, and keeps a copy."""

    folder: Path
    brought: list[str] = field(default_factory=list)

    def bring(self, ticket: str, file: Path) -> None:
        """Keep a file."""
        place = self.folder / ticket / "visits" / "1"
        place.mkdir(parents=True, exist_ok=True)
        (place / file.name).write_bytes(file.read_bytes())
        self.brought.append(file.name)


@dataclass
class Scene:
    """The clinic's agent, and a server that has everything that it would have."""

    served: Served
    agent: Errands
    bag: Bag
    clock: FakeClock

    @property
    def room(self) -> Any:  # noqa: ANN401 - a room
        """The server's room."""
        return self.served.service.room

    def cleared(self, sql: str = QUESTION, epsilon: float = 1.0, signed_by: str = "insurer") -> Cleared:
        """Return what the server would run."""
        contract = self.served.session("insurer").contract
        question = Question(contract=digest_of(contract), sql=sql, terms=Terms(epsilon=epsilon), asked_by="insurer")
        envelope = sign(question, QUESTION_TYPE, self.key(signed_by))
        asked = Asked(question, envelope, contract)
        planned = checks.planned(self.room, asked, compile_question(contract, question))
        with self.room.store.reading() as records:
            return checks.clear(self.room, records, planned)

    def key(self, party: str) -> SigningKey:
        """Return a party's key."""
        return Home.open(self.served.folder / party).signing_key

    def grounds(self, cleared: Cleared) -> errand.ShownGrounds:
        """Return what the server shows."""
        return shown(accounts.grounds(self.room, cleared))

    def do(self, task: errand.Task, ticket: str = "1" * 32) -> errand.Reply:
        """Have the agent do what the room has signed."""
        wanted = errand.Errand(ticket=ticket, room=self.room.identity, party="clinic", task=task)
        return self.agent.do(self.agent.open(sign(wanted, ERRAND_TYPE, self.room.notary.key)))

    def hold(self, cleared: Cleared, **changes: Any) -> errand.Reply:  # noqa: ANN401 - what is lied about
        """Ask for a hold, with some lie in it."""
        told = {"reservation": "r1", "population": "people", "charge": cleared.planned.compiled.charge, "grounds": self.grounds(cleared)}
        return self.do(errand.Hold.model_validate({**told, **changes}))

    def booked(self, reservation: str = "r1") -> Standing | None:
        """Return where a reservation stands in the clinic's account."""
        (account,) = bootstrap.accounts_of(Home.open(self.served.folder / "clinic")).all()
        found = account.booking(reservation)
        return None if found is None else found.standing


def scene_of(served: Served) -> Scene:
    """Return the clinic's agent at a server."""
    home = Home.open(served.folder / "clinic")
    membership = Membership.load(home.path)
    assert membership is not None
    book, bag, clock = bootstrap.accounts_of(home), Bag(served.folder / "bag"), FakeClock(SystemClock().now())
    watch = Watch(home.path, membership.name, membership.key, Proofs(bootstrap.open_channel(home, membership)))
    agent = Errands(home, membership, LocalVault(book, home.signing_key), book, bag, watch, clock, SystemEntropy())
    return Scene(served, agent, bag, clock)


def committed(scene: Scene) -> tuple[Cleared, errand.Bring, RunKey]:
    """Commit a run, with the agents' holds, and return it with the errand by which its data would be fetched."""
    cleared = scene.cleared()
    with scene.served.agents("clinic", "insurer"):
        record = commitment.reserve(scene.room, cleared)
        holds = accounts.hold_all(scene.room, cleared, record, Silent())
        record = commitment.commit(scene.room, cleared, record, holds)
        accounts.tell(scene.room, record)
    assert record.commitment is not None
    key = RunKey()
    bring = errand.Bring(
        reservation=record.reservation,
        dataset="visits",
        columns=("cost", "ward"),
        key=key.public,
        proof=extract.proof(scene.room, [record.commitment.index]).decode(),
        grounds=scene.grounds(cleared),
    )
    return cleared, bring, key
