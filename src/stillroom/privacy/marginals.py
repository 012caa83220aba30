"""Marginals of one table, each measured with noise of its own: how to divide a price among them, and what they say together.

A table has `sizes` of its keys. A marginal is named by the positions of the keys that it keeps, ascending; its totals add up the table's
leaf cells over the other keys. The space of all tables is the direct sum of one subspace a set A of keys: what varies along every key
of A, sums to 0 along each of them, and is constant along all others. A marginal B shows those with A ⊆ B and nothing else, and noise
that is independent and alike in all totals of a marginal stays so in each of these subspaces. Hence least squares over all marginals
is least squares in each subspace by itself, where it is an average weighted by precision. This is the structure that ResidualPlanner
uses (Xiao, He, Zhang and Kifer 2023, "An Optimal and Scalable Matrix Mechanism for Noisy Marginals under Convex Loss Functions",
arXiv:2305.08175); marginals themselves are measured here, rather than their residuals, because they are whole numbers.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kept: TypeAlias = tuple[int, ...]

STEPS = 60
"""So many steps of `division` come within 0.01 % of the least error."""

SHARE = 1e-3
"""A marginal for which less than this share of a price would be spent is not measured."""


class Weight(NamedTuple):
    """Some totals of a measured marginal, as they enter an estimate.

    Attributes:
        kept: The marginal.
        weight: The factor of each of these totals.
        totals: How many there are.
    """

    kept: Kept
    weight: float
    totals: int


def below(sets: Iterable[Kept]) -> list[Kept]:
    """Return every subset of some sets, each once."""
    found = {part for kept in sets for size in range(len(kept) + 1) for part in combinations(kept, size)}
    return sorted(found, key=lambda part: (len(part), part))


def cells(sizes: Sequence[int], kept: Iterable[int]) -> int:
    """Return how many totals a marginal has."""
    return math.prod(sizes[key] for key in kept)


def division(sizes: Sequence[int], sets: Mapping[Kept, float], costs: Mapping[Kept, float]) -> dict[Kept, float]:
    """Return the precision (1/variance) of each marginal that makes all totals of some sets most precise together for a price of 1.

    What is made least is f(p) = Σ weight · variance over all totals of all sets, subject to Σ cost · p = 1. By `variance`,
    f(p) = Σ_A c_A/e_A with e_A = Σ_B g_AB·p_B. With θ_B = g_AB·p_B/e_A, which add up to 1, convexity of 1/x gives for any q
    1/Σ_B g_AB·q_B ≤ Σ_B θ_B²/(g_AB·q_B), with equality at q = p. So f(q) ≤ Σ_B p_B²·d_B/q_B for d_B = Σ_A c_A·g_AB/e_A², and the q that
    makes the right side least, q_B ∝ p_B·√(d_B/cost_B), is never worse than p. That is the multiplicative algorithm for A-optimal designs
    (Silvey, Titterington and Torsney 1978). Any division is valid; the number of steps bears on precision alone.

    Args:
        sizes: The size of each key's domain.
        sets: The weight of each set.
        costs: What a precision of 1 costs, for each marginal that may be measured: each set is below one of them.
    """
    factors = {part: [(kept, _gain(sizes, part, kept)) for kept in costs if set(part) <= set(kept)] for part in below(sets)}
    losses = {
        part: sum(w * cells(sizes, kept) * _loss(sizes, part, kept) for kept, w in sets.items() if set(part) <= set(kept))
        for part in factors
    }
    found = {kept: 1 / (cost * len(costs)) for kept, cost in costs.items()}
    for _ in range(STEPS):
        slopes = dict.fromkeys(costs, 0.0)
        for part, gains in factors.items():
            known = sum(gain * found[kept] for kept, gain in gains)
            for kept, gain in gains:
                slopes[kept] += losses[part] * gain / known**2
        moved = {kept: found[kept] * math.sqrt(slopes[kept] / cost) for kept, cost in costs.items()}
        spent = sum(moved[kept] * cost for kept, cost in costs.items())
        found = {kept: precision / spent for kept, precision in moved.items()}
    return found


def variance(sizes: Sequence[int], precisions: Mapping[Kept, float], kept: Kept) -> float:
    """Return the variance of the estimate of each total of a marginal: Σ over its subsets A of `_loss`/Σ_B `_gain`·precision."""
    return sum(_loss(sizes, part, kept) / _known(sizes, precisions, part) for part in below([kept]))


def shares(sizes: Sequence[int], precisions: Mapping[Kept, float], part: Kept) -> dict[Kept, float]:
    """Return the weight with which each measured marginal tells about a subspace: its share of the precision.

    Raises:
        ValueError: No marginal tells about it.
    """
    gains = {kept: _gain(sizes, part, kept) * precision for kept, precision in precisions.items() if set(part) <= set(kept)}
    if not gains:
        raise ValueError("No marginal that is measured tells about this subspace.")
    known = sum(gains.values())
    return {kept: gain / known for kept, gain in gains.items()}


def weights(sizes: Sequence[int], precisions: Mapping[Kept, float], kept: Kept) -> list[Weight]:
    """Return how a total of a marginal is estimated: a weighted sum of totals that were measured.

    Its part in the subspace of A is estimated from the marginal B ⊇ A by averaging over the keys of B that are not in A, centring along
    those of A, and dividing by the number of leaf cells that a total of B adds up. So the factor of a total of B depends on the keys
    alone in which both totals agree: 1 - 1/n for such a key in A, -1/n for another one in A.
    """
    found: dict[tuple[Kept, Kept], float] = {}
    outside = cells(sizes, set(range(len(sizes))) - set(kept))
    for part in below([kept]):
        for measured, share in shares(sizes, precisions, part).items():
            scale = share * outside / (cells(sizes, set(range(len(sizes))) - set(part)))
            for agreeing in below([tuple(sorted(set(kept) & set(measured)))]):
                factor = math.prod((key in agreeing) - 1 / sizes[key] for key in part)
                found[measured, agreeing] = found.get((measured, agreeing), 0.0) + scale * factor
    return [Weight(measured, weight, _agreeing(sizes, kept, measured, same)) for (measured, same), weight in found.items()]


def _agreeing(sizes: Sequence[int], kept: Kept, measured: Kept, same: Kept) -> int:
    """Return how many totals of a measured marginal agree with one of another in some of their common keys and differ in the others."""
    return math.prod(sizes[key] - 1 if key in kept else sizes[key] for key in measured if key not in same)


def _gain(sizes: Sequence[int], part: Kept, measured: Kept) -> float:
    """Return the precision of a value of the subspace A, as a function on the cells of A, from a marginal B ⊇ A of precision 1.

    The estimate is an average over the keys of B that are not in A, divided by the number of leaf cells that a total of B adds up.
    """
    return cells(sizes, set(measured) - set(part)) * cells(sizes, set(range(len(sizes))) - set(measured)) ** 2


def _loss(sizes: Sequence[int], part: Kept, kept: Kept) -> float:
    """Return what variance 1 in the subspace A adds to a total of a marginal ⊇ A: centring takes away 1/n along each key of A."""
    return cells(sizes, set(range(len(sizes))) - set(kept)) ** 2 * math.prod(1 - 1 / sizes[key] for key in part)


def _known(sizes: Sequence[int], precisions: Mapping[Kept, float], part: Kept) -> float:
    return sum(_gain(sizes, part, kept) * precision for kept, precision in precisions.items() if set(part) <= set(kept))
