"""The contracts that came into force, one after the other, as the log names them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.crypto.envelope import open_envelope
from stillroom.crypto.keys import PublicKey
from stillroom.errors import StillroomError
from stillroom.model.codec import digest_of
from stillroom.policy.contract_words import difference
from stillroom.room.contracts import read
from stillroom.room.statement import CONTRACT_TYPE

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.pages.logbook import Line, Logbook


@dataclass(frozen=True, slots=True)
class Version:
    """A contract that came into force.

    Attributes:
        index: The entry of the log that names it.
        contract: The contract; none if the room does not show what the entry names, signed by all its parties, and amended by the next one.
        changes: What it changed; none if it is the first, or it or the one before is not shown.
    """

    index: int
    contract: Contract | None
    changes: tuple[str, ...] | None


def versions_of(book: Logbook) -> tuple[Version, ...]:
    """Return all, the latest first."""
    lines = book.contracts()
    contracts = _linked([_contract(line, book.envelope(line)) for line in lines])
    changes = [None, *(None if old is None or new is None else difference(old, new) for old, new in pairwise(contracts))]
    found = zip(lines, contracts, changes, strict=False)
    return tuple(Version(line.index, contract, changed) for line, contract, changed in reversed(tuple(found)))


def _linked(contracts: list[Contract | None]) -> list[Contract | None]:
    """Leave out what the next contract does not say that it amends: who has signed the last one has signed for all before it."""
    found = contracts[-1:]
    for one in reversed(contracts[:-1]):
        after = found[0]
        found.insert(0, one if after is None or one is None or after.amends == digest_of(one) else None)
    return found


def _contract(line: Line, envelope: bytes | None) -> Contract | None:
    """Return the contract that an entry names, if that is what stands beside the entry, and all its parties have signed it."""
    if envelope is None:
        return None
    try:
        contract = read(envelope)
        open_envelope(envelope, CONTRACT_TYPE, {party.name: PublicKey.parse(party.key) for party in contract.parties})
    except StillroomError:
        return None
    return contract if digest_of(contract) == line.entry.get("contract") else None
