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


def exact_cells(plan: Plan, found: Iterable[tuple[Asked, Iterable[Sequence[Any]]]]) -> tuple[tuple[int, ...], ...]:
    """Return the leaf cells of each measure of a plan without selected keys, in canonical order; those that nobody is in are 0."""
    cells = [[0] * plan.cells_of(measure) for measure in plan.measures]
    for asked, rows in found:
        _fill([cells[measure] for measure in asked.measures], [len(plan.keys[key].listed) for key in asked.cells], rows)
    return tuple(map(tuple, cells))


def occupied(plan: Plan, rows: Iterable[tuple[Any, ...]]) -> list[Occupied]:
    """Return the combinations of the selected keys of a plan that somebody is in, each once."""
    combinations: dict[tuple[Scalar, ...], list[tuple[int, ...]]] = {}
    for row in rows:
        combinations.setdefault(row[: plan.selected], []).append(row[plan.selected :])
    sizes = [len(key.listed) for key in plan.keys[plan.selected :]]
    found = []
    for keys, places in combinations.items():
        cells = [[0] * plan.cells for _ in plan.measures]
        _fill(cells, sizes, [row[:-1] for row in places])
        found.append(Occupied(keys, sum(row[-1] for row in places), tuple(map(tuple, cells))))
    return found


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
            column[at] = total


def failed() -> Failed:
    """Return the one thing that an engine says when it could not finish: nothing of it depends on data."""
    return Failed(
        Code.RUN_FAILED,
        "The engine could not finish this run.",
        "Ask again: what was committed stays charged, and is not charged twice. If it fails again, tell the room's operator.",
    )
