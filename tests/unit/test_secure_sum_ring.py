"""Rings: what fits, what is refused, and sums that do not wrap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.learning.ring import Bits, Ring

RINGS = [Ring(32), Ring(64)]


@pytest.mark.parametrize("ring", RINGS)
def test_signed_numbers_come_back(ring: Ring) -> None:
    numbers = [0, 1, -1, ring.half - 1, -ring.half]
    words = ring.encode(numbers)
    assert words.dtype == np.dtype(f"<u{ring.width}")
    assert ring.centre(words).tolist() == numbers
    assert ring.centre(ring.from_bytes(ring.to_bytes(words), 5)).tolist() == numbers
    assert ring.to_bytes(words)[ring.width : 2 * ring.width] == (1).to_bytes(ring.width, "little")


@given(st.sampled_from([32, 64]), st.data())
def test_the_ring_computes_as_whole_numbers_do(bits: Bits, data: st.DataObject) -> None:
    ring = Ring(bits)
    numbers = st.lists(st.integers(-ring.half, ring.half - 1), min_size=3, max_size=3)
    left, right = data.draw(numbers), data.draw(numbers)

    def centred(number: int) -> int:
        return (number + ring.half) % (2 * ring.half) - ring.half

    added = ring.centre(ring.add(ring.encode(left), ring.encode(right)))
    assert added.tolist() == [centred(one + other) for one, other in zip(left, right, strict=True)]
    taken = ring.centre(ring.subtract(ring.encode(left), ring.encode(right)))
    assert taken.tolist() == [centred(one - other) for one, other in zip(left, right, strict=True)]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64])
def test_arrays_of_any_whole_type_are_taken(kind: type[Any]) -> None:
    assert Ring(32).centre(Ring(32).encode(np.array([0, 1, 100], kind))).tolist() == [0, 1, 100]


@pytest.mark.parametrize("ring", RINGS)
def test_what_does_not_fit_is_refused(ring: Ring) -> None:
    beyond = [[ring.half], [-ring.half - 1], [0, 2**80], np.array([2**63], np.uint64)]
    if ring.bits == 32:
        beyond += [np.array([2**31]), np.array([-(2**31) - 1])]
    for numbers in beyond:
        with pytest.raises(InvalidInput) as caught:
            ring.encode(numbers)  # type: ignore[arg-type]
        assert caught.value.code == Code.NUMBER_TOO_LARGE


@pytest.mark.parametrize("ring", RINGS)
@pytest.mark.parametrize(
    "numbers",
    [
        [1.0],
        [float("nan")],
        [float("inf")],
        [True],
        ["1"],
        [None],
        [[1]],
        np.array([1.0]),
        np.array([np.nan]),
        np.array([True]),
        np.array([1], object),
        np.array([[1]]),
        np.array(1),
        np.array([1 + 0j]),
    ],
)
def test_what_is_not_a_vector_of_whole_numbers_is_refused(ring: Ring, numbers: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidInput) as caught:
        ring.encode(numbers)
    assert caught.value.code == Code.TYPE_MISMATCH


@pytest.mark.parametrize("size", [0, 7, 9, 16])
def test_bytes_of_another_length_are_refused(size: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        Ring(32).from_bytes(bytes(size), 2)
    assert caught.value.code == Code.ROUND_INVALID


def test_the_smallest_ring_is_chosen_in_which_a_sum_cannot_wrap() -> None:
    assert Ring.for_sum(1000, 2_000_000, 0).bits == 32
    assert Ring.for_sum(1, 2**31 - 1, 0).bits == 32
    assert Ring.for_sum(1, 2**31 - 1, 1).bits == 64
    assert Ring.for_sum(1, 2**31, 0).bits == 64
    assert Ring.for_sum(2**31, 2**31, 2**62 - 1).bits == 64
    with pytest.raises(Refusal) as caught:
        Ring.for_sum(2**31, 2**31, 2**62)
    assert caught.value.code == Code.BOUND_TOO_LARGE
    with pytest.raises(InvalidInput):
        Ring.for_sum(1, -1, 0)


@given(st.integers(1, 40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_aligned_terms_do_not_wrap(terms: int, bound: int, noise: int) -> None:
    """All persons push the same way as far as they may, and so does the noise."""
    ring = Ring.for_sum(terms, bound, noise)
    for sign in (1, -1):
        total = ring.encode([sign * noise])
        for _ in range(terms):
            total = ring.add(total, ring.encode([sign * bound]))
        assert ring.centre(total).tolist() == [sign * (terms * bound + noise)]
