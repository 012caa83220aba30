"""What the noise of a plan costs, computed once more in exact rationals, and what that means in (ε, δ)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from stillroom.client.verification.caps import vote_distances, whatever_cap
from stillroom.client.verification.conversion import epsilon_of, rho_of
from stillroom.client.verification.sensitivity import moves
from stillroom.client.verification.sizes import endless, moving_sizes
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.model.measure import PERSONS
from stillroom.model.mechanism import NoiseKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.verification.sensitivity import Moved
    from stillroom.model.mechanism import Mechanism
    from stillroom.model.plan import Plan

ROOM = Fraction(1, 10**9)
"""Relative room that a statement may leave above the cost, for rounding up."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of neighbour can learn from all marginals of all measures together.

    Attributes:
        rho: The exact zCDP rho.
        pure: The exact pure ε, where all noise is Laplace.
        marginals: How many marginals there are; each may have been rounded up.
    """

    rho: Fraction
    pure: Fraction | None
    marginals: int

    @property
    def most(self) -> Fraction:
        """The most that rounding up, marginal by marginal, makes of rho."""
        return self.rho * (1 + ROOM) + self.marginals * RHO_UNIT


def distances(plan: Plan) -> list[tuple[Moved, Moved]]:
    """Return how far each marginal of each measure moves when a person is added or removed, and when a person is changed.

    Last are the votes for caps, and the numbers of persons that select keys.
    """
    pairs = [(measure, one) for measure, strategy in zip(plan.measures, plan.strategies, strict=True) for one in strategy]
    found = [moves(measure, plan.bounds, moving_sizes(plan, measure), one.kept) for measure, one in pairs]
    if plan.advice:
        found = [whatever_cap(measure, known) for (measure, _), known in zip(pairs, found, strict=True)] + vote_distances(plan)
    return found if plan.selection is None else [*found, moves(PERSONS, plan.bounds, [endless(plan)], [0])]


def costs(plan: Plan) -> tuple[Cost, Cost]:
    """Return the cost for a person who is added or removed, and for one who is changed."""
    known, mechanisms = distances(plan), [one.mechanism for strategy in plan.strategies for one in strategy]
    mechanisms += [one.mechanism for one in plan.advice]
    mechanisms += [] if plan.selection is None else [plan.selection.mechanism]
    return _cost(mechanisms, [one for one, _ in known]), _cost(mechanisms, [other for _, other in known])


def selection_allowance(delta: float) -> int:
    """Return what a contract's δ for selecting keys allows, in units of 1e-18, rounded down."""
    return math.floor(Fraction(str(delta)) / DELTA_UNIT)


@lru_cache(maxsize=64)
def allowance(epsilon: float, delta: float) -> int:
    """Return what (ε, δ) allows, in units of 1e-12 rho, rounded down; right to within one unit."""
    return math.floor(rho_of(epsilon, delta) / float(RHO_UNIT))


def epsilon_span(cost: Cost, delta: float) -> tuple[float, float]:
    """Return between which values a stated ε must be: what the noise gives, and that with rounding.

    A pure ε, where δ is 0, adds up by itself.
    """
    if delta == 0 and cost.pure is not None:
        return float(cost.pure), float(cost.pure)
    return epsilon_of(float(cost.rho), delta), epsilon_of(float(cost.most), delta)


def _cost(mechanisms: Sequence[Mechanism], moved: Sequence[Moved]) -> Cost:
    """Add up: Δ₂²/2σ² for Gaussian noise, and (Δ₁/b)²/2 for Laplace noise, which is Δ₁/b in pure ε."""
    pairs = list(zip(mechanisms, moved, strict=True))
    pure = [Fraction(one.l1) / Fraction(noise.scale) for noise, one in pairs if noise.noise is NoiseKind.DISCRETE_LAPLACE]
    gaussian = [Fraction(one.l2_squared) / (2 * Fraction(noise.scale) ** 2) for noise, one in pairs if _gaussian(noise)]
    rho = sum(gaussian, Fraction(0)) + sum((epsilon**2 / 2 for epsilon in pure), Fraction(0))
    return Cost(rho, sum(pure, Fraction(0)) if len(pure) == len(pairs) else None, len(pairs))


def _gaussian(mechanism: Mechanism) -> bool:
    return mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN
