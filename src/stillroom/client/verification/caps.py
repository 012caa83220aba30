"""Caps that a first measurement chose: whether they follow from the votes, and what was measured with them."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.verification.outcome import expect, require
from stillroom.client.verification.sensitivity import Moved, marginal_moves, moves
from stillroom.client.verification.sizes import endless, like, moving_sizes
from stillroom.model.charge import RHO_UNIT
from stillroom.model.measure import PERSONS, Aggregate
from stillroom.model.mechanism import NoiseKind
from stillroom.model.plan import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.advice import Advice, Advised
    from stillroom.model.marginal import Marginal
    from stillroom.model.measure import Measure
    from stillroom.model.mechanism import Mechanism
    from stillroom.model.plan import Plan
    from stillroom.model.release import MeasureNoise
    from stillroom.model.selection import Selection

ROOM = Fraction(1, 10**6)
"""What is computed in two ways differs by less than this share, from rounding up."""

PAID = Fraction(1, 10**9)
"""Relative room above what was paid, for the same reason."""

PURE = frozenset({NoiseKind.DISCRETE_LAPLACE, NoiseKind.EXPONENTIAL})
"""The noise that is paid for in pure ε."""

LEAST_SCALE = 2.0**-6
"""No noise is drawn at a smaller scale."""


def vote_distances(plan: Plan) -> list[tuple[Moved, Moved]]:
    """Return how far the votes for each cap move. A person has one vote for each identifier: like a row in one of so many cells."""
    bounds = Bounds(rows=1, groups=1, keep_groups=False, identifiers=plan.bounds.identifiers)
    return [moves(PERSONS, bounds, [len(one.caps)], [0]) for one in plan.advice]


def whatever_cap(measure: Measure, marginal: Marginal, known: tuple[Moved, Moved]) -> tuple[Moved, Moved]:
    """Return the distances of a marginal whose caps are not known yet, in proportion to what noise is drawn.

    A change removes and adds a vector: twice the distance, and twice its square unless both may meet in a cell, which may make four times.
    """
    one = known[0]
    factor = 4 if marginal.part is not None or measure.low < 0 < measure.high else 2
    return one, Moved(2 * one.l1, factor * one.l2_squared)


def with_caps(plan: Plan, chosen: Sequence[Advised], noise: Sequence[MeasureNoise], rule: Selection | None) -> Plan:
    """Return what was measured: the plan with the caps that were chosen, and the noise and the rule of selection that a release states.

    Raises:
        Broken: A cap is not one to choose from, or not what the votes choose; or its noise costs more than the plan sets aside.
    """
    expect("the number of caps that were chosen", len(chosen), len(plan.advice))
    expect("whether keys are selected by another rule than the plan's", rule is not None, plan.selection is not None and bool(plan.advice))
    if not plan.advice:
        return plan
    if rule is not None and plan.selection is not None:
        expect("what selecting keys costs, and how many it shows", (rule.delta, rule.most), (plan.selection.delta, plan.selection.most))
    caps: dict[int | None, int] = {}
    for advice, one in zip(plan.advice, chosen, strict=True):
        require(one.cap in advice.caps and len(one.votes) == len(advice.caps), "a cap was chosen that was not to choose from")
        caps[advice.measure] = one.cap
    times = _times(plan, chosen, caps.get(None, plan.bounds.groups))
    for advice, one in zip(plan.advice, chosen, strict=True):
        if advice.measure is None:
            _follows(plan, advice, one, None, Fraction(1))
        else:
            _follows(plan, advice, one, caps.get(None), times)
    expect("the number of marginals", len(noise), sum(map(len, plan.strategies)))
    stated = iter(noise)
    strategies = tuple(
        tuple(one.model_copy(update={"mechanism": next(stated).mechanism}) for one in strategy) for strategy in plan.strategies
    )
    capped = _capped(plan, caps).model_copy(update={"strategies": strategies})
    require(all(one.mechanism.scale >= LEAST_SCALE for strategy in strategies for one in strategy), "no noise is drawn at so small a scale")
    capped = capped.model_copy(update={"selection": rule if rule is not None else plan.selection})
    for before, after in zip(_spent(plan), _spent(capped), strict=True):
        enough = before.noise is after.noise and after.cost <= before.cost * (1 + PAID) + RHO_UNIT
        require(enough, "with a lower cap, less noise was drawn than is paid for")
    return capped


def _capped(plan: Plan, caps: dict[int | None, int]) -> Plan:
    """Return a plan with other bounds."""
    groups = caps.get(None, plan.bounds.groups)
    update = {"groups": groups, "keep_groups": plan.bounds.keep_groups or groups < plan.bounds.groups}
    of_all = {number: cap for one, cap in caps.items() if one is not None for number in like(plan, one)}
    measures = tuple(_cut(one, of_all[number]) if number in of_all else one for number, one in enumerate(plan.measures))
    return plan.model_copy(update={"bounds": plan.bounds.model_copy(update=update), "measures": measures, "advice": ()})


def _cut(measure: Measure, cap: int) -> Measure:
    if measure.aggregate is not Aggregate.SUM:
        return measure
    return measure.model_copy(update={"low": max(measure.low, -cap), "high": min(measure.high, cap)})


class _Spent(NamedTuple):
    """The kind of a marginal's noise, and what it costs (`cost_of`)."""

    noise: NoiseKind
    cost: Fraction


def _spent(plan: Plan) -> list[_Spent]:
    """Return what each marginal costs, and, at the end, what the numbers of persons cost that select keys."""
    pairs = [(measure, one) for measure, strategy in zip(plan.measures, plan.strategies, strict=True) for one in strategy]
    found = [(one.mechanism, marginal_moves(measure, plan.bounds, moving_sizes(plan, measure), one)[0]) for measure, one in pairs]
    if plan.selection is not None:
        found.append((plan.selection.mechanism, moves(PERSONS, plan.bounds, [endless(plan)], [0])[0]))
    return [_Spent(mechanism.noise, cost_of(mechanism, moved)) for mechanism, moved in found]


def cost_of(mechanism: Mechanism, moved: Moved) -> Fraction:
    """Return what noise costs: Δ₁/b in pure ε for Laplace and exponential noise, else rho: Δ₂²/2σ² for Gaussian and Δ₂²/8s² for Gumbel."""
    if mechanism.noise in PURE:
        return moved.l1 / Fraction(mechanism.scale)
    times = 8 if mechanism.noise is NoiseKind.GUMBEL else 2
    return moved.l2_squared / (times * Fraction(mechanism.scale) ** 2)


def _variance(noise: NoiseKind, moved: Moved, cost: Fraction) -> Fraction:
    """Return the variance of noise on totals that costs so much where one person moves them so far, in the same terms as other noise."""
    require(cost > 0, "a cap is chosen of something that nobody moves")
    if noise not in PURE:
        return max(Fraction(LEAST_SCALE) ** 2, moved.l2_squared / (2 * cost))
    return 2 * max(Fraction(LEAST_SCALE), moved.l1 / cost) ** 2


def _times(plan: Plan, chosen: Sequence[Advised], groups: int) -> Fraction:
    """Return in how many cells a person may lose what a total that is cut loses: the mean number of cells, by votes, if there are any.

    Its numerator is a standard deviation above what the votes say, its denominator one below.
    """
    for advice, one in zip(plan.advice, chosen, strict=True):
        if advice.measure is None:
            persons = sum(one.votes) - _root(_spread(advice) * len(advice.caps))
            inside = sum(map(math.prod, zip(advice.caps, one.votes, strict=True))) + _root(
                _spread(advice) * sum(n * n for n in advice.caps)
            )
            return min(Fraction(groups), max(Fraction(1), Fraction(inside, persons))) if persons > 0 else Fraction(groups)
    return Fraction(groups)


def _spread(advice: Advice) -> Fraction:
    """Return the variance of the noise on votes."""
    scale = Fraction(advice.mechanism.scale)
    return scale**2 if advice.mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN else 2 * scale**2


def _root(square: Fraction) -> int:
    """Return a square root, rounded up."""
    found = math.isqrt(math.ceil(square))
    return found + (found**2 < square)


def _follows(plan: Plan, advice: Advice, chosen: Advised, groups: int | None, times: Fraction) -> None:
    """See that no other cap has a smaller expected squared error: the variance of its noise, and the square of what it cuts off a cell.

    Beside what is seen to be cut off stands what may be hidden in the votes. Along selected keys, it is taken to lie in one combination.
    Only such caps count whose error is no larger than that of the contract's bound, even if a standard deviation more than the votes say
    is cut off in as many cells of a person.
    """
    kept = range(len(plan.grouping)) if advice.measure is None else plan.strategies[advice.measure][0].kept
    cells = math.prod(len(plan.keys[number].listed) or 1 for number in kept)
    spread, errors, worst = _spread(advice), {}, {}
    for place, cap in enumerate(advice.caps):
        noise, (lost, hidden) = _noise_under(plan, advice, cap, groups), _cut_off(advice.caps, chosen.votes, spread, place)
        errors[cap] = noise + (lost**2 + hidden) / cells**2
        steps = [0] * (place + 1) + [one - cap for one in advice.caps[place + 1 :]]
        most = max(0, sum(map(math.prod, zip(steps, chosen.votes, strict=True)))) + _root(spread * sum(one * one for one in steps))
        worst[cap] = noise + (times * most / cells) ** 2
    bound = worst[advice.caps[-1]]
    require(worst[chosen.cap] <= bound * (1 + ROOM), "a lower cap was chosen than the votes bear out")
    least = min(errors[cap] for cap in advice.caps if cap == advice.caps[-1] or worst[cap] <= bound * (1 - ROOM))
    require(errors[chosen.cap] <= least * (1 + ROOM), "the votes choose another cap")


def _cut_off(caps: Sequence[int], votes: Sequence[int], spread: Fraction, place: int) -> tuple[Fraction, Fraction]:
    """Return what a cap is seen to cut off, and the square of what it may cut off unseen.

    Who votes for a cap has a total in the middle of the whole numbers beyond the one before, up to it. Persons beyond a cap count if they
    are more than four standard deviations of their number, which is a sum of so many numbers of votes. Half a standard deviation of
    persons may hide in each number of votes; past the last cap with persons beyond it, no more than these, in proportion to 1/total.
    """
    middles = [Fraction(low + 1 + high, 2) for low, high in pairwise((0, *caps))]
    lost, hidden, most = Fraction(0), Fraction(0), None
    for other in reversed(range(len(caps) - 1)):
        beyond = sum(votes[other + 1 :])
        if beyond <= 0 or beyond**2 <= 16 * (len(caps) - other - 1) * spread:
            continue
        most = (other, Fraction(beyond * caps[other])) if most is None else most
        if other >= place:
            lost += beyond * (middles[other + 1] - (middles[other] if other > place else caps[place]))
    for other in range(place + 1, len(caps)):
        square = spread / 4
        if most is not None and other > most[0]:
            square = min(square, (most[1] / middles[other]) ** 2)
        hidden += square * (middles[other] - caps[place]) ** 2
    return lost, hidden


def _noise_under(plan: Plan, advice: Advice, cap: int, groups: int | None) -> Fraction:
    """Return the variance of the noise in a cell under a cap, at the price of what it caps; of persons at that of all measures."""
    if advice.measure is None:
        known = _spent(plan.model_copy(update={"selection": None}))
        sizes = moving_sizes(plan, PERSONS)
        moved = moves(PERSONS, plan.bounds.model_copy(update={"groups": cap}), sizes, range(len(plan.grouping)))[0]
        return _variance(known[0].noise, moved, sum((one.cost for one in known), Fraction(0)))
    measure, finest = plan.measures[advice.measure], plan.strategies[advice.measure][0]
    bounds, sizes = plan.bounds.model_copy(update={"groups": groups or plan.bounds.groups}), moving_sizes(plan, measure)
    before, after = (moves(one, own, sizes, finest.kept)[0] for one, own in ((measure, plan.bounds), (_cut(measure, cap), bounds)))
    return _variance(finest.mechanism.noise, after, cost_of(finest.mechanism, before))
