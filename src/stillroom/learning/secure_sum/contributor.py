"""A member that contributes a vector: one state for each stage, which answers one question and is spent.

`begin` makes the first state and message; each state's one method takes what the aggregator relays and returns the next state with the next
message. A refusal ends the member's part in the round. Nothing here does I/O: who carries messages is somebody else.

Weights, row counts, losses and the like are coordinates of the vector, and never anything beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stillroom.crypto import canonical
from stillroom.crypto.exchange import KEY_SIZE, ExchangeKey
from stillroom.errors import Code, InvalidInput
from stillroom.learning.secure_sum.lists import read_active, read_confirmations
from stillroom.learning.secure_sum.masks import SECRET_SIZE, add_pairs, commitment, own_key, pair_key, stream
from stillroom.learning.secure_sum.messages import Advertisement, Confirmation, Header, MaskedVector, Parcel, Reveal, read, sign, wrong
from stillroom.learning.secure_sum.once import Once
from stillroom.learning.secure_sum.parcels import Held, pack, unpack
from stillroom.learning.secure_sum.roster import Roster, enough
from stillroom.learning.shamir import share
from stillroom.model import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from stillroom.crypto.keys import SigningKey
    from stillroom.learning.ring import Words
    from stillroom.learning.secure_sum.lists import ActiveSet
    from stillroom.learning.secure_sum.session import Session
    from stillroom.ports import Entropy


class Begun(NamedTuple):
    """Stage 0 is done: the signed advertisement is for everybody."""

    state: Advertised
    message: bytes


class HasShared(NamedTuple):
    """Stage 1 is done: a signed parcel for each peer, by name."""

    state: Shared
    messages: Mapping[str, bytes]


class HasMasked(NamedTuple):
    """Stage 2 is done: the masked vector is for the aggregator, its header for everybody."""

    state: Masked
    message: MaskedVector


class HasConfirmed(NamedTuple):
    """Stage 3 is done: the signed active set is for everybody."""

    state: Confirmed
    message: bytes


@dataclass(frozen=True, repr=False)
class _Self:
    """Who a member is."""

    session: Session
    name: str
    key: SigningKey


def begin(session: Session, name: str, key: SigningKey, entropy: Entropy) -> Begun:
    """Begin a member's part in a session: make two keys, and advertise them.

    Masks are safe if a member begins a session again, as all is bound to the new keys; but a second sum is a second release. That a round
    is contributed to once, and charged, is for the caller to see to.

    Args:
        session: The session, which the caller has compared with the contract and the approved template.
        name: The member's name.
        key: Its signing key.
        entropy: Where the keys come from.

    Raises:
        InvalidInput: `KEY_MISMATCH` if the session does not give this key to this member.
    """
    if session.keys.get(name) != key.public:
        raise InvalidInput(Code.KEY_MISMATCH, f"The round does not have {name} with this key.", "Compare it with the contract.")
    masking = entropy.token(KEY_SIZE)
    sealing = ExchangeKey.from_bytes(entropy.token(KEY_SIZE))
    public = ExchangeKey.from_bytes(masking).public
    advertisement = Advertisement(session=session.digest, sender=name, masking=public.text, sealing=sealing.public.text)
    return Begun(Advertised(_Self(session, name, key), advertisement, masking, sealing), sign(advertisement, key))


@dataclass(frozen=True, repr=False)
class Advertised:
    """A member that has advertised its keys."""

    _me: _Self
    _advertisement: Advertisement
    _masking: bytes
    _sealing: ExchangeKey
    _once: Once[HasShared] = field(default_factory=Once)

    def share(self, advertisements: Mapping[str, bytes], entropy: Entropy) -> HasShared:
        """Take all signed advertisements, draw the secret of an own mask, and seal shares of both secrets to each peer.

        Args:
            advertisements: As they were signed, by name; the own one, too.
            entropy: Where the secret and the shares come from.

        Raises:
            Unverified: As `Roster.read`; `ROUND_INVALID` if the own advertisement is missing or another one; `KEY_INVALID` if a key is of
                low order.
            Refusal: `ROUND_ABORTED` if they are too few; `ROUND_INVALID` if others were relayed before.
        """
        return self._once.answer(_asked(advertisements), lambda: self._share(advertisements, entropy))

    def _share(self, advertisements: Mapping[str, bytes], entropy: Entropy) -> HasShared:
        me = self._me
        roster = Roster.read(me.session, advertisements)
        if roster.advertisements.get(me.name) != self._advertisement:
            raise wrong(f"What is relayed as the keys of {me.name} is not what it has advertised.")
        masking, names = ExchangeKey.from_bytes(self._masking), list(roster.advertisements)
        pairs = {peer: pair_key(roster, me.name, masking, peer) for peer in names if peer != me.name}
        secret = entropy.token(SECRET_SIZE)
        places = [me.session.places[name] for name in names]
        own_masks, masking_keys = (share(one, me.session.fewest, places, entropy) for one in (secret, self._masking))
        held = dict(zip(names, map(Held, own_masks, masking_keys), strict=True))
        parcels = {peer: sign(pack(roster, me.name, self._sealing, peer, held[peer]), me.key) for peer in pairs}
        return HasShared(Shared(me, roster, self._sealing, secret, pairs, held[me.name]), parcels)


@dataclass(frozen=True, repr=False)
class Shared:
    """A member that has shared its secrets."""

    _me: _Self
    _roster: Roster
    _sealing: ExchangeKey
    _secret: bytes
    _pairs: Mapping[str, bytes]
    _held: Held
    _once: Once[HasMasked] = field(default_factory=Once)

    def mask(self, parcels: Mapping[str, bytes], vector: Sequence[int] | NDArray[Any]) -> HasMasked:
        """Take the parcels of all peers that have shared, and mask the vector with each of them.

        Args:
            parcels: As they were signed, by sender.
            vector: Signed whole numbers, as many as the session says, noise included.

        Raises:
            InvalidInput: As `Ring.encode`; `ROUND_INVALID` for a vector of another length. The state is as it was.
            Unverified: As `messages.read` and `unpack`; `ROUND_INVALID` for a parcel of oneself, or of somebody who has not advertised.
            Refusal: `ROUND_ABORTED` if too few have shared; `ROUND_INVALID` if other parcels, or another vector, were given before.
        """
        session = self._me.session
        words = session.ring.encode(vector)
        if len(words) != session.length:
            raise InvalidInput(Code.ROUND_INVALID, "A vector does not have the length of this round.", "Compare it with the template.")
        asked = _asked({**parcels, "": session.ring.to_bytes(words)})
        return self._once.answer(asked, lambda: self._mask(parcels, words))

    def _mask(self, parcels: Mapping[str, bytes], words: Words) -> HasMasked:
        me, roster = self._me, self._roster
        if not parcels.keys() <= self._pairs.keys():
            raise wrong("A parcel is of somebody who has not advertised, or of the recipient.")
        opened = {peer: read(parcels[peer], Parcel, me.session, peer) for peer in parcels}
        held = {peer: unpack(roster, me.name, self._sealing, parcel) for peer, parcel in opened.items()} | {me.name: self._held}
        enough(me.session, held)
        ring = me.session.ring
        masked = ring.add(words, stream(roster, own_key(roster, me.name, self._secret)))
        data = ring.to_bytes(add_pairs(roster, me.name, masked, {peer: self._pairs[peer] for peer in opened}))
        header = Header(
            session=me.session.digest,
            sender=me.name,
            roster=roster.digest,
            peers=tuple(sorted(held)),
            length=me.session.length,
            words=canonical.digest(data),
            commitment=commitment(roster, me.name, self._secret),
        )
        return HasMasked(Masked(me, roster, header, held), MaskedVector(sign(header, me.key), data))


@dataclass(frozen=True, repr=False)
class Masked:
    """A member that has sent its masked vector."""

    _me: _Self
    _roster: Roster
    _header: Header
    _held: Mapping[str, Held]
    _once: Once[HasConfirmed] = field(default_factory=Once)

    def confirm(self, headers: Mapping[str, bytes]) -> HasConfirmed:
        """Take the headers of all vectors that have arrived, and sign that this is the active set.

        Args:
            headers: As they were signed, by name; the own one, too.

        Raises:
            Unverified: As `read_active`; `ROUND_INVALID` if the own header is missing or another one.
            Refusal: `ROUND_ABORTED` if they are too few; `ROUND_INVALID` if others were relayed before.
        """
        return self._once.answer(_asked(headers), lambda: self._confirm(headers))

    def _confirm(self, headers: Mapping[str, bytes]) -> HasConfirmed:
        me, roster = self._me, self._roster
        active = read_active(roster, self._header.peers, headers)
        if active.headers.get(me.name) != codec.digest_of(self._header):
            raise wrong(f"The active set does not have {me.name} with the vector that it has sent.")
        confirmation = Confirmation(session=me.session.digest, sender=me.name, roster=roster.digest, active=active.digest)
        return HasConfirmed(Confirmed(me, roster, active, self._held), sign(confirmation, me.key))


@dataclass(frozen=True, repr=False)
class Confirmed:
    """A member that has signed an active set."""

    _me: _Self
    _roster: Roster
    _active: ActiveSet
    _held: Mapping[str, Held]
    _once: Once[bytes] = field(default_factory=Once)

    def reveal(self, confirmations: Mapping[str, bytes]) -> bytes:
        """Take what others have confirmed; if enough have signed the very same set, reveal one share for each peer.

        Args:
            confirmations: As they were signed, by name.

        Returns:
            The last message of this member, signed.

        Raises:
            Unverified: As `read_confirmations`.
            Refusal: `ROUND_ABORTED` if they are too few; `ROUND_INVALID` if others were relayed before.
        """
        return self._once.answer(_asked(confirmations), lambda: self._reveal(confirmations))

    def _reveal(self, confirmations: Mapping[str, bytes]) -> bytes:
        me, roster, active = self._me, self._roster, self._active
        read_confirmations(roster, active, confirmations)
        reveal = Reveal(
            session=me.session.digest,
            sender=me.name,
            roster=roster.digest,
            active=active.digest,
            own_masks={peer: held.own_mask.to_bytes().hex() for peer, held in self._held.items() if peer in active.headers},
            masking_keys={peer: held.masking_key.to_bytes().hex() for peer, held in self._held.items() if peer not in active.headers},
        )
        return sign(reveal, me.key)


def _asked(relayed: Mapping[str, bytes]) -> str:
    """Return what tells one question from another."""
    return canonical.digest_of({name: canonical.digest(data) for name, data in relayed.items()})
