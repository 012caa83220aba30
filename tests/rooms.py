"""A room of two owners in a folder, with real stores and accounts, for tests of the door."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.sql_store.accounts import create_accounts, open_accounts
from stillroom.adapters.vault import LocalVault
from stillroom.crypto.envelope import add_signature
from stillroom.crypto.keys import SigningKey
from stillroom.errors import StillroomError
from stillroom.ledger.entry import Decision
from stillroom.ledger.log import LogState, replay
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.model.schema import Kind
from stillroom.model.selection import Measurement, Shown
from stillroom.policy.approval import APPROVAL_TYPE, ApprovalStatement
from stillroom.policy.contracts import section_digest
from stillroom.query.compile import compile_question
from stillroom.room import approvals, contracts, data, door, extract
from stillroom.room.room import Genuine, Notary, Outlet, Room
from stillroom.room.signed import sign
from stillroom.room.stages import Rehearsal, Released
from stillroom.room.statement import CONTRACT_TYPE, DATA_TYPE, QUESTION_TYPE, DataStatement
from tests.marginals import made_up_cells
from tests.stores import created, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stillroom.ledger.account import Account
    from stillroom.model.plan import Plan
    from stillroom.model.question import Term
    from stillroom.model.reading import Reading
    from stillroom.ports import Clock, Progress

OWNERS = ("hospital", "insurer")
KEYS = {name: SigningKey.from_seed(bytes([number]) * 32) for number, name in enumerate((*OWNERS, "room", "stranger"))}
PLENTY = Charge(rho=10**15)
NOTHING = Charge(rho=0)
SQL = "SELECT COUNT(*) AS n FROM members JOIN visits ON members.id = visits.pid"
NOON = 1_800_000_000.25
"""A moment in January 2027, a quarter of a second after a full one."""


def contract(**changes: object) -> Contract:
    """Return a contract of two owners, each with one dataset of its own; the insurer asks and receives."""
    columns = {"age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 99], "required": True}}
    document = {
        "schema": "stillroom/contract/v1",
        "name": "study",
        "version": 1,
        "purpose": "tests",
        "jurisdiction": "none",
        "retention_days": 1,
        "expires": "2099-12-31",
        "quantum_seconds": 1,
        "ask": ["insurer"],
        "receive": ["insurer"],
        "approval": {"rule": "automatic", "release_epsilon": 5, "analyst_epsilon": 50},
        "caps": {"epsilon": 50, "delta": 1e-9, "release_epsilon": 5},
        "parties": [
            {"name": "hospital", "roles": ["owner", "analyst", "receiver"], "key": KEYS["hospital"].public.text},
            {"name": "insurer", "roles": ["owner", "analyst", "receiver"], "key": KEYS["insurer"].public.text},
        ],
        "datasets": {
            "members": {"kind": "private", "owner": "insurer", "person": {"column": "id"}, "rows_per_person": 1, "columns": columns},
            "visits": {"kind": "private", "owner": "hospital", "person": {"column": "pid"}, "rows_per_person": 3, "columns": columns},
        },
    }
    return Contract.model_validate({**document, **changes}, strict=False)


class FakeClock:
    """A clock that only moves when somebody sleeps, or when it is told to."""

    def __init__(self, moment: float = NOON) -> None:
        """Start at a moment."""
        self.moment = moment

    def now(self) -> float:
        """Return the moment."""
        return self.moment

    def steady(self) -> float:
        """Return the moment: nobody sets this clock back."""
        return self.moment

    def sleep_until(self, moment: float) -> None:
        """Be there."""
        self.moment = max(self.moment, moment)


class SetClock(FakeClock):
    """A clock that somebody sets: how much time passes does not depend on that."""

    passed = 0.0

    def steady(self) -> float:
        """Return how much time has passed."""
        return self.passed


class Guessing:
    """A protection that reads no data and makes up its cells, other ones each time. It passes for genuine: what is tested is the door."""

    name = "server"
    sampler = "made up, for tests"

    def __init__(self, *, genuine: bool = True, lacks: tuple[str, ...] = ()) -> None:
        """Protect or not, and lack what is named of any plan."""
        self.genuine = genuine
        self.runs = 0
        self.lacks = lacks

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what it lacks."""
        del plan
        return self.lacks

    def measure(self, plan: Plan, charge: Charge, reading: Reading) -> Measurement:
        """Return random cells, and of selected keys three combinations: two values and NULL."""
        del charge, reading
        self.runs += 1
        least = plan.selection.threshold if plan.selection is not None else 0
        kinds = [key.kind for key in plan.keys[: plan.selected]]
        made_up = zip(*(("a", "b", None) if kind is Kind.TEXT else (7, 9, None) for kind in kinds), strict=True)
        shown = tuple(Shown(keys, least + random.randrange(100)) for keys in made_up)
        cells = made_up_cells(plan, len(shown), lambda: random.randrange(10**9), random.randrange)
        votes = tuple(tuple(random.randrange(-9, 100) for _ in one.caps) for one in plan.advice)
        return Measurement(cells, shown, votes)


class PanicError(BaseException):
    """What an engine in another language raises, and is no `Exception`."""


class Steps:
    """Remembers the steps that it hears of."""

    def __init__(self) -> None:
        """Begin with none."""
        self.heard: list[str] = []

    def step(self, name: str) -> None:
        """Remember one."""
        self.heard.append(name)


class At:
    """Does something, once, when a step begins."""

    def __init__(self, step: str, action: Callable[[], object]) -> None:
        """Name the step and the action."""
        self._step, self._action, self._done = step, action, False

    def step(self, name: str) -> None:
        """Act, if this is the step and it has not been here."""
        if name == self._step and not self._done:
            self._done = True
            self._action()


@dataclass
class Scene:
    """A room with its surroundings.

    Attributes:
        folder: Where everything is kept.
        room: The room.
        contract: The contract that questions are asked under.
    """

    folder: Path
    room: Room
    contract: Contract

    def question(
        self, sql: str = SQL, asked_by: str = "insurer", signed_by: str | None = None, epsilon: float = 0.5, **terms: Term
    ) -> bytes:
        """Return a signed question. Further terms are those of `Terms`."""
        chosen = Terms.model_validate({"epsilon": epsilon, **terms})
        value = Question(contract=digest_of(self.contract), sql=sql, terms=chosen, asked_by=asked_by)
        return sign(value, QUESTION_TYPE, KEYS[signed_by or asked_by])

    def ask(
        self,
        sql: str = SQL,
        progress: Progress | None = None,
        asked_by: str = "insurer",
        epsilon: float = 0.5,
        **terms: Term,
    ) -> Released:
        """Ask a question and expect a release."""
        answer = door.ask(self.room, self.question(sql, asked_by, None, epsilon, **terms), progress or Steps())
        assert isinstance(answer, Released)
        return answer

    def rehearse(self, sql: str = SQL) -> Rehearsal:
        """Ask a question and expect a rehearsal."""
        answer = door.ask(self.room, self.question(sql), Steps())
        assert isinstance(answer, Rehearsal)
        return answer

    def submit(self, value: Contract, *signers: str) -> None:
        """Hand in a contract, signed."""
        contracts.submit(self.room, signed_contract(value, *signers))

    def announce(self, dataset: str, version: int, *, withdrawn: bool = False, section: str | None = None) -> None:
        """Announce data in its owner's name."""
        known = section or section_digest(self.contract, dataset)
        statement = DataStatement(dataset=dataset, version=version, section=known, withdrawn=withdrawn)
        data.announce(self.room, sign(statement, DATA_TYPE, KEYS[self.contract.datasets[dataset].owner]))

    def decide(self, plan_digest: str, party: str, decision: Decision = Decision.APPROVED) -> bytes:
        """Sign a decision, hand it in, and return its envelope."""
        envelope = sign(self.decision(plan_digest, party, decision), APPROVAL_TYPE, KEYS[party])
        approvals.record(self.room, envelope)
        return envelope

    def decision(self, plan_digest: str, party: str, decision: Decision = Decision.APPROVED) -> ApprovalStatement:
        """Return what a party signs for a decision."""
        (asked,) = (one for one in self.waiting() if one.plan_digest == plan_digest)
        return approvals.statement(self._in_force(), asked, party, decision)

    def waiting(self) -> tuple[approvals.Pending, ...]:
        """Return the questions that were put to owners."""
        return tuple(approvals.read(self._in_force(), one) for one in approvals.put(self.room))

    def _in_force(self) -> contracts.InForce:
        with self.room.store.reading() as records:
            return contracts.in_force(records)

    def replayed(self) -> LogState:
        """Return what the log adds up to, having checked its rules."""
        return replay(extract.entries(self.room))

    def account(self, owner: str) -> Account:
        """Return an owner's account, as its home has it now."""
        return open_accounts(self.folder / f"{owner}.sqlite", owner).all()[0]

    def spent(self) -> Charge:
        """Return what is spent under the contract."""
        with self.room.store.reading() as records:
            return records.balances.tally(self.contract.name).spent


def signed_contract(value: Contract, *signers: str) -> bytes:
    """Return a contract in an envelope."""
    envelope = sign(value, CONTRACT_TYPE, KEYS[signers[0]])
    for name in signers[1:]:
        envelope = add_signature(envelope, KEYS[name])
    return envelope


def charge(sql: str = SQL, value: Contract | None = None, epsilon: float = 0.5) -> Charge:
    """Return what a question costs."""
    under = value or contract()
    return compile_question(under, Question(contract=digest_of(under), sql=sql, terms=Terms(epsilon=epsilon), asked_by="insurer")).charge


def numbered(number: int) -> str:
    """Return one of a hundred different questions of one price."""
    return f"{SQL} WHERE members.age <> {number}"


def build(
    folder: Path,
    value: Contract | None = None,
    *,
    caps: Mapping[str, Charge] | None = None,
    clock: Clock | None = None,
    store: str | None = None,
) -> Scene:
    """Make a room with a contract in force and version 1 of all data announced; its store may be elsewhere."""
    under = value or contract()
    if store is not None:
        (folder / "store").write_text(store, encoding="utf-8")
    created(store_of(folder))
    for owner in OWNERS:
        create_accounts(folder / f"{owner}.sqlite", owner).add("people", (caps or {}).get(owner, PLENTY))
    scene = reopen(folder, under, clock=clock)
    scene.submit(under, *OWNERS)
    for dataset in under.datasets:
        scene.announce(dataset, 1)
    return scene


def store_of(folder: Path) -> str:
    """Return the place of a room's store."""
    elsewhere = folder / "store"
    return elsewhere.read_text(encoding="utf-8") if elsewhere.exists() else str(folder / "room.sqlite")


def reopen(folder: Path, value: Contract | None = None, *, clock: Clock | None = None, outlet: Outlet | None = None) -> Scene:
    """Open a room that `build` made."""
    vaults = {owner: LocalVault(open_accounts(folder / f"{owner}.sqlite", owner), KEYS[owner]) for owner in OWNERS}
    room = Room(
        notary=Notary("example.org/room", KEYS["room"]),
        outlet=outlet or Genuine(Guessing(), KEYS["room"]),
        store=opened(store_of(folder)),
        vaults=vaults,
        clock=clock or FakeClock(),
    )
    return Scene(folder, room, value or contract())


def refused(scene: Scene, sql: str = SQL, asked_by: str = "insurer", signed_by: str | None = None) -> StillroomError:
    """Ask, expect an error, and return it."""
    with pytest.raises(StillroomError) as caught:
        door.ask(scene.room, scene.question(sql, asked_by, signed_by), Steps())
    return caught.value


def assert_nothing_spent(scene: Scene) -> None:
    """Nothing is spent or held anywhere, and the log says so."""
    assert scene.spent() == scene.replayed().spent == NOTHING
    accounts = [scene.account(owner) for owner in OWNERS]
    assert [(account.spent, account.held) for account in accounts] == [(NOTHING, NOTHING)] * 2
