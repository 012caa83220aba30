"""Rows of a table while they are chosen and ordered, and their columns: keys, noisy totals, and what is computed from them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.model.expression import Average, Column, columns_of, walk
from stillroom.privacy.intervals import joint_level, quantile
from stillroom.privacy.ratios import ratio_interval
from stillroom.query.estimate import Estimate, exact
from stillroom.query.estimates import estimates
from stillroom.query.scales import LEVEL, ratio
from stillroom.query.totals import TOTALLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Shown
    from stillroom.privacy.intervals import Derived
    from stillroom.query.totals import Totals


class Rows:
    """Some rows of a table, in some order."""

    def __init__(self, plan: Plan, totals: Totals, shown: Sequence[Shown] = (), numbers: Sequence[int] | None = None) -> None:
        """Remember which of all rows these are; all of them, if left out. `shown` are the combinations of selected keys."""
        self._plan, self._totals, self._shown = plan, totals, shown
        self._numbers = range(len(totals.sets)) if numbers is None else numbers

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._numbers)

    def chosen(self, places: Iterable[int]) -> Rows:
        """Return the rows at some places among these, in the order of the places."""
        return Rows(self._plan, self._totals, self._shown, [self._numbers[place] for place in places])

    def column(self, node: Expression) -> Sequence[Estimate]:
        """Return an expression's value and interval in each row; several noisy terms share the error probability (Bonferroni)."""
        atoms = _atoms(node)
        level = joint_level(LEVEL, max(1, len(atoms)))
        known = {name: self._atom(atom, level) for name, atom in atoms.items()}
        known |= {name: self._key(name) for name in columns_of(node) if name[0] in {"k", "g"}}
        return estimates(node, known, len(self))

    def positions(self, key: int) -> list[int]:
        """Return the position of a key's value among `values` of it, in each row, or `TOTALLED`."""
        positions = self._totals.positions(key)
        return [positions[number] for number in self._numbers]

    def values(self, key: int) -> list[Estimate]:
        """Return a key's values, by position, and NULL for `TOTALLED` at the end."""
        declared = self._plan.keys[key]
        found = [one.keys[key] for one in self._shown] if declared.domain is None else declared.domain
        return [*(_key_value(value, declared.digits) for value in found), Estimate(None)]

    def measured(self, measure: int, level: Fraction) -> Iterable[tuple[int, int]]:
        """Yield, for each row, the noisy total of a measure and its half-width, in units."""
        halves = [quantile(self._plan.mechanisms[measure], terms, level) for terms in self._totals.terms]
        sums, sets = self._totals.sums[measure], self._totals.sets
        return ((sums[number], halves[sets[number]]) for number in self._numbers)

    def averaged(self, atom: Average, level: Fraction) -> Iterable[Derived]:
        """Yield, for each row, an average with its interval, in units."""
        total, count = int(atom.total[1:]), int(atom.count[1:])
        noise = (self._plan.mechanisms[total], self._plan.mechanisms[count])
        known = [ratio(atom, *noise, terms, level) for terms in self._totals.terms]
        sums, counts, sets = self._totals.sums[total], self._totals.sums[count], self._totals.sets
        return (ratio_interval(known[sets[number]], sums[number], counts[number]) for number in self._numbers)

    def _key(self, name: str) -> list[Estimate]:
        """Return a key's values (`k0`, …), or where it is totalled over (`g0`, …)."""
        positions = self.positions(int(name[1:]))
        if name[0] == "g":
            return [exact(Fraction(position == TOTALLED)) for position in positions]
        known = self.values(int(name[1:]))
        return [known[position] for position in positions]

    def _atom(self, atom: Column | Average, level: Fraction) -> list[Estimate]:
        """Return a noisy term with its interval at a level."""
        if isinstance(atom, Average):
            return self._average(atom, level)
        number = int(atom.name[1:])
        unit = 10 ** self._plan.measures[number].digits
        return [
            Estimate(Fraction(total, unit), Fraction(total - half, unit), Fraction(total + half, unit), noisy=True)
            for total, half in self.measured(number, level)
        ]

    def _average(self, atom: Average, level: Fraction) -> list[Estimate]:
        """Return an average with its interval."""
        unit = 10**atom.digits
        return [
            Estimate(one.value / unit, one.low / unit, one.high / unit, noisy=True, no_information=one.no_information)
            for one in self.averaged(atom, level)
        ]


def _key_value(value: Scalar, digits: int) -> Estimate:
    """Return one value of a key; numbers and dates as rationals."""
    if isinstance(value, int) and not isinstance(value, bool):
        return exact(Fraction(value, 10**digits))
    return exact(value)


def _atoms(node: Expression) -> Mapping[str, Column | Average]:
    """Return the noisy terms of an expression by name."""
    found: dict[str, Column | Average] = {}
    for part in walk(node):
        if isinstance(part, Average):
            found[f"{part.total}/{part.count}"] = part
        elif isinstance(part, Column) and part.name.startswith("m"):
            found[part.name] = part
    return found
