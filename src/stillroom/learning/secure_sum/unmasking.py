"""Taking the masks off the sum of the active members' vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.crypto.exchange import ExchangeKey
from stillroom.learning.secure_sum.masks import commitment, own_key, pair_key, remove_pairs, stream
from stillroom.learning.secure_sum.messages import wrong
from stillroom.learning.shamir import Share, reconstruct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.errors import Unverified
    from stillroom.learning.ring import Words
    from stillroom.learning.secure_sum.lists import ActiveSet
    from stillroom.learning.secure_sum.messages import Header, Reveal
    from stillroom.learning.secure_sum.roster import Roster


@dataclass(frozen=True)
class Total:
    """The end of a round.

    Attributes:
        values: The sum of the active members' vectors, as signed numbers: right if it is within the ring's centred range.
        active: Whose vectors are in it.
    """

    values: NDArray[np.int64]
    active: ActiveSet


@dataclass(frozen=True)
class Unmasking:
    """The sum of the active members' masked vectors, and what is to be taken off it.

    Attributes:
        roster: All advertisements.
        peers: Who has shared.
        headers: The headers of the active members.
        active: The active set.
    """

    roster: Roster
    peers: tuple[str, ...]
    headers: Mapping[str, Header]
    active: ActiveSet
    _sum: Words = field(repr=False)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Who has shared and sent no vector."""
        return tuple(name for name in self.peers if name not in self.active.headers)

    def check(self, reveal: Reveal) -> None:
        """Accept a reveal that is for this active set, and has one share of the right kind for each peer.

        Raises:
            Unverified: `ROUND_INVALID` for any other.
        """
        sender, place = reveal.sender, self.roster.session.places[reveal.sender]
        if reveal.roster != self.roster.digest or reveal.active != self.active.digest:
            raise wrong(f"What {sender} reveals is for another active set.")
        if reveal.own_masks.keys() != self.active.headers.keys() or reveal.masking_keys.keys() != set(self.dropped):
            raise wrong(f"{sender} does not reveal exactly one share for each peer.")
        if {_share(text).place for text in (*reveal.own_masks.values(), *reveal.masking_keys.values())} != {place}:
            raise wrong(f"What {sender} reveals are shares of somebody else.")

    def open(self, reveals: Mapping[str, Reveal]) -> Total:
        """Restore the active members' own masks and the masking keys of those that dropped out, and take both off.

        Raises:
            Unverified: `ROUND_INVALID` if shares do not restore what a member has advertised or committed to.
            Refusal: `ROUND_ABORTED` if they are too few.
        """
        ring, words = self.roster.session.ring, self._sum
        for name in self.active.headers:
            secret = self._restored(one.own_masks[name] for one in reveals.values())
            if commitment(self.roster, name, secret) != self.headers[name].commitment:
                raise _does_not_fit(name)
            words = ring.subtract(words, stream(self.roster, own_key(self.roster, name, secret)))
        for name in self.dropped:
            key = ExchangeKey.from_bytes(self._restored(one.masking_keys[name] for one in reveals.values()))
            if key.public.text != self.roster.advertisements[name].masking:
                raise _does_not_fit(name)
            for other in self.active.headers:
                words = remove_pairs(self.roster, other, words, {name: pair_key(self.roster, name, key, other)})
        return Total(ring.centre(words), self.active)

    def _restored(self, shares: Iterable[str]) -> bytes:
        return reconstruct(map(_share, shares), self.roster.session.fewest)


def _share(text: str) -> Share:
    return Share.from_bytes(bytes.fromhex(text))


def _does_not_fit(name: str) -> Unverified:
    return wrong(f"Shares of what {name} had shared do not fit: it has shared wrongly, or somebody has revealed wrongly.")
