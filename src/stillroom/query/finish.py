"""From noisy cells to the released table: totals, averages, HAVING, ORDER BY and LIMIT. It sees noisy cells only."""

from __future__ import annotations

import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from stillroom.model.expression import Average, Column, walk
from stillroom.model.plan import leaves
from stillroom.model.release import Cell, Heading, Table
from stillroom.model.schema import EPOCH, Kind
from stillroom.privacy.intervals import joint_level, quantile
from stillroom.privacy.ratios import ratio_interval
from stillroom.query.estimates import Estimate, Plain, Row, estimate, exact
from stillroom.query.scales import LEVEL, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Key, NoisyCells, Order, Output, Plan


def finish(plan: Plan, headings: Sequence[str], cells: NoisyCells) -> Table:
    """Return the table that a plan's finish makes of noisy cells.

    Args:
        plan: The plan.
        headings: The names of the table's columns.
        cells: For each measure, its noisy leaf cells in canonical order.
    """
    rows = [_Row(plan, one, keys, sums) for one in plan.finish.sets for keys, sums in _totals(plan, one, cells)]
    if plan.finish.having is not None:
        rows = [row for row in rows if row.value(plan.finish.having).value is True]
    rows = _ordered(rows, plan.finish.order)
    last = None if plan.finish.limit is None else plan.finish.offset + plan.finish.limit
    shown = [row.cells() for row in rows[plan.finish.offset : last]]
    outputs = zip(headings, plan.finish.outputs, strict=True)
    return Table(headings=tuple(Heading(name=name, kind=o.kind, noisy=o.noisy) for name, o in outputs), rows=tuple(shown))


def _totals(plan: Plan, kept: tuple[int, ...], cells: NoisyCells) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Yield, for each combination of the kept keys in domain order, its positions in their domains and each measure's total.

    A total is the sum of its leaf cells, so that totals always agree with their parts.
    """
    sizes = [len(key.domain) for key in plan.keys]
    sums = {group: [0] * len(cells) for group in product(*(range(sizes[position]) for position in kept))}
    for index, leaf in enumerate(product(*(range(size) for size in sizes))):
        group = sums[tuple(leaf[position] for position in kept)]
        for number, measure in enumerate(cells):
            group[number] += measure[index]
    yield from sums.items()


class _Row:
    """One row of the table before it is cut down to its outputs."""

    def __init__(self, plan: Plan, kept: tuple[int, ...], positions: tuple[int, ...], sums: list[int]) -> None:
        """Remember the row's group and its noisy totals."""
        self.plan, self.kept, self.sums = plan, kept, sums
        shown = dict(zip(kept, positions, strict=True))
        self.terms = leaves(plan.keys, kept)
        self.keys: dict[str, Estimate] = {}
        for number, key in enumerate(plan.keys):
            value = _key_value(key, shown[number]) if number in shown else Estimate(None)
            self.keys |= {f"k{number}": value, f"g{number}": exact(Fraction(int(number not in shown)))}

    def value(self, node: Expression) -> Estimate:
        """Return an expression's value and interval; several noisy terms share the error probability (Bonferroni)."""
        atoms = _atoms(node)
        level = joint_level(LEVEL, max(1, len(atoms)))
        known: Row = {**self.keys, **{name: self._atom(atom, level) for name, atom in atoms.items()}}
        return estimate(node, known)

    def _atom(self, atom: Column | Average, level: Fraction) -> Estimate:
        """Return a noisy term with its interval at a level."""
        if isinstance(atom, Average):
            return self._average(atom, level)
        number = int(atom.name[1:])
        unit = 10 ** self.plan.measures[number].digits
        half = quantile(self.plan.mechanisms[number], self.terms, level)
        total = self.sums[number]
        return Estimate(Fraction(total, unit), Fraction(total - half, unit), Fraction(total + half, unit), noisy=True)

    def _average(self, atom: Average, level: Fraction) -> Estimate:
        """Return an average with its interval."""
        total, count = int(atom.total[1:]), int(atom.count[1:])
        known = ratio(atom, self.plan.mechanisms[total], self.plan.mechanisms[count], self.terms, level)
        found = ratio_interval(known, self.sums[total], self.sums[count])
        unit = 10**atom.digits
        return Estimate(found.value / unit, found.low / unit, found.high / unit, noisy=True, no_information=found.no_information)

    def cells(self) -> tuple[Cell, ...]:
        """Return the row's outputs."""
        return tuple(self._cell(output) for output in self.plan.finish.outputs)

    def _cell(self, output: Output) -> Cell:
        """Return one output as text."""
        found = self.value(output.value)
        if not output.noisy:
            totalled = isinstance(output.value, Column) and output.value.name[0] == "k" and int(output.value.name[1:]) not in self.kept
            return Cell(value=_text(found.value, output, ROUND_HALF_EVEN), totalled=totalled)
        return Cell(
            value=_text(found.value, output, ROUND_HALF_EVEN),
            low=_text(found.low, output, ROUND_FLOOR),
            high=_text(found.high, output, ROUND_CEILING),
            no_information=found.no_information,
        )


def _key_value(key: Key, position: int) -> Estimate:
    """Return a key's value; numbers and dates as rationals."""
    value = key.domain[position]
    if isinstance(value, int) and not isinstance(value, bool):
        return exact(Fraction(value, 10**key.digits))
    return exact(value)


def _atoms(node: Expression) -> dict[str, Column | Average]:
    """Return the noisy terms of an expression by name."""
    found: dict[str, Column | Average] = {}
    for part in walk(node):
        if isinstance(part, Average):
            found[f"{part.total}/{part.count}"] = part
        elif isinstance(part, Column) and part.name.startswith("m"):
            found[part.name] = part
    return found


def _text(value: Plain, output: Output, rounding: str) -> str | None:
    """Return a value as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if output.kind is Kind.DATE:
        return (EPOCH + datetime.timedelta(days=int(value))).isoformat()
    return decimal_text(value, output.digits, rounding)


def decimal_text(value: Fraction, digits: int, rounding: str) -> str:
    """Return a number with a fixed number of decimal places, correctly rounded."""
    scaled = value * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if rounding == ROUND_CEILING:
        whole += int(rest > 0)
    elif rounding == ROUND_HALF_EVEN:
        whole = round(scaled)
    with localcontext(prec=whole.bit_length() // 3 + 1 + digits):
        return f"{Decimal(whole).scaleb(-digits):f}"


def _ordered(rows: list[_Row], terms: tuple[Order, ...]) -> list[_Row]:
    """Sort rows; ties keep the order of sets and domains."""
    for term in reversed(terms):
        known = [(row.value(term.value).value, row) for row in rows]
        missing = [row for value, row in known if value is None]
        present = sorted((pair for pair in known if pair[0] is not None), key=lambda pair: _sort_key(pair[0]), reverse=term.descending)
        some = [row for _, row in present]
        rows = missing + some if term.nulls_first else some + missing
    return rows


def _sort_key(value: Plain) -> tuple[Fraction, str]:
    """Return a key that sorts numbers and truth values by size, and text by code point."""
    return (Fraction(0), value) if isinstance(value, str) else (Fraction(value or 0), "")
