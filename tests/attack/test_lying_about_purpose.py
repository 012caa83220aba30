"""A server that has what is paid for one thing pay for another one, or that counts less than owners do."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.vault import LocalVault
from stillroom.client.http_access import HttpAccess
from stillroom.crypto.envelope import seal
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Refusal, StillroomError, Unverified
from stillroom.ledger import entry
from stillroom.ledger.account import AccountName, Standing
from stillroom.model import codec, errand
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.room import approvals, contracts, extract, log
from stillroom.room.signed import sign
from stillroom.room.statement import CONTRACT_TYPE, QUESTION_TYPE
from tests.callers import asked
from tests.lied_to import Scene, committed
from tests.parties import QUESTION, document
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.room.stages import Cleared

OTHER = QUESTION.replace("sex, ward", "ward, sex")
"""Another plan at the same price."""


def logged(scene: Scene, reservation: str, cleared: Cleared) -> str:
    """Have the server write into its log that a reservation was committed for a plan, and return the proof."""
    name = AccountName(owner="clinic", population="people")
    told = entry.Commit(
        at=0,
        reservation=reservation,
        accounts=(name,),
        contract=cleared.planned.asked.question.contract,
        plan=cleared.planned.price.plan_digest,
        protection="server",
        charge=cleared.planned.compiled.charge,
        asked_by="insurer",
    )
    with scene.room.store.writing() as records:
        index = log.append(scene.room, records, told)
    return extract.proof(scene.room, [index]).decode()


def test_what_was_paid_for_one_plan_brings_nothing_for_another(scene: Scene) -> None:
    first, bring, _ = committed(scene)
    other = scene.cleared(OTHER)
    assert other.planned.compiled.charge == first.planned.compiled.charge
    assert other.planned.price.plan_digest != first.planned.price.plan_digest
    lie = {"proof": logged(scene, bring.reservation, other), "grounds": scene.grounds(other), "columns": ("cost", "ward")}
    assert scene.do(bring.model_copy(update=lie)).refusal is Code.RESERVATION_INVALID
    assert scene.bag.brought == []


def test_what_is_held_for_one_plan_is_not_held_for_another(scene: Scene) -> None:
    assert scene.hold(scene.cleared()).refusal is None
    assert scene.hold(scene.cleared()).refusal is None
    assert scene.hold(scene.cleared(OTHER)).refusal is Code.RESERVATION_INVALID


def test_a_run_is_named_by_the_data_that_its_plan_reads_and_by_no_others(scene: Scene) -> None:
    cleared = scene.cleared()
    lie = scene.grounds(cleared).model_copy(update={"versions": {**cleared.versions, "others": 1}})
    assert scene.hold(cleared, grounds=lie).refusal is Code.DATA_NOT_ADMITTED


def test_owners_count_themselves_what_a_contract_may_use(scene: Scene) -> None:
    """The account would bear twice as much; by the contract, one release of ε = 5 and no second one is within ε = 10 by far."""
    cleared = scene.cleared(epsilon=5.0)
    codes = [scene.hold(cleared, reservation=f"r{number}").refusal for number in range(8)]
    fit = codes.index(Code.CONTRACT_CAP_EXCEEDED)
    assert fit >= 1
    assert codes[:fit] == [None] * fit
    assert set(codes[fit:]) == {Code.CONTRACT_CAP_EXCEEDED}
    assert scene.do(errand.Lapse(reservation="r0", population="people")).refusal is None
    assert scene.hold(cleared, reservation="again").refusal is None


@dataclass
class Takes:
    """A server that takes what is posted."""

    posted: bytes = b""
    key: SigningKey | None = None

    def post(self, path: str, body: bytes) -> bytes:
        """Take it."""
        del path
        self.posted = body
        return b'{"lacking": []}'


def test_what_is_signed_to_learn_about_a_question_asks_nothing(scene: Scene) -> None:
    cleared = scene.cleared()
    home = Home.open(scene.served.folder / "insurer")
    membership = Membership.load(home.path)
    assert membership is not None
    server = Takes(key=home.signing_key)
    HttpAccess(server, home, membership).lacking(cleared.planned.asked.question, cleared.planned.compiled.plan)  # type: ignore[arg-type]
    lie = scene.grounds(cleared).model_copy(update={"question": server.posted.decode()})
    assert scene.hold(cleared, grounds=lie).refusal is Code.ENVELOPE_INVALID
    assert asked(scene.served, "POST", "/v1/runs", server.posted).json()["code"] == Code.ENVELOPE_INVALID
    assert asked(scene.served, "POST", "/v1/questions/check", server.posted).json() == {"lacking": []}


@pytest.mark.parametrize(
    "task",
    [
        errand.Commit(reservation="theirs", population="people"),
        errand.Answer(reservation="theirs", population="people", release="sha256:" + "0" * 64),
        errand.Lapse(reservation="theirs", population="people"),
    ],
)
def test_a_room_moves_nothing_that_was_held_for_another_room(scene: Scene, task: errand.Task) -> None:
    home = Home.open(scene.served.folder / "clinic")
    charge = scene.cleared().planned.compiled.charge
    LocalVault(bootstrap.accounts_of(home), home.signing_key).hold_of("another room", "theirs", "people", charge, None)
    assert scene.do(task).refusal is Code.RESERVATION_INVALID
    assert scene.booked("theirs") is Standing.HELD


def test_nothing_lapses_in_an_account_that_is_not_there(scene: Scene) -> None:
    assert scene.do(errand.Lapse(reservation="r1", population="others")).refusal is Code.RESERVATION_INVALID


# ---------------------------------------------------------------------------------------------------------- contracts


def signed(scene: Scene, **changes: Any) -> tuple[Contract, bytes]:  # noqa: ANN401 - of the contract
    """Return a contract with changes, signed by everybody, a stranger that it may name among them."""
    keys = {name: scene.key(name) for name in ("clinic", "insurer")}
    text = {**document({name: key.public.text for name, key in keys.items()}), **changes}
    contract = Contract.model_validate_json(json.dumps(text))
    return contract, seal(CONTRACT_TYPE, codec.encode(contract), [*keys.values(), STRANGER])


STRANGER = SigningKey.from_seed(b"s" * 32)


def other_operator(scene: Scene) -> bytes:
    """Return the contract of a room that a stranger operates."""
    parties = [party.to_json() for party in scene.served.session("insurer").contract.parties]
    host = {"name": "host", "roles": ["operator"], "key": STRANGER.public.text}
    _, envelope = signed(scene, version=2, amends="sha256:" + "0" * 64, parties=[*parties, host])
    return envelope


def test_a_contract_for_a_room_of_somebody_else_allows_nothing(scene: Scene) -> None:
    cleared = scene.cleared()
    lie = scene.grounds(cleared).model_copy(update={"contract": other_operator(scene).decode()})
    assert scene.hold(cleared, grounds=lie).refusal is Code.KEY_MISMATCH


@dataclass
class Shows:
    """A server that shows one contract, whatever it is asked for."""

    envelope: bytes

    def get(self, path: str) -> bytes:
        """Return the contract."""
        del path
        return self.envelope


def shown(scene: Scene, party: str, envelope: bytes) -> bytes | None:
    """Return what a party takes for the contract in force where a server shows that one."""
    home = Home.open(scene.served.folder / party)
    membership = Membership.load(home.path)
    assert membership is not None
    return HttpAccess(Shows(envelope), home, membership).contract()  # type: ignore[arg-type]  # a channel that only gets


def test_people_are_shown_no_contract_for_a_room_of_somebody_else(scene: Scene) -> None:
    with pytest.raises(Refusal) as caught:
        shown(scene, "insurer", other_operator(scene))
    assert caught.value.code is Code.KEY_MISMATCH


def test_who_was_a_party_is_shown_no_contract_that_names_it_by_another_key(scene: Scene) -> None:
    parties = [party.to_json() for party in scene.served.session("insurer").contract.parties]
    stolen = [{**party, "key": STRANGER.public.text} if party["name"] == "insurer" else party for party in parties]
    _, envelope = signed(scene, parties=stolen)
    with pytest.raises(Refusal) as caught:
        shown(scene, "insurer", envelope)
    assert caught.value.code is Code.KEY_MISMATCH
    scene.served.join("newcomer")
    assert shown(scene, "newcomer", envelope) == envelope


# ---------------------------------------------------------------------------------------------------------- decisions


@pytest.fixture
def waiting(tmp_path: Path) -> Any:  # noqa: ANN401 - a room with a question that waits for its owners
    with serving(tmp_path) as served:
        settle(served, approval={"rule": "each-owner"})
        with pytest.raises(StillroomError), served.agents("clinic", "insurer"):
            served.session("insurer").ask(QUESTION, epsilon=1.0)
        yield served


def test_owners_are_shown_no_question_that_its_asker_has_not_signed(waiting: Any) -> None:  # noqa: ANN401
    contract = codec.digest_of(waiting.session("insurer").contract)
    question = Question(contract=contract, sql=OTHER, terms=Terms(epsilon=1.0), asked_by="insurer")
    pretended = sign(question, QUESTION_TYPE, Home.open(waiting.folder / "clinic").signing_key)
    with waiting.service.room.store.writing() as records:
        records.approvals.ask(contract, "sha256:" + "0" * 64, pretended)
    with pytest.raises(Unverified):
        waiting.session("clinic").waiting()


def test_a_room_that_hides_a_decision_gets_no_second_one_of_the_same_number(waiting: Any) -> None:  # noqa: ANN401
    owner, room = waiting.session("clinic"), waiting.service.room
    (question,) = owner.waiting()
    owner.decide(question.price.plan_digest, "approved")
    with closing(sqlite3.connect(next((waiting.folder / "room").glob("*.sqlite")))) as connection, connection:
        connection.execute("DELETE FROM decisions")
    owner.decide(question.price.plan_digest, "rejected")
    with room.store.reading() as records:
        (last,) = approvals.decisions(records, contracts.in_force(records), question.price.plan_digest)
    assert (last.number, last.decision) == (2, entry.Decision.REJECTED)
