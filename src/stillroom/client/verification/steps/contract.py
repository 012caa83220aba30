"""Step 3: the contract is the one that the release names, and every party signed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.canonical import digest
from stillroom.client.verification.envelope import read_envelope
from stillroom.client.verification.outcome import NotChecked, expect, require
from stillroom.client.verification.signature import read_key
from stillroom.client.verification.values import read_value
from stillroom.model.contract import Contract, Role

if TYPE_CHECKING:
    from stillroom.client.verification.envelope import Envelope
    from stillroom.client.verification.evidence import Evidence
    from stillroom.client.verification.signature import Key

TITLE = "Every party signed the contract that it names"

CONTRACT_TYPE = "application/vnd.stillroom.contract.v1+json"
LIMIT = 2**24
"""No contract is larger, in bytes."""


def check(evidence: Evidence) -> str:
    """Compare the contract's digest, and verify a signature of each of its parties.

    Further signatures are not looked at: an amendment may carry those of parties that it drops.

    Raises:
        Broken: It is another contract, or a signature is missing or does not hold.
        NotChecked: There is no contract.
    """
    if evidence.contract_file is None:
        raise NotChecked("no --contract was given")
    envelope = opened(evidence.contract_file)
    expect("the contract's digest", digest(envelope.payload), evidence.release.contract_digest)
    contract = signed(envelope)
    evidence.vouchers += operated(contract, evidence.room.key)
    evidence.contract_signed = contract
    return f"{evidence.release.contract_digest}, signed by {', '.join(party.name for party in contract.parties)}"


def opened(file: bytes) -> Envelope:
    """Return a contract's envelope, not yet verified.

    Raises:
        Broken: It is not one.
    """
    require(len(file) <= LIMIT, f"the contract has {len(file)} bytes, expected at most {LIMIT}")
    return read_envelope(file, CONTRACT_TYPE, "the contract")


def signed(envelope: Envelope) -> Contract:
    """Return the contract in an envelope that each of its parties has signed.

    Raises:
        Broken: A signature is missing or does not hold.
    """
    contract = read_value(envelope.payload, Contract, "the contract")
    names = [party.name for party in contract.parties]
    require(len(set(names)) == len(names), "the contract names a party twice")
    require(len({party.key for party in contract.parties}) == len(names), "the contract gives one key to two parties")
    for party in contract.parties:
        envelope.verify(read_key(party.key, party.name), party.name)
    return contract


def operated(contract: Contract, key: Key) -> list[str]:
    """Return the operators of a contract whose key is the room's; where the contract names operators, it must be one of theirs.

    Raises:
        Broken: It is not.
    """
    operators = {party.name: party.key for party in contract.parties if Role.OPERATOR in party.roles}
    mine = [name for name, one in operators.items() if one == key.text]
    if operators:
        require(bool(mine), f"the room's key is {key.text}, expected that of {' or '.join(operators)}")
    return mine
