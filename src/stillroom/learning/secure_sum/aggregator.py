"""The aggregator: relays what members sign, and opens the sum of the active ones.

One value for each stage. `take` checks a message and returns the stage with it; a message that came before changes nothing, and another one
in its place is refused. `missing` are those that the stage could still hear from; `close` ends the stage without them, and says what to
relay. Below the session's fewest it aborts, with nothing opened. The aggregator is checked by members, not trusted by them: what it
verifies here, it verifies so that an honest aggregator knows whose message does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from stillroom.crypto import canonical
from stillroom.learning.secure_sum.lists import read_active, read_confirmation, read_header
from stillroom.learning.secure_sum.messages import MaskedVector, Parcel, Reveal, read, wrong
from stillroom.learning.secure_sum.roster import Roster, enough, read_advertisement
from stillroom.learning.secure_sum.unmasking import Total, Unmasking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.learning.ring import Words
    from stillroom.learning.secure_sum.messages import Header
    from stillroom.learning.secure_sum.session import Session

T = TypeVar("T")


class AdvertisementsClosed(NamedTuple):
    """Stage 0 is over: all advertisements are for each member that has sent one."""

    stage: CollectingParcels
    relay: Mapping[str, bytes]


class ParcelsClosed(NamedTuple):
    """Stage 1 is over: for each member that has shared, the parcels of the others, by sender."""

    stage: CollectingVectors
    relay: Mapping[str, Mapping[str, bytes]]


class VectorsClosed(NamedTuple):
    """Stage 2 is over: all headers are for each member that has sent a vector."""

    stage: CollectingConfirmations
    relay: Mapping[str, bytes]


class ConfirmationsClosed(NamedTuple):
    """Stage 3 is over: all confirmations are for each member that has sent one."""

    stage: CollectingReveals
    relay: Mapping[str, bytes]


@dataclass(frozen=True)
class CollectingAdvertisements:
    """Stage 0: members advertise keys. A round begins with this value, of its session."""

    session: Session
    _taken: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """Members that have not advertised."""
        return frozenset(self.session.members) - self._taken.keys()

    def take(self, sender: str, message: bytes) -> CollectingAdvertisements:
        """Take a signed advertisement.

        Raises:
            Unverified: As `read_advertisement`; `ROUND_INVALID` for a second one.
        """
        read_advertisement(self.session, sender, message)
        return replace(self, _taken=_with(self._taken, sender, message))

    def close(self) -> AdvertisementsClosed:
        """Go on with those that have advertised.

        Raises:
            Unverified: As `Roster.read`.
            Refusal: `ROUND_ABORTED` if they are too few.
        """
        return AdvertisementsClosed(CollectingParcels(Roster.read(self.session, self._taken)), self._taken)


@dataclass(frozen=True)
class CollectingParcels:
    """Stage 1: members share secrets."""

    roster: Roster
    _taken: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """Members that have not shared."""
        return frozenset(self.roster.advertisements) - self._taken.keys()

    def take(self, sender: str, messages: Mapping[str, bytes]) -> CollectingParcels:
        """Take the signed parcels of a member, one for each peer, by name.

        Raises:
            Unverified: As `messages.read`; `ROUND_INVALID` for somebody who has not advertised, if a peer has none or another's, if the
                sender was told of other keys, or for other parcels than before.
        """
        roster = self.roster
        if sender not in roster.advertisements or messages.keys() != roster.advertisements.keys() - {sender}:
            raise wrong("Parcels are of somebody who has not advertised, or not for each of those that have.")
        for recipient, message in messages.items():
            parcel = read(message, Parcel, roster.session, sender)
            if parcel.recipient != recipient or parcel.roster != roster.digest:
                raise wrong(f"A parcel of {sender} is for somebody else, or {sender} was told of other keys.")
        return replace(self, _taken=_with(self._taken, sender, dict(messages)))

    def close(self) -> ParcelsClosed:
        """Go on with those that have shared.

        Raises:
            Refusal: `ROUND_ABORTED` if they are too few.
        """
        enough(self.roster.session, self._taken)
        relay = {name: {peer: sent[name] for peer, sent in self._taken.items() if peer != name} for name in self._taken}
        return ParcelsClosed(CollectingVectors(self.roster, tuple(sorted(self._taken))), relay)


@dataclass(frozen=True)
class CollectingVectors:
    """Stage 2: members send masked vectors, which are added up as they come."""

    roster: Roster
    peers: tuple[str, ...]
    _headers: Mapping[str, Header] = field(default_factory=dict)
    _taken: Mapping[str, bytes] = field(default_factory=dict)
    _sum: Words | None = field(default=None, repr=False)

    @property
    def missing(self) -> frozenset[str]:
        """Members that have shared, and sent no vector."""
        return frozenset(self.peers) - self._taken.keys()

    def take(self, sender: str, vector: MaskedVector) -> CollectingVectors:
        """Take a masked vector.

        Raises:
            Unverified: As `read_header`; `ROUND_INVALID` if the words are not those of the header, or for a second vector.
            InvalidInput: `ROUND_INVALID` if the words do not have the round's length.
        """
        ring, length = self.roster.session.ring, self.roster.session.length
        header = read_header(self.roster, self.peers, sender, vector.header)
        words = ring.from_bytes(vector.words, length)
        if canonical.digest(vector.words) != header.words:
            raise wrong(f"The words of {sender} are not those of which it has signed the header.")
        taken = _with(self._taken, sender, vector.header)
        if taken == self._taken:
            return self
        total = ring.add(ring.zeros(length) if self._sum is None else self._sum, words)
        return replace(self, _headers={**self._headers, sender: header}, _taken=taken, _sum=total)

    def close(self) -> VectorsClosed:
        """Go on with those whose vectors have arrived: the active set.

        Raises:
            Refusal: `ROUND_ABORTED` if they are too few.
        """
        active = read_active(self.roster, self.peers, self._taken)
        total = self.roster.session.ring.zeros(self.roster.session.length) if self._sum is None else self._sum
        unmasking = Unmasking(self.roster, self.peers, self._headers, active, total)
        return VectorsClosed(CollectingConfirmations(unmasking), self._taken)


@dataclass(frozen=True)
class CollectingConfirmations:
    """Stage 3: members sign the active set."""

    unmasking: Unmasking
    _taken: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """Active members that have not confirmed."""
        return frozenset(self.unmasking.active.headers) - self._taken.keys()

    def take(self, sender: str, message: bytes) -> CollectingConfirmations:
        """Take a signed confirmation.

        Raises:
            Unverified: As `read_confirmation`; `ROUND_INVALID` for a second one.
        """
        read_confirmation(self.unmasking.roster, self.unmasking.active, sender, message)
        return replace(self, _taken=_with(self._taken, sender, message))

    def close(self) -> ConfirmationsClosed:
        """Go on with those that have confirmed.

        Raises:
            Refusal: `ROUND_ABORTED` if they are too few.
        """
        enough(self.unmasking.roster.session, self._taken)
        return ConfirmationsClosed(CollectingReveals(self.unmasking, frozenset(self._taken)), self._taken)


@dataclass(frozen=True)
class CollectingReveals:
    """Stage 4: members reveal shares."""

    unmasking: Unmasking
    confirmed: frozenset[str]
    _taken: Mapping[str, Reveal] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """Members that have confirmed, and revealed nothing."""
        return self.confirmed - self._taken.keys()

    def take(self, sender: str, message: bytes) -> CollectingReveals:
        """Take a signed reveal.

        Raises:
            Unverified: As `messages.read`; `ROUND_INVALID` for somebody who has not confirmed, for another active set, if it does not have
                one share for each peer, at the sender's place and of the kind that the set asks for, or for a second one.
        """
        reveal = read(message, Reveal, self.unmasking.roster.session, sender)
        if sender not in self.confirmed:
            raise wrong(f"{sender} has not confirmed the active set.")
        self.unmasking.check(reveal)
        return replace(self, _taken=_with(self._taken, sender, reveal))

    def close(self) -> Total:
        """Open the sum.

        Raises:
            Unverified: `ROUND_INVALID` if shares do not restore what a member has advertised or committed to.
            Refusal: `ROUND_ABORTED` if too few have revealed.
        """
        enough(self.unmasking.roster.session, self._taken)
        return self.unmasking.open(self._taken)


def _with(taken: Mapping[str, T], sender: str, message: T) -> Mapping[str, T]:
    """Return what was taken, and a message; one that was taken before has to be the same."""
    if sender in taken and taken[sender] != message:
        raise wrong(f"{sender} has sent two different messages in one stage.")
    return {**taken, sender: message}
