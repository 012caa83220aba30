"""Whether computed columns of a released table are what their row says: the totals that they are made of, where those are shown too."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.verification.calendar import CALENDAR_KINDS, calendar_text, calendar_value
from stillroom.client.verification.functions import Known, root_at_least, root_at_most, sure
from stillroom.client.verification.halves import halves, sum_halves
from stillroom.client.verification.meaning import known
from stillroom.client.verification.numerals import decimal_text, units_of
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.client.verification.rows import value_at
from stillroom.client.verification.windows import said
from stillroom.model.after import ScalarFunction
from stillroom.model.expression import (
    After,
    Average,
    Bounded,
    Call,
    Column,
    Constant,
    Covariance,
    Over,
    Quantile,
    children,
    columns_of,
    walk,
)
from stillroom.model.release import LARGEST
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.client.verification.functions import Plain
    from stillroom.client.verification.halves import Halves
    from stillroom.client.verification.rows import Label
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Output, Plan
    from stillroom.model.release import Cell, Table
    from stillroom.model.selection import Shown

ERROR = 0.05
"""How often an interval may miss, at most; the terms of an expression share it."""

MOST_FRAMED = 3_000
"""Windows with frames are not computed again for more rows."""


def check_ranges(plan: Plan, output: Output, cells: Sequence[Cell], selected: Sequence[Shown]) -> None:
    """Check that cells keep to what is known of their column whatever the noise: of a covariance, its measures' bounds.

    A cell is a value of its column's kind, whoever computed it: a date or timestamp as it is written, true or false, or a text that the
    question or a key has. So none can carry anything else, but for a text that a function makes of results, which is seen to be right where
    it is computed again.

    Raises:
        Broken: A range is narrower than the measures' bounds allow, or a cell leaves it, or is no value of its kind.
    """
    for node in walk(output.value):
        if isinstance(node, Covariance):
            _check_range(plan, node)
    low, high = known_range(output.value)
    texts = _texts(plan, output, selected)
    given = not isinstance(output.value, Quantile) or all(cell.value is not None for cell in cells)
    require(given, "a quantile is NULL")
    for text in (text for cell in cells for text in (cell.value, cell.low, cell.high)):
        if text is None:
            continue
        if output.kind in {Kind.TEXT, Kind.BOOLEAN}:
            require(texts is None or text in texts, "a cell holds a text that neither the question nor a key has")
            continue
        if output.kind in CALENDAR_KINDS:
            day = calendar_value(output.kind, text)
            require(
                (low is None or low <= day) and (high is None or day <= high), "a date leaves the range that is known without any noise"
            )
            continue
        units = units_of(text, output.digits)
        above = low is None or units >= math.floor(low * 10**output.digits)
        below = high is None or units <= math.ceil(high * 10**output.digits)
        require(above and below, "a value or interval leaves the range that is known without any noise")


def _texts(plan: Plan, output: Output, selected: Sequence[Shown]) -> frozenset[str] | None:
    """Return all texts that a column can show: those that stand in its expression, and those of the keys that it reads.

    None where functions make others.
    """
    if output.kind is Kind.BOOLEAN:
        return frozenset({"true", "false"})
    if any(isinstance(part, Call) for part in walk(output.value)):
        return None
    written = {part.value for part in walk(output.value) if isinstance(part, Constant) and isinstance(part.value, str)}
    keys = [int(name[1:]) for name in columns_of(output.value) if name.startswith("k")]
    known = {value for key in keys for value in (*plan.keys[key].listed, *(one.keys[key] for one in selected if key < plan.selected))}
    return frozenset(written | {value for value in known if isinstance(value, str)})


def known_range(node: Expression) -> tuple[Fraction | None, Fraction | None]:
    """Return the range of an expression, whatever the noise; None where there is no end."""
    match node:
        case Covariance():
            most = 2 if node.sample else 1
            return Fraction(most * node.low, 10**node.digits), Fraction(most * node.high, 10**node.digits)
        case Bounded():
            return Fraction(node.low), Fraction(node.high)
        case Quantile():
            return Fraction(node.low, 10**node.digits), Fraction(node.high, 10**node.digits)
        case After(function=ScalarFunction.SQRT):
            low, high = (None if end is None else max(end, Fraction(0)) for end in known_range(node.operands[0]))
            return Fraction(0) if low is None else root_at_most(low), None if high is None else root_at_least(high)
        case _:
            return None, None


def _check_range(plan: Plan, node: Covariance) -> None:
    """Compare the range of a covariance with the bounds of its sums: the product of the widths, by 4 (Popoviciu; Cauchy and Schwarz)."""
    sides = [part.name for part in (node.left, node.right) if isinstance(part, Column) and part.name.startswith("m")]
    if len(sides) < len((node.left, node.right)):
        raise Broken("a covariance is not of two measures")
    measures = [plan.measures[int(name[1:])] for name in sides]
    most = math.prod(Fraction(one.row_high - one.row_low, 10**one.digits) for one in measures) / 4
    least = Fraction(0) if sides[0] == sides[1] else -most
    enough = Fraction(node.low, 10**node.digits) <= least and most <= Fraction(node.high, 10**node.digits)
    require(enough, "the range of a covariance is narrower than the bounds of its measures allow")


def check_computed(plan: Plan, table: Table, position: int, labels: Sequence[Label] | None) -> int:
    """Compute a column again from the totals and keys that its rows show, if they show all that it is made of.

    Values must be just so. Half-widths are known up to numerical error, so that an interval must lie between that of the least and that
    of the greatest ones. A column that is made of averages or quantiles is not computed again, nor is one with a window that sees other
    rows than the table shows, or has a frame over many.

    Returns:
        How many cells were computed.

    Raises:
        Broken: One is something else.
    """
    output = plan.finish.outputs[position]
    shown = _shown(plan)
    names = {name for name in columns_of(output.value) if name.startswith("m")}
    derived = any(isinstance(node, Average | Quantile) for node in walk(output.value))
    if labels is None or derived or not names <= set(shown) or not _seen(plan, output.value, len(table.rows)):
        return 0
    lines = [_Line(plan, row, label, shown, table.shown) for row, label in zip(table.rows, labels, strict=True)]
    narrow, wide = (_understood(output.value, _Sheet(lines, more=more)) for more in (False, True))
    for row, *ends in zip(table.rows, narrow, wide, strict=True):
        _compare(output, row[position], *ends)
    return len(table.rows)


def _seen(plan: Plan, node: Expression, rows: int) -> bool:
    """Tell whether the windows of an expression see just the rows that the table shows, and have no frame over many of them."""
    finish, windows = plan.finish, [part for part in walk(node) if isinstance(part, Over)]
    if any(one.rows != finish.having or (one.extent is not None and rows > MOST_FRAMED) for one in windows):
        return False
    return not windows or (finish.limit is None and not finish.offset)


def _understood(node: Expression, sheet: _Sheet) -> list[Known]:
    """Return the values of an expression whose operands may be of any kind and number."""
    try:
        return sheet.column(node, 1 - ERROR)
    except (TypeError, ValueError, IndexError, ArithmeticError):
        raise Broken("a column is made of values that do not go together") from None


def _shown(plan: Plan) -> Mapping[str, int]:
    """Return the columns of the table that show a measure as it is, by its name."""
    found = {}
    for column, output in enumerate(plan.finish.outputs):
        if isinstance(output.value, Column) and output.value.name.startswith("m"):
            found[output.value.name] = column
    return found


class _Line(NamedTuple):
    """A row of the table, with what it takes to read it.

    Attributes:
        plan: The plan.
        cells: What the row shows.
        label: Which row it is.
        shown: The columns that show measures, by the names of these.
        selected: The combinations of selected keys that are shown.
    """

    plan: Plan
    cells: Sequence[Cell]
    label: Label
    shown: Mapping[str, int]
    selected: Sequence[Shown]

    @property
    def kept(self) -> tuple[int, ...]:
        """The keys that are not totalled over."""
        return self.plan.finish.sets[self.label.group]

    def column(self, name: str, level: float, *, more: bool) -> Known:
        """Return what the row says of a key or total; half-widths as wide as they may be, or as narrow."""
        if not name.startswith("m"):
            return sure(self._key(name))
        number = int(name[1:])
        known = halves(self.plan, number, self.kept, level)
        if not known.floored:
            return _around(self.total(number), _half(known, more=more), self.places(number))
        unit: int = 10 ** self.places(number)
        low, high = self._floored(number, level, more=more)
        return Known(Fraction(self.total(number), unit), Fraction(low, unit), Fraction(high, unit))

    def places(self, number: int) -> int:
        """Return in how many decimal places the row shows a measure."""
        return self.plan.measures[number].digits + self.plan.finish.places

    def total(self, number: int) -> int:
        """Return the total of a measure that the row shows, in units."""
        return units_of(self.cells[self.shown[f"m{number}"]].value, self.places(number))

    def _floored(self, number: int, level: float, *, more: bool) -> tuple[int, int]:
        """Return the interval of a total that is kept from being negative, around a middle that the end of its own interval tells.

        Where that end is the total itself, the interval was widened to it, or just reaches it: the middle is no higher than it tells.
        """
        total, high = self.total(number), units_of(self.cells[self.shown[f"m{number}"]].high, self.places(number))
        own, known = halves(self.plan, number, self.kept, 1 - ERROR), halves(self.plan, number, self.kept, level)
        least, most = (0 if high == total else max(0, high - own.most)), max(0, high - own.least)
        if more:
            return min(total, max(0, least - known.most)), max(total, most + known.most)
        return min(total, max(0, most - known.least)), max(total, least + known.least)

    def _key(self, name: str) -> Plain:
        number = int(name[1:])
        if name.startswith("g"):
            return Fraction(number not in self.kept)
        if number not in self.kept:
            return None
        value = value_at(self.plan, self.selected, number, self.label.positions[self.kept.index(number)])
        return Fraction(value, 10 ** self.plan.keys[number].digits) if isinstance(value, int) and not isinstance(value, bool) else value


class _Sheet(NamedTuple):
    """All rows of the table; half-widths as wide as they may be, or as narrow."""

    lines: Sequence[_Line]
    more: bool

    @property
    def canonical(self) -> list[int]:
        """The numbers of the rows, by grouping set and keys."""
        return sorted(range(len(self.lines)), key=lambda row: self.lines[row].label)

    def column(self, node: Expression, level: float) -> list[Known]:
        """Return an expression in each row; its noisy terms share what the level leaves."""
        terms = _terms(node)
        noisy = sum(any(name.startswith("m") for name in columns_of(term)) for term in terms)
        shared = 1 - (1 - level) / max(1, noisy)
        said_of = {term: said(term, self, shared) for term in terms if isinstance(term, Over)}
        names = [term.name for term in terms if isinstance(term, Column)]
        found = []
        for row, line in enumerate(self.lines):
            columns: dict[str | Over, Known] = {name: line.column(name, shared, more=self.more) for name in names}
            found.append(known(node, columns | {term: one[row] for term, one in said_of.items()}))
        return found

    def total(self, measure: int, rows: Sequence[int], level: float) -> Known:
        """Return the sum of a measure over some rows, of which those of one grouping set have no leaf cell in common."""
        groups: defaultdict[int, list[_Line]] = defaultdict(list)
        for row in rows:
            groups[self.lines[row].label.group].append(self.lines[row])
        shared, plan = 1 - (1 - level) / len(groups), self.lines[0].plan
        known = [sum_halves(plan, measure, lines[0].kept, [line.label.positions for line in lines], shared) for lines in groups.values()]
        total = sum(line.total(measure) for lines in groups.values() for line in lines)
        return _around(total, sum(_half(one, more=self.more) for one in known), self.lines[0].places(measure))


def _half(known: Halves, *, more: bool) -> int:
    """Return how far an interval may reach to one side of a value, or how near."""
    return known.most + known.offset if more else max(0, known.least - known.offset)


def _terms(node: Expression) -> set[Column | Over]:
    """Return the columns of an expression and its windows, but none inside these."""
    if isinstance(node, Column | Over):
        return {node}
    return {term for child in children(node) for term in _terms(child)}


def _around(total: int, half: int, digits: int) -> Known:
    """Return a total with its half-width, both in units."""
    unit: int = 10**digits
    return Known(Fraction(total, unit), Fraction(total - half, unit), Fraction(total + half, unit))


def _compare(output: Output, cell: Cell, narrow: Known, wide: Known) -> None:
    """Compare a cell with what was computed."""
    narrow, wide = _short(narrow), _short(wide)
    expect("a computed value", cell.value, _text(output, narrow.value))
    if not output.noisy:
        return
    if output.kind in {Kind.TEXT, Kind.BOOLEAN} or narrow.ends is None or wide.ends is None:
        require(
            wide.ends is not None or narrow.ends is not None or cell.low is None, "a computed value has an interval, which is unbounded"
        )
        return
    if output.kind in CALENDAR_KINDS and cell.low is None and cell.high is None:
        return  # an end that is no date of the calendar, or a release from before dates had intervals
    low, high = (shown_units(output, text) for text in (cell.low, cell.high))
    grain: int = 10**output.digits
    fits = math.floor(wide.ends[0] * grain) <= low <= math.floor(narrow.ends[0] * grain)
    fits = fits and math.ceil(narrow.ends[1] * grain) <= high <= math.ceil(wide.ends[1] * grain)
    require(fits, "the interval of a computed value is not what those of its terms give")


def shown_units(output: Output, text: str | None) -> int:
    """Read what a column shows of a number, date or timestamp, in the units in which it is shown.

    Raises:
        Broken: It is none.
    """
    return calendar_value(output.kind, text or "") if output.kind in CALENDAR_KINDS else units_of(text, output.digits)


def _short(known: Known) -> Known:
    """Return what a table says of a number: NULL, if it or its interval is too large."""
    numbers = [number for number in (known.value, *(known.ends or ())) if isinstance(number, Fraction)]
    return Known(None) if any(not -LARGEST < number < LARGEST for number in numbers) else known


def _text(output: Output, value: Plain) -> str | None:
    """Return how a value is shown, numbers rounded half to even."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if output.kind in CALENDAR_KINDS:
        return calendar_text(output.kind, int(value))
    return decimal_text(round(value * 10**output.digits), output.digits)
