"""What recovered cells mean for people: who stands alone, which groups share one outcome, and whom an outsider can name.

Also the same attack on tables with noise, for comparison. "It fails" has an exact meaning there, see `attack_noisy`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.audit.tables import Attributes, Deduction, Key, Margin, Range, Recovery, Row, recover
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Group = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a reader of thresholded tables learned about small groups of people.

    Attributes:
        hidden: How many published cells were blanked.
        recovered: The blanked cells whose count is now known exactly.
        single: Those of one person.
        unanimous: Those that hold a whole group: everyone with these values has this outcome.
        nameable: Those with exactly as many people as the outsider's own file has: the outsider knows each of them by name, that they are
            in the tables, and the outcome if the cell tells one.
        named: How many people of the outsider's file stand in a nameable cell.
        exposed: For how many people of the outsider's file the outcome has become known, through any recovered cell, published or not.
    """

    hidden: int
    recovered: tuple[Deduction, ...]
    single: tuple[Deduction, ...]
    unanimous: tuple[Deduction, ...]
    nameable: tuple[Deduction, ...]
    named: int
    exposed: int

    @property
    def telling(self) -> tuple[Deduction, ...]:
        """The recovered cells that are a single person or a unanimous group."""
        return tuple(cell for cell in self.recovered if cell in self.single or cell in self.unanimous)


def findings(margins: Sequence[Margin], recovery: Recovery, *, outcome: str, outsider: Iterable[Row]) -> Findings:
    """Judge the recovered cells as somebody would who holds a file about the same people.

    The outsider's inference is sound when everybody in the tables is also in the outsider's file with the same values, as in tables of a
    join with that file: the people of a cell are then among the file's people with its values, and if these are just as many, they are the
    same people.

    Args:
        margins: The published tables.
        recovery: What `recover` made of them.
        outcome: The attribute that the outsider does not know.
        outsider: The outsider's file: one row a person, with every other attribute of the tables.

    Raises:
        InvalidInput: The outsider's file lacks an attribute.
    """
    known = _known(margins, recovery)
    file = _outsiders(margins, outcome, outsider)
    matched = [cell for cell in recovery.exact if _group(cell, outcome) and 1 <= cell.deduced.low == _size(_group(cell, outcome), file)]
    recovered = tuple(cell for cell in recovery.exact if cell.published is not None)
    nameable = tuple(cell for cell in matched if cell.published is not None)
    return Findings(
        hidden=sum(cell.published is not None for cell in recovery.cells),
        recovered=recovered,
        single=tuple(cell for cell in recovered if cell.deduced.low == 1),
        unanimous=tuple(cell for cell in recovered if _unanimous(cell, outcome, known)),
        nameable=nameable,
        named=_people((_group(cell, outcome) for cell in nameable), file),
        exposed=_people((_group(cell, outcome) for cell in matched if outcome in cell.attributes), file),
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A released noisy count and its interval."""

    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class NoisyTable:
    """A released table: an estimate for every combination of its attributes' values."""

    attributes: Attributes
    cells: Mapping[Key, Estimate]


@dataclass(frozen=True, slots=True)
class NoisyFindings:
    """What the same attack makes of noisy tables.

    Attributes:
        small: How many released cells truly hold between 1 and threshold - 1 people.
        consistent: Whether any table of people fits the noisy values, taken as if they were exact.
        lucky: How many of the small cells have a noisy value equal to the true count. The attacker cannot tell which.
        pinned: How many cells the intervals, all taken together as certain, leave with one possible count between 1 and threshold - 1.
    """

    small: int
    consistent: bool
    lucky: int
    pinned: int


def attack_noisy(tables: Sequence[NoisyTable], truth: Iterable[Row], *, threshold: int) -> NoisyFindings:
    """Run the attack of `recover` on noisy tables, in the two ways that an attacker may read them, and score it against the truth.

    *As if exact*: the noisy values stand as facts. Often no table of people fits them (`consistent` is false: a count is negative, or parts
    do not add up), and the attack returns nothing. If some table fits, the attack returns the noisy values themselves. These equal the
    truth only where the noise happens to be zero, which is what `lucky` counts and what the mechanism makes as rare as its scale is wide.

    *With intervals*: each interval stands as a range, as a blank does in a thresholded table. `pinned` counts the small cells that are then
    determined. Intervals hold with their stated probability each, not for certain, so even a pinned cell would be a guess and not a proof.

    What bounds these readings, and every other, is the charge of the release; this is an illustration on data that one holds. The score
    depends on the truth: show it to its owner, never log or release it.

    Args:
        tables: The released tables.
        truth: The people they were measured on, one row a person.
        threshold: Counts from 1 to one below this are small.

    Raises:
        InvalidInput: A table is incomplete or stands twice, or an interval is empty.
        Failed: The solver could not prove an answer.
    """
    people = Counter(frozenset(row.items()) for row in truth)
    true = {(table.attributes, key): _size(_pairs(table.attributes, key), people) for table in tables for key in table.cells}
    value = {(table.attributes, key): cell.value for table in tables for key, cell in table.cells.items()}
    small = [cell for cell, count in true.items() if 1 <= count < threshold]
    ranges = [Margin(table.attributes, {key: Range(cell.low, cell.high) for key, cell in table.cells.items()}) for table in tables]
    exact = [Margin(table.attributes, {key: Range(cell.value, cell.value) for key, cell in table.cells.items()}) for table in tables]
    return NoisyFindings(
        small=len(small),
        consistent=recover(exact).consistent,
        lucky=sum(value[cell] == true[cell] for cell in small),
        pinned=sum(1 <= count < threshold for count in _known(ranges, recover(ranges, below=threshold)).values()),
    )


def _pairs(attributes: Attributes, key: Key) -> Group:
    """Return a cell as the set of its (attribute, value) pairs."""
    return frozenset(zip(attributes, key, strict=True))


def _group(cell: Deduction, outcome: str) -> Group:
    """Return the values of a cell other than its outcome."""
    return frozenset(pair for pair in _pairs(cell.attributes, cell.key) if pair[0] != outcome)


def _known(margins: Sequence[Margin], recovery: Recovery) -> dict[Group, int]:
    """Return every cell whose count is shown or recovered."""
    shown = {_pairs(margin.attributes, key): cell.low for margin in margins for key, cell in margin.cells.items() if cell.exact}
    return shown | {_pairs(cell.attributes, cell.key): cell.deduced.low for cell in recovery.exact}


def _unanimous(cell: Deduction, outcome: str, known: Mapping[Group, int]) -> bool:
    """Say whether the cell tells an outcome, and holds everyone who has its other values."""
    group = _group(cell, outcome)
    return bool(group) and outcome in cell.attributes and 1 <= cell.deduced.low == known.get(group)


def _outsiders(margins: Sequence[Margin], outcome: str, outsider: Iterable[Row]) -> Counter[Group]:
    """Return how many people of the outsider's file have each combination of the tables' attributes."""
    attributes = {attribute for margin in margins for attribute in margin.attributes} - {outcome}
    rows = list(outsider)
    if not all(attributes <= set(row) for row in rows):
        raise InvalidInput(Code.TABLES_INVALID, "The outsider's file lacks an attribute.", f"Give all of {sorted(attributes)}.")
    return Counter(frozenset((attribute, row[attribute]) for attribute in attributes) for row in rows)


def _size(group: Group, people: Counter[Group]) -> int:
    """Return how many people have all the values of a group."""
    return _people((group,), people)


def _people(groups: Iterable[Group], people: Counter[Group]) -> int:
    """Return how many people have all the values of at least one group."""
    wanted = tuple(groups)
    return sum(number for person, number in people.items() if any(group <= person for group in wanted))
