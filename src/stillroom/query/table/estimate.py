"""A value after the noise, and the interval that its bounded counterpart lies in."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Plain: TypeAlias = bool | Fraction | str | None


class Estimate(NamedTuple):
    """A value and the interval that its bounded counterpart lies in.

    A number with an interval has a bounded counterpart that is not NULL; one that could be NULL has none.

    Attributes:
        value: A number, a truth value, text or NULL.
        low: Lower end; None where there is none.
        high: Upper end; None where there is none.
        noisy: Whether it is known up to noise only.
        no_information: The interval says no more than the contract does.
    """

    value: Plain
    low: Fraction | None = None
    high: Fraction | None = None
    noisy: bool = False
    no_information: bool = False


def exact(value: Plain) -> Estimate:
    """Return a value that is known without noise."""
    return Estimate(value, value, value) if isinstance(value, Fraction) else Estimate(value)


def vague(value: Plain) -> Estimate:
    """Return a noisy value of which nothing is known."""
    return Estimate(value, noisy=True, no_information=True)


def uninformed(operands: Iterable[Estimate]) -> bool:
    """Tell whether nothing is known of any noisy operand, and so nothing of what is made of them."""
    noisy = [operand for operand in operands if operand.noisy]
    return bool(noisy) and all(operand.no_information for operand in noisy)
