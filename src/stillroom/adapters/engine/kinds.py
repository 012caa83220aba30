"""The measures of a plan that are found together, since they make the same of rows in the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.measure import Aggregate

if TYPE_CHECKING:
    from stillroom.model.plan import Plan


class MeasureKind(NamedTuple):
    """Measures of one kind.

    Attributes:
        measures: Their positions in the plan. There may be none, where all that is wanted is how many persons there are.
        aggregate: What they make of rows.
        grid: The positions of the further keys that tell their cells apart.
        kept: The positions of the keys that are grouped by that do; None for all of them.
        counted: Whether the persons in each combination of selected keys are found along with them.
    """

    measures: tuple[int, ...]
    aggregate: Aggregate = Aggregate.SUM
    grid: tuple[int, ...] = ()
    kept: tuple[int, ...] | None = None
    counted: bool = False

    @property
    def of_sums(self) -> bool:
        """Whether they are sums in the cells of the table, which may be found along with numbers of persons."""
        return (self.aggregate, self.grid, self.kept) == (Aggregate.SUM, (), None)


def measure_kinds(plan: Plan) -> tuple[MeasureKind, ...]:
    """Return the kinds of measures of a plan; where keys are selected, persons are counted once, along with sums if there are any."""
    found: dict[MeasureKind, tuple[int, ...]] = {}
    for number, one in enumerate(plan.measures):
        kind = MeasureKind((), one.aggregate, one.grid, one.kept)
        found[kind] = (*found.get(kind, ()), number)
    kinds = [kind._replace(measures=measures) for kind, measures in found.items()]
    if plan.selection is None:
        return tuple(kinds)
    first, rest = [kind for kind in kinds if kind.of_sums], [kind for kind in kinds if not kind.of_sums]
    return ((first or [MeasureKind(())])[0]._replace(counted=True), *rest)


def kind_plan(plan: Plan, kind: MeasureKind) -> Plan:
    """Return a plan of these measures alone, whose keys are those that their rows are looked up by."""
    keys = (*range(len(plan.grouping)), *kind.grid)
    update = {"measures": tuple(plan.measures[n] for n in kind.measures), "keys": tuple(plan.keys[n] for n in keys)}
    return plan.model_copy(update=update if kind.counted else {**update, "selection": None})


def key_places(plan: Plan, kind: MeasureKind) -> tuple[int, ...]:
    """Return the positions of the keys in such a plan that tell the cells of its measures apart: none for what clamping removes."""
    grouped = len(plan.grouping)
    if kind.aggregate is Aggregate.REMOVED:
        return ()
    kept = range(grouped) if kind.kept is None else kind.kept
    return (*kept, *range(grouped, grouped + len(kind.grid)))
