"""The lists that members have to be told alike: whose vectors have arrived, and who has confirmed this."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from stillroom.crypto import canonical
from stillroom.learning.secure_sum.messages import Confirmation, Header, read, wrong
from stillroom.learning.secure_sum.roster import Roster, enough
from stillroom.model import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ActiveSet:
    """Whose vectors are in a sum.

    Attributes:
        headers: The digest of each one's header, by name.
    """

    headers: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """What names the set, and the very vectors."""
        return canonical.digest_of(self.headers)


def read_active(roster: Roster, peers: Sequence[str], headers: Mapping[str, bytes]) -> ActiveSet:
    """Check headers against what this member knows, and return the set that they make.

    Args:
        roster: All advertisements.
        peers: Who has shared.
        headers: As they were signed, by name.

    Raises:
        Unverified: As `read_header`.
        Refusal: `ROUND_ABORTED` if they are fewer than the session's fewest.
    """
    digests = {name: codec.digest_of(read_header(roster, peers, name, headers[name])) for name in sorted(headers)}
    enough(roster.session, digests)
    return ActiveSet(digests)


def read_header(roster: Roster, peers: Sequence[str], name: str, envelope: bytes) -> Header:
    """Check a header against what this member, or the aggregator, knows.

    Raises:
        Unverified: As `messages.read`; `ROUND_INVALID` for a header of somebody who has not shared, of a member that was told of other keys
            or other peers, or of a vector of another length.
    """
    header = read(envelope, Header, roster.session, name)
    if name not in peers:
        raise wrong(f"A vector is of {name}, who has not shared in this round.")
    if header.roster != roster.digest or header.peers != tuple(peers):
        raise wrong(f"{name} was told of other keys or other peers.")
    if header.length != roster.session.length:
        raise wrong(f"The vector of {name} has another length.")
    return header


def read_confirmations(roster: Roster, active: ActiveSet, confirmations: Mapping[str, bytes]) -> None:
    """Accept confirmations if each is of the very same active set, and they are enough.

    Raises:
        Unverified: As `read_confirmation`.
        Refusal: `ROUND_ABORTED` if they are fewer than the session's fewest.
    """
    for name in sorted(confirmations):
        read_confirmation(roster, active, name, confirmations[name])
    enough(roster.session, confirmations)


def read_confirmation(roster: Roster, active: ActiveSet, name: str, envelope: bytes) -> Confirmation:
    """Check a confirmation against what this member, or the aggregator, knows.

    Raises:
        Unverified: As `messages.read`; `ROUND_INVALID` for a confirmation of somebody outside of the active set, or of another set.
    """
    confirmation = read(envelope, Confirmation, roster.session, name)
    if name not in active.headers or confirmation.roster != roster.digest or confirmation.active != active.digest:
        raise wrong(f"{name} has confirmed another active set.")
    return confirmation
