"""Contracts: handed in with signatures, in force once every party has signed, replaced by amendments."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import open_envelope, signers, unverified_payload
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, InvalidInput, Refusal, Unverified
from stillroom.ledger.entry import ContractActivated
from stillroom.model import codec
from stillroom.model.codec import decode
from stillroom.model.contract import Contract, Role
from stillroom.model.record import ContractRecord, ContractState, SignedContract
from stillroom.policy.allowance import contract_allowance
from stillroom.policy.amendment import check_amendment
from stillroom.policy.contract_problems import semantic_problems
from stillroom.room import log
from stillroom.room.statement import CONTRACT_TYPE
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from stillroom.ports import Records
    from stillroom.room.room import Room


MOST_PENDING = 10
"""So many versions that a party has signed wait at a time for the signatures of others."""


READ_KEPT = 8
"""So many contracts are remembered once they are read: that in force and a few versions. One may take megabytes, whoever handed it in."""


class InForce(NamedTuple):
    """The contract in force."""

    digest: str
    contract: Contract


def submit(room: Room, envelope: bytes) -> ContractRecord:
    """Take a contract, or an amendment, with the signatures that it has. Signatures from several copies add up.

    It is in force once every party of it has signed, and every party of the contract that it amends, each with the key that it has
    there: nobody can be dropped, or given another key, without their signature. The contract's account carries over by its name.

    Returns:
        The contract as it now stands.

    Raises:
        InvalidInput: `CONTRACT_INVALID`, or `AMENDMENT_INVALID` if it is not the next version of the contract in force.
        Refusal: `AMENDMENT_INVALID` if its cap is below what is spent, `KEY_MISMATCH` if it names another operator than this room,
            `CONTRACT_REPLACED`, `TOO_MANY_REQUESTS` if as many versions wait as each party that has signed it may let wait.
        Unverified: `SIGNATURE_MISSING` without a signature of any party, or as `stillroom.crypto.envelope.signers`.
    """
    contract = read(envelope)
    _check_operator(contract, room.notary.key.public.text)
    _check_pending(room, contract, envelope)
    with room.store.writing() as records:
        known = records.contracts.get(codec.digest_of(contract))
        if known is not None and known.state is not ContractState.PENDING:
            return _known(known, contract)
        return _keep(room, records, contract, [known.envelope, envelope] if known else [envelope])


def hand_in(room: Room, envelope: bytes) -> SignedContract:
    """Take a contract as `submit` does, and say how it stands, and whose signatures are missing."""
    record = submit(room, envelope)
    with room.store.reading() as records:
        missing = missing_signatures(records, record)
    return SignedContract(digest=record.digest, state=str(record.state), missing=missing)


@lru_cache(maxsize=READ_KEPT)
def read(envelope: bytes) -> Contract:
    """Return the contract in an envelope, without a look at its signatures.

    Raises:
        InvalidInput: `CONTRACT_INVALID` if it has problems.
        Unverified: `ENVELOPE_INVALID`.
    """
    contract = decode(unverified_payload(envelope, CONTRACT_TYPE), Contract)
    problems = semantic_problems(contract)
    if problems:
        raise InvalidInput(Code.CONTRACT_INVALID, f"{problems[0].path}: {problems[0].what}", problems[0].fix)
    return contract


def signed_by_all(envelope: bytes, room: str) -> Contract:
    """Return a contract that every party has signed, for the room of that public key, if it names an operator.

    Raises:
        InvalidInput: `CONTRACT_INVALID` if it has problems.
        Refusal: `KEY_MISMATCH` if it names another room.
        Unverified: A party has not signed it.
    """
    contract = read(envelope)
    open_envelope(envelope, CONTRACT_TYPE, {party.name: PublicKey.parse(party.key) for party in contract.parties})
    _check_operator(contract, room)
    return contract


def find(records: Records, digest: str) -> ContractRecord:
    """Return a contract by its digest.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if there is none.
    """
    record = records.contracts.get(digest)
    if record is None:
        raise Refusal(Code.CONTRACT_UNKNOWN, "This room does not know that contract.", "Ask under the contract that is in force.")
    return record


def in_force(records: Records) -> InForce:
    """Return the contract in force.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if there is none.
    """
    record = records.contracts.active()
    if record is None:
        raise Refusal(Code.CONTRACT_UNKNOWN, "No contract is in force in this room.", "Have every party sign one.")
    return InForce(record.digest, read(record.envelope))


def missing_signatures(records: Records, record: ContractRecord) -> tuple[str, ...]:
    """Return who has yet to sign a contract."""
    required = _required(records, read(record.envelope))
    signed = signers(record.envelope, CONTRACT_TYPE, required)
    return tuple(name for name in required if name not in signed)


def _check_operator(contract: Contract, room: str) -> None:
    """Refuse a contract that names an operator other than the room of that key."""
    for party in contract.parties:
        if Role.OPERATOR in party.roles and party.key != room:
            raise Refusal(
                Code.KEY_MISMATCH,
                f"The key of the operator {party.name} is not this room's.",
                "Put the room's public key into the contract.",
            )


def _known(record: ContractRecord, contract: Contract) -> ContractRecord:
    if record.state is ContractState.REPLACED:
        raise Refusal(
            Code.CONTRACT_REPLACED, f"Version {contract.version} was replaced by an amendment.", "Amend the contract that is in force."
        )
    return record


def _keep(room: Room, records: Records, contract: Contract, copies: list[bytes]) -> ContractRecord:
    """Keep a contract that is not in force, and put it in force if nobody's signature is missing."""
    _check_follows(records, contract)
    required = _required(records, contract)
    envelope = _merged(copies, {key.id for key in required.values()})
    signed = signers(envelope, CONTRACT_TYPE, required)
    record = ContractRecord(digest=codec.digest_of(contract), envelope=envelope, state=ContractState.PENDING)
    records.contracts.put(record)
    return _activate(room, records, record, contract) if len(signed) == len(required) else record


def _check_pending(room: Room, contract: Contract, envelope: bytes) -> None:
    """Refuse a further version that waits for signatures, beside as many as each party that has signed it may let wait.

    Those that follow another contract do not count, since they come into force no more. Who has signed is asked of keys that the room
    knows; what none of them has signed counts together, so that a new key for each version is good for no more of them.

    Large versions take long to read, so it is done before the turn of a writer: what comes in the same moment is not counted.
    """
    with room.store.reading() as records:
        if records.contracts.get(codec.digest_of(contract)) is not None:
            return
        _check_follows(records, contract)
        required, keys, versions = _required(records, contract), _known_keys(records), records.contracts.all()
    if len(signers(envelope, CONTRACT_TYPE, required)) == len(required):
        return
    waiting: Counter[str] = Counter()
    for one in versions:
        if one.state is ContractState.PENDING and _amends(one.envelope) == contract.amends:
            waiting.update(signers(one.envelope, CONTRACT_TYPE, keys) or ("",))
    if all(waiting[name] >= MOST_PENDING for name in signers(envelope, CONTRACT_TYPE, keys) or ("",)):
        raise Refusal(
            Code.TOO_MANY_REQUESTS,
            f"{MOST_PENDING} versions of the contract with the same signature wait for others already.",
            "Have one of them signed by every party.",
        )


def _known_keys(records: Records) -> dict[str, PublicKey]:
    """Return the keys of the parties of the contract in force, or those that the operator has confirmed before there is one."""
    record = records.contracts.active()
    found = [one.key for one in read(record.envelope).parties] if record else [one.key for one in records.parties.all() if one.confirmed]
    return {key: PublicKey.parse(key) for key in found}


def _amends(envelope: bytes) -> str | None:
    return decode(unverified_payload(envelope, CONTRACT_TYPE), Contract).amends


def _check_follows(records: Records, contract: Contract) -> None:
    """Refuse anything but the first contract of a room, or the next version of the one in force."""
    record = records.contracts.active()
    if record is not None:
        check_amendment(read(record.envelope), contract)
    elif contract.amends is not None:
        raise InvalidInput(Code.AMENDMENT_INVALID, "This room has no contract to amend.", "Begin with version 1, which amends nothing.")


def _required(records: Records, contract: Contract) -> dict[str, PublicKey]:
    """Return the keys that must sign: those of all parties, and those of all parties of the contract in force."""
    required = {party.name: PublicKey.parse(party.key) for party in contract.parties}
    record = records.contracts.active()
    for party in read(record.envelope).parties if record else ():
        key = PublicKey.parse(party.key)
        if key not in required.values():
            required[f"{party.name} (as in the contract in force)"] = key
    return required


def _merged(copies: list[bytes], keys: set[str]) -> bytes:
    """Return one envelope with all signatures that copies of it have by these keys."""
    documents = [json.loads(copy) for copy in copies]
    signatures = {one["keyid"]: one for document in documents for one in document["signatures"] if one["keyid"] in keys}
    if not signatures:
        raise Unverified(Code.SIGNATURE_MISSING, "No party of the contract has signed it.", "Sign it with a party's key.")
    return canonical({**documents[0], "signatures": [signatures[keyid] for keyid in sorted(signatures)]})


def _forget_replaced(records: Records, contract: Contract) -> None:
    """Forget each key in whose place the contract names another one, so that it is not good again once the party has left."""
    keys = {party.name: party.key for party in contract.parties}
    for one in records.parties.all():
        if keys.get(one.party, one.key) != one.key:
            records.parties.remove(one.key)


def _activate(room: Room, records: Records, record: ContractRecord, contract: Contract) -> ContractRecord:
    before = records.contracts.active()
    if before is not None:
        records.contracts.put(before.model_copy(update={"state": ContractState.REPLACED}))
    active = record.model_copy(update={"state": ContractState.ACTIVE})
    records.contracts.put(active)
    _forget_replaced(records, contract)
    if not records.balances.open(contract.name, contract_allowance(contract.caps)):
        raise Refusal(
            Code.AMENDMENT_INVALID,
            f"More than ε = {contract.caps.epsilon:g} has been spent under the contract already.",
            "Amend it with a cap that is at least what is spent.",
        )
    at = entry_time(room.clock, contract)
    log.append(room, records, ContractActivated(at=at, contract=active.digest, envelope=log.keep(records, active.envelope)))
    return active
