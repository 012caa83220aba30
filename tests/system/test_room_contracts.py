"""Contracts of a room: in force once everybody has signed, amended by everybody again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.sql_store.accounts import create_accounts
from stillroom.adapters.sql_store.store import create_store
from stillroom.crypto.envelope import signers
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, StillroomError
from stillroom.ledger.entry import ContractActivated
from stillroom.model.codec import digest_of
from stillroom.model.contract import Role
from stillroom.model.record import ContractState
from stillroom.room import contracts, extract
from stillroom.room.contracts import MOST_PENDING
from stillroom.room.signed import sign
from stillroom.room.statement import CONTRACT_TYPE
from tests.rooms import KEYS, OWNERS, PLENTY, build, contract, reopen, signed_contract

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.contract import Contract
    from tests.rooms import Scene


def empty(folder: Path) -> Scene:
    """Make a room without a contract."""
    create_store(folder / "room.sqlite")
    for owner in OWNERS:
        create_accounts(folder / f"{owner}.sqlite", owner).add("people", PLENTY)
    return reopen(folder)


def amended(value: Contract, **changes: object) -> Contract:
    """Return the next version of a contract."""
    return value.model_copy(update={"version": value.version + 1, "amends": digest_of(value), **changes})


def state(scene: Scene, value: Contract) -> ContractState | None:
    with scene.room.store.reading() as records:
        record = records.contracts.get(digest_of(value))
        return record.state if record else None


def refused(scene: Scene, value: Contract, *names: str) -> Code:
    """Hand in a contract that is not taken, and return why."""
    with pytest.raises(StillroomError) as caught:
        scene.submit(value, *names)
    return caught.value.code


def test_signatures_on_separate_copies_add_up(tmp_path: Path) -> None:
    scene, value = empty(tmp_path), contract()
    scene.submit(value, "hospital")
    assert state(scene, value) is ContractState.PENDING
    with scene.room.store.reading() as records:
        assert contracts.missing_signatures(records, records.contracts.all()[0]) == ("insurer",)
    scene.submit(value, "insurer")
    assert state(scene, value) is ContractState.ACTIVE
    entry = extract.entries(scene.room)[0]
    assert isinstance(entry, ContractActivated)
    with scene.room.store.reading() as records:
        kept = records.log.statement(entry.envelope)
    assert kept is not None
    assert signers(kept, CONTRACT_TYPE, {name: KEYS[name].public for name in OWNERS}) == OWNERS


def test_handing_it_in_again_changes_nothing(tmp_path: Path) -> None:
    scene = build(tmp_path)
    size = len(extract.entries(scene.room))
    scene.submit(scene.contract, "hospital")
    scene.submit(scene.contract, *OWNERS)
    assert len(extract.entries(scene.room)) == size


def test_strangers_signatures_do_not_count_and_are_not_kept(tmp_path: Path) -> None:
    scene, value = empty(tmp_path), contract()
    assert refused(scene, value, "stranger") is Code.SIGNATURE_MISSING
    assert state(scene, value) is None
    scene.submit(value, "hospital", "stranger")
    assert state(scene, value) is ContractState.PENDING
    with scene.room.store.reading() as records:
        assert KEYS["stranger"].public.id.encode() not in records.contracts.all()[0].envelope


def test_nothing_is_asked_before_everybody_has_signed(tmp_path: Path) -> None:
    scene, value = empty(tmp_path), contract()
    scene.submit(value, "hospital")
    with pytest.raises(StillroomError) as caught:
        scene.ask()
    assert caught.value.code is Code.CONTRACT_UNSIGNED


def test_an_altered_contract_is_not_the_one_that_was_signed(tmp_path: Path) -> None:
    scene, value = empty(tmp_path), contract()
    envelope = signed_contract(value, *OWNERS)
    payload = base64.b64encode(b'{"purpose":"other"}').decode()
    altered = envelope.replace(envelope.split(b'"payload":"')[1].split(b'"')[0], payload.encode())
    with pytest.raises(StillroomError):
        contracts.submit(scene.room, altered)
    assert state(scene, value) is None


def test_a_contract_with_problems_is_not_taken(tmp_path: Path) -> None:
    scene = empty(tmp_path)
    assert refused(scene, contract(expires="2099-13-01"), *OWNERS) is Code.CONTRACT_INVALID


def test_an_operator_is_this_room(tmp_path: Path) -> None:
    scene, value = empty(tmp_path), contract()

    def operated(key: str) -> Contract:
        operator = value.parties[0].model_copy(update={"name": "house", "roles": (Role.OPERATOR,), "key": KEYS[key].public.text})
        return type(value).model_validate({**value.to_json(), "parties": [*value.to_json()["parties"], operator.to_json()]}, strict=False)

    assert refused(scene, operated("stranger"), *OWNERS, "stranger") is Code.KEY_MISMATCH
    scene.submit(operated("room"), *OWNERS, "room")
    assert state(scene, operated("room")) is ContractState.ACTIVE


def test_an_amendment_takes_the_place_of_its_predecessor_and_inherits_its_account(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.ask()
    spent, before = scene.spent(), scene.contract
    after = amended(before, purpose="more")
    scene.submit(after, "hospital")
    assert state(scene, before) is ContractState.ACTIVE
    scene.submit(after, "insurer")
    assert (state(scene, before), state(scene, after)) == (ContractState.REPLACED, ContractState.ACTIVE)
    assert scene.spent() == spent
    scene.contract = after
    scene.ask()
    assert scene.spent().rho == 2 * spent.rho
    assert refused(scene, before, *OWNERS) is Code.CONTRACT_REPLACED
    scene.replayed()


@pytest.mark.parametrize(
    "changes",
    [{"version": 3}, {"name": "another"}, {"amends": "sha256:" + "0" * 64}, {"version": 1, "amends": None, "purpose": "other"}],
)
def test_an_amendment_is_the_next_version_of_the_contract_in_force(tmp_path: Path, changes: dict[str, object]) -> None:
    scene = build(tmp_path)
    assert refused(scene, amended(scene.contract, **changes), *OWNERS) is Code.AMENDMENT_INVALID


def test_a_room_begins_with_a_first_version(tmp_path: Path) -> None:
    assert refused(empty(tmp_path), amended(contract()), *OWNERS) is Code.AMENDMENT_INVALID


def test_a_party_that_is_dropped_or_gets_another_key_must_sign_too(tmp_path: Path) -> None:
    scene = build(tmp_path)
    hospital, insurer = scene.contract.parties
    swapped = amended(scene.contract, parties=(hospital.model_copy(update={"key": KEYS["stranger"].public.text}), insurer))
    scene.submit(swapped, "insurer", "stranger")
    assert state(scene, swapped) is ContractState.PENDING
    scene.submit(swapped, "hospital")
    assert state(scene, swapped) is ContractState.ACTIVE


def test_a_cap_below_what_is_spent_is_not_taken(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.ask()
    lower = scene.contract.caps.model_copy(update={"epsilon": 0.25, "release_epsilon": 0.25})
    rule = scene.contract.approval.model_copy(update={"release_epsilon": 0.25, "analyst_epsilon": 0.25})
    after = amended(scene.contract, caps=lower, approval=rule)
    assert refused(scene, after, *OWNERS) is Code.AMENDMENT_INVALID
    assert state(scene, scene.contract) is ContractState.ACTIVE
    assert state(scene, after) is None


def test_a_pending_amendment_that_was_overtaken_is_not_taken_any_more(tmp_path: Path) -> None:
    scene = build(tmp_path)
    first, second = amended(scene.contract, purpose="one"), amended(scene.contract, purpose="two")
    scene.submit(first, "hospital")
    scene.submit(second, *OWNERS)
    assert refused(scene, first, "insurer") is Code.AMENDMENT_INVALID
    assert state(scene, second) is ContractState.ACTIVE


def test_only_so_many_versions_with_one_signature_wait_for_others(tmp_path: Path) -> None:
    scene = build(tmp_path)
    drafts = [amended(scene.contract, purpose=f"draft {number}") for number in range(MOST_PENDING + 2)]
    for draft in drafts[:MOST_PENDING]:
        scene.submit(draft, "hospital")
    assert refused(scene, drafts[MOST_PENDING], "hospital") is Code.TOO_MANY_REQUESTS
    assert state(scene, drafts[MOST_PENDING]) is None
    scene.submit(drafts[0], "hospital")
    scene.submit(drafts[MOST_PENDING], "insurer")
    scene.submit(drafts[MOST_PENDING], "hospital")
    assert state(scene, drafts[MOST_PENDING]) is ContractState.ACTIVE, "what others have handed in is not in the way"
    for number in range(MOST_PENDING):
        scene.submit(amended(drafts[MOST_PENDING], purpose=f"next {number}"), "hospital")
    assert refused(scene, amended(drafts[MOST_PENDING], purpose="more"), "hospital") is Code.TOO_MANY_REQUESTS
    last = amended(drafts[MOST_PENDING], purpose="of all")
    scene.submit(last, *OWNERS)
    assert state(scene, last) is ContractState.ACTIVE, "one that all have signed waits for nobody"


def test_a_new_key_for_each_version_lets_no_more_of_them_wait(tmp_path: Path) -> None:
    scene = build(tmp_path)
    drafts = []
    for number in range(MOST_PENDING + 1):
        key = SigningKey.from_seed(bytes([100 + number]) * 32)
        stranger = scene.contract.parties[0].model_copy(update={"name": "newcomer", "key": key.public.text})
        draft = amended(scene.contract, parties=(*scene.contract.parties, stranger))
        drafts.append((draft, sign(draft, CONTRACT_TYPE, key)))
    for draft, envelope in drafts[:MOST_PENDING]:
        contracts.submit(scene.room, envelope)
        assert state(scene, draft) is ContractState.PENDING
    draft, envelope = drafts[MOST_PENDING]
    with pytest.raises(StillroomError) as caught:
        contracts.submit(scene.room, envelope)
    assert caught.value.code is Code.TOO_MANY_REQUESTS
    scene.submit(draft, "hospital")
    assert state(scene, draft) is ContractState.PENDING, "a party's own versions still wait"
