"""Plans that choose caps: the plan of the votes, and what is measured once the caps are chosen."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.model.advice import Advised
from stillroom.model.charge import RHO_UNIT
from stillroom.model.expression import All, Any, Branch, Case, Column, Compare, Comparison, Constant, Not
from stillroom.model.marginal import Marginal
from stillroom.model.measure import PERSONS, Aggregate, alike, highest_total
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.plan import Bounds, Finish, Output, reach
from stillroom.model.relation import Named, PerPerson, Total, TotalFunction
from stillroom.model.schema import Kind
from stillroom.privacy.advice import best, cells_of_each, share_beyond
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import epsilon_of, guarantee_of, scale_for_epsilon, scale_for_rho
from stillroom.privacy.selection import cost_of, threshold_for
from stillroom.query.estimation import moving_sizes_of, sizes_of
from stillroom.query.protected import marginal_sensitivities, protected, sensitivities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.advice import Advice
    from stillroom.model.expression import Expression
    from stillroom.model.marginal import Strategy
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.model.selection import Selection
    from stillroom.privacy.sensitivity import Sensitivity

_CELLS = "votes.cells"


def measurements(plan: Plan) -> tuple[Plan, ...]:
    """Return what an engine may have to run for a plan: all of it is in the votes, and in the plan with the lowest and the highest caps.

    With lower caps totals are cut, and cells of persons are kept, that are not with higher ones.
    """
    if not plan.advice:
        return (plan,)
    lowest, highest = ([one.caps[end] for one in plan.advice] for end in (0, -1))
    return votes_plan(plan), with_caps(plan, lowest), with_caps(plan, highest)


def votes_plan(plan: Plan) -> Plan:
    """Return the plan that counts the votes for the caps of a plan: one number for each cap of each advice, in order.

    Rows are put together for each person and cell, as measures see them, and then for each person. So each person has one row, and for
    each advice that row is in one bin at most: a person without any value in any cell is in none.
    """
    wanted = [one.measure for one in plan.advice if one.measure is not None]
    keys = tuple(Named(name=f"votes.k{place}", value=key.value) for place, key in enumerate(plan.grouping))
    totals = tuple(Total(name=f"votes.m{n}", function=TotalFunction.SUM, value=plan.measures[n].value) for n in wanted)
    in_cells = PerPerson(source=plan.rows, keys=keys, totals=totals or (_total(_CELLS, TotalFunction.COUNT),))
    ends = [
        Total(name=f"votes.{end}{n}", function=TotalFunction(end), value=Column(name=f"votes.m{n}"))
        for n in wanted
        for end in ("min", "max")
    ]
    rows = PerPerson(source=in_cells, keys=(), totals=(*ends, _total(_CELLS, TotalFunction.COUNT)))
    measures = tuple(
        PERSONS.model_copy(update={"value": Case(branches=(Branch(when=bin_, then=Constant(value=1)),), otherwise=Constant(value=0))})
        for one in plan.advice
        for bin_ in _bins(plan, one)
    )
    update = {
        "rows": rows,
        "keys": (),
        "measures": measures,
        "strategies": tuple((Marginal(kept=(), mechanism=one.mechanism),) for one in plan.advice for _ in one.caps),
        "selection": None,
        "advice": (),
        "bounds": Bounds(rows=1, groups=1, keep_groups=False, identifiers=plan.bounds.identifiers),
        "finish": Finish(sets=((),), outputs=(Output(value=Column(name="m0"), kind=Kind.INTEGER, noisy=True),)),
    }
    return plan.model_copy(update=update)


def _total(name: str, function: TotalFunction) -> Total:
    return Total(name=name, function=function, value=Constant(value=1))


def _bins(plan: Plan, advice: Advice) -> list[Expression]:
    """Return for each cap whether a person votes for it: the least that would change nothing, or the last one if even that would."""
    beyond = [_beyond(plan, advice, cap) for cap in advice.caps[:-1]]
    between = [All(operands=(low, Not(operand=high))) for low, high in pairwise(beyond)]
    return [Not(operand=beyond[0]), *between, beyond[-1]]


def _beyond(plan: Plan, advice: Advice, cap: int) -> Expression:
    """Return whether a cap lower than the contract's bound would change something about a person."""
    if advice.measure is None:
        return _less(Constant(value=cap), Column(name=_CELLS))
    measure, ends = plan.measures[advice.measure], []
    if cap < measure.high:
        ends.append(_less(Constant(value=cap), Column(name=f"votes.max{advice.measure}")))
    if cap < -measure.low:
        ends.append(_less(Column(name=f"votes.min{advice.measure}"), Constant(value=-cap)))
    return ends[0] if len(ends) == 1 else Any(operands=tuple(ends))


def _less(left: Expression, right: Expression) -> Compare:
    return Compare(comparison=Comparison.LESS, left=left, right=right)


def advised(plan: Plan, votes: Sequence[Sequence[int]]) -> tuple[Advised, ...]:
    """Return the caps of a plan that noisy votes choose: that of cells first, since the noise of all else depends on it."""
    chosen: dict[int | None, int] = {}
    for one, numbers in sorted(zip(plan.advice, votes, strict=True), key=lambda pair: pair[0].measure is not None):
        variances = [_variance(mechanism) for mechanism in mechanisms(plan, one, chosen.get(None))]
        times = Fraction(1) if one.measure is None else _times(plan, votes, chosen.get(None, plan.bounds.groups))
        chosen[one.measure] = best(one.caps, numbers, _variance(one.mechanism), variances, spread_over(plan, one), times=times)
    return tuple(Advised(votes=tuple(numbers), cap=chosen[one.measure]) for one, numbers in zip(plan.advice, votes, strict=True))


def _times(plan: Plan, votes: Sequence[Sequence[int]], groups: int) -> Fraction:
    """Return in how many cells a person may lose what a vote about totals tells of: in those that persons are in, by the votes about them.

    Without such votes, it is as many as a person keeps.
    """
    about = next((pair for pair in zip(plan.advice, votes, strict=True) if pair[0].measure is None), None)
    return Fraction(groups) if about is None else cells_of_each(about[0].caps, about[1], _variance(about[0].mechanism), groups)


def shares_beyond(plan: Plan, chosen: Sequence[Advised]) -> list[tuple[Fraction, Fraction] | None]:
    """Return for each cap that was chosen which share of all there is it cuts off by the votes, about and at the most.

    It is 0 for the contract's bounds, and None where the votes cannot tell.
    """
    nothing = (Fraction(0), Fraction(0))
    return [
        nothing if one.cap == advice.caps[-1] else share_beyond(advice.caps, one.votes, _variance(advice.mechanism), one.cap)
        for advice, one in zip(plan.advice, chosen, strict=True)
    ]


def with_caps(plan: Plan, chosen: Sequence[int]) -> Plan:
    """Return what is measured with the caps that were chosen: lower bounds, and the least noise that costs no more than the plan says."""
    if not plan.advice:
        return plan
    caps = {one.measure: cap for one, cap in zip(plan.advice, chosen, strict=True)}
    groups = caps.get(None, plan.bounds.groups)
    of_measures = {number: cap for one, cap in caps.items() if one is not None for number, cap in _of_alike(plan, one, cap)}
    measures = tuple(cut(one, of_measures.get(number, highest_total(one))) for number, one in enumerate(plan.measures))
    bounds = plan.bounds.model_copy(update={"groups": groups, "keep_groups": plan.bounds.keep_groups or groups < plan.bounds.groups})
    update = {
        "measures": measures,
        "strategies": tuple(strategy_with(plan, number, one, groups) for number, one in enumerate(measures)),
        "selection": None if plan.selection is None else selection_with(plan, plan.selection, bounds),
        "advice": (),
        "bounds": bounds,
    }
    return plan.model_copy(update=update)


def _of_alike(plan: Plan, measure: int, cap: int) -> list[tuple[int, int]]:
    """Return the cap of a measure, and of those that add up the same totals for other grouping sets."""
    return [(number, cap) for number in alike(plan.measures, measure)]


def selection_with(plan: Plan, rule: Selection, bounds: Bounds) -> Selection:
    """Return the rule of selection once persons keep so many cells: less noise at the same price, and the threshold that goes with it."""
    before, after = (marginal_sensitivities(PERSONS, one, (reach(one),), (0,))[0] for one in (plan.bounds, bounds))
    mechanism = _scale(rule.mechanism, before, after)
    threshold = threshold_for(mechanism.scale, cost_of(rule), groups=bounds.groups, identifiers=bounds.identifiers)
    return rule.model_copy(update={"mechanism": mechanism, "threshold": threshold})


def strategy_with(plan: Plan, number: int, cut_off: Measure, groups: int) -> Strategy:
    """Return how a measure of a plan is measured once its totals are cut and persons keep so many cells.

    Each marginal keeps its own share of the charge, whatever the caps: its scale is the least whose guarantee at the lower sensitivity is
    within the one that the plan's scale has at the plan's sensitivity.
    """
    return tuple(
        one.model_copy(update={"mechanism": _mechanism_with(plan, number, one, cut_off, groups)}) for one in plan.strategies[number]
    )


def _mechanism_with(plan: Plan, number: int, marginal: Marginal, cut_off: Measure, groups: int) -> Mechanism:
    """Return the noise of one marginal of it."""
    sizes, bounds = moving_sizes_of(plan, cut_off), plan.bounds.model_copy(update={"groups": groups})
    before, _ = sensitivities_of(plan.measures[number], plan.bounds, sizes, marginal)
    after, _ = sensitivities_of(cut_off, bounds, sizes, marginal)
    return _scale(marginal.mechanism, before, after)


def mechanisms(plan: Plan, advice: Advice, groups: int | None = None) -> list[Mechanism]:
    """Return the noise in a cell under each cap of an advice, given how many cells of a person are kept.

    Of an advice about cells, it is the noise that a number of persons would have for the price of all measures.
    """
    if advice.measure is not None:
        number, kept = advice.measure, groups or plan.bounds.groups
        measure, finest = plan.measures[number], plan.strategies[number][0]
        return [_mechanism_with(plan, number, finest, cut(measure, cap), kept) for cap in advice.caps]
    known = protected(plan)
    known_epsilons = [epsilon_of(one.marginal.mechanism, one.add_remove) for one in known]
    epsilon = sum((one for one in known_epsilons if one is not None), Fraction(0))
    rho = sum(guarantee_of(one.marginal.mechanism, one.add_remove).rho for one in known) * RHO_UNIT
    found = []
    for cap in advice.caps:
        bounds, sizes = plan.bounds.model_copy(update={"groups": cap}), sizes_of(plan)
        moved, _ = marginal_sensitivities(PERSONS, bounds, sizes, tuple(range(len(plan.grouping))))
        if epsilon:
            found.append(Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=scale_for_epsilon(moved.l1, epsilon)))
        else:
            found.append(Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=scale_for_rho(moved.l2_squared, rho)))
    return found


def spread_over(plan: Plan, advice: Advice) -> int:
    """Return among how many cells what a cap takes away is taken to be spread: the finest ones that are measured.

    Nobody knows beforehand how many combinations of selected keys there are: it is taken to lie in one of them.
    """
    kept = range(len(plan.grouping)) if advice.measure is None else plan.strategies[advice.measure][0].kept
    return cells(sizes_of(plan, shown=1), kept)


@lru_cache(maxsize=256)
def _scale(mechanism: Mechanism, before: Sensitivity, after: Sensitivity) -> Mechanism:
    """Return the least noise at another sensitivity that costs no more than a mechanism does at its own."""
    epsilon = epsilon_of(mechanism, before)
    if epsilon is not None:
        return mechanism if before.l1 == after.l1 else mechanism.model_copy(update={"scale": scale_for_epsilon(after.l1, epsilon)})
    if before.l2_squared == after.l2_squared:
        return mechanism
    rho = guarantee_of(mechanism, before).rho * RHO_UNIT
    return mechanism.model_copy(update={"scale": scale_for_rho(after.l2_squared, rho, mechanism.noise)})


def cut(measure: Measure, cap: int) -> Measure:
    """Return a measure whose totals of a person in a cell are no further from 0 than a cap."""
    if measure.aggregate is not Aggregate.SUM:
        return measure
    return measure.model_copy(update={"low": max(measure.low, -cap), "high": min(measure.high, cap)})


def _variance(mechanism: Mechanism) -> Fraction:
    """Return the variance of noise, near enough: σ² of Gaussian noise, 2b² of Laplace noise."""
    square: Fraction = Fraction(mechanism.scale) ** 2
    return square if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN else 2 * square
