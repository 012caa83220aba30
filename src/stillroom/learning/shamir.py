"""Sharing a secret so that some can restore it together, and fewer learn nothing: Shamir (1979), "How to share a secret", CACM 22.

The field is that of the integers modulo 2²⁵⁶ + 297, the first prime above 2²⁵⁶, so that each secret of 32 bytes is an element. A secret is
the value at 0 of a polynomial of degree k - 1 whose other coefficients are uniform; a share is its value at the holder's place. Given any
k - 1 shares, each secret belongs to exactly one polynomial: they have the same distribution for every secret. Coefficients are 64 random
bytes modulo the prime, within 2⁻²⁵⁵ of uniform.

A share does not prove that it is right. Whoever restores a secret has to know it again by something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.ports import Entropy

PRIME = 2**256 + 297
"""The order of the field."""

SECRET_SIZE = 32
"""Bytes of a secret."""

SHARE_SIZE = 35
"""Bytes of a share: two of its place, 33 of its value, both big-endian."""

MOST_SHARES = 2**16 - 1
"""The most shares of a secret."""

_PLACE_SIZE = 2
_WIDE = 64


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """A share of a secret. It does not print its value.

    Attributes:
        place: Where the polynomial was taken: 1 or more.
        value: What it was there.
    """

    place: int
    value: int

    def __post_init__(self) -> None:
        """Refuse what cannot be a share: that at place 0 would be the secret."""
        if not (1 <= self.place <= MOST_SHARES and 0 <= self.value < PRIME):
            raise _malformed()

    def to_bytes(self) -> bytes:
        """Return the 35 bytes of the share."""
        return self.place.to_bytes(_PLACE_SIZE, "big") + self.value.to_bytes(SHARE_SIZE - _PLACE_SIZE, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> Share:
        """Read a share.

        Raises:
            Unverified: `ROUND_INVALID` if it is none.
        """
        if len(data) != SHARE_SIZE:
            raise _malformed()
        return cls(int.from_bytes(data[:_PLACE_SIZE], "big"), int.from_bytes(data[_PLACE_SIZE:], "big"))

    def __repr__(self) -> str:
        return f"<Share at {self.place}>"


def share(secret: bytes, threshold: int, places: Sequence[int], entropy: Entropy) -> tuple[Share, ...]:
    """Share a secret.

    Args:
        secret: 32 bytes.
        threshold: How many shares restore it.
        places: Where to take the polynomial, all different: one for each holder.
        entropy: Where the coefficients come from.

    Raises:
        InvalidInput: `ROUND_INVALID` if the secret has another size, or there are fewer places than the threshold, or two alike.
    """
    if len(secret) != SECRET_SIZE or not 1 <= threshold <= len(places) or len(set(places)) < len(places):
        raise InvalidInput(
            Code.ROUND_INVALID, "A secret of 32 bytes is shared among enough, each at its own place.", "Ask more to hold it."
        )
    drawn = [int.from_bytes(entropy.token(_WIDE), "big") % PRIME for _ in range(threshold - 1)]
    coefficients = (*drawn, int.from_bytes(secret, "big"))
    return tuple(Share(place, _value(coefficients, place)) for place in places)


def reconstruct(shares: Iterable[Share], threshold: int) -> bytes:
    """Return the secret of enough shares, which whoever asks has to know again: wrong shares restore something else.

    Raises:
        Refusal: `ROUND_ABORTED` for fewer than the threshold.
        Unverified: `ROUND_INVALID` if two are of one place, or what they restore is no secret.
    """
    ordered = sorted(shares, key=lambda share: share.place)
    if any(left.place == right.place for left, right in pairwise(ordered)):
        raise _malformed()
    if threshold < 1 or len(ordered) < threshold:
        raise Refusal(Code.ROUND_ABORTED, "There are too few shares of a secret to restore it.", "Begin another round.")
    used = ordered[:threshold]
    secret = sum(one.value * _weight(one.place, [other.place for other in used if other is not one]) for one in used) % PRIME
    if secret >> (8 * SECRET_SIZE):
        raise _malformed()
    return secret.to_bytes(SECRET_SIZE, "big")


def _value(coefficients: Sequence[int], place: int) -> int:
    """Return the value of a polynomial, given from its highest coefficient on (Horner)."""
    value = 0
    for coefficient in coefficients:
        value = (value * place + coefficient) % PRIME
    return value


def _weight(place: int, others: Sequence[int]) -> int:
    """Return what the value at a place counts for in that at 0 (Lagrange)."""
    above = below = 1
    for other in others:
        above = above * other % PRIME
        below = below * (other - place) % PRIME
    return above * pow(below, -1, PRIME) % PRIME


def _malformed() -> Unverified:
    return Unverified(Code.ROUND_INVALID, "Shares of a secret are malformed, or do not belong together.", "Begin another round.")
