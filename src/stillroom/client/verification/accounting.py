"""What the noise of a plan costs, computed once more in exact rationals, and what that means in (ε, δ)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from stillroom.client.verification.caps import PURE, cost_of, vote_distances, whatever_cap
from stillroom.client.verification.conversion import epsilon_of, rho_of
from stillroom.client.verification.sensitivity import marginal_moves, moves
from stillroom.client.verification.sizes import endless, moving_sizes
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.model.measure import PERSONS

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
        pure: The exact pure ε, where all noise is Laplace or exponential.
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
    found = [marginal_moves(measure, plan.bounds, moving_sizes(plan, measure), one) for measure, one in pairs]
    if plan.advice:
        found = [whatever_cap(*pair, known) for pair, known in zip(pairs, found, strict=True)] + vote_distances(plan)
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
    """Add up what each costs: as rho, or as pure ε, which is ε²/2 in rho."""
    pairs = list(zip(mechanisms, moved, strict=True))
    pure = [cost_of(noise, one) for noise, one in pairs if noise.noise in PURE]
    rho = sum((cost_of(noise, one) for noise, one in pairs if noise.noise not in PURE), Fraction(0))
    rho += sum((epsilon**2 / 2 for epsilon in pure), Fraction(0))
    return Cost(rho, sum(pure, Fraction(0)) if len(pure) == len(pairs) else None, len(pairs))
