"""What is measured of each measure, and with how much noise: it depends on the plan and the terms only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.marginal import Marginal
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, Mechanism, NoiseKind
from stillroom.privacy.accountant import rho_from
from stillroom.privacy.marginals import SHARE, below, cells, division, variance
from stillroom.privacy.mechanisms import scale_for_epsilon, scale_for_rho
from stillroom.query.estimation import row_noise
from stillroom.query.protected import marginal_sensitivities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.model.marginal import Strategy
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Bounds
    from stillroom.privacy.marginals import Kept
    from stillroom.privacy.sensitivity import Sensitivity
    from stillroom.query.choices import Choices

MARGINALS = 64
"""Of tables with more marginals than this, only the finest one is measured."""

EVEN_STEPS = 12
"""So many steps bring the errors of all grouping sets near to each other."""

PLACES = 6
"""The most decimal places in which totals are kept beyond those of their measure."""

ROUNDING = 0.35
"""The standard deviation of rounding is at most this share of that of the noise, if that takes no more than `PLACES`."""


@dataclass(frozen=True)
class Shape:
    """How a measure is measured, before any price is known.

    Attributes:
        known: The add/remove sensitivity of each marginal, the finest one first.
        parts: Which share of the measure's price each marginal gets.
        weight: The share of the question's price, but for a factor, that keeps the error ÷ per-person bound of all measures alike.
    """

    known: Mapping[Kept, Sensitivity]
    parts: Mapping[Kept, Fraction]
    weight: Fraction

    def scales(self) -> dict[Kept, float]:
        """Return the scales of Gaussian noise for any price, that of the finest marginal being 1."""
        costs = {kept: float(one.l2_squared) / float(self.parts[kept]) for kept, one in self.known.items()}
        finest = next(iter(costs.values())) or 1.0
        return {kept: (cost / finest) ** 0.5 or 1.0 for kept, cost in costs.items()}

    def weighted(self, weight: Fraction, *, pure: bool) -> Shape:
        """Return the same with an error of 1/weight of what it would be: the scale of Gaussian noise falls with the root of its price."""
        return replace(self, weight=self.weight * (weight if pure else weight**2))

    def paid(self, price: Fraction, *, pure: bool) -> Strategy:
        """Return what is measured for a price, a pure ε or a rho: each marginal gets its part of it."""
        if pure:
            scales = {kept: scale_for_epsilon(known.l1, price * self.parts[kept]) for kept, known in self.known.items()}
            return strategy(NoiseKind.DISCRETE_LAPLACE, scales)
        scales = {kept: scale_for_rho(known.l2_squared, price * self.parts[kept]) for kept, known in self.known.items()}
        return strategy(NoiseKind.DISCRETE_GAUSSIAN, scales)


def shape(measure: Measure, bounds: Bounds, sizes: tuple[int, ...], sets: Sequence[Kept], *, pure: bool, even: bool) -> Shape:  # noqa: PLR0913 - the parts of a plan that bear on it
    """Return how a measure is measured.

    One grouping set is measured as it is. Of several, all marginals are candidates (`marginals.division`), except for pure DP, whose
    prices do not add up so well, and for tables with very many marginals.

    Args:
        measure: The measure.
        bounds: What one person can contribute.
        sizes: The size of each key's domain.
        sets: The grouping sets.
        pure: Whether the noise is Laplace.
        even: Whether errors should be alike in all grouping sets, rather than small in sum.
    """
    finest = tuple(sorted({key for kept in sets for key in kept}))
    if measure.grid:
        return _levels(measure, bounds, sizes, finest, pure=pure)
    candidates = below(sets)[::-1]
    known = {kept: marginal_sensitivities(measure, bounds, sizes, kept)[0] for kept in candidates}
    if pure or len(set(sets)) == 1 or len(candidates) > MARGINALS or not all(one.l2_squared for one in known.values()):
        one = marginal_sensitivities(measure, bounds, sizes, finest)[0]
        weight = Fraction(one.l1, max(1, one.linf)) if pure else Fraction(one.l2_squared, max(1, one.linf) ** 2)
        return Shape({finest: one}, {finest: Fraction(1)}, weight)
    peak = known[candidates[0]].linf
    costs = {kept: one.l2_squared / peak**2 for kept, one in known.items()}
    found = (_evened if even else division)(sizes, dict.fromkeys(sets, 1.0), costs)
    worth = [kept for kept in candidates if found[kept] * costs[kept] >= SHARE or not any(set(kept) < set(one) for one in candidates)]
    found = {kept: found[kept] for kept in worth}
    spent = sum(Fraction(found[kept] * costs[kept]) for kept in worth)
    parts = {kept: Fraction(found[kept] * costs[kept]) / spent for kept in worth}
    error = sum(cells(sizes, kept) * variance(sizes, found, kept) for kept in sets)
    return Shape({kept: known[kept] for kept in worth}, parts, Fraction(error))


def _levels(measure: Measure, bounds: Bounds, sizes: tuple[int, ...], grouped: Kept, *, pure: bool) -> Shape:
    """Return how a tree is measured: each level has an equal share, and is a marginal that keeps the first keys of the grid."""
    levels = [(*grouped, *measure.grid[:level]) for level in range(len(measure.grid), 0, -1)]
    known = {kept: marginal_sensitivities(measure, bounds, sizes, kept)[0] for kept in levels}
    weight = sum(
        (Fraction(one.l1 if pure else one.l2_squared, max(1, one.linf) ** (1 if pure else 2)) for one in known.values()), Fraction(0)
    )
    return Shape(known, dict.fromkeys(levels, Fraction(1, len(levels))), weight)


def _evened(sizes: Sequence[int], sets: Mapping[Kept, float], costs: Mapping[Kept, float]) -> dict[Kept, float]:
    """Return a division for which the largest error of a grouping set is small: the weights of sets follow their errors."""
    weights = {kept: 1 / cells(sizes, kept) for kept in sets}
    for _ in range(EVEN_STEPS):
        found = division(sizes, weights, costs)
        errors = {kept: variance(sizes, found, kept) for kept in sets}
        mean = sum(errors.values()) / len(errors)
        weights = {kept: weight * errors[kept] / mean for kept, weight in weights.items()}
    return found


def by_price(shapes: Sequence[Shape | Choices], epsilon: Fraction, delta: Fraction, *, pure: bool, share: Fraction) -> tuple[Strategy, ...]:
    """Divide a share of a price: each measure gets its part, and of that each of its marginals."""
    total = (sum((one.weight for one in shapes), Fraction(0)) or Fraction(1)) / share
    price = epsilon if pure else rho_from(epsilon, delta)
    return tuple(one.paid(price * one.weight / total, pure=pure) for one in shapes)


def strategy(noise: NoiseKind, scales: Mapping[Kept, float]) -> Strategy:
    """Return the marginals with their noise, within the scales that can be sampled."""
    return tuple(
        Marginal(kept=kept, mechanism=Mechanism(noise=noise, scale=min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)))
        for kept, scale in scales.items()
    )


def places(strategies: Iterable[tuple[Strategy, Sequence[Kept]]], sizes: tuple[int, ...]) -> int:
    """Return in how many further decimal places totals must be kept for rounding to be small beside the noise.

    A total of k keys is a sum of 2^k numbers that were rounded, each with a variance of 1/12 (`estimation.rounded`).

    Args:
        strategies: How measures are measured, each with the grouping sets that it tells about.
        sizes: The size of each key's domain.
    """
    worst = 0.0
    for one, sets in strategies:
        if len(one) > 1:
            worst = max(worst, *(2 ** len(kept) / 12 / row_noise(one, sizes, kept, 1).variance for kept in sets))
    return next((number for number in range(PLACES) if worst <= (ROUNDING * 10**number) ** 2), PLACES)
