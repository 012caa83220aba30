"""How much noise each measure gets: the split depends on the plan and the terms only."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import Average, Column, Covariance, Quantile, walk
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, Mechanism, NoiseKind
from stillroom.model.plan import cells_of, grouping, leaves
from stillroom.privacy import ratios
from stillroom.privacy.accountant import rho_from
from stillroom.privacy.intervals import scale_for_half_width
from stillroom.privacy.mechanisms import charge_of, scale_for_epsilon, scale_for_rho
from stillroom.privacy.ratios import expected_ratio_half_width
from stillroom.privacy.sensitivity import Sensitivity, sensitivities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stillroom.model.charge import Charge
    from stillroom.model.plan import Bounds, Finish, Key, Measure, Output, Plan
    from stillroom.model.question import Terms

LEVEL = Fraction(95, 100)
"""Coverage of every interval that is printed."""


def measure_sensitivities(measure: Measure, bounds: Bounds, cells: int) -> tuple[Sensitivity, Sensitivity]:
    """Return the (add/remove, change) sensitivities of a measure that has so many cells.

    One identifier's entry in a cell is its clamped total there; the absolute entries add up to at most the number of its rows
    times the largest absolute value of a row, since clamping towards a range that contains 0 never lengthens an entry. A union adds
    between 0 and `high` distinct values to a cell, and to all cells no more than there are rows (`query.measures`).

    A limit of groups counts cells of the table. Each may be several cells of a measure with a grid; but every row is in one cell at
    most, so that a person is in no more of these than the person has rows.
    """
    rows_total = bounds.rows * max(-measure.row_low, measure.row_high)
    groups = bounds.rows if measure.grid else bounds.groups
    return sensitivities(lo=measure.low, hi=measure.high, rows_total=rows_total, groups=groups, cells=cells, identifiers=bounds.identifiers)


def plan_charge(plan: Plan) -> Charge:
    """Return what a plan costs: the composition of its mechanisms at the add/remove sensitivities."""
    pairs = zip(plan.mechanisms, plan.measures, strict=True)
    return charge_of((mechanism, measure_sensitivities(measure, plan.bounds, plan.cells_of(measure))[0]) for mechanism, measure in pairs)


def mechanisms_for(  # noqa: PLR0913 - the parts of a plan that bear on its noise
    measures: Sequence[Measure], *, bounds: Bounds, keys: tuple[Key, ...], finish: Finish, terms: Terms, delta: Fraction
) -> tuple[Mechanism, ...]:
    """Return the noise of each measure for the terms of a question; `keys` are all, also those of grids.

    With a price, scales are proportional to what one person can contribute to a cell, so that half-width ÷ per-person bound is the
    same for all measures. With an error, each measure gets the largest scale that keeps the error in every row, totals too.

    Raises:
        InvalidInput: The terms give both or neither of a price and an error, or an error that does not fit the outputs.
    """
    if (terms.epsilon is None) == (terms.error is None):
        raise InvalidInput(Code.PRICE_INVALID, "Give either a price or an error.", "Use --epsilon, or --error.")
    noise = NoiseKind.DISCRETE_LAPLACE if terms.pure else NoiseKind.DISCRETE_GAUSSIAN
    known = [measure_sensitivities(measure, bounds, cells_of(keys, measures, measure))[0] for measure in measures]
    if terms.epsilon is not None:
        return tuple(
            Mechanism(noise=noise, scale=scale) for scale in _by_price(known, Fraction(str(terms.epsilon)), delta, pure=terms.pure)
        )
    widest = max(leaves(grouping(keys, measures), kept) for kept in finish.sets)
    return tuple(Mechanism(noise=noise, scale=scale) for scale in _by_error(measures, noise, finish.outputs, terms, widest))


def _by_price(known: Sequence[Sensitivity], epsilon: Fraction, delta: Fraction, *, pure: bool) -> list[float]:
    """Split a price: measure j gets the share Δⱼ²/Cⱼ² of ρ (or Δⱼ/Cⱼ of ε), for which scaleⱼ/Cⱼ is the same for all."""
    if pure:
        shares = [Fraction(one.l1, max(1, one.linf)) for one in known]
        return [scale_for_epsilon(one.l1, epsilon * share / _sum(shares)) for one, share in zip(known, shares, strict=True)]
    rho = rho_from(epsilon, delta)
    shares = [Fraction(one.l2_squared, max(1, one.linf) ** 2) for one in known]
    return [scale_for_rho(one.l2_squared, rho * share / _sum(shares)) for one, share in zip(known, shares, strict=True)]


def _sum(shares: Sequence[Fraction]) -> Fraction:
    """Return the sum of the shares; 1 where no measure can depend on anyone."""
    return sum(shares, Fraction(0)) or Fraction(1)


def _by_error(measures: Sequence[Measure], noise: NoiseKind, outputs: Sequence[Output], terms: Terms, widest: int) -> list[float]:
    """Return for each measure the largest scale for which every output keeps the error, in rows that add up so many cells too."""
    wanted: dict[int, float] = {}
    if any(isinstance(part, Covariance | Quantile) for output in outputs for part in walk(output.value)):
        raise InvalidInput(
            Code.PRICE_INVALID,
            "No error can be asked for of a quantile, extreme, variance, covariance, correlation or regression: it depends on the values.",
            "Use --epsilon; each cell carries its interval.",
        )
    for output in outputs:
        if not output.noisy:
            continue
        for position, scale in _demands(output, measures, noise, terms, widest).items():
            wanted[position] = min(scale, wanted.get(position, scale))
    missing = [position for position in range(len(measures)) if position not in wanted]
    if missing:
        raise InvalidInput(
            Code.PRICE_INVALID,
            "An error can be asked for when each aggregate is itself a column of the table.",
            "Select the aggregates of HAVING, ORDER BY and computed columns too, or use --epsilon.",
        )
    return [wanted[position] for position in range(len(measures))]


def _demands(output: Output, measures: Sequence[Measure], noise: NoiseKind, terms: Terms, widest: int) -> dict[int, float]:
    """Return the largest scales for which one output keeps the error, by measure."""
    error = Fraction(str(terms.error))
    if isinstance(output.value, Column):
        position = int(output.value.name[1:])
        return {position: scale_for_half_width(noise, error * 10 ** measures[position].digits, widest, LEVEL)}
    if not isinstance(output.value, Average):
        return {}
    if terms.group_size is None:
        raise InvalidInput(Code.PRICE_INVALID, "The error of an average depends on the size of its group.", "Add --group-size.")
    average, size = output.value, terms.group_size
    total, count = int(average.total[1:]), int(average.count[1:])

    def keeps(scales: Mapping[int, float]) -> bool:
        noises = [Mechanism(noise=noise, scale=scales[position]) for position in (total, count)]
        return average_half_width(average, noises[0], noises[1], size, widest) <= error

    return _proportional((total, count), measures, keeps)


def _proportional(pair: tuple[int, int], measures: Sequence[Measure], keeps: Callable[[Mapping[int, float]], bool]) -> dict[int, float]:
    """Return the largest scales of two measures, in proportion to their bounds, that keep an error."""
    peak = {position: max(1, -measures[position].low, measures[position].high) for position in pair}

    def scales(factor: float) -> dict[int, float]:
        return {position: min(max(factor * peak[position], SMALLEST_SCALE), LARGEST_SCALE) for position in pair}

    return scales(_largest(lambda factor: keeps(scales(factor))))


def average_half_width(average: Average, total: Mechanism, count: Mechanism, group_size: int, terms: int) -> Fraction:
    """Return the expected half-width of an average of `terms` leaf cells over `group_size` rows, in the column's own units."""
    unit: int = 10**average.digits
    return expected_ratio_half_width(ratio(average, total, count, terms, LEVEL), group_size) / unit


def ratio(average: Average, total: Mechanism, count: Mechanism, terms: int, level: Fraction) -> ratios.Average:
    """Return what is known about an average of `terms` leaf cells before it is measured."""
    return ratios.Average(
        sum_noise=total, count_noise=count, terms=terms, low=Fraction(average.low), high=Fraction(average.high), level=level
    )


def _largest(enough: Callable[[float], bool]) -> float:
    """Return, by bisection, the largest factor between 1e-2 and 1e9 that is enough."""
    low, high = 1e-2, 1e9
    if not enough(low):
        raise Refusal(
            Code.PRICE_NOT_REACHABLE, "No noise is small enough for this error.", "Ask for a larger error, or a larger group size."
        )
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low
