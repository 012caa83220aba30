"""Whole numbers modulo 2³² or 2⁶⁴: what masked sums are computed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

Words: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""Elements of a ring, each in 0 … 2^bits - 1."""

Bits: TypeAlias = Literal[32, 64]


@dataclass(frozen=True, slots=True)
class Ring:
    """The integers modulo 2^bits. Unsigned words of a computer add and subtract in it, for they carry nothing out.

    A mask that is uniform in the ring hides what it is added to perfectly: x + m is uniform, whatever x is. A sum is right as long as it
    is among -2^(bits-1) … 2^(bits-1) - 1, whatever its partial sums were.

    Attributes:
        bits: 32 or 64.
    """

    bits: Bits

    @classmethod
    def for_sum(cls, terms: int, bound: int, noise_bound: int) -> Ring:
        """Return the smallest ring in which a sum cannot wrap.

        Args:
            terms: How many terms there are at most: persons, in all owners' data together.
            bound: The most that one of them adds to a coordinate, either way.
            noise_bound: The most that all noise together adds to a coordinate, either way.

        Raises:
            Refusal: `BOUND_TOO_LARGE` if it could wrap modulo 2⁶⁴ too.
            InvalidInput: `BOUND_TOO_LARGE` if a number is negative.
        """
        if min(terms, bound, noise_bound) < 0:
            raise InvalidInput(Code.BOUND_TOO_LARGE, "The bounds of a sum are not negative.", "State each as how far from zero it may be.")
        largest = terms * bound + noise_bound
        rings = (cls(32), cls(64))
        for ring in rings:
            if largest < ring.half:
                return ring
        raise Refusal(
            Code.BOUND_TOO_LARGE,
            "A sum over all persons, with its noise, could be larger than 64 bits hold.",
            "Take a lower bound for what one person adds, or coarser units.",
        )

    @property
    def half(self) -> int:
        """Half the modulus: the first positive number that is not in the centred range."""
        return 1 << (self.bits - 1)

    @property
    def width(self) -> int:
        """Bytes of a word."""
        return self.bits // 8

    def encode(self, numbers: Sequence[int] | NDArray[Any]) -> Words:
        """Return signed whole numbers as elements of the ring.

        Args:
            numbers: A vector: Python's whole numbers, or an array of any type of whole numbers.

        Raises:
            InvalidInput: `TYPE_MISMATCH` for anything but a vector of whole numbers (floats, NaN, truth values, texts, tables);
                `NUMBER_TOO_LARGE` for one outside of -2^(bits-1) … 2^(bits-1) - 1.
        """
        array = numbers if isinstance(numbers, np.ndarray) else self._array(numbers)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise _not_whole()
        if array.size and not (-self.half <= int(array.min()) and int(array.max()) < self.half):
            raise self._too_large()
        return np.ascontiguousarray(array.astype(np.int64).view(np.uint64).astype(self._type))

    def centre(self, words: Words) -> NDArray[np.int64]:
        """Return the signed numbers -2^(bits-1) … 2^(bits-1) - 1 that elements stand for."""
        signed = words.astype(self._type).view(np.int32 if self.bits == 32 else np.int64)  # noqa: PLR2004  the smaller of two rings
        return signed.astype(np.int64)

    def zeros(self, length: int) -> Words:
        """Return the zero vector."""
        return np.zeros(length, self._type)

    def add(self, left: Words, right: Words) -> Words:
        """Return the sum, coordinate by coordinate."""
        return np.add(left, right, dtype=self._type)

    def subtract(self, left: Words, right: Words) -> Words:
        """Return the difference, coordinate by coordinate."""
        return np.subtract(left, right, dtype=self._type)

    def to_bytes(self, words: Words) -> bytes:
        """Return the words as bytes, each little-endian."""
        return words.astype(self._type).tobytes()

    def from_bytes(self, data: bytes, length: int) -> Words:
        """Read a vector of a known length; each sequence of bytes of the right size is one.

        Raises:
            InvalidInput: `ROUND_INVALID` if it has another size.
        """
        if len(data) != length * self.width:
            raise InvalidInput(Code.ROUND_INVALID, "A vector does not have the length of this round.", "Send it whole, word by word.")
        return np.frombuffer(data, self._type)

    @property
    def _type(self) -> np.dtype[Any]:
        return np.dtype(f"<u{self.width}")

    def _array(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Return Python's whole numbers as an array; NumPy alone would turn some into floats, and truth values into numbers."""
        if any(type(number) is not int for number in numbers):
            raise _not_whole()
        if any(not -self.half <= number < self.half for number in numbers):
            raise self._too_large()
        return np.array(numbers, np.int64)

    def _too_large(self) -> InvalidInput:
        return InvalidInput(
            Code.NUMBER_TOO_LARGE,
            f"A number of a vector does not fit into {self.bits} bits.",
            "Clip each person's vector to its bound before it is summed.",
        )


def _not_whole() -> InvalidInput:
    return InvalidInput(
        Code.TYPE_MISMATCH,
        "What is summed is a vector of whole numbers, and of nothing else.",
        "Clip and round each person's vector first.",
    )
