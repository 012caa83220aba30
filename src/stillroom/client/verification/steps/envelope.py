"""Step 1: the file is one signed release and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.canonical import digest
from stillroom.client.verification.envelope import read_envelope
from stillroom.client.verification.evidence import Opened
from stillroom.client.verification.outcome import expect, require
from stillroom.client.verification.values import read_value
from stillroom.model.release import PAYLOAD_TYPE, Release

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence

TITLE = "The envelope is well-formed"

LIMIT = 2**28
"""No release is larger, in bytes."""


def check(evidence: Evidence) -> str:
    """Read the envelope and the release in it.

    Raises:
        Broken: They are not in their one spelling.
    """
    require(len(evidence.release_file) <= LIMIT, f"the release has {len(evidence.release_file)} bytes, expected at most {LIMIT}")
    envelope = read_envelope(evidence.release_file, PAYLOAD_TYPE, "the release")
    expect("the number of signatures", len(envelope.signatures), 1)
    evidence.opened = Opened(envelope, read_value(envelope.payload, Release, "the payload of the release"))
    return f"one signature over one release, {digest(evidence.release_file)}"
