"""Who is in a room that is a server: keys that have joined, confirmed by the operator, and the parties of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.envelope import open_envelope, unverified_payload
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, Refusal
from stillroom.model.codec import decode
from stillroom.model.record import PartyRecord
from stillroom.room import contracts
from stillroom.room.statement import JOIN_TYPE, JoinStatement

if TYPE_CHECKING:
    from stillroom.model.contract import Contract, Party
    from stillroom.ports import Records, Store
    from stillroom.room.room import Room

MOST = 100
"""So many keys may wait to be confirmed; beyond that, those that came first are forgotten, so that nobody can keep others from asking."""


def join(room: Room, envelope: bytes, sender: str) -> PartyRecord:
    """Take a key's wish to be a party; the same wish again changes nothing. It may do nothing before the operator confirms it.

    Whether another key has the name is for the operator to see: who asks hears the same, and the same is done, in either case.

    Args:
        room: The room.
        envelope: The wish, signed.
        sender: The key that hands it in.

    Raises:
        Refusal: `PARTY_UNKNOWN` if it wishes to join another room, `KEY_MISMATCH` if it is the wish of another key than the sender's, or
            that key has joined under another name.
        Unverified: The key has not signed it.
    """
    wish = decode(unverified_payload(envelope, JOIN_TYPE), JoinStatement)
    open_envelope(envelope, JOIN_TYPE, {wish.party: PublicKey.parse(wish.key)})
    if wish.room != room.identity:
        raise Refusal(Code.PARTY_UNKNOWN, "That is the name or the key of another room.", "Ask the operator for the room's own.")
    if wish.key != sender:
        raise Refusal(Code.KEY_MISMATCH, "Another key wishes to join than the one that asks.", "Have each home ask for itself.")
    with room.store.writing() as records:
        known = records.parties.get(wish.key)
        if known is None:
            for one in [one for one in records.parties.all() if not one.confirmed][: 1 - MOST]:
                records.parties.remove(one.key)
            known = PartyRecord(key=wish.key, party=wish.party)
            records.parties.put(known)
    if known.party != wish.party:
        raise Refusal(Code.KEY_MISMATCH, "This key has joined under another name.", "Use the name under which the home has joined.")
    return known


def confirm(room: Room, party: str, key: str) -> PartyRecord:
    """Let a key that has asked to join be a party, once the operator has compared it with its holder.

    Raises:
        Refusal: `PARTY_UNKNOWN` if that key has not asked to join under that name, `KEY_MISMATCH` if another key was confirmed for it.
    """
    with room.store.writing() as records:
        known = records.parties.get(key)
        if known is None or known.party != party:
            raise Refusal(Code.PARTY_UNKNOWN, f"No such key has asked to join as {party}.", "Compare the key with the party, in person.")
        if holder(records, party) not in {None, key}:
            raise Refusal(Code.KEY_MISMATCH, f"{party} has another key in this room.", "A new key needs an amendment.")
        record = known.model_copy(update={"confirmed": True})
        records.parties.put(record)
        return record


def remove(room: Room, key: str) -> PartyRecord:
    """Forget a key that waits, or that was confirmed. What the contract in force says of it stays so.

    Raises:
        Refusal: `PARTY_UNKNOWN` if it is not known.
    """
    with room.store.writing() as records:
        known = records.parties.get(key)
        if known is None:
            raise Refusal(Code.PARTY_UNKNOWN, "No such key has asked to join.", "The list of keys shows each as it is written.")
        records.parties.remove(key)
        return known


def holder(records: Records, party: str) -> str | None:
    """Return the key of a party: that of the contract in force, or the one that the operator has confirmed."""
    named = _named(records)
    declared = named.party(party) if named else None
    if declared is not None:
        return declared.key
    return next((one.key for one in records.parties.all() if one.confirmed and one.party == party), None)


def party_of(records: Records, key: str) -> tuple[str | None, Party | None]:
    """Return whose key it is, and what the contract in force says about that party; nothing of a key that nobody has confirmed."""
    named = _named(records)
    declared = next((one for one in named.parties if one.key == key), None) if named else None
    if declared is not None:
        return declared.name, declared
    known = records.parties.get(key)
    if known is None or not known.confirmed or holder(records, known.party) != key:
        return None, None
    return known.party, None


def names(store: Store) -> tuple[str, ...]:
    """Return the names of all parties that are known by their keys."""
    with store.reading() as records:
        named = _named(records)
        declared = {party.name for party in named.parties} if named else set()
        return tuple(sorted(declared | {one.party for one in records.parties.all() if one.confirmed}))


def _named(records: Records) -> Contract | None:
    record = records.contracts.active()
    return None if record is None else contracts.read(record.envelope)
