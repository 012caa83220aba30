"""Step 11: this very file is the one release of its reservation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.canonical import digest
from stillroom.client.verification.entry import ReleaseStored
from stillroom.client.verification.outcome import Broken, NotChecked, expect, require

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence

TITLE = "The release is in the log"


def check(evidence: Evidence) -> str:
    """Find the entry that stores the reservation's release, and compare its digest with that of the file.

    Parties that have signed a head of a log with this very release in it vouch for the room.

    Raises:
        Broken: It is another release, or comes before the commit, or the log has none.
        NotChecked: There is no log, or a proof that leaves this entry out.
    """
    release, extract = evidence.release, evidence.extract
    found = [
        (index, entry)
        for index, entry in extract.entries.items()
        if isinstance(entry, ReleaseStored) and entry.reservation == release.reservation
    ]
    if not found and not extract.whole:
        raise NotChecked("the proof leaves the entry of the release out")
    if len(found) != 1:
        raise Broken(f"the log has {len(found)} releases for reservation {release.reservation}, expected one")
    ((index, entry),) = found
    expect(f"the release of entry {index}", digest(evidence.release_file), entry.release)
    require(index > release.commit_index, f"entry {index} comes before its commit, entry {release.commit_index}")
    evidence.vouchers += [f"log cosigned by {name}" for name, size in evidence.cosigners.items() if index < size]
    return f"entry {index}"
