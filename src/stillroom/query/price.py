"""What a question costs and how precise it will be, from contract and question only."""

from __future__ import annotations

from decimal import ROUND_CEILING
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.codec import digest_of
from stillroom.model.expression import PARTS, Average, Quantile, columns_of
from stillroom.model.plan import leaves
from stillroom.model.price import CapsPrice, ExpectedError, Price, SelectionPrice
from stillroom.privacy.combined import Combined, Part
from stillroom.privacy.exponential import rank_error
from stillroom.privacy.mechanisms import charge_of
from stillroom.privacy.promises import Noised, cap_promise, release_promise
from stillroom.privacy.quantiles import expected_rank_error
from stillroom.privacy.rounding import float_up
from stillroom.privacy.selection import chance_shown, cost_of
from stillroom.privacy.words import attacker_sentences
from stillroom.query.advised import cut, mechanisms, strategy_with
from stillroom.query.choices import buckets_of, choice_of, is_chosen
from stillroom.query.clamped import columns_with, half_removed
from stillroom.query.estimation import row_noise, sizes_of
from stillroom.query.protected import drawn, votes
from stillroom.query.quantiles import grid_of
from stillroom.query.scales import LEVEL, average_half_width
from stillroom.query.table.finish import decimal_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.advice import Advice
    from stillroom.model.contract import Contract
    from stillroom.model.plan import Output, Plan
    from stillroom.model.price import Compiled
    from stillroom.model.release import Promise
    from stillroom.model.selection import Selection

GROUP_SIZES = (10, 100, 1_000, 10_000)
"""Group sizes for which the expected error of averages is shown."""

ALMOST_SURE = 0.999
"""The list of chances to be shown ends with the first that is larger."""


def price(contract: Contract, compiled: Compiled, group_size: int | None = None) -> Price:
    """Return the price of a compiled question.

    Args:
        contract: The contract.
        compiled: The question.
        group_size: A group size that the analyst has in mind: the expected error of averages is shown for it, too.
    """
    plan = compiled.plan
    sizes = sorted({*GROUP_SIZES, *(() if group_size is None else (group_size,))})
    promise, cap = promises(contract, plan)
    return Price(
        plan_digest=digest_of(plan),
        charge=compiled.charge,
        accounts=tuple(sorted({f"{part.owner}/{part.population}" for part in plan.parts})),
        promise=promise,
        cells=plan.cells * (1 if plan.selection is None else plan.selection.most),
        groups_per_person=plan.bounds.groups,
        errors=tuple(
            _expected(plan, output, name, sizes)
            for output, name in zip(plan.finish.outputs, compiled.headings, strict=True)
            if output.noisy
        ),
        clamped=tuple(_expected_removed(plan, compiled.headings, number) for number in plan.removed),
        selection=None if plan.selection is None else _selected(plan.selection),
        caps=tuple(_caps(plan, advice, compiled.headings) for advice in plan.advice),
        sentences=attacker_sentences(promise, cap),
    )


def promises(contract: Contract, plan: Plan) -> tuple[Promise, Promise]:
    """Return the guarantee of a plan's release, and that of the contract's cap."""
    epsilon, delta, selection = (Fraction(str(one)) for one in (contract.caps.epsilon, contract.caps.delta, contract.caps.selection_delta))
    noised = [Noised(one.marginal.mechanism, one.add_remove, one.change) for one in drawn(plan)]
    spent = Fraction(0) if plan.selection is None else cost_of(plan.selection)
    return release_promise(noised, delta, spent), cap_promise(epsilon, delta, selection)


def _selected(selection: Selection) -> SelectionPrice:
    """Return what selecting keys costs, and the chances of groups up to a size that is shown almost surely."""
    sizes = [10**power * digit for power in range(len(str(selection.threshold)) + 1) for digit in (1, 2, 5)]
    chances = {size: chance_shown(selection, size) for size in sizes}
    enough = next((size for size, chance in chances.items() if chance > ALMOST_SURE), sizes[-1])
    return SelectionPrice(
        threshold=selection.threshold,
        delta=float_up(cost_of(selection)),
        most=selection.most,
        chances={str(size): chance for size, chance in chances.items() if size <= enough},
    )


def _caps(plan: Plan, advice: Advice, headings: Sequence[str]) -> CapsPrice:
    """Return the caps to choose from, and the error under each."""
    outputs = zip(plan.finish.outputs, headings, strict=True)
    shown = tuple(name for output, name in outputs if f"m{advice.measure}" in columns_of(output.value))
    digits = 0 if advice.measure is None else plan.measures[advice.measure].digits
    if advice.measure is None:
        noises = [Combined((Part(1, one, 1),)) for one in mechanisms(plan, advice)]
    else:
        finest = min(plan.finish.sets, key=lambda kept: _added_up(plan, kept))
        cut_off = [cut(plan.measures[advice.measure], cap) for cap in advice.caps]
        strategies = [strategy_with(plan, advice.measure, one, plan.bounds.groups) for one in cut_off]
        noises = [row_noise(strategy, sizes_of(plan), finest, 1) for strategy in strategies]
    widths = [noise.whole_half_width(LEVEL) for noise in noises]
    spent = next(one for one in votes(plan) if one.marginal.mechanism == advice.mechanism)
    return CapsPrice(
        columns=None if advice.measure is None else shown,
        charge=charge_of([(advice.mechanism, spent.add_remove)]),
        half_width=str(Combined((Part(1, advice.mechanism, 1),)).whole_half_width(LEVEL)),
        caps=tuple(decimal_text(Fraction(cap), digits, ROUND_CEILING, 10**digits) for cap in advice.caps),
        half_widths=tuple(decimal_text(Fraction(one), digits, ROUND_CEILING, 10**digits) for one in widths),
    )


def _expected(plan: Plan, output: Output, name: str, sizes: Sequence[int]) -> ExpectedError:
    """Return the expected half-widths of one column."""
    finest, widest = (choice(plan.finish.sets, key=lambda kept: _added_up(plan, kept)) for choice in (min, max))
    if output.measure is not None:
        halves = (_noise(plan, output.measure, kept, 10**plan.finish.places).whole_half_width(LEVEL) for kept in (finest, widest))
        half, total = (decimal_text(Fraction(one), output.digits, ROUND_CEILING, 10**output.digits) for one in halves)
        several = _added_up(plan, widest) > _added_up(plan, finest)
        return ExpectedError(name=name, half_width=half, total_half_width=total if several else None)
    if isinstance(output.value, Average):
        average = output.value
        total_noise, count_noise = (_noise(plan, int(measure[1:]), finest, 1) for measure in (average.total, average.count))
        widths = {str(size): average_half_width(average, total_noise, count_noise, size) for size in sizes}
        return ExpectedError(
            name=name, by_group_size={size: decimal_text(width, output.digits, ROUND_CEILING) for size, width in widths.items()}
        )
    if isinstance(output.value, Quantile):
        return _expected_rank(plan, output.value, finest, name)
    return ExpectedError(name=name)


def _added_up(plan: Plan, kept: tuple[int, ...]) -> tuple[bool, int]:
    """Return what a row of a grouping set adds up: whether all combinations of selected keys, and how many cells of the other keys."""
    return plan.selected > 0 and 0 not in kept, leaves(plan.grouping, kept)


def _expected_removed(plan: Plan, headings: Sequence[str], number: int) -> ExpectedError:
    """Return the half-width of what clamping removes from a sum."""
    digits, half = plan.measures[number].digits, Fraction(half_removed(plan, number))
    name = ", ".join(columns_with(plan, headings, number))
    return ExpectedError(name=name, half_width=decimal_text(half, digits, ROUND_CEILING, 10**digits))


def _expected_rank(plan: Plan, node: Quantile, kept: tuple[int, ...], name: str) -> ExpectedError:
    """Return by how many rows a quantile may be off in a row of a grouping set, and between which values it cannot tell."""
    width, chosen = Fraction(node.width, 10**node.digits), is_chosen(plan, node)
    if chosen:
        off = rank_error(choice_of(plan, node, kept)[2].mechanism, buckets_of(plan, node), LEVEL)
    else:
        off = expected_rank_error(grid_of(plan, node, kept), Fraction(node.part, PARTS), LEVEL)
    resolution = decimal_text(width, node.digits, ROUND_CEILING)
    return ExpectedError(name=name, rank_half_width=str(off), resolution=resolution, chosen=chosen)


def _noise(plan: Plan, measure: int, kept: tuple[int, ...], one: int) -> Combined:
    """Return the noise of each total of a grouping set, in units of 1/one."""
    return row_noise(plan.strategies[plan.of_set(measure, kept)], sizes_of(plan), kept, one)
