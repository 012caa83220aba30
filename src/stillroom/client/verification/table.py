"""Whether the cells of a released table are what its noise makes of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.client.verification.chosen import check_values
from stillroom.client.verification.computed import check_computed, check_ranges, shown_units
from stillroom.client.verification.halves import alone, halves
from stillroom.client.verification.numerals import units_of
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.client.verification.rows import Label, labels
from stillroom.client.verification.sizes import keeps_selected
from stillroom.model.expression import Average, columns_of
from stillroom.model.measure import Aggregate
from stillroom.model.plan import leaves
from stillroom.model.schema import ORDERED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.client.verification.halves import Halves
    from stillroom.model.plan import Output, Plan
    from stillroom.model.release import Cell, Table

    Kept = tuple[int, ...]

LEVEL = 0.95
"""What intervals cover, at least."""

MOST_FINER = 300
"""No average has so many more decimal places than what is averaged."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen of a table: intervals that fit the noise, and totals that are the sums of their parts."""

    intervals: int
    totals: int


def check_table(plan: Plan, table: Table) -> Found:
    """Check every cell, the interval of every plain count and sum, and every plain total whose parts are shown.

    Columns that are made of keys, counts and sums are computed again where the table shows these too. A quantile that was chosen is that of
    a bucket, and has the ends of its column for an interval. All others are checked to lie within
    their intervals, averages within the contract's bounds, and variances and what is made of them within their known range.

    Raises:
        Broken: A row or cell does not fit.
    """
    for row in table.rows:
        expect("the number of cells of a row", len(row), len(table.headings))
    known = labels(plan, table)
    intervals = totals = 0
    for position, output in enumerate(plan.finish.outputs):
        cells = [row[position] for row in table.rows]
        if not output.noisy:
            require(all(_plain(cell) for cell in cells), f"column {table.headings[position].name} has no noise, and has intervals")
            check_computed(plan, table, position, known)
        elif output.measure is not None:
            units = _check_measure(plan, output, cells, known)
            intervals += len(units)
            totals += _check_totals(plan, units, known) if known and plan.measures[output.measure].aggregate is Aggregate.SUM else 0
        else:
            for cell in cells:
                _check_between(output, cell)
            check_ranges(plan, output, cells, table.shown)
            intervals += check_computed(plan, table, position, known) + check_values(plan, output, cells)
    return Found(intervals + _check_removed(plan, table), totals)


def _check_removed(plan: Plan, table: Table) -> int:
    """Check what clamping removed, number by number: of which columns, and its interval; return how many there are."""
    numbers = [number for number, one in enumerate(plan.measures) if one.aggregate is Aggregate.REMOVED]
    expect("how many numbers say what clamping removed", len(table.clamped), len(numbers))
    for number, found in zip(numbers, table.clamped, strict=True):
        measure = plan.measures[number]
        name = f"m{plan.measures.index(measure.model_copy(update={'aggregate': Aggregate.SUM}))}"
        pairs = zip(table.headings, plan.finish.outputs, strict=True)
        columns = tuple(heading.name for heading, output in pairs if name in columns_of(output.value))
        expect("the columns that clamping removed something from", found.columns, columns)
        value, low, high = (units_of(text, measure.digits) for text in (found.value, found.low, found.high))
        require(_fits(alone(plan, number, LEVEL), value, low, high), "the interval of what clamping removed is not what its noise gives")
    return len(numbers)


def _plain(cell: Cell) -> bool:
    """Tell whether a cell has nothing that only noisy cells have."""
    return cell.low is None and cell.high is None and not cell.no_information


def _check_measure(plan: Plan, output: Output, cells: Sequence[Cell], known: Sequence[Label] | None) -> list[int]:
    """Check the intervals of one measure's cells; return its values in units."""
    number = output.measure or 0
    expect("the decimal places of a measure's column", output.digits, plan.measures[number].digits + plan.finish.places)
    widths = [halves(plan, number, one, LEVEL) for one in plan.finish.sets]
    values = []
    for row, cell in enumerate(cells):
        value, low, high = (units_of(text, output.digits) for text in (cell.value, cell.low, cell.high))
        require(not cell.no_information and not cell.totalled, "a count or sum is marked as something else")
        possible = [widths[known[row].group]] if known else widths
        fits = any(_fits(one, value, low, high) for one in possible)
        require(fits, f"an interval of {high - low} units around a value is not what its noise gives")
        values.append(value)
    return values


def _fits(known: Halves, value: int, low: int, high: int) -> bool:
    """Tell whether an interval is as wide as it must be, and its value in the middle but for rounding.

    One that is kept from being negative is cut at 0, where at least half of it stays, and is wider where its value ends it.
    """
    if known.floored:
        narrowest = known.least if low == 0 else 2 * known.least
        return 0 <= low <= value <= high and narrowest <= high - low and (value in {low, high} or high - low <= 2 * known.most)
    centred = abs(low + high - 2 * value) <= 2 * known.offset
    return low <= value <= high and centred and 2 * known.least <= high - low <= 2 * known.most


def _check_totals(plan: Plan, values: Sequence[int], known: Sequence[Label]) -> int:
    """Compare totals with the sums of the finest cells that are shown, where one measure tells about both; return how many there were."""
    groups: defaultdict[tuple[int, ...], dict[tuple[int, ...], int]] = defaultdict(dict)
    for label, value in zip(known, values, strict=True):
        groups[plan.finish.sets[label.group]][label.positions] = value
    found = 0
    for selecting in (True, False):
        sets = [kept for kept in plan.finish.sets if keeps_selected(plan, kept) == selecting]
        finest = tuple(sorted({key for kept in sets for key in kept}))
        if finest in sets:
            parts = groups.get(finest, {})
            found += sum(_compared(plan, finest, parts, kept, groups.get(kept, {})) for kept in sets if kept != finest)
    return found


def _compared(plan: Plan, finest: Kept, cells: Mapping[Kept, int], kept: Kept, totals: Mapping[Kept, int]) -> int:
    """Compare the totals of one grouping set whose parts are all shown; return how many these were."""
    terms = leaves(plan.grouping, kept) // leaves(plan.grouping, finest)
    parts: defaultdict[Kept, list[int]] = defaultdict(list)
    for positions, value in cells.items():
        parts[tuple(positions[finest.index(key)] for key in kept)].append(value)
    complete = [positions for positions in totals if len(parts[positions]) == terms]
    for positions in complete:
        expect("a total", totals[positions], sum(parts[positions]))
    return len(complete)


def _check_between(output: Output, cell: Cell) -> None:
    """Check a cell that is neither key nor plain measure: its value lies in its interval, which is within known bounds."""
    require(not cell.totalled, "a computed value is marked as a total over a key")
    if output.kind not in ORDERED:
        require(cell.low is None and cell.high is None, "a column without numbers has intervals")
        return
    value, low, high = (None if text is None else shown_units(output, text) for text in (cell.value, cell.low, cell.high))
    if value is None or low is None or high is None:
        require(low is None and high is None, "an interval has one end")
        return
    require(low <= value <= high, "a value lies outside of its interval")
    if isinstance(output.value, Average):
        _check_average(output, output.value, low, high)


def _check_average(output: Output, average: Average, low: int, high: int) -> None:
    """Check that the interval of an average keeps to the bounds, rounded outward."""
    finer = output.digits - average.digits
    if not 0 <= finer <= MOST_FINER:
        raise Broken("an average is shown with fewer decimal places than what is averaged has, or with far more")
    require(average.low * 10**finer <= low and high <= average.high * 10**finer, "the interval of an average exceeds the contract's bounds")
