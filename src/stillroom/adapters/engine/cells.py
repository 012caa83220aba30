"""From the rows that an engine finds to the cells of measures."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from stillroom.errors import Code, Failed
from stillroom.model.selection import Occupation, Occupied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar


class Asked(Protocol):
    """Some measures of a plan over the same cells, as an engine asks for them.

    What is found is one row for each cell that somebody is in: the value of each selected key among its keys, the position of each other
    key in its domain, the exact total of each measure, and, where they are counted along with these, the number of persons whose
    combination of selected keys is counted in this cell.
    """

    @property
    def measures(self) -> tuple[int, ...]:
        """The positions of these measures in the plan."""
        ...

    @property
    def cells(self) -> tuple[int, ...]:
        """The positions of the keys that tell their cells apart, in the order of their cells."""
        ...

    @property
    def counted(self) -> bool:
        """Whether the last column is a number of persons."""
        ...


class Listed:
    """The cells of each measure of a plan whose cells no selected key tells apart."""

    def __init__(self, plan: Plan) -> None:
        """Start with zeros."""
        self._cells = [[] if plan.tells_selected(measure) else [0] * plan.cells_of(measure) for measure in plan.measures]
        self._keys = plan.keys

    def add(self, asked: Asked, found: Iterable[Sequence[Any]]) -> None:
        """Add what was found.

        Raises:
            Failed: A cell was found twice: which of its totals is right, nobody knows.
        """
        cells = [self._cells[measure] for measure in asked.measures]
        sizes = [len(self._keys[key].listed) for key in asked.cells]
        for at, totals in _placed(sizes, found):
            for column, total in zip(cells, totals, strict=True):
                column[at] += total

    @property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """What was added up, in canonical order; cells that nobody is in are 0."""
        return tuple(map(tuple, self._cells))


class Combined:
    """The cells of each combination of selected keys of a plan, and of each measure whose cells these do not tell apart."""

    def __init__(self, plan: Plan) -> None:
        """Start with nobody."""
        self._plan, self._totals = plan, Listed(plan)
        self._starts = [*accumulate((plan.cells_of(measure) for measure in plan.measures), initial=0)]
        self._found: dict[tuple[Scalar, ...], tuple[int, dict[int, int]]] = {}

    def add(self, asked: Asked, found: Iterable[Sequence[Any]]) -> None:
        """Add what was found.

        Raises:
            Failed: A cell was found twice.
        """
        selected = self._plan.selected
        if asked.cells[:selected] != tuple(range(selected)):
            self._totals.add(asked, found)
            return
        combinations: dict[tuple[Scalar, ...], list[Sequence[int]]] = {}
        for row in found:
            combinations.setdefault(tuple(row[:selected]), []).append(row[selected:])
        sizes = [len(self._plan.keys[key].listed) for key in asked.cells[selected:]]
        for keys, rows in combinations.items():
            self._add(asked, keys, _placed(sizes, rows))

    def _add(self, asked: Asked, keys: tuple[Scalar, ...], found: Iterable[tuple[int, Sequence[int]]]) -> None:
        """Add what was found in the cells of one combination."""
        persons, cells = self._found.get(keys) or (0, {})
        for at, totals in found:
            for measure, total in zip(asked.measures, totals, strict=False):
                place = self._starts[measure] + at
                cells[place] = cells.get(place, 0) + total
            persons += totals[-1] if asked.counted else 0
        self._found[keys] = persons, cells

    @property
    def occupation(self) -> Occupation:
        """What was added up, each combination once."""
        combinations = [
            Occupied(keys, persons, {place: total for place, total in cells.items() if total})
            for keys, (persons, cells) in self._found.items()
        ]
        return Occupation(combinations, self._totals.cells)


def exact_cells(plan: Plan, found: Iterable[tuple[Asked, Iterable[Sequence[Any]]]]) -> tuple[tuple[int, ...], ...]:
    """Return the leaf cells of each measure of a plan without selected keys, in canonical order; those that nobody is in are 0."""
    sums = Listed(plan)
    for asked, rows in found:
        sums.add(asked, rows)
    return sums.cells


def occupation(plan: Plan, found: Iterable[tuple[Asked, Iterable[Sequence[Any]]]]) -> Occupation:
    """Return what is found of a plan with selected keys."""
    sums = Combined(plan)
    for asked, rows in found:
        sums.add(asked, rows)
    return sums.occupation


def _placed(sizes: Sequence[int], found: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the place of each cell that was found, given the sizes of its keys, the last one fastest, and what was found there.

    Raises:
        Failed: A cell was found twice: which of its totals is right, nobody knows.
    """
    strides = [prod(sizes[n + 1 :]) for n in range(len(sizes))]
    seen: set[int] = set()
    for row in found:
        at = sum(position * stride for position, stride in zip(row, strides, strict=False))
        if at in seen:
            raise failed()
        seen.add(at)
        yield at, row[len(sizes) :]


def failed() -> Failed:
    """Return the one thing that an engine says when it could not finish: nothing of it depends on data."""
    return Failed(
        Code.RUN_FAILED,
        "The engine could not finish this run.",
        "Ask again: what was committed stays charged, and is not charged twice. If it fails again, tell the room's operator.",
    )
