"""Thresholded tables, and the attack that undoes them.

A table whose small cells are blanked still has neighbours: its totals, and other tables over the same people. Every published number is
a linear fact about the same full table of counts, and so is every blank ("under 10" says between 1 and 9). `recover` asks, for each blank,
which is the smallest and which the largest count that fits *all* the facts at once. Where the two are equal, the blank is no blank.

Nothing here looks at the truth: `recover` knows what a reader of the tables knows, and what it reports as exact is proved, not guessed.
The true table fits the facts, so the true count lies between the two extremes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from stillroom.audit.solver import Fact, System
from stillroom.errors import Code, InvalidInput

Row = Mapping[str, str]
Attributes = tuple[str, ...]
Key = tuple[str, ...]
Cell = tuple[Attributes, Key]

MAX_CELLS = 50_000
"""The most cells that the full table over all attributes may have."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is known of a count: at least `low`, at most `high`."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether only one count is possible."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Margin:
    """A published table: what it says of the count of every combination of its attributes' values.

    A cell that shows its count has a range of one number, a redacted one the range that its redaction admits, and a noisy one its interval.
    A table over no attributes has one cell, the total, under the empty key.
    """

    attributes: Attributes
    cells: Mapping[Key, Range]


@dataclass(frozen=True, slots=True)
class Deduction:
    """What all tables together say of one cell.

    Attributes:
        attributes: The attributes of the cell's table.
        key: The cell's values of these attributes.
        published: What the table itself said, or nothing if no such table was published.
        deduced: The counts that fit every published table. Both ends are attained by some full table.
    """

    attributes: Attributes
    key: Key
    published: Range | None
    deduced: Range


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the attack found.

    Attributes:
        consistent: Whether any full table of people fits everything that was published. If none does, nothing can be deduced.
        cells: One deduction for each cell that was asked for.
    """

    consistent: bool
    cells: tuple[Deduction, ...]

    @property
    def exact(self) -> tuple[Deduction, ...]:
        """The cells of which only one count is possible."""
        return tuple(cell for cell in self.cells if cell.deduced.exact)


def publish(
    rows: Iterable[Row], domains: Mapping[str, Sequence[str]], *, ways: Iterable[int], threshold: int, hide_zeros: bool = False
) -> tuple[Margin, ...]:
    """Count people by every combination of so many attributes, and blank the cells under the threshold, as official tables do.

    Args:
        rows: One row a person, with a value for every attribute.
        domains: The attributes, and the values that each may have. Every combination of them is a cell, empty ones too.
        ways: How many attributes a table has: `(1, 2, 3)` makes all tables over one, two and three of them.
        threshold: Counts of at least this many people are shown.
        hide_zeros: Blank empty cells too. Otherwise, as is usual, a zero is shown, and a blank therefore says "at least one".

    Raises:
        InvalidInput: A row lacks an attribute or has a value outside its domain, or an argument makes no table.
    """
    people = list(rows)
    for attribute, domain in domains.items():
        if not all(row.get(attribute) in domain for row in people):
            raise _outside(attribute)
    counts = Counter(tuple(row[attribute] for attribute in domains) for row in people)
    return publish_counts(counts, domains, ways=ways, threshold=threshold, hide_zeros=hide_zeros)


def publish_counts(
    counts: Mapping[Key, int], domains: Mapping[str, Sequence[str]], *, ways: Iterable[int], threshold: int, hide_zeros: bool = False
) -> tuple[Margin, ...]:
    """Do as `publish`, of people who have been counted already.

    Args:
        counts: How many people there are of each combination of all attributes' values, in the order of `domains`; none where it lacks one.
        domains: As for `publish`.
        ways: As for `publish`.
        threshold: As for `publish`.
        hide_zeros: As for `publish`.

    Raises:
        InvalidInput: As `publish`.
    """
    for place, (attribute, domain) in enumerate(domains.items()):
        if not all(len(key) == len(domains) and key[place] in domain for key in counts):
            raise _outside(attribute)
    tables = [attributes for size in ways for attributes in combinations(domains, size)]
    if threshold < 1 or not tables:
        raise _invalid("There is nothing to publish.", "Give a threshold of at least 1, and between 1 and all of the attributes a table.")
    hidden = Range(0 if hide_zeros else 1, threshold - 1)
    return tuple(_margin(counts, domains, attributes, hidden) for attributes in tables)


def recover(margins: Sequence[Margin], unpublished: Iterable[Attributes] = (), *, below: int | None = None) -> Recovery:
    """Find, for every cell that is not shown exactly, the smallest and the largest count that fit all the tables at once.

    Args:
        margins: The tables, each complete: a range for every combination of values that occur in any of the tables.
        unpublished: Further tables, over attributes that occur in `margins`: every cell is asked for though none was ever published.
        below: Of the published tables, ask only for cells that may hold fewer people than this. All tables still count as facts.

    Raises:
        InvalidInput: A table is incomplete or stands twice, a range is empty, or the full table would have too many cells.
        Failed: The solver could not prove an answer.
    """
    domains = _domains(margins)
    positions = {key: place for place, key in enumerate(product(*domains.values()))}
    further = tuple(unpublished)
    members = {table: _members(table, domains, positions) for table in (*(margin.attributes for margin in margins), *further)}
    facts = [Fact(members[margin.attributes][key], cell.low, cell.high) for margin in margins for key, cell in margin.cells.items()]
    system = System(len(positions), facts)
    if not system.consistent():
        return Recovery(consistent=False, cells=())
    published = {(margin.attributes, key): cell for margin in margins for key, cell in margin.cells.items()}
    asked = [cell for cell, said in published.items() if not said.exact and (below is None or said.low < below)]
    asked += [(table, key) for table in further for key in members[table]]
    deduced = {cell: system.extremes(members[cell[0]][cell[1]]) for cell in asked}
    return Recovery(
        consistent=True,
        cells=tuple(Deduction(*cell, published.get(cell), Range(*ends)) for cell, ends in deduced.items() if ends is not None),
    )


def _margin(counts: Mapping[Key, int], domains: Mapping[str, Sequence[str]], attributes: Attributes, hidden: Range) -> Margin:
    """Return the table over these attributes, its small cells blanked."""
    places = [list(domains).index(attribute) for attribute in attributes]
    totals = Counter[Key]()
    for key, number in counts.items():
        totals[tuple(key[place] for place in places)] += number
    shown = {key: Range(totals[key], totals[key]) for key in product(*(domains[attribute] for attribute in attributes))}
    return Margin(attributes, {key: hidden if hidden.low <= cell.low <= hidden.high else cell for key, cell in shown.items()})


def _domains(margins: Sequence[Margin]) -> dict[str, tuple[str, ...]]:
    """Return the values of each attribute in the tables, having checked that the tables are complete."""
    values: dict[str, dict[str, None]] = {}
    for margin in margins:
        for key in margin.cells:
            if len(key) != len(margin.attributes):
                raise _invalid("A key has more or fewer values than its table has attributes.", "Give one value for each attribute.")
            for attribute, value in zip(margin.attributes, key, strict=True):
                values.setdefault(attribute, {})[value] = None
    domains = {attribute: tuple(found) for attribute, found in values.items()}
    _check_size(margins, domains)
    for margin in margins:
        _check(margin, domains)
    return domains


def _check_size(margins: Sequence[Margin], domains: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse no tables, a table that stands twice, and too many cells."""
    size = 1
    for domain in domains.values():
        size *= len(domain)
    if size > MAX_CELLS:
        raise _invalid(f"The full table would have more than {MAX_CELLS} cells.", "Audit fewer attributes at a time, or coarser ones.")
    if not margins or len({frozenset(margin.attributes) for margin in margins}) < len(margins):
        raise _invalid("There is no table, or two tables are over the same attributes.", "Give each table once.")


def _check(margin: Margin, domains: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a table that leaves out a combination, names an attribute twice, or has a range without a number in it."""
    if len(set(margin.attributes)) < len(margin.attributes) or not set(margin.attributes) <= set(domains):
        raise _invalid("A table names an attribute twice, or has no cells.", "Give every table's attributes once, and all its cells.")
    if set(margin.cells) != set(product(*(domains[attribute] for attribute in margin.attributes))):
        raise _invalid(f"The table over {margin.attributes} leaves out a combination of values.", "Give a range for every combination.")
    if any(cell.low > cell.high for cell in margin.cells.values()):
        raise _invalid(f"The table over {margin.attributes} has a range that ends before it begins.", "Give low and high in order.")


def _members(table: Attributes, domains: Mapping[str, Sequence[str]], positions: Mapping[Key, int]) -> dict[Key, tuple[int, ...]]:
    """Return, for every cell of a table, which cells of the full table add up to it."""
    if not set(table) <= set(domains):
        raise _invalid(f"No published table has all of the attributes {table}.", "Ask for tables over published attributes.")
    places = [list(domains).index(attribute) for attribute in table]
    found: dict[Key, list[int]] = {}
    for key, position in positions.items():
        found.setdefault(tuple(key[place] for place in places), []).append(position)
    return {key: tuple(cells) for key, cells in found.items()}


def _outside(attribute: str) -> InvalidInput:
    return _invalid(f"Some row has no value, or one outside the domain, in {attribute!r}.", "List every value in the domain.")


def _invalid(reason: str, fix: str) -> InvalidInput:
    return InvalidInput(Code.TABLES_INVALID, reason, fix)
