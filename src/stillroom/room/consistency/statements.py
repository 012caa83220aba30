"""What entries name by digest: contracts, decisions, holds, lapses and words about telemetry, signed by whom the entry says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.crypto.envelope import open_envelope
from stillroom.crypto.keys import PublicKey
from stillroom.errors import StillroomError
from stillroom.ledger.entry import Approval, ContractActivated, Hold, HoldLapsed, Pause, ReleaseStored, TelemetryConsent
from stillroom.model.codec import decode, digest_of
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.policy.approval import APPROVAL_TYPE, ApprovalStatement
from stillroom.room import contracts
from stillroom.room.statement import (
    CONTRACT_TYPE,
    HOLD_TYPE,
    LAPSE_TYPE,
    PAUSE_TYPE,
    TELEMETRY_TYPE,
    HoldStatement,
    LapseStatement,
    PauseStatement,
    TelemetryStatement,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.ledger.entry import Entry
    from stillroom.model.contract import Contract
    from stillroom.ports import Records
    from stillroom.room.room import Notary


def findings(records: Records, notary: Notary, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield which entries have no statement that says what they say, signed under the contract that was in force then.

    What is said of holds may have been signed under a contract before: it is logged once its run has an outcome.
    """
    known: list[Contract] = []
    for index, one in enumerate(entries):
        if isinstance(one, ContractActivated):
            contract = _activated(records, one)
            if contract is None:
                yield f"entry {index} activates a contract that is not there, or not signed by all its parties."
            else:
                known.append(contract)
        elif isinstance(one, ReleaseStored):
            if not _released(records, notary, one):
                yield f"the release of entry {index} is not there, is another one, or is not signed by the room."
        elif known and not _stated(records, known, one):
            yield f"entry {index} ({one.kind}) names a statement that is not there, says something else, or is not signed by its party."


def _activated(records: Records, one: ContractActivated) -> Contract | None:
    """Return the contract of an entry, signed by all its parties."""
    envelope = _kept(records, one.envelope)
    if envelope is None:
        return None
    try:
        contract = contracts.read(envelope)
        open_envelope(envelope, CONTRACT_TYPE, {party.name: PublicKey.parse(party.key) for party in contract.parties})
    except StillroomError:
        return None
    return contract if digest_of(contract) == one.contract else None


def _released(records: Records, notary: Notary, one: ReleaseStored) -> bool:
    envelope = records.runs.release(one.reservation)
    if envelope is None or digest(envelope) != one.release:
        return False
    try:
        open_envelope(envelope, PAYLOAD_TYPE, {notary.origin: notary.key.public})
    except StillroomError:
        return False
    return True


def _stated(records: Records, known: Sequence[Contract], one: Entry) -> bool:
    """Tell whether an entry's statement is there, signed by its party, and says the same; entries without one are as they are."""
    match one:
        case Approval():
            said = _opened(records, known[-1:], one.party, one.statement, APPROVAL_TYPE)
            return said is not None and _approves(said, one)
        case Hold():
            said = _opened(records, known, one.account.owner, one.statement, HOLD_TYPE)
            return said is not None and _holds(said, one)
        case HoldLapsed():
            said = _opened(records, known, one.account.owner, one.statement, LAPSE_TYPE)
            return said is not None and _lapses(said, one)
        case TelemetryConsent():
            said = _opened(records, known[-1:], one.party, one.statement, TELEMETRY_TYPE)
            return said is not None and _consents(said, one)
        case Pause():
            said = _opened(records, known[-1:], one.party, one.statement, PAUSE_TYPE)
            return said is not None and _pauses(said, one)
        case _:
            return True


def _approves(said: bytes, one: Approval) -> bool:
    found = decode(said, ApprovalStatement)
    return (found.plan, found.party, found.decision) == (one.plan, one.party, one.decision)


def _holds(said: bytes, one: Hold) -> bool:
    found = decode(said, HoldStatement)
    return (found.reservation, found.account, found.charge) == (one.reservation, one.account, one.charge)


def _lapses(said: bytes, one: HoldLapsed) -> bool:
    found = decode(said, LapseStatement)
    return (found.reservation, found.account) == (one.reservation, one.account)


def _consents(said: bytes, one: TelemetryConsent) -> bool:
    found = decode(said, TelemetryStatement)
    return (found.party, found.number, found.on) == (one.party, one.number, one.on)


def _pauses(said: bytes, one: Pause) -> bool:
    found = decode(said, PauseStatement)
    return (found.party, found.pause, found.paused) == (one.party, one.pause, one.paused)


def _opened(records: Records, known: Sequence[Contract], name: str, statement: str, kind: str) -> bytes | None:
    """Return what a party has signed, with a key that it has under one of these contracts."""
    envelope = _kept(records, statement)
    keys = {party.key for contract in known if (party := contract.party(name)) is not None}
    for key in keys if envelope is not None else ():
        try:
            return open_envelope(envelope or b"", kind, {name: PublicKey.parse(key)})
        except StillroomError:
            continue
    return None


def _kept(records: Records, name: str) -> bytes | None:
    envelope = records.log.statement(name)
    return envelope if envelope is not None and digest(envelope) == name else None
