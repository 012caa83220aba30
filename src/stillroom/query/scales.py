"""How much noise keeps an error that is asked for, in every row of a table."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import Average, Column, Covariance, Quantile, walk
from stillroom.model.measure import PERSONS, Aggregate, alike, told
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, NoiseKind
from stillroom.model.plan import moving_sizes, reach, sizes_for
from stillroom.privacy import ratios
from stillroom.privacy.intervals import scale_for_half_width
from stillroom.privacy.marginals import cells
from stillroom.privacy.ratios import expected_ratio_half_width
from stillroom.query.choices import choices, parts_chosen
from stillroom.query.estimation import row_noise
from stillroom.query.strategies import by_price, shape, strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.marginal import Strategy
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Bounds, Finish, Key, Output
    from stillroom.model.question import Terms
    from stillroom.privacy.combined import Combined
    from stillroom.privacy.marginals import Kept
    from stillroom.query.strategies import Shape

LEVEL = Fraction(95, 100)
"""Coverage of every interval that is printed."""


def strategies_for(  # noqa: PLR0913 - the parts of a plan that bear on its noise
    measures: Sequence[Measure],
    *,
    bounds: Bounds,
    keys: tuple[Key, ...],
    finish: Finish,
    terms: Terms,
    delta: Fraction,
    weights: Sequence[Fraction],
) -> tuple[Strategy, ...]:
    """Return what is measured of each measure, and with how much noise, for the terms of a question.

    Where keys are selected, the last strategy is that of the numbers of persons.

    With a price, scales are proportional to what one person can contribute to a cell, so that weight · half-width ÷ per-person bound is the
    same for all measures (of totals that are measured with their parts: the root of the summed variance, in place of the half-width).
    That makes the largest of these as small as the price allows, since each falls with its own share alone.

    With an error, each measure gets the largest scales that keep the error in every row, totals too; numbers of persons, and what clamping
    removes, are as precise, in proportion, as the most precise measure.

    Args:
        measures: The measures.
        bounds: What one person can contribute.
        keys: The grouping keys, and behind them those of grids.
        finish: What is computed from noisy cells.
        terms: The terms of the question.
        delta: The contract's δ.
        weights: The weight of each measure; that of numbers of persons is 1.

    Raises:
        InvalidInput: The terms give both or neither of a price and an error, or an error that does not fit the outputs.
    """
    if (terms.epsilon is None) == (terms.error is None):
        raise InvalidInput(Code.PRICE_INVALID, "Give either a price or an error.", "Use --epsilon, or --error.")
    most, even, selecting = reach(bounds), terms.error is not None, any(key.domain is None for key in keys)
    known = [(measure, moving_sizes(keys, measures, measure, most)) for measure in measures]
    over = [_sets(measures, number, finish, selecting=selecting) for number in range(len(measures))]
    shapes = [shape(measure, bounds, own, sets, pure=terms.pure, even=even) for (measure, own), sets in zip(known, over, strict=True)]
    if terms.epsilon is not None:
        asked = {like: parts for number, parts in parts_chosen(finish, terms).items() for like in alike(measures, number)}
        priced = [
            choices(measure, bounds, own, told(measures, number, finish.sets), asked[number], pure=terms.pure)
            if number in asked
            else shapes[number]
            for number, (measure, own) in enumerate(known)
        ]
        counted = [shape(PERSONS, bounds, (most,), [(0,)], pure=terms.pure, even=even)] if selecting else []
        rest = 1 - Fraction(str(terms.advise or 0))
        weighted = [one.weighted(weight, pure=terms.pure) for one, weight in zip(priced, weights, strict=True)]
        return by_price([*weighted, *counted], Fraction(str(terms.epsilon)), delta, pure=terms.pure, share=rest)
    noise = NoiseKind.DISCRETE_LAPLACE if terms.pure else NoiseKind.DISCRETE_GAUSSIAN
    shown = sum(measure.aggregate is not Aggregate.REMOVED for measure in measures)
    found = _ByError(measures[:shown], shapes[:shown], noise, sizes_for(keys, measures, None, most), finish, terms).strategies()
    removed = [_in_proportion(found, shapes, (), next(iter(one.known.values())).linf) for one in shapes[shown:]]
    return (*found, *removed, *([_in_proportion(found, shapes, (0,), 1)] if selecting else []))


def _sets(measures: Sequence[Measure], number: int, finish: Finish, *, selecting: bool) -> Sequence[Kept]:
    """Return the sets of keys of whose cells a measure is to tell: of sums along selected keys, the finest cells alone."""
    if measures[number].aggregate is Aggregate.REMOVED:
        return [()]
    sets = told(measures, number, finish.sets)
    finest = tuple(sorted({key for kept in sets for key in kept}))
    return [finest] if selecting and measures[number].kept is None else sets


def _in_proportion(strategies: Sequence[Strategy], shapes: Sequence[Shape], kept: Kept, bound: int) -> Strategy:
    """Return how a number to which a person adds so much is measured, so that half-width ÷ bound is that of the most precise measure."""
    finest = [(one[0].mechanism, next(iter(shape.known.values())).linf) for one, shape in zip(strategies, shapes, strict=False)]
    return strategy(finest[0][0].noise, {kept: bound * min(mechanism.scale / max(1, peak) for mechanism, peak in finest)})


class _ByError(NamedTuple):
    """A question that asks for an error. A scale stands for that of a measure's finest marginal; the others follow by its shape."""

    measures: Sequence[Measure]
    shapes: Sequence[Shape]
    noise: NoiseKind
    sizes: tuple[int, ...]
    finish: Finish
    terms: Terms

    def strategies(self) -> tuple[Strategy, ...]:
        """Return for each measure the largest scales for which every output keeps the error."""
        wanted: dict[int, float] = {}
        if any(isinstance(part, Covariance | Quantile) for output in self.finish.outputs for part in walk(output.value)):
            raise InvalidInput(
                Code.PRICE_INVALID,
                "No error can be asked for of quantiles, extremes, variances and what is made of these: it depends on the values.",
                "Use --epsilon; each cell carries its interval.",
            )
        for output in self.finish.outputs:
            for position, scale in self._demands(output).items() if output.noisy else ():
                wanted[position] = min(scale, wanted.get(position, scale))
        if any(position not in wanted for position in range(len(self.measures))):
            raise InvalidInput(
                Code.PRICE_INVALID,
                "An error can be asked for when each aggregate is itself a column of the table.",
                "Select the aggregates of HAVING, ORDER BY and computed columns too, or use --epsilon.",
            )
        return tuple(self._strategy(position, wanted[position]) for position in range(len(self.measures)))

    def _strategy(self, measure: int, scale: float) -> Strategy:
        return strategy(self.noise, {kept: scale * one for kept, one in self.shapes[measure].scales().items()})

    def _noises(self, measure: int, scale: float) -> list[Combined]:
        """Return the noise of each grouping set."""
        return [row_noise(self._strategy(measure, scale), self.sizes, kept, 1) for kept in self._told(measure)]

    def _told(self, measure: int) -> list[Kept]:
        """Return the grouping sets that a measure tells about."""
        return told(self.measures, measure, list(dict.fromkeys(self.finish.sets)))

    def _demands(self, output: Output) -> dict[int, float]:
        """Return the largest scales for which one output keeps the error, by measure."""
        error = Fraction(str(self.terms.error))
        if isinstance(output.value, Column):
            return {number: self._total_scale(number, error) for number in alike(self.measures, int(output.value.name[1:]))}
        if not isinstance(output.value, Average):
            return {}
        if self.terms.group_size is None:
            raise InvalidInput(Code.PRICE_INVALID, "The error of an average depends on the size of its group.", "Add --group-size.")
        pairs = (alike(self.measures, int(name[1:])) for name in (output.value.total, output.value.count))
        found: dict[int, float] = {}
        for total, count in zip(*pairs, strict=True):
            found |= self._average_scales(output.value, (total, count), error, self.terms.group_size)
        return found

    def _total_scale(self, measure: int, error: Fraction) -> float:
        """Return the largest scale that keeps the error of a count or sum."""
        units: Fraction = error * 10 ** self.measures[measure].digits
        known = list(self.shapes[measure].known)
        if len(known) == 1:
            widest = max(cells(self.sizes, known[0]) // cells(self.sizes, kept) for kept in self._told(measure))
            return scale_for_half_width(self.noise, units, widest, LEVEL)
        return _largest(lambda scale: all(noise.whole_half_width(LEVEL) <= units for noise in self._noises(measure, scale)))

    def _average_scales(self, average: Average, pair: tuple[int, int], error: Fraction, group_size: int) -> dict[int, float]:
        """Return the largest scales of a sum and a count, in proportion to their bounds, that keep an error."""
        peaks = {one: max(1, -self.measures[one].low, self.measures[one].high) for one in pair}

        def scales(factor: float) -> dict[int, float]:
            return {one: min(max(factor * peak, SMALLEST_SCALE), LARGEST_SCALE) for one, peak in peaks.items()}

        def keeps(factor: float) -> bool:
            noises = zip(*(self._noises(one, scale) for one, scale in scales(factor).items()), strict=True)
            return all(average_half_width(average, total, count, group_size) <= error for total, count in noises)

        return scales(_largest(keeps))


def average_half_width(average: Average, total: Combined, count: Combined, group_size: int) -> Fraction:
    """Return the expected half-width of an average over `group_size` rows, in the column's own units."""
    unit: int = 10**average.digits
    return expected_ratio_half_width(average_of(average, total, count, LEVEL), group_size) / unit


def average_of(average: Average, total: Combined, count: Combined, level: Fraction, one: int = 1) -> ratios.Average:
    """Return what is known about an average before it is measured, from the noise of its sum and count in units of 1/one."""
    return ratios.Average(sum_noise=total, count_noise=count, low=Fraction(average.low), high=Fraction(average.high), level=level, one=one)


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
