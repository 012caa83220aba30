"""Words that owners of datasets have in the room's affairs: whether there is telemetry, and whether the room pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal
from stillroom.model.codec import decode
from stillroom.room.signed import open_signed
from stillroom.room.statement import PauseStatement, TelemetryStatement

if TYPE_CHECKING:
    from stillroom.model.contract import Contract

W = TypeVar("W", TelemetryStatement, PauseStatement)


def owners_word(contract: Contract, envelope: bytes, payload_type: str, kind: type[W]) -> W:
    """Return what an owner of a dataset has signed, by the key that it has under a contract.

    Raises:
        Refusal: `OWNER_ONLY` if it names somebody else.
        Unverified: Whom it names has not signed it.
    """
    claimed = decode(unverified_payload(envelope, payload_type), kind)
    party = contract.party(claimed.party)
    if party is None or party.name not in contract.owners:
        raise Refusal(Code.OWNER_ONLY, "Only owners of datasets have a say about that.", "Leave it to them.")
    return open_signed(envelope, payload_type, party, kind)
