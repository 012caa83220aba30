"""What is released is a whole number of units, whatever the exact value: its last bits say nothing.

Laplace noise in doubles is the control that must fail. Its outputs near zero are finer when the exact value is 0 than when it is 1, so
that one of them gives the exact value away (Mironov 2012, "On Significance of the Least Significant Bits for Differential Privacy").
Nothing here depends on luck: what is checked of genuine noise holds for every draw, and the control has a seed.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.protections.server import ServerProtection
from tests.fakes import Listing, ListTable, ListTables, reading_of
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable

DRAWS = 2_000
SCALE = 4.0
FINEST = Fraction(1, 2**53)
"""A double of which the exact value 1 is a part, and which lies between -1/2 and 1/2, is a multiple of this."""


class Everywhere(Listing):
    """An engine that finds one number in every cell."""

    name = "everywhere"

    def __init__(self, exact: int) -> None:
        """Remember the number."""
        self.exact = exact

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[list[int]]:
        """Return it for each cell of each measure."""
        del tables
        return [[self.exact] * plan.cells for _ in plan.measures]


def released(exact: int, *, pure: bool) -> list[float]:
    """Return genuine noisy cells, in units of the measures."""
    asked = compiled("SELECT age, COUNT(*), SUM(age), COUNT(*) * 0.1 FROM members GROUP BY age", epsilon=5.0, pure=pure)
    protection = ServerProtection(Everywhere(exact), OpendpNoise(), ListTables({"members": ListTable([], {})}))
    return [cell for (cells,) in protection.measure(asked.plan, asked.charge, reading_of({"members": 1})).cells for cell in cells]


def naive(exact: int) -> list[float]:
    """Return an exact value with Laplace noise by inversion, in doubles."""
    numbers = random.Random(1)
    uniform = (numbers.random() - 0.5 for _ in range(DRAWS))
    return [exact - SCALE * math.copysign(math.log1p(-2 * abs(u)), u) for u in uniform]


def granular(outputs: Sequence[float]) -> bool:
    """Tell whether every output is a whole number of units."""
    return all(Fraction(output).denominator == 1 for output in outputs)


def betraying(outputs: Sequence[float]) -> list[float]:
    """Return the outputs that show that the exact value is not 1."""
    return [output for output in outputs if abs(output) < 0.5 and (Fraction(output) / FINEST).denominator != 1]


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("exact", [0, 1, -7, 10**18])
def test_released_numbers_are_multiples_of_their_unit(exact: int, *, pure: bool) -> None:
    outputs = released(exact, pure=pure)
    assert {type(output) for output in outputs} == {int}
    assert granular(outputs)
    assert betraying(outputs) == []


def test_laplace_noise_in_doubles_is_noticed() -> None:
    """Negative control: it is not granular, and about one output in twelve tells that the exact value is 0 and not 1."""
    assert not granular(naive(0))
    assert not granular(naive(1))
    assert len(betraying(naive(0))) > DRAWS / 20
    assert betraying(naive(1)) == []


def test_laplace_noise_in_doubles_is_noticed_at_any_unit() -> None:
    """Negative control: there is no unit to round its outputs to afterwards; each finer one is missed by some."""
    assert all(any((Fraction(output) * 2**bits).denominator != 1 for output in naive(0)) for bits in range(54))
