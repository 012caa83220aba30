"""Quantiles that are chosen by the exponential mechanism, where a question asks for that: which of them, and at which price each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import PARTS, Quantile, walk
from stillroom.model.marginal import Marginal
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.question import Quantiles
from stillroom.privacy.mechanisms import scale_for_epsilon, scale_for_rho
from stillroom.query.protected import sensitivities_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.marginal import Strategy
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Bounds, Finish, Plan
    from stillroom.model.question import Terms
    from stillroom.privacy.marginals import Kept
    from stillroom.privacy.sensitivity import Sensitivity


@dataclass(frozen=True)
class Choices:
    """How the quantiles of a measure are chosen, before any price is known: each of each grouping set by itself.

    Attributes:
        known: What is chosen, at a scale of 1, and the add/remove sensitivity of its scores.
        weight: The share of the question's price, but for a factor: as much for each as for a count of rows.
    """

    known: Mapping[Marginal, Sensitivity]
    weight: Fraction

    def weighted(self, weight: Fraction, *, pure: bool) -> Choices:
        """Return the same with scales of 1/weight of what they would be."""
        return replace(self, weight=self.weight * (weight if pure else weight**2))

    def paid(self, price: Fraction, *, pure: bool) -> Strategy:
        """Return what is measured for a price, a pure ε or a rho: all have an equal share."""
        each = price / len(self.known)
        return tuple(_paid(one, moved, each, pure=pure) for one, moved in self.known.items())


def _paid(marginal: Marginal, moved: Sensitivity, price: Fraction, *, pure: bool) -> Marginal:
    """Return what is chosen with the least noise that a price buys."""
    scale = scale_for_epsilon(moved.l1, price) if pure else scale_for_rho(moved.l2_squared, price, NoiseKind.GUMBEL)
    return marginal.model_copy(update={"mechanism": marginal.mechanism.model_copy(update={"scale": scale})})


def choices(measure: Measure, bounds: Bounds, sizes: Sequence[int], sets: Sequence[Kept], parts: Sequence[int], *, pure: bool) -> Choices:  # noqa: PLR0913 - the parts of a plan that bear on it
    """Return how the quantiles of a measure are chosen.

    Args:
        measure: Counts rows on a grid.
        bounds: What one person can contribute.
        sizes: The size of each key's domain.
        sets: The grouping sets.
        parts: Which quantiles.
        pure: Whether pure differential privacy is asked for.
    """
    mechanism = Mechanism(noise=NoiseKind.EXPONENTIAL if pure else NoiseKind.GUMBEL, scale=1.0)
    each = [Marginal(kept=(*kept, *measure.grid), mechanism=mechanism, part=part) for part in parts for kept in sets]
    known = {one: sensitivities_of(measure, bounds, sizes, one)[0] for one in each}
    shares = (
        Fraction(moved.l1, max(1, moved.linf)) if pure else Fraction(moved.l2_squared, max(1, moved.linf) ** 2) for moved in known.values()
    )
    return Choices(known, sum(shares, Fraction(0)))


def parts_chosen(finish: Finish, terms: Terms) -> dict[int, list[int]]:
    """Return the quantiles that are to be chosen, ascending, by the number of their measure: none unless the terms ask for that.

    Raises:
        Refusal: One is an extreme, which is a value that there surely is, and so not one to choose.
    """
    found: dict[int, set[int]] = {}
    for node in (node for expression in finish.expressions for node in walk(expression) if isinstance(node, Quantile)):
        found.setdefault(int(node.measure[1:]), set()).add(node.part)
    if terms.quantiles is Quantiles.TREE:
        return {}
    if any(parts & {0, PARTS} for parts in found.values()):
        raise Refusal(
            Code.AGGREGATE_NOT_ALLOWED,
            "MIN and MAX are values that there surely are; the exponential mechanism knows none.",
            "Leave out --quantiles exponential, or ask for QUANTILE_CONT(x, 0.01) or (x, 0.99).",
        )
    return {number: sorted(parts) for number, parts in found.items()}


def is_chosen(plan: Plan, node: Quantile) -> bool:
    """Tell whether a quantile is chosen by the exponential mechanism."""
    return plan.strategies[int(node.measure[1:])][0].part is not None


def choice_of(plan: Plan, node: Quantile, kept: Kept) -> tuple[int, int, Marginal]:
    """Return by what a quantile is chosen in a grouping set: the number of a measure, a place in its strategy, and what stands there."""
    number = plan.of_set(int(node.measure[1:]), kept)
    wanted = (node.part, (*kept, *plan.measures[number].grid))
    return next((number, place, one) for place, one in enumerate(plan.strategies[number]) if (one.part, one.kept) == wanted)


def buckets_of(plan: Plan, node: Quantile) -> int:
    """Return among how many buckets a quantile is chosen."""
    return prod(len(plan.keys[key].listed) for key in plan.measures[int(node.measure[1:])].grid)
