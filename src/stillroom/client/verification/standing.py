"""What a contract and a room's log show together, without a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.client.verification.accounting import allowance, selection_allowance
from stillroom.client.verification.canonical import digest
from stillroom.client.verification.entry import Hold
from stillroom.client.verification.evidence import Identity
from stillroom.client.verification.history import replay
from stillroom.client.verification.outcome import Broken, require
from stillroom.client.verification.signature import read_key
from stillroom.client.verification.statement import read_hold
from stillroom.client.verification.steps import contract as contracts
from stillroom.client.verification.steps import log as logs
from stillroom.model.contract import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.client.verification.extract import Extract
    from stillroom.client.verification.history import History
    from stillroom.client.verification.statement import HoldStatement
    from stillroom.model.contract import Contract


@dataclass(frozen=True, slots=True)
class Agreed:
    """A contract that each of its parties has signed.

    Attributes:
        contract: The contract.
        digest: Its digest.
    """

    contract: Contract
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A log that holds, read under a contract.

    Attributes:
        room: The room's name and key.
        vouched_by: Who says that this is the room's key.
        extract: All entries, shown to be in the log of a head that the room has signed.
        history: What they add up to; each keeps the rules.
        signed_holds: How many holds have been compared with what their owner signed.
        cosigners: Parties that have signed heads as well, with the size of the largest one.
    """

    room: Identity
    vouched_by: tuple[str, ...]
    extract: Extract
    history: History
    signed_holds: int
    cosigners: Mapping[str, int]


def read_agreed(file: bytes) -> Agreed:
    """Read a contract, and verify a signature of each of its parties.

    Raises:
        Broken: One is missing or does not hold, or it is no contract.
    """
    envelope = contracts.opened(file)
    return Agreed(contracts.signed(envelope), digest(envelope.payload))


def read_standing(file: bytes, agreed: Agreed, room_key: str | None = None, seen: Sequence[bytes] = ()) -> Standing:
    """Read a whole log and go through it.

    Args:
        file: The log (`stillroom/log/v1`).
        agreed: A contract. If the log has another one in force, it is for the caller to say what that means.
        room_key: The room's public key, as the parties know it. Left out, it is the operator's in the contract, or else the one for which
            owners have signed holds.
        seen: Checkpoints that somebody has seen and kept: the log must go on from them.

    Raises:
        Broken: The log was altered, breaks a rule, is not signed by the room, says something else than owners have signed, or spends more
            than the contract allows.
    """
    extract = logs.opened(file)
    require(extract.whole, "this is a proof from the log, not the log")
    holds = _signed_holds(extract, agreed.contract)
    room, vouched_by = _room(extract, agreed.contract, holds, room_key)
    require({one.room for one in holds} <= {f"{room.name} {room.key.text}"}, "owners have signed holds for another room")
    cosigners = logs.check_heads(extract, [logs.read_head(one) for one in seen], room, agreed.contract)
    history = replay(extract.entries.values())
    if history.contracts[-1:] == [agreed.digest]:
        _within(history, agreed.contract)
    return Standing(room, vouched_by, extract, history, len(holds), cosigners)


def _room(extract: Extract, contract: Contract, holds: Sequence[HoldStatement], room_key: str | None) -> tuple[Identity, tuple[str, ...]]:
    """Return the room, and who vouches for its key."""
    name = extract.checkpoint.origin
    texts = {one.room.rpartition(" ")[2] for one in holds} | {party.key for party in contract.parties if Role.OPERATOR in party.roles}
    given = None if room_key is None else room_key.rpartition(" ")[2]
    keys = [read_key(text, f"room {name}") for text in (sorted(texts) if given is None else [given])]
    require(bool(keys), "neither contract nor log names the room's key, so it has to be given")
    signers = [key for key in keys if extract.checkpoint.signed_by(name, key)]
    if len(signers) != 1:
        raise Broken(f"the head of the log is not signed by {' or '.join(key.text for key in keys)}")
    (key,) = signers
    vouchers = [] if given is None else ["the key that was given"]
    vouchers += contracts.operated(contract, key)
    vouchers += [f"hold signed by {owner}" for owner in sorted({one.account.owner for one in holds})]
    return Identity(name, key), tuple(vouchers)


def _signed_holds(extract: Extract, contract: Contract) -> list[HoldStatement]:
    """Return the holds that owners have signed, as far as they are handed over; those by keys of earlier contracts are left out.

    Raises:
        Broken: The log says something else than an owner has signed.
    """
    found = []
    for index, entry in extract.entries.items():
        if not isinstance(entry, Hold) or index not in extract.statements:
            continue
        try:
            said = read_hold(extract.statements[index], contract, entry.account)
        except Broken:
            continue
        same = (said.reservation, said.account, said.charge) == (entry.reservation, entry.account, entry.charge)
        require(same, f"entry {index} says something else than the hold that {entry.account.owner} signed")
        found.append(said)
    return found


def _within(history: History, contract: Contract) -> None:
    """Accept what was spent within the contract's caps."""
    spent, most = history.spent[0], allowance(contract.caps.epsilon, contract.caps.delta) + 1
    require(spent <= most, f"the log has spent {spent} units of 1e-12 ρ, expected at most {most}")
    delta, cap = history.spent[1], selection_allowance(contract.caps.selection_delta)
    require(delta <= cap, f"the log has spent {delta} units of 1e-18 δ, expected at most {cap}")
