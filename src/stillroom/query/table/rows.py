"""Rows of a table while they are chosen and ordered, and their columns: keys, noisy totals, and what is computed from them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.expression import PARTS, Average, Column, Over, Quantile, children, columns_of
from stillroom.privacy import ratios
from stillroom.privacy.intervals import HIGHEST_LEVEL, Derived, joint_level
from stillroom.privacy.quantiles import greatest_of, least_of, quantile_of
from stillroom.query.choices import is_chosen
from stillroom.query.quantiles import grid_of, middle
from stillroom.query.result import reads_noise
from stillroom.query.scales import LEVEL, average_of
from stillroom.query.table.estimate import Estimate, exact, vague
from stillroom.query.table.estimates import estimates
from stillroom.query.table.frame_noise import MeasureSums, around
from stillroom.query.table.totals import TOTALLED
from stillroom.query.table.windows import windowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Shown
    from stillroom.query.table.totals import Totals

    Windows: TypeAlias = dict[tuple[Over, Fraction], Sequence[Estimate]]
    """What windows say of all rows of a table, with intervals at a level."""


class Rows:
    """Some rows of a table, in some order."""

    def __init__(
        self,
        plan: Plan,
        totals: Totals,
        shown: Sequence[Shown] = (),
        numbers: Sequence[int] | None = None,
        windows: Windows | None = None,
    ) -> None:
        """Remember which of all rows these are (all of them, if left out), and what windows say that were computed before.

        `shown` are the combinations of selected keys.
        """
        self._plan, self._totals, self._shown = plan, totals, shown
        self._numbers = range(len(totals.sets)) if numbers is None else numbers
        self._windows: Windows = {} if windows is None else windows

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._numbers)

    def chosen(self, places: Iterable[int]) -> Rows:
        """Return the rows at some places among these, in the order of the places."""
        return Rows(self._plan, self._totals, self._shown, [self._numbers[place] for place in places], self._windows)

    def column(self, node: Expression, level: Fraction = LEVEL) -> Sequence[Estimate]:
        """Return an expression's value and interval in each row; several noisy terms share the error probability (Bonferroni)."""
        atoms = _atoms(node)
        shared = joint_level(level, max(1, sum(map(reads_noise, atoms.values()))))
        known: dict[str | Over, Sequence[Estimate]] = {name: self._atom(atom, shared) for name, atom in atoms.items()}
        known |= {name: self._key(name) for name in columns_of(node) if name[0] in {"k", "g"}}
        return estimates(node, known, len(self))

    def known(self, node: Expression) -> Sequence[Estimate]:
        """Return an expression's value in each row; its intervals do not matter."""
        return self.column(node)

    def positions(self, key: int) -> list[int]:
        """Return the position of a key's value among `values` of it, in each row, or `TOTALLED`."""
        positions = self._totals.positions(key)
        return [positions[number] for number in self._numbers]

    def values(self, key: int) -> list[Estimate]:
        """Return a key's values, by position, and NULL for `TOTALLED` at the end."""
        declared = self._plan.keys[key]
        found = [one.keys[key] for one in self._shown] if declared.domain is None else declared.domain
        return [*(_key_value(value, declared.digits) for value in found), Estimate(None)]

    def measured(self, measure: int, level: Fraction) -> Iterable[tuple[int, int, int]]:
        """Yield, for each row, the noisy total of a measure and the ends of its interval, in parts of a unit."""
        halves = [noise.whole_half_width(level) for noise in self._totals.noise(measure)]
        totals, nonnegative = self._totals, self._plan.is_nonnegative(measure)
        sums, estimates, offsets = totals.sums[measure], totals.estimates[measure], totals.offsets[measure]
        return (around(sums[one], estimates[one], offsets[one], halves[totals.sets[one]], nonnegative=nonnegative) for one in self._numbers)

    def measure_sums(self, measure: int, level: Fraction) -> MeasureSums:
        """Return the sums of a measure over frames, with intervals at a level."""
        return MeasureSums(self._plan, self._totals, measure, level)

    def averaged(self, atom: Average, level: Fraction) -> Iterable[Derived]:
        """Yield, for each row, an average with its interval, in units."""
        total, count = int(atom.total[1:]), int(atom.count[1:])
        noises = zip(self._totals.noise(total), self._totals.noise(count), strict=True)
        known = [average_of(atom, *noise, level, self._totals.one) for noise in noises]
        sets = self._totals.sets
        return (self._averaged(known[sets[number]], total, count, number) for number in self._numbers)

    def _averaged(self, known: ratios.Average, total: int, count: int, number: int) -> Derived:
        """Return an average in one row: the ratio of what the row shows, with an interval around the ratio before rounding."""
        sums, estimates, offsets = self._totals.sums, self._totals.estimates, self._totals.offsets
        shown = ratios.clamped(known, sums[total][number], sums[count][number])
        of_sum, of_count = (estimates[one][number] + Fraction(offsets[one][number]) for one in (total, count))
        return ratios.ratio_interval(known, of_sum, of_count, shown)

    def placed(self, atom: Quantile, level: Fraction) -> Iterable[Derived]:
        """Yield, for each row, a quantile or an extreme with its interval, in units; what is chosen has none but the ends of the column."""
        if is_chosen(self._plan, atom):
            ends, buckets = (Fraction(atom.low), Fraction(atom.high)), self._totals.chosen(atom)
            yield from (Derived(middle(atom, buckets[number]), *ends, no_information=True) for number in self._numbers)
            return
        known = [grid_of(self._plan, atom, kept) for kept in self._plan.finish.sets]
        levels = self._totals.levels(int(atom.measure[1:]))
        for number in self._numbers:
            grid, counts = known[self._totals.sets[number]], [one[number] for one in levels]
            match atom.part:
                case 0:
                    yield least_of(grid, counts, level)
                case _ if atom.part == PARTS:
                    yield greatest_of(grid, counts, level)
                case _:
                    yield quantile_of(grid, counts, Fraction(atom.part, PARTS), level)

    def _key(self, name: str) -> list[Estimate]:
        """Return a key's values (`k0`, …), or where it is totalled over (`g0`, …)."""
        positions = self.positions(int(name[1:]))
        if name[0] == "g":
            return [exact(Fraction(position == TOTALLED)) for position in positions]
        known = self.values(int(name[1:]))
        return [known[position] for position in positions]

    def _atom(self, atom: Column | Average | Quantile | Over, level: Fraction) -> list[Estimate]:
        """Return a noisy term with its interval at a level; without one at a level that is too near to 1."""
        if isinstance(atom, Over):
            return self._over(atom, level)
        if level > HIGHEST_LEVEL:
            return [vague(one.value) for one in self._atom(atom, LEVEL)]
        if isinstance(atom, Average):
            return _estimated(self.averaged(atom, level), atom.digits)
        if isinstance(atom, Quantile):
            return _estimated(self.placed(atom, level), atom.digits)
        number = int(atom.name[1:])
        unit = 10 ** self._plan.measures[number].digits * self._totals.one
        return [
            Estimate(Fraction(total, unit), Fraction(low, unit), Fraction(high, unit), noisy=True)
            for total, low, high in self.measured(number, level)
        ]

    def _over(self, node: Over, level: Fraction) -> list[Estimate]:
        """Return what a window function says of each row, computed over all rows of the table."""
        if (node, level) not in self._windows:
            self._windows[node, level] = windowed(node, Rows(self._plan, self._totals, self._shown, windows=self._windows), level)
        found = self._windows[node, level]
        return [found[number] for number in self._numbers]


def _estimated(derived: Iterable[Derived], digits: int) -> list[Estimate]:
    """Return derived numbers, which are in units, with their intervals."""
    unit = 10**digits
    return [Estimate(one.value / unit, one.low / unit, one.high / unit, noisy=True, no_information=one.no_information) for one in derived]


def _key_value(value: Scalar, digits: int) -> Estimate:
    """Return one value of a key; numbers and dates as rationals."""
    if isinstance(value, int) and not isinstance(value, bool):
        return exact(Fraction(value, 10**digits))
    return exact(value)


def _atoms(node: Expression) -> dict[str | Over, Column | Average | Quantile | Over]:
    """Return the noisy terms of an expression by name, and its windows, by themselves."""
    if isinstance(node, Over):
        return {node: node}
    if isinstance(node, Average):
        return {f"{node.total}/{node.count}": node}
    if isinstance(node, Quantile):
        return {f"{node.measure}@{node.part}": node}
    if isinstance(node, Column):
        return {node.name: node} if node.name.startswith("m") else {}
    return {name: atom for child in children(node) for name, atom in _atoms(child).items()}
