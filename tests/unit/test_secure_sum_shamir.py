"""Shamir's shares: any that are enough restore a secret, fewer say nothing of it, and what is no share is refused."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import Code, InvalidInput, Refusal, Unverified
from stillroom.learning.shamir import MOST_SHARES, PRIME, Share, reconstruct, share
from tests.secure_sums import Draws

SECRET = bytes(range(32))


def is_prime(number: int) -> bool:
    """Miller and Rabin, with forty bases."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        pow(base, odd, number) == 1 or any(pow(base, odd << up, number) == number - 1 for up in range(twos)) for base in range(2, 42)
    )


def test_the_field_is_the_first_one_that_holds_every_secret() -> None:
    assert is_prime(PRIME)
    assert not any(is_prime(number) for number in range(2**256 + 1, PRIME, 2))


@given(st.binary(min_size=32, max_size=32), st.integers(1, 6), st.integers(0, 3))
def test_any_shares_that_are_enough_restore_the_secret(secret: bytes, threshold: int, more: int) -> None:
    shares = share(secret, threshold, range(1, threshold + more + 1), Draws("dealer"))
    for some in combinations(shares, threshold):
        assert reconstruct(reversed(some), threshold) == secret
    assert reconstruct(shares, threshold) == secret


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_the_smallest_and_the_largest_secret_come_back(secret: bytes) -> None:
    assert reconstruct(share(secret, 3, (5, 1, 9), Draws("dealer")), 3) == secret


@given(st.binary(min_size=32, max_size=32))
def test_fewer_shares_fit_every_secret(other: bytes) -> None:
    """Two shares of three: with any other secret there is a third share, so that they tell nothing of it."""
    known = share(SECRET, 3, (1, 2, 3), Draws("dealer"))[:2]
    # The polynomial through (0, other) and both shares, taken at 3: by Lagrange on the places 0, 1, 2.
    value = (int.from_bytes(other, "big") - 3 * known[0].value + 3 * known[1].value) % PRIME
    assert reconstruct((*known, Share(3, value)), 3) == other


def test_the_secret_is_not_shared_as_it_is() -> None:
    """With a threshold above one no share is the secret, and shares differ; each coefficient has 64 bytes of its own."""
    draws = Draws("dealer")
    shares = share(SECRET, 3, (1, 2, 3, 4), draws)
    values = {one.value for one in shares}
    assert len(values) == 4
    assert int.from_bytes(SECRET, "big") not in values
    assert draws.sizes == [64, 64]


def test_too_few_or_repeated_shares_are_refused() -> None:
    shares = share(SECRET, 3, range(1, 6), Draws("dealer"))
    with pytest.raises(Refusal) as few:
        reconstruct(shares[:2], 3)
    assert few.value.code == Code.ROUND_ABORTED
    with pytest.raises(Unverified) as twice:
        reconstruct((*shares[:3], shares[0]), 3)
    assert twice.value.code == Code.ROUND_INVALID
    with pytest.raises(Refusal):
        reconstruct((), 0)


def test_what_restores_no_secret_is_refused() -> None:
    with pytest.raises(Unverified) as caught:
        reconstruct([Share(place, 2**256 + 5) for place in (1, 2, 3)], 3)
    assert caught.value.code == Code.ROUND_INVALID


@pytest.mark.parametrize(("place", "value"), [(0, 1), (-1, 1), (MOST_SHARES + 1, 1), (1, -1), (1, PRIME)])
def test_a_share_is_within_the_field_and_not_at_zero(place: int, value: int) -> None:
    with pytest.raises(Unverified) as caught:
        Share(place, value)
    assert caught.value.code == Code.ROUND_INVALID


def test_shares_are_read_from_their_bytes_and_print_nothing() -> None:
    one = Share(300, PRIME - 1)
    assert len(one.to_bytes()) == 35
    assert Share.from_bytes(one.to_bytes()) == one
    assert repr(one) == "<Share at 300>"
    for data in (b"", one.to_bytes()[:-1], one.to_bytes() + b"\0", bytes(35), b"\0\1" + PRIME.to_bytes(33, "big")):
        with pytest.raises(Unverified):
            Share.from_bytes(data)


@pytest.mark.parametrize(
    ("secret", "threshold", "places"), [(bytes(4), 2, (1, 2)), (SECRET, 3, (1, 2)), (SECRET, 2, (1, 1)), (SECRET, 0, (1,))]
)
def test_what_cannot_be_shared_is_refused(secret: bytes, threshold: int, places: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        share(secret, threshold, places, Draws("dealer"))
    assert caught.value.code == Code.ROUND_INVALID
