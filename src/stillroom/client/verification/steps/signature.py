"""Step 2: the room signed the release, and the room's key is the one that was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.evidence import Identity
from stillroom.client.verification.outcome import expect, require
from stillroom.client.verification.signature import read_key

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence

TITLE = "The room signed it"


def check(evidence: Evidence) -> str:
    """Verify the signature against the key that the release names, and that key against `--room-key`.

    Raises:
        Broken: One of them does not hold.
    """
    name, _, text = evidence.release.room.rpartition(" ")
    require(bool(name), "the release names no room")
    key = read_key(text, f"room {name}")
    if evidence.room_key is not None:
        expect("the room's key", key.text, evidence.room_key.rpartition(" ")[2])
        evidence.vouchers.append("--room-key")
    if evidence.opened is not None:
        evidence.opened.envelope.verify(key, f"room {name}")
    evidence.identity = Identity(name, key)
    return f"signed by room {name}, {key.text}"
