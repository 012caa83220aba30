"""Whether a plan's bounds are what the contract proves about one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.added import sums
from stillroom.client.verification.alike import alike
from stillroom.client.verification.declared import allows, domain, typed
from stillroom.client.verification.domains import values_of
from stillroom.client.verification.kept import conditions, may_be_left_out, named
from stillroom.client.verification.outcome import Broken, require
from stillroom.client.verification.person import rows_of
from stillroom.client.verification.persons_rows import Sums
from stillroom.client.verification.spans import value_span
from stillroom.model.contract import PrivateDataset
from stillroom.model.expression import Average, Column, walk
from stillroom.model.measure import Aggregate
from stillroom.model.relation import dataset_of

if TYPE_CHECKING:
    from stillroom.client.verification.persons_rows import Rows
    from stillroom.model.contract import Contract
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Key, Plan


def check_bounds(plan: Plan, contract: Contract) -> None:
    """Derive rows, groups and ranges of one person from the contract, and compare the plan's bounds with them.

    Raises:
        Broken: A bound is less than what one person may have, or not what the contract limits it to; or an average's bounds are too near.
    """
    rows, bounds, limits = rows_of(plan, contract), plan.bounds, contract.limits
    require(bounds.rows >= rows.most, f"rows of one person: got {bounds.rows}, expected {rows.most}")
    require(
        bounds.identifiers == contract.identifiers_per_person,
        f"identifiers: got {bounds.identifiers}, expected {contract.identifiers_per_person}",
    )
    for name in plan.lone:
        declared = contract.datasets.get(name)
        lone = isinstance(declared, PrivateDataset) and declared.rows_per_person == 1
        require(lone, f"a person may have more than one row of {name}, which the plan denies")
    cells = plan.cells if plan.selection is None else plan.cells * plan.selection.most
    require(cells <= limits.cells, f"the table has {cells} cells, expected at most {limits.cells}")
    require(
        bounds.groups <= limits.groups_per_person, f"cells of one person: got {bounds.groups}, expected at most {limits.groups_per_person}"
    )
    if not bounds.keep_groups:
        most = 1 if all(rows.same(key.value) for key in plan.grouping) else rows.most if plan.selection else min(rows.most, plan.cells)
        require(bounds.groups >= most, f"cells of one person: got {bounds.groups}, expected {most}, since the plan does not limit them")
    for number, measure in enumerate(plan.measures):
        once = (measure.row_low, measure.row_high, measure.low, measure.high, measure.digits) == (0, 1, 0, 1, 0)
        require(measure.aggregate is not Aggregate.PERSONS or once, f"measure {number} counts persons, and has other bounds")
        if measure.aggregate is Aggregate.UNION:
            _counted(number, measure, rows, contract)
        else:
            _ranged(number, measure, rows)
            _totalled(number, measure, plan, rows)
    for node in {node for expression in plan.finish.expressions for node in walk(expression) if isinstance(node, Average)}:
        _averaged(node, plan, rows)
    for key in plan.keys:
        _declared(key, plan, contract)


def _ranged(number: int, measure: Measure, rows: Rows) -> None:
    """Compare the range of a measure's values with what is derived; NULL counts as 0."""
    low, high = value_span(measure.value, rows.ranges) or (0, 0)
    if low < measure.row_low or high > measure.row_high:
        raise Broken(f"values of measure {number}: got {measure.row_low} to {measure.row_high}, expected {low} to {high}")


def _totalled(number: int, measure: Measure, plan: Plan, rows: Rows) -> None:
    """Compare with what is derived what nothing clamps: the total over all cells, and the rows of a group that a grid divides."""
    if measure.total is not None:
        least = sums(measure.value, rows).absolute
        require(measure.total >= least, f"the total of measure {number} over all cells: got {measure.total}, expected {least}")
    if measure.grid:
        most = alike(rows, [key.value for key in plan.grouping])
        require(measure.high >= most, f"rows of one person in a group of measure {number}: got {measure.high}, expected {most}")


def proved(measure: Measure, plan: Plan, rows: Rows) -> Sums:
    """Return between what a person's total in a cell lies, whatever clamps it, and what absolute totals add up to over all cells."""
    low, high = value_span(measure.value, rows.ranges) or (0, 0)
    most, every = alike(rows, [key.value for key in plan.grouping]), sums(measure.value, rows)
    return Sums(max(most * min(0, low), every.negative), min(most * max(0, high), every.positive), every.absolute)


def _averaged(average: Average, plan: Plan, rows: Rows) -> None:
    """Compare the bounds of an average with the range of its values, and 0 where totals may be cut, which brings it closer to that."""
    require(average.total[0] == average.count[0] == "m", "an average is not of two measures")
    number = int(average.total[1:])
    measure = plan.measures[number]
    low, high = value_span(measure.value, rows.ranges) or (0, 0)
    cell = proved(measure, plan, rows)
    if cell.negative < measure.low or cell.positive > measure.high or number in {one.measure for one in plan.advice}:
        low, high = min(low, 0), max(high, 0)
    stated = f"got {average.low} to {average.high}, expected {low} to {high}"
    require(average.low <= low <= high <= average.high, f"the bounds of an average of measure {number}: {stated}")


def _counted(number: int, measure: Measure, rows: Rows, contract: Contract) -> None:
    """Compare the most distinct values of one person in a cell with what is derived. Nothing clamps it: it has to be true.

    Each row has one value at most, so that a person has as many as rows, or as there are.
    """
    found = values_of(measure.value, contract)
    most = rows.most if found is None else min(rows.most, len(found))
    require(measure.high >= most, f"distinct values of measure {number}: got {measure.high}, expected {most}")
    bounds = measure.row_low, measure.row_high, measure.low, measure.digits
    require(bounds == (0, 1, 0, 0), f"measure {number} counts distinct values, and has other bounds")


def _declared(key: Key, plan: Plan, contract: Contract) -> None:
    """Compare the values of a key that is a column of a dataset with those that the contract declares, or that a condition names.

    None may be missing but those for which a condition of the plan is not true. Values of computed keys are not computed again. Columns
    that the plan itself makes are named with a # or have no dataset.
    """
    if not isinstance(key.value, Column) or key.domain is None:
        return
    own = key.value.name.partition(".")[2]
    source = contract.datasets.get(dataset_of(key.value.name))
    if source is None or own not in source.columns:
        return
    among = conditions(plan.whole, key.value.name)
    declared = domain(contract, key.value.name)
    found = named(among)
    allowed = None if found is None else frozenset(one for one in found if allows(contract, key.value.name, one))
    possible = allowed if declared is None else declared
    stated = typed(value for value in key.domain if value is not None)
    if possible is None or not stated <= possible or not all(may_be_left_out(one, among) for one in possible - stated):
        raise Broken(f"the values of {key.value.name} are not those that the contract declares and conditions leave")
