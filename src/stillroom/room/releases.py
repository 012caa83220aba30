"""Releases that are there, for the parties that may receive them; and the contract's balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal
from stillroom.ledger import entry
from stillroom.model.codec import decode
from stillroom.model.record import RunState
from stillroom.model.release import PAYLOAD_TYPE, Release
from stillroom.room import contracts, extract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.record import Tally
    from stillroom.ports import Records
    from stillroom.room.room import Room

LEAVES = 256
"""How many leaves of the log are read at a time."""


def received_by(room: Room, party: str) -> tuple[Release, ...]:
    """Return the releases that a party may have, in the order in which they were stored."""
    with room.store.reading() as records:
        found = tuple(map(read, records.runs.releases()))
        return tuple(one for one in found if party in one.receivers and _known(records, one.reservation))


def envelope_for(room: Room, party: str, reservation: str) -> bytes:
    """Return one signed release.

    Raises:
        Refusal: `RELEASE_UNKNOWN` if there is none that this party may have.
    """
    with room.store.reading() as records:
        envelope = records.runs.release(reservation) if _known(records, reservation) else None
    if envelope is None or party not in read(envelope).receivers:
        raise Refusal(Code.RELEASE_UNKNOWN, "There is no such release for this party.", "Look at the list of releases.")
    return envelope


def proof_for(room: Room, party: str, reservation: str) -> bytes:
    """Return proofs that the commit of a release, and its storing, are in the log (`stillroom/proof/v1`).

    Raises:
        Refusal: `RELEASE_UNKNOWN` if there is none that this party may have.
        Failed: `STORE_FAILED`.
    """
    commit = read(envelope_for(room, party, reservation)).commit_index
    with room.store.reading() as records:
        later = enumerate(map(entry.decode, _leaves(records, commit + 1)), start=commit + 1)
        stored = (index for index, one in later if isinstance(one, entry.ReleaseStored) and one.reservation == reservation)
        return extract.proof(room, (commit, next(stored, commit)))


def _leaves(records: Records, start: int) -> Iterator[bytes]:
    """Yield the leaves of the log from an index on, some at a time."""
    while found := records.log.leaves(start, start + LEAVES):
        yield from found
        start += len(found)


def read(envelope: bytes) -> Release:
    """Return what an envelope from the room's own store says; the store is the room's, so its signature is not looked at again.

    Raises:
        Unverified: `ENVELOPE_INVALID`.
    """
    return decode(unverified_payload(envelope, PAYLOAD_TYPE), Release)


def _known(records: Records, reservation: str) -> bool:
    """Tell whether every account knows of a release: only then may it be handed out."""
    record = records.runs.get(reservation)
    return record is not None and record.settled


def balance(room: Room) -> Tally:
    """Return what may be spent under the contract in force, what is spent, and what is held for runs that are on their way.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` if there is none.
    """
    with room.store.reading() as records:
        force = contracts.in_force(records)
        tally = records.balances.tally(force.contract.name)
        held = (one.charge for one in records.runs.unsettled() if one.state is RunState.OPEN and one.contract == force.digest)
        return tally.model_copy(update={"held": sum(held, start=tally.held)})
