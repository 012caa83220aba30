"""A server that lies to an owner's agent gets neither signature nor data: every errand here is signed by the room's own key."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home import Home
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.home.stored_table import StoredTable
from stillroom.adapters.remote.seal import RunKey
from stillroom.adapters.remote.tables import about
from stillroom.agent.main import open_agent
from stillroom.client.members import join_server, look_at
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, StillroomError, Unverified
from stillroom.ledger.account import Standing
from stillroom.model import errand
from stillroom.model.charge import Charge
from stillroom.room import extract
from stillroom.room.signed import sign
from stillroom.room.statement import ERRAND_TYPE
from tests.lied_to import Scene, committed, scene_of
from tests.parties import PARTIES, QUESTION, document
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lied_to import Scene


def test_an_honest_server_gets_a_hold(scene: Scene) -> None:
    assert scene.hold(scene.cleared()).refusal is None
    assert scene.booked() is Standing.HELD


@pytest.mark.parametrize("rho", [-1, 1, 10**6])
def test_another_charge_than_the_plan_costs_is_not_held(scene: Scene, rho: int) -> None:
    cleared = scene.cleared()
    charge = cleared.planned.compiled.charge
    assert scene.hold(cleared, charge=Charge(rho=charge.rho + rho, delta=charge.delta)).refusal is Code.PRICE_INVALID
    assert scene.booked() is None


def test_a_question_that_nobody_signed_is_not_held_for(scene: Scene) -> None:
    assert scene.hold(scene.cleared(signed_by="clinic")).refusal in {Code.SIGNATURE_MISSING, Code.SIGNATURE_INVALID}
    assert scene.booked() is None


def test_a_contract_without_all_signatures_is_none(scene: Scene) -> None:
    cleared = scene.cleared()
    grounds = scene.grounds(cleared)
    envelope = json.loads(grounds.contract)
    envelope["signatures"] = envelope["signatures"][:1]
    lie = grounds.model_copy(update={"contract": json.dumps(envelope, sort_keys=True, separators=(",", ":"))})
    assert scene.hold(cleared, grounds=lie).refusal is Code.SIGNATURE_MISSING


def test_an_older_contract_is_not_in_force_whatever_the_room_says(scene: Scene) -> None:
    cleared = scene.cleared()
    old = scene.grounds(cleared)
    keys = {name: scene.key(name).public.text for name in PARTIES}
    amended = {**document(keys), "version": 2, "amends": cleared.planned.asked.question.contract, "purpose": "less"}
    scene.served.sign(amended, *PARTIES)
    scene.served.session("clinic").contract  # noqa: B018 - the clinic sees it
    assert scene.hold(cleared, grounds=old).refusal is Code.CONTRACT_REPLACED
    assert scene.booked() is None


def test_who_joins_again_forgets_neither_the_newest_contract_nor_the_newest_head(scene: Scene) -> None:
    cleared = scene.cleared()
    old = scene.grounds(cleared)
    keys = {name: scene.key(name).public.text for name in PARTIES}
    amended = {**document(keys), "version": 2, "amends": cleared.planned.asked.question.contract, "purpose": "less"}
    scene.served.sign(amended, *PARTIES)
    home = scene.served.folder / "clinic"
    scene.agent._examined(scene.grounds(scene.cleared()))
    open_agent(home, print).look()
    head = (home / "witness.json").read_bytes()
    found = look_at(scene.served.url, home)
    assert join_server(home, scene.served.url, found, found.key).confirmed
    assert scene.hold(cleared, grounds=old).refusal is Code.CONTRACT_REPLACED
    assert (home / "witness.json").read_bytes() == head


@pytest.mark.parametrize("versions", [{"members": 1, "visits": 2}, {"members": 1}])
def test_other_data_than_the_owner_has_are_not_held_for(scene: Scene, versions: dict[str, int]) -> None:
    cleared = scene.cleared()
    lie = scene.grounds(cleared).model_copy(update={"versions": versions})
    assert scene.hold(cleared, grounds=lie).refusal is Code.DATA_NOT_ADMITTED


def test_another_account_than_the_plans_is_not_touched(scene: Scene) -> None:
    assert scene.hold(scene.cleared(), population="others").refusal is Code.PRICE_INVALID


def test_after_the_last_day_nothing_is_held_whatever_the_room_says(scene: Scene) -> None:
    cleared = scene.cleared()
    scene.clock.moment = 4_102_444_800.0  # 2100-01-01
    assert scene.hold(cleared).refusal is Code.CONTRACT_EXPIRED


def test_an_owners_later_no_is_known_to_its_agent_when_the_room_hides_it(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        settle(served, approval={"rule": "each-owner"})
        scene = scene_of(served)
        asker, owner = served.session("insurer"), served.session("clinic")
        with pytest.raises(StillroomError), served.agents("clinic", "insurer"):
            asker.ask(QUESTION, epsilon=1.0)
        (waiting,) = owner.waiting()
        asker.decide(waiting.price.plan_digest, "approved")
        owner.decide(waiting.price.plan_digest, "approved")
        cleared = scene.cleared()
        before = scene.grounds(cleared)
        owner.decide(waiting.price.plan_digest, "rejected")
        assert scene.hold(cleared, grounds=before).refusal is Code.APPROVAL_REJECTED
        none = before.model_copy(update={"decisions": ()})
        assert scene.hold(cleared, grounds=none).refusal is Code.APPROVAL_REJECTED


def test_an_errand_of_another_room_or_for_another_party_is_not_opened(scene: Scene) -> None:
    task = errand.Commit(reservation="r1", population="people")
    good = errand.Errand(ticket="1" * 32, room=scene.room.identity, party="clinic", task=task)
    stranger = SigningKey.from_seed(b"s" * 32)
    lies = [
        (good, stranger),
        (good.model_copy(update={"party": "insurer"}), scene.room.notary.key),
        (good.model_copy(update={"room": f"another {stranger.public}"}), scene.room.notary.key),
    ]
    for lie, key in lies:
        with pytest.raises(Unverified):
            scene.agent.open(sign(lie, ERRAND_TYPE, key))


@pytest.mark.parametrize("reservation", ["a b", "", "r" * 65, "r1\n"])
def test_an_errand_under_a_name_that_no_statement_can_have_is_not_opened(scene: Scene, reservation: str) -> None:
    task = errand.Lapse.model_construct(reservation=reservation, population="people")
    lie = errand.Errand(ticket="1" * 32, room=scene.room.identity, party="clinic", task=task)
    with pytest.raises(Unverified):
        scene.agent.open(sign(lie, ERRAND_TYPE, scene.room.notary.key))


# ------------------------------------------------------------------------------------------------------------------ data


def test_a_committed_run_gets_its_columns_and_only_that_run_can_read_them(scene: Scene) -> None:
    _, bring, key = committed(scene)
    reply = scene.do(bring)
    assert reply.sealed is not None
    context = about("1" * 32, bring.reservation, "visits", 1)
    secret = key.open(reply.sealed, context)
    table = StoredTable(scene.bag.folder / ("1" * 32) / "visits" / "1", secret[:KEY_SIZE], secret[KEY_SIZE:])
    assert table.rows().column_names == ["person", "cost", "ward"]
    for other, changed in ((RunKey(), context), (key, {**context, "reservation": "another"}), (key, {**context, "version": "2"})):
        with pytest.raises(Unverified):
            other.open(reply.sealed, changed)


@pytest.mark.parametrize("columns", [("cost",), ("cost", "ward", "pid"), ()])
def test_other_columns_than_the_plan_reads_are_not_brought(scene: Scene, columns: tuple[str, ...]) -> None:
    _, bring, _ = committed(scene)
    assert scene.do(bring.model_copy(update={"columns": columns})).refusal is Code.COLUMN_USE_NOT_ALLOWED
    assert scene.bag.brought == []


def test_nothing_is_brought_for_another_owners_dataset(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    assert scene.do(bring.model_copy(update={"dataset": "members", "columns": ("sex",)})).refusal is Code.OWNER_ONLY


def test_nothing_is_brought_before_the_commit(scene: Scene) -> None:
    cleared, bring, _ = committed(scene)
    assert scene.hold(cleared).refusal is None
    assert scene.do(bring.model_copy(update={"reservation": "r1"})).refusal is Code.PROOF_INVALID
    assert scene.bag.brought == []


def test_nothing_is_brought_without_a_proof_that_the_commit_is_logged(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    head, line = bring.proof.splitlines()
    moved = line.replace('"index":', '"index":1')
    for lie in (
        "",
        head,
        f"{head}\n{moved}\n",
        bring.proof.replace('"commit"', '"Commit"'),
        bring.proof.replace('"asked_by":"insurer"', '"asked_by":"clinic"'),
    ):
        assert scene.do(bring.model_copy(update={"proof": lie})).refusal in {Code.PROOF_INVALID, Code.LOG_INVALID, Code.CHECKPOINT_INVALID}
    other = extract.proof(scene.room, [0]).decode()
    assert scene.do(bring.model_copy(update={"proof": other})).refusal is Code.PROOF_INVALID
    assert scene.bag.brought == []


def test_nothing_is_brought_for_another_question_than_the_one_that_was_paid_for(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    other = scene.grounds(scene.cleared(QUESTION.replace("AVG(cost)", "SUM(cost)")))
    assert scene.do(bring.model_copy(update={"grounds": other})).refusal is Code.PROOF_INVALID


SMALL = ["0" * 64, "01" + "0" * 62, "ec" + "ff" * 30 + "7f", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"]
"""Points of X25519 with which anybody agrees on the same secret (https://cr.yp.to/ecdh.html#validate)."""


@pytest.mark.parametrize("point", SMALL)
def test_nothing_is_sealed_to_a_key_that_anybody_can_open(scene: Scene, point: str) -> None:
    _, bring, _ = committed(scene)
    key = base64.b64encode(bytes.fromhex(point)).decode()
    reply = scene.do(bring.model_copy(update={"key": key}))
    assert (reply.refusal, reply.sealed) == (Code.ENVELOPE_INVALID, None)


def test_once_a_run_is_answered_nothing_is_brought_for_it(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    answer = errand.Answer(reservation=bring.reservation, population="people", release="sha256:" + "0" * 64)
    assert scene.do(answer).refusal is None
    assert scene.do(bring).refusal is Code.RESERVATION_INVALID


def test_what_was_brought_for_is_never_refunded(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    assert scene.do(bring).refusal is None
    assert scene.do(errand.Lapse(reservation=bring.reservation, population="people")).refusal is Code.RESERVATION_INVALID
    assert scene.booked(bring.reservation) is Standing.COMMITTED


def test_withdrawn_data_are_not_brought(scene: Scene) -> None:
    _, bring, _ = committed(scene)
    Home.open(scene.served.folder / "clinic").withdraw("visits")
    assert scene.do(bring).refusal is Code.DATA_NOT_ADMITTED
    assert scene.bag.brought == []
