"""From the rows that an engine finds to the cells of measures."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from stillroom.errors import Code, Failed
from stillroom.model.selection import Occupied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar


class Asked(Protocol):
    """Some measures of a plan over the same cells, as an engine asks for them.

    What is found is one row for each cell that somebody is in: the value of each selected key, the position of each other key in its
    domain, the exact total of each measure, and, where keys are selected, the number of persons whose combination is counted in this cell.
    """

    @property
    def measures(self) -> tuple[int, ...]:
        """The positions of these measures in the plan."""
        ...

    @property
    def cells(self) -> tuple[int, ...]:
        """The positions of the keys that tell their cells apart, in the order of their cells."""
        ...


class Listed:
    """The cells of each measure of a plan without selected keys."""

    def __init__(self, plan: Plan) -> None:
        """Start with zeros."""
        self._cells = [[0] * plan.cells_of(measure) for measure in plan.measures]
        self._keys = plan.keys

    def add(self, asked: Asked, found: Iterable[Sequence[Any]]) -> None:
        """Add what was found."""
        _fill([self._cells[measure] for measure in asked.measures], [len(self._keys[key].listed) for key in asked.cells], found)

    @property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """What was added up, in canonical order; cells that nobody is in are 0."""
        return tuple(map(tuple, self._cells))


class Combined:
    """The cells of each combination of selected keys of a plan."""

    def __init__(self, plan: Plan) -> None:
        """Start with nobody."""
        self._plan = plan
        self._sizes = [len(key.listed) for key in plan.keys[plan.selected :]]
        self._found: dict[tuple[Scalar, ...], tuple[int, list[list[int]]]] = {}

    def add(self, asked: Asked, found: Iterable[Sequence[Any]]) -> None:
        """Add what was found; each such plan is asked for at once."""
        del asked
        combinations: dict[tuple[Scalar, ...], list[Sequence[int]]] = {}
        for row in found:
            combinations.setdefault(tuple(row[: self._plan.selected]), []).append(row[self._plan.selected :])
        for keys, rows in combinations.items():
            persons, cells = self._found.get(keys) or (0, [[0] * self._plan.cells for _ in self._plan.measures])
            _fill(cells, self._sizes, [row[:-1] for row in rows])
            self._found[keys] = persons + sum(row[-1] for row in rows), cells

    @property
    def occupied(self) -> list[Occupied]:
        """What was added up, each combination once."""
        return [Occupied(keys, persons, tuple(map(tuple, cells))) for keys, (persons, cells) in self._found.items()]


def exact_cells(plan: Plan, found: Iterable[tuple[Asked, Iterable[Sequence[Any]]]]) -> tuple[tuple[int, ...], ...]:
    """Return the leaf cells of each measure of a plan without selected keys, in canonical order; those that nobody is in are 0."""
    sums = Listed(plan)
    for asked, rows in found:
        sums.add(asked, rows)
    return sums.cells


def occupied(plan: Plan, found: Iterable[tuple[Asked, Iterable[Sequence[Any]]]]) -> list[Occupied]:
    """Return the combinations of the selected keys of a plan that somebody is in, each once."""
    sums = Combined(plan)
    for asked, rows in found:
        sums.add(asked, rows)
    return sums.occupied


def _fill(cells: Sequence[list[int]], sizes: Sequence[int], found: Iterable[Sequence[Any]]) -> None:
    """Put what was found into the cells of measures, given the sizes of their keys, the last one fastest; all else stays 0.

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
        for column, total in zip(cells, row[len(sizes) :], strict=True):
            column[at] += total


def failed() -> Failed:
    """Return the one thing that an engine says when it could not finish: nothing of it depends on data."""
    return Failed(
        Code.RUN_FAILED,
        "The engine could not finish this run.",
        "Ask again: what was committed stays charged, and is not charged twice. If it fails again, tell the room's operator.",
    )
