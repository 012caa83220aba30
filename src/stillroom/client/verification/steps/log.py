"""Step 9: the entries are those of the log whose head the room signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.extract import read_extract
from stillroom.client.verification.outcome import NotChecked, expect, require
from stillroom.client.verification.signature import read_key

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence
    from stillroom.client.verification.extract import Extract

TITLE = "The log is whole, and the room signed its head"

LIMIT = 2**30
"""No log is larger, in bytes."""


def check(evidence: Evidence) -> str:
    """Compute leaf hashes and roots, and verify the room's signature on every checkpoint.

    With the contract, signatures of its parties are verified where they are; lines by anyone else say nothing, as the specification has it.

    Raises:
        Broken: An entry or a checkpoint was altered; the text names it.
        NotChecked: There is no log.
    """
    if evidence.log_file is None:
        raise NotChecked("no --log was given")
    require(len(evidence.log_file) <= LIMIT, f"the log has {len(evidence.log_file)} bytes, expected at most {LIMIT}")
    extract = read_extract(evidence.log_file)
    room = evidence.room
    for checkpoint in (*extract.older, extract.checkpoint):
        expect("the origin of the log", checkpoint.origin, room.name)
        require(checkpoint.signed_by(room.name, room.key), f"the checkpoint of {checkpoint.size} entries is not signed by {room.key.text}")
    cosigned = _cosigners(evidence, extract)
    evidence.cosigners += cosigned
    evidence.extract_proved = extract
    shown = f"{extract.checkpoint.size} entries" if extract.whole else f"{len(extract.entries)} of {extract.checkpoint.size} entries"
    return f"{shown}, root {extract.checkpoint.root.hex()}" + (f", cosigned by {', '.join(cosigned)}" if cosigned else "")


def _cosigners(evidence: Evidence, extract: Extract) -> list[str]:
    """Return the parties of the contract that have signed the head as well."""
    parties = evidence.contract_signed.parties if evidence.contract_signed else ()
    return [party.name for party in parties if extract.checkpoint.signed_by(party.name, read_key(party.key, party.name))]
