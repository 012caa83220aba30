"""The finish, written down once more: one row after the other, straight from what was measured, as slowly and plainly as possible.

It shares no code with `query.table.finish`, except for noise and its half-widths, and intervals of averages and quantiles, which have
tests of their own.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import itertools
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from stillroom.model.expression import Column
from stillroom.model.schema import Kind
from stillroom.privacy.quantiles import Grid, greatest_of, least_of, quantile_of
from stillroom.privacy.ratios import Average, ratio_interval
from stillroom.query.estimation import row_noise, sizes_of
from tests import reals, reference, windowing

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.expression import Expression
    from stillroom.model.marginal import Strategy
    from stillroom.model.plan import NoisyCells, Order, Output, Plan
    from stillroom.privacy.combined import Combined

    Shown = tuple[str | None, str | None, str | None, bool, bool]


class Guess(NamedTuple):
    """A value, the ends of its interval (rationals, or None), whether it is noisy, and whether nothing is known about it."""

    value: Any
    low: Any = None
    high: Any = None
    noisy: bool = False
    vague: bool = False


class Sheet(list["Line"]):
    """All rows of a table, and what was found out about them."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.known: dict[Any, Any] = {}


class Line(NamedTuple):
    """A row: the position of each key in its domain, or None where it is totalled over; the total of each measure; and all rows.

    Totals are in parts of a unit; `centres` are the same before rounding. Of measures with a grid, `levels` has the counts on each level;
    and `chosen` the bucket of each part that was chosen.
    """

    plan: Plan
    at: tuple[int | None, ...]
    totals: list[int]
    centres: list[Fraction]
    table: Sheet
    levels: list[list[Any]]
    chosen: list[dict[int, int]]

    @property
    def kept(self) -> tuple[int, ...]:
        """The keys that are not totalled over."""
        return tuple(key for key, position in enumerate(self.at) if position is not None)

    def noise(self, number: int, kept: tuple[int, ...] | None = None) -> Combined:
        """Return the noise of the total of a measure, in this row or in those of another grouping set."""
        kept = self.kept if kept is None else kept
        return row_noise(self.plan.strategies[of_set(self.plan, number, kept)], sizes_of(self.plan), kept, 10**self.plan.finish.places)

    def guess(self, node: Expression, level: Fraction = 1 - Fraction(1, 20)) -> Guess:
        """Return the value of an expression, at a level that its noisy terms share; windows ask for it once for each pair of rows."""
        known, key = self.table.known, (id(self), node, level)
        if key not in known:
            known[key] = self._shared(node, level)
        found: Guess = known[key]
        return found

    def _shared(self, node: Expression, level: Fraction) -> Guess:
        return self._guess(node, 1 - (1 - level) / max(1, _noisy_terms(node)))

    def _guess(self, node: Any, level: Fraction) -> Guess:  # noqa: ANN401 - a node of any kind
        match node.op:
            case "column":
                return self._column(node.name, level)
            case "constant":
                return _known(Fraction(node.value, 10**node.digits) if type(node.value) is int else node.value)
            case "average":
                return self._average(node, level)
            case "over":
                return windowing.said(node, self, level)
            case "quantile":
                return self._quantile(node, level)
            case "case":
                whens = [self._guess(branch.when, level) for branch in node.branches]
                thens = [self._guess(branch.then, level) for branch in node.branches]
                return _case(whens, thens, self._guess(node.otherwise, level))
        operands = [self._guess(child, level) for child in _children(node)]
        if node.op in {"arithmetic", "divide"}:
            return _computed(node, *operands)
        if node.op in _AFTER:
            return _AFTER[node.op](node, operands)
        return Guess(_truth(node, [operand.value for operand in operands]), noisy=any(operand.noisy for operand in operands))

    def _column(self, name: str, level: Fraction) -> Guess:
        number = int(name[1:])
        if name[0] == "m":
            unit = 10 ** (self.plan.measures[number].digits + self.plan.finish.places)
            total, half, middle = (
                self.totals[number],
                self.noise(number).whole_half_width(level),
                math.floor(self.centres[number] + Fraction(HALF)),
            )
            low, high = middle - half, middle + half
            if self.plan.is_nonnegative(number):
                low, high = (max(low, 0), high) if middle >= 0 else (0, half)
            ends = min(total, low), max(total, high)
            return Guess(Fraction(total, unit), Fraction(ends[0], unit), Fraction(ends[1], unit), noisy=True)
        position, key = self.at[number], self.plan.keys[number]
        if name[0] == "g":
            return _known(Fraction(position is None))
        value = None if position is None else key.listed[position]
        return _known(Fraction(value, 10**key.digits) if type(value) is int else value)

    def _average(self, node: Any, level: Fraction) -> Guess:  # noqa: ANN401 - an average
        total, count = int(node.total[1:]), int(node.count[1:])
        one = 10**self.plan.finish.places
        model = Average(self.noise(total), self.noise(count), Fraction(node.low), Fraction(node.high), level, one)
        ratio = Fraction(self.totals[total], max(one, self.totals[count]))
        shown = sorted([Fraction(node.low), ratio, Fraction(node.high)])[1]
        found = ratio_interval(model, self.centres[total], self.centres[count], shown)
        value, low, high = (Fraction(end, 10**node.digits) for end in found[:3])
        return Guess(value, low, high, noisy=True, vague=found.no_information)

    def _quantile(self, node: Any, level: Fraction) -> Guess:  # noqa: ANN401 - a quantile
        number = int(node.measure[1:])
        if self.chosen[number]:
            return self._chosen(node, self.chosen[number][node.part])
        noises = tuple(one.mechanism for one in self.plan.strategies[number][::-1])
        branches = tuple(len(self.plan.keys[key].listed) for key in self.plan.measures[number].grid)
        terms = math.prod(len(key.listed) for key, position in zip(self.plan.grouping, self.at, strict=True) if position is None)
        grid, counts = Grid(noises, branches, terms, node.low, node.high, node.width, node.step), self.levels[number]
        match node.part:
            case 0:
                found = least_of(grid, counts, level)
            case 1_000_000:
                found = greatest_of(grid, counts, level)
            case _:
                found = quantile_of(grid, counts, Fraction(node.part, 1_000_000), level)
        value, low, high = (Fraction(end) / 10**node.digits for end in found[:3])
        return Guess(value, low, high, noisy=True, vague=found.no_information)

    def _chosen(self, node: Any, bucket: int) -> Guess:  # noqa: ANN401 - a quantile
        first = node.low + bucket * node.width
        values = range(first, min(first + node.width, node.high + 1), node.step) or [node.high]
        value, low, high = (Fraction(end, 10**node.digits) for end in (values[(len(values) - 1) // 2], node.low, node.high))
        return Guess(value, low, high, noisy=True, vague=True)

    def show(self, output: Output) -> Shown:
        """Return a cell: value, low, high, whether nothing is known, whether the key is totalled over."""
        found = self.guess(output.value)
        if any(isinstance(number, Fraction) and abs(number) >= 10**300 for number in found[:3]):
            found = Guess(None, noisy=True, vague=True)
        value = _text(found.value, output, round)
        if output.noisy:
            return value, _text(found.low, output, math.floor), _text(found.high, output, math.ceil), found.vague, False
        name = getattr(output.value, "name", "")
        return value, None, None, False, name[:1] == "k" and self.at[int(name[1:])] is None


def of_set(plan: Plan, number: int, kept: tuple[int, ...]) -> int:
    """Return the number of the measure that says what a measure is in a grouping set."""
    wanted = plan.measures[number].model_copy(update={"kept": kept})
    return number if plan.measures[number].kept is None else next(place for place, one in enumerate(plan.measures) if one == wanted)


def finished(plan: Plan, cells: NoisyCells) -> list[list[Shown]]:
    """Return the table that a plan's finish makes of noisy cells."""
    every = list(zip(plan.measures, plan.strategies, cells, strict=True))
    apart = [measure.kept is not None or measure.aggregate == "removed" or bool(measure.grid) for measure in plan.measures]
    known = [[] if other else _estimated(plan, strategy, own) for other, (_, strategy, own) in zip(apart, every, strict=True)]
    known = [_raised(plan, own) if own and plan.is_nonnegative(number) else own for number, own in enumerate(known)]
    lines = Sheet()
    for kept in plan.finish.sets:
        places = [range(len(key.listed)) if number in kept else [None] for number, key in enumerate(plan.grouping)]
        for at in itertools.product(*places):
            mine = [[value for place, value in own if _agree(at, place)] for own in known]
            totals = [sum(total for total, _ in one) for one in mine]
            centres = [sum((centre for _, centre in one), Fraction(0)) for one in mine]
            for number in (number for number, measure in enumerate(plan.measures) if measure.kept is not None):
                own = cells[of_set(plan, number, kept)][0][_places(plan, kept).index(at)] * 10**plan.finish.places
                centres[number] = Fraction(own)
                totals[number] = max(0, own) if plan.is_nonnegative(number) else own
            chosen = [_chosen(plan, at, strategy, own) for _, strategy, own in every]
            levels = [
                _levels(plan, at, strategy, own) if one.grid and not found else []
                for (one, strategy, own), found in zip(every, chosen, strict=True)
            ]
            lines.append(Line(plan, at, totals, centres, lines, levels, chosen))
    finish = plan.finish
    shown: list[Line] = [line for line in lines if finish.having is None or line.guess(finish.having).value is True]
    for term in reversed(finish.order):
        shown = _ordered(shown, term)
    shown = shown[finish.offset :]
    return [[line.show(output) for output in finish.outputs] for line in shown[: finish.limit]]


def _levels(plan: Plan, at: tuple[int | None, ...], strategy: Strategy, cells: tuple[tuple[int, ...], ...]) -> list[Any]:
    """Return the counts of a row on each level, the top first."""
    found = []
    for one, own in zip(strategy, cells, strict=True):
        places = _places(plan, one.kept)
        size = len(own) // len(places)
        mine = [own[number * size : (number + 1) * size] for number, place in enumerate(places) if _agree(at, place)]
        found.append(np.array([float(sum(counts)) for counts in zip(*mine, strict=True)]))
    return found[::-1]


def _chosen(plan: Plan, at: tuple[int | None, ...], strategy: Strategy, cells: tuple[tuple[int, ...], ...]) -> dict[int, int]:
    """Return the bucket of each part that was chosen for a row, whose group is one of those of its grouping set."""
    found = {}
    for one, own in zip(strategy, cells, strict=True):
        places = _places(plan, one.kept)
        if one.part is not None and at in places:
            found[one.part] = own[places.index(at)]
    return found


def _agree(at: tuple[int | None, ...], place: tuple[int | None, ...]) -> bool:
    return all(one is None or other is None or one == other for one, other in zip(at, place, strict=True))


def _places(plan: Plan, kept: tuple[int, ...]) -> list[tuple[int | None, ...]]:
    return list(itertools.product(*(range(len(key.listed)) if number in kept else [None] for number, key in enumerate(plan.grouping))))


HALF = 0.5 + 2**-20
"""Halves are rounded up, whichever way doubles err."""

Estimated: TypeAlias = "list[tuple[tuple[int | None, ...], tuple[int, Fraction]]]"
"""What adds up to totals: where it lies, and its value after rounding and before, in parts of a unit."""


def _estimated(plan: Plan, strategy: Strategy, cells: tuple[tuple[int, ...], ...]) -> Estimated:
    """Return the one marginal as it is, or leaf cells from several: any solution of the least squares, as all have the same totals."""
    one = 10**plan.finish.places
    if len(strategy) == 1:
        return [
            (place, (value * one, Fraction(value * one))) for place, value in zip(_places(plan, strategy[0].kept), cells[0], strict=True)
        ]
    leaves = _places(plan, tuple(range(len(plan.grouping))))
    rows = [(place, 1 / part.mechanism.scale) for part in strategy for place in _places(plan, part.kept)]
    matrix = np.array([[weight * _agree(place, leaf) for leaf in leaves] for place, weight in rows])
    sums = np.array([value * weight for (_, weight), value in zip(rows, itertools.chain(*cells), strict=True)])
    centres = np.linalg.lstsq(matrix, sums, rcond=1e-12)[0] * one
    return list(zip(leaves, zip(_rounded(leaves, centres.tolist()), map(Fraction, centres.tolist()), strict=True), strict=True))


def _rounded(leaves: list[Any], centres: list[float]) -> list[int]:
    """Return each leaf as the alternating sum, over the corners of the box from the first leaf to it, of rounded sums of such boxes."""
    sums = {leaf: sum(centre for place, centre in zip(leaves, centres, strict=True) if _inside_box(place, leaf)) for leaf in leaves}
    below = {leaf: math.floor(HALF + total) for leaf, total in sums.items()}
    corners = [itertools.product(*((place, place - 1) for place in leaf)) for leaf in leaves]
    return [
        sum((-1) ** (sum(leaf) - sum(corner)) * below.get(corner, 0) for corner in own) for leaf, own in zip(leaves, corners, strict=True)
    ]


def _raised(plan: Plan, cells: Estimated) -> Estimated:
    """Return cells of at least 0, from the coarsest grouping sets to all that is told apart, with what they were before all that."""
    every = tuple(key for key, position in enumerate(cells[0][0]) if position is not None)
    own = {place: value for place, (value, _) in cells}
    done: dict[tuple[int, ...], dict[Place, int]] = {}
    sets = {tuple(key for key in kept if key in every) for kept in plan.finish.sets} | {every}
    for kept in sorted(sets, key=lambda one: (len(one), one)):
        parts = _totals(own, kept)
        inside = [one for one in done if set(one) < set(kept)]
        largest = sorted((one for one in inside if not any(set(one) < set(other) for other in inside)), reverse=True)
        for one in largest * 8:
            for number, (place, total) in enumerate(done[one].items()):
                line = [part for part in parts if _total(part, one) == place]
                parts.update(zip(line, _divided([parts[part] for part in line], total, number), strict=True))
        done[kept] = parts if largest else {place: max(0, value) for place, value in parts.items()}
    return [(place, (done[every][place], centre)) for place, (_, centre) in cells]


Place: TypeAlias = "tuple[int | None, ...]"


def _total(place: Place, kept: tuple[int, ...]) -> Place:
    return tuple(position if key in kept else None for key, position in enumerate(place))


def _totals(cells: dict[Place, int], kept: tuple[int, ...]) -> dict[Place, int]:
    totals: dict[Place, int] = {}
    for place, value in cells.items():
        totals[_total(place, kept)] = totals.get(_total(place, kept), 0) + value
    return totals


def _divided(parts: list[int], total: int, number: int) -> list[int]:
    """Take from all parts, down to 0, the most that leaves at least the total; take the rest from what is left, one by one in a circle."""
    if total == 0:
        return [0] * len(parts)
    low, high = min(parts) - total - 1, max(parts) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sum(max(0, part - middle) for part in parts) >= total else (low, middle)
    left = [max(0, part - low) for part in parts]
    ranked = [position for position in sorted(range(len(parts)), key=lambda position: -parts[position]) if left[position]]
    rest = sum(left) - total
    for rank, position in enumerate(ranked):
        left[position] -= (rank + number) % len(ranked) < rest
    return left


def _inside_box(place: tuple[int, ...], corner: tuple[int, ...]) -> bool:
    return all(one <= other for one, other in zip(place, corner, strict=True))


def _ordered(lines: list[Line], term: Order) -> list[Line]:
    known = [(line.guess(term.value).value, line) for line in lines]
    missing = [line for value, line in known if value is None]
    present = sorted([pair for pair in known if pair[0] is not None], key=lambda pair: pair[0], reverse=term.descending)
    some = [line for _, line in present]
    return missing + some if term.nulls_first else some + missing


def _known(value: Any) -> Guess:  # noqa: ANN401 - a value of any kind
    return Guess(value, value, value) if isinstance(value, Fraction) else Guess(value)


def _computed(node: Any, left: Guess, right: Guess) -> Guess:  # noqa: ANN401 - arithmetic or a quotient
    noisy, divides = left.noisy or right.noisy, node.op == "divide"
    operation: Callable[[Fraction, Fraction], Fraction] = _OPERATIONS["divide" if divides else node.operation]
    if left.value is None or right.value is None or (divides and right.value == 0):
        return Guess(None, noisy=noisy, vague=noisy if divides else left.vague or right.vague)
    value = operation(left.value, right.value)
    ends = [end for one in (left, right) for end in (one.low, one.high)]
    if None in ends or (divides and ends[2] <= 0 <= ends[3]):
        return Guess(value, noisy=noisy, vague=noisy)
    corners = [operation(a, b) for a in ends[:2] for b in ends[2:]]
    return Guess(value, min(corners), max(corners), noisy, _vague(left, right))


def _vague(*operands: Guess) -> bool:
    flags = {operand.vague for operand in operands if operand.noisy}
    return flags == {True}


def _case(whens: list[Guess], thens: list[Guess], otherwise: Guess) -> Guess:
    results = [*thens, otherwise]
    chosen = [then for when, then in zip(whens, thens, strict=True) if when.value is True] + [otherwise]
    if not any(when.noisy for when in whens):
        return chosen[0]
    ends = [end for one in results for end in (one.low, one.high)]
    if None in ends or not isinstance(chosen[0].value, Fraction):
        return Guess(chosen[0].value, noisy=True, vague=True)
    return Guess(chosen[0].value, min(ends), max(ends), noisy=True, vague=_vague(*results))


def _after(node: Any, operands: list[Guess]) -> Guess:  # noqa: ANN401 - a function
    """Return a function: its value, and its extremes, which are at the ends of intervals, and at 0 for ABS."""
    values = [operand.value for operand in operands]
    if node.function in reals.FUNCTIONS:
        pair = reals.ends_of(node, [(one.low, one.high) for one in operands], [one.noisy for one in operands])
        return _ended(reals.value_of(node, values), pair, operands)
    value = _function(node, values, round_half_away)
    if not any(operand.noisy for operand in operands):
        return _known(value)
    counted = [one for one in operands if one.noisy or one.value is not None]
    if node.function == "coalesce":
        counted = counted[:1]
    if node.function == "nullif" and operands[1] == Guess(None):
        return operands[0]
    several = node.function in {"greatest", "least", "coalesce"}
    vague = all(one.vague for one in counted if one.noisy) if several else operands[0].vague
    ends = [(one.low, one.high) for one in counted]
    if any(None in pair for pair in ends) or not isinstance(value, Fraction) or (node.function == "sqrt" and ends[0][0] < 0):
        lost = node.function in {"greatest", "least", "coalesce", "nullif", "sqrt"}
        return Guess(value, noisy=True, vague=lost or vague)
    if node.function == "nullif":
        meet = ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1]
        return Guess(value, noisy=True, vague=True) if meet else Guess(value, *ends[0], noisy=True, vague=vague)
    low, high = (_function(node, [pair[side] for pair in ends], toward) for side, toward in enumerate((math.floor, math.ceil)))
    if node.function == "abs":
        low, high = (Fraction(0) if ends[0][0] <= 0 <= ends[0][1] else min(low, high)), max(low, high)
    return Guess(value, low, high, noisy=True, vague=vague)


def _call(node: Any, operands: list[Guess]) -> Guess:  # noqa: ANN401 - a function of rows
    columns = zip(*((one.value, (one.low, one.high), one.noisy) for one in operands), strict=True)
    return _ended(*reals.called(node.function, *map(list, columns)), operands)


def _ended(value: Any, ends: tuple[Any, Any], operands: list[Guess]) -> Guess:  # noqa: ANN401 - a value of any kind
    if not any(one.noisy for one in operands):
        return _known(value)
    if not isinstance(value, Fraction) or None in ends:
        return Guess(value, noisy=True, vague=True)
    return Guess(value, ends[0], ends[1], noisy=True, vague=_vague(*operands))


def round_half_away(number: Any) -> int:  # noqa: ANN401 - a rational or decimal number
    size: int = math.floor(abs(number) + type(number)(1) / 2)
    return size if number >= 0 else -size


def _function(node: Any, values: list[Any], toward: Callable[[Any], int]) -> Any:  # noqa: ANN401 - values of any kind
    """Return what a function makes of values; `toward` is how roots are rounded."""
    some = [value for value in values if value is not None]
    first = values[0] if values else None
    match node.function:
        case "greatest" | "least":
            return (max if node.function == "greatest" else min)(some) if some else None
        case "coalesce":
            return some[0] if some else None
        case "nullif":
            return None if len(values) > 1 and values[0] == values[1] else first
        case _ if first is None or (node.function == "sqrt" and first < 0):
            return None
        case "sqrt":
            with decimal.localcontext(prec=1000):
                root = (decimal.Decimal(first.numerator) / decimal.Decimal(first.denominator)).sqrt() * 10**18
                near = root.to_integral_value()
                return Fraction(int(near) if abs(root - near) < decimal.Decimal("1e-300") else toward(root), 10**18)
        case "round" | "trunc":
            unit, whole = Fraction(10) ** node.digits, round_half_away if node.function == "round" else math.trunc
            return Fraction(whole(first * unit)) / unit
        case "floor":
            return Fraction(math.floor(first))
        case "ceil":
            return Fraction(math.ceil(first))
        case "sign":
            return Fraction(1 if first > 0 else -1 if first < 0 else 0)
        case _:
            return abs(first)


def _inside(found: Guess, low: Fraction, high: Fraction) -> Guess:
    """Return a number within its known range, and its interval, of which at least half stays."""
    if found.value is None:
        return found
    value = sorted([low, found.value, high])[1]
    if found.low is None:
        return Guess(value, noisy=found.noisy, vague=found.vague)
    half = (found.high - found.low) / 2
    ends = max(low, min(found.low, high - half)), min(high, max(found.high, low + half))
    return Guess(value, *ends, found.noisy, found.noisy and ends == (low, high))


def _covariance(node: Any, operands: list[Guess]) -> Guess:  # noqa: ANN401 - a covariance
    """Return Σxy/n - ΣxΣy/n², at all corners of what is known and where it turns in 1/n."""
    count, left, right, product = operands
    rows = [max(Fraction(1), one) for one in count[:3]]
    squares = [one**2 for one in left[1:3]] if node.left == node.right else [one * other for one in left[1:3] for other in right[1:3]]
    if node.left == node.right and left.low <= 0 <= left.high:
        squares.append(Fraction(0))
    corners = []
    for total, square in itertools.product(product[1:3], squares):
        turn = 2 * square / total if total else rows[1]
        places = [rows[1], rows[2], *([turn] if rows[1] <= turn <= rows[2] else [])]
        corners += [total / place - square / place**2 for place in places]
    value = product.value / rows[0] - left.value * right.value / rows[0] ** 2
    bounds = Fraction(node.low, 10**node.digits), Fraction(node.high, 10**node.digits)
    found = _inside(Guess(value, min(corners), max(corners), noisy=True), *bounds)
    if not node.sample:
        return found
    factors = [max(Fraction(2), one) / (max(Fraction(2), one) - 1) for one in count[:3]]
    ends = [end * factor for end in found[1:3] for factor in factors[1:]]
    return Guess(found.value * factors[0], min(ends), max(ends), noisy=True, vague=found.vague)


_AFTER: dict[str, Callable[[Any, list[Guess]], Guess]] = {
    "after": _after,
    "call": _call,
    "bounded": lambda node, operands: _inside(operands[0], Fraction(node.low), Fraction(node.high)),
    "covariance": _covariance,
}

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
    "divide": lambda left, right: left / right,
}


def _children(node: Any) -> list[Any]:  # noqa: ANN401 - a node of any kind
    if node.op == "case":
        return [part for branch in node.branches for part in (branch.when, branch.then)] + [node.otherwise]
    if node.op == "covariance":
        return [node.count, node.left, node.right, node.product]
    return [getattr(node, name) for name in ("left", "right", "operand") if hasattr(node, name)] + list(getattr(node, "operands", ()))


@functools.cache
def _noisy_terms(node: Expression) -> int:
    """Return how many different noisy terms an expression has."""
    terms = {str(part) for part in _parts(node) if part.op in {"average", "quantile", "over"} or part.op == "column"}
    return len([term for term in terms if re.search("'m[0-9]", term)])


def _parts(node: Any) -> list[Any]:  # noqa: ANN401 - a node of any kind
    below = [] if node.op == "over" else _children(node)
    return [node] + [part for child in below for part in _parts(child)]


def _truth(node: Any, values: list[Any]) -> bool | None:  # noqa: ANN401 - a condition
    if node.op == "is_null":
        return values[0] is None
    if node.op in {"all", "any"}:
        decisive = node.op == "any"
        return decisive if decisive in values else None if None in values else not decisive
    return None if None in values else bool(_TRUTHS[node.op](node, *values))


_TRUTHS: dict[str, Callable[..., Any]] = {
    "not": lambda _, value: not value,
    "among": lambda node, value: (
        value in [Fraction(one.value, 10**one.digits) if type(one.value) is int else one.value for one in node.values]
    ),
    "like": lambda node, value: reference.evaluate(node.model_copy(update={"operand": Column(name="it")}), {"it": value}),
    "compare": lambda node, left, right: {"eq": left == right, "ne": left != right, "lt": left < right, "le": left <= right}[
        node.comparison
    ],
}


def _whole(value: Fraction, rounded: Callable[[Fraction], int]) -> int:
    """Return the day or second of a value, or the one that an end of its interval is rounded to."""
    return int(value) if rounded is round else rounded(value)


def _text(value: Any, output: Output, rounded: Callable[[Fraction], int]) -> str | None:  # noqa: ANN401 - a value of any kind
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if output.kind is Kind.DATE:
        return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=_whole(value, rounded)))
    if output.kind is Kind.TIMESTAMP:
        return str(datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=_whole(value, rounded)))  # noqa: DTZ001 - timestamps have no time zone
    units = rounded(value * 10**output.digits)
    whole, rest = divmod(abs(units), 10**output.digits)
    return "-" * (units < 0) + str(whole) + (f".{rest:0{output.digits}}" if output.digits else "")
