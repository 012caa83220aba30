"""Masks: a word for each coordinate, from a key of 256 bits for each use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import canonical
from stillroom.crypto.exchange import ExchangeKey, PublicExchangeKey, derive
from stillroom.crypto.keystream import KEYSTREAM_KEY_SIZE, keystream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.learning.ring import Words
    from stillroom.learning.secure_sum.roster import Roster

SECRET_SIZE = 32
"""Bytes of what a mask is derived from."""


def info(purpose: str, roster: Roster, *names: str) -> bytes:
    """Return what a key is for: the session, all keys that were advertised in it, and the parties, in an order that means something."""
    return canonical([f"stillroom/secure-sum/v1/{purpose}", roster.session.digest, roster.digest, *names])


def own_key(roster: Roster, name: str, secret: bytes) -> bytes:
    """Return the key of a member's own mask."""
    return derive(secret, info("own mask", roster, name), KEYSTREAM_KEY_SIZE)


def commitment(roster: Roster, name: str, secret: bytes) -> str:
    """Return what a member's own mask is known by, before it is restored from shares.

    It is derived from the same 256 bits as the mask's key, for another purpose: it tells nothing about that key.
    """
    return derive(secret, info("commitment", roster, name), SECRET_SIZE).hex()


def pair_key(roster: Roster, name: str, key: ExchangeKey, peer: str) -> bytes:
    """Return the key of the mask of two members, which both compute.

    Args:
        roster: All advertisements.
        name: Whose masking key it is.
        key: This masking key.
        peer: The other one.

    Raises:
        Unverified: `KEY_INVALID` if the peer's key is of low order.
    """
    agreed = key.agree(PublicExchangeKey.parse(roster.advertisements[peer].masking))
    return derive(agreed, info("pair mask", roster, *sorted((name, peer))), KEYSTREAM_KEY_SIZE)


def stream(roster: Roster, key: bytes) -> Words:
    """Return the mask of a key."""
    session = roster.session
    return session.ring.from_bytes(keystream(key, session.length * session.ring.width), session.length)


def add_pairs(roster: Roster, name: str, words: Words, keys: Mapping[str, bytes]) -> Words:
    """Return words with the masks of a member and some peers: the first by name adds, and the other subtracts, so that they cancel."""
    for peer, key in keys.items():
        move = roster.session.ring.add if name < peer else roster.session.ring.subtract
        words = move(words, stream(roster, key))
    return words


def remove_pairs(roster: Roster, name: str, words: Words, keys: Mapping[str, bytes]) -> Words:
    """Return words without the masks that a member has with some peers."""
    for peer, key in keys.items():
        move = roster.session.ring.subtract if name < peer else roster.session.ring.add
        words = move(words, stream(roster, key))
    return words
