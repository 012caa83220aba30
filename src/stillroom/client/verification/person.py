"""What the contract proves about the rows of one person, derived from the plan's relations once more."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import dataset, value_range
from stillroom.client.verification.outcome import Broken
from stillroom.model.contract import PrivateDataset, PublicDataset
from stillroom.model.expression import Arithmetic, ArithmeticOp, Case, Column, Constant, Divide, columns_of
from stillroom.model.relation import (
    Enrich,
    Filter,
    Join,
    JoinKind,
    Mark,
    PartRows,
    PerPerson,
    Scan,
    TotalFunction,
    Union,
    Window,
    WindowFunction,
    made,
    steps,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.client.verification.declared import Range
    from stillroom.model.contract import Contract
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Part, Plan
    from stillroom.model.relation import Relation, Total, Windowed

_LARGEST = 2**128


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known about the rows of one person in a relation.

    Attributes:
        most: No person has more rows.
        columns: All columns.
        constant: Columns that have the same value in all rows of a person.
        ranges: The range of each column that is a bounded number.
    """

    most: int
    columns: frozenset[str]
    constant: frozenset[str]
    ranges: Mapping[str, Range]

    def same(self, expression: Expression) -> bool:
        """Tell whether an expression has the same value in all rows of a person."""
        return self.most == 1 or columns_of(expression) <= self.constant


def rows_of(plan: Plan, contract: Contract) -> Rows:
    """Return what the contract proves about the rows that a plan measures.

    Raises:
        Broken: The plan reads what the contract does not offer, or states fewer rows for a part than the contract proves.
    """
    for part in plan.parts:
        _check_part(part, contract)
    _check_names(plan.whole)
    return _relation(plan.whole, contract)


def value_span(expression: Expression, rows: Rows) -> Range | None:
    """Return the range of a number; None for NULL.

    Raises:
        Broken: The contract does not bound it.
    """
    match expression:
        case Column():
            if expression.name not in rows.ranges:
                raise Broken(f"the contract gives no bounds for {expression.name}")
            return rows.ranges[expression.name]
        case Constant(value=None):
            return None
        case Constant(value=int() as number) if not isinstance(number, bool):
            return number, number
        case Arithmetic():
            return _arithmetic(expression, rows)
        case Divide():
            return _quotient(expression, rows)
        case Case():
            results = [value_span(result, rows) for result in (*(branch.then for branch in expression.branches), expression.otherwise)]
            return _hull([one for one in results if one is not None])
        case _:
            raise Broken("what is measured is not a number")


def _check_part(part: Part, contract: Contract) -> None:
    """See that a part reads private data of its owner and its population only."""
    for scan in (step for step in steps(part.relation) if isinstance(step, Scan)):
        source = dataset(contract, scan.dataset)
        if not isinstance(source, PrivateDataset) or (source.owner, source.population) != (part.owner, part.population):
            raise Broken(f"the contract has no private dataset {scan.dataset} of {part.owner} about {part.population}")


def _check_names(relation: Relation) -> None:
    """See that each reading of a dataset has a name of its own, and that no column has two meanings."""
    tables = [step for step in steps(relation) if isinstance(step, Scan | Enrich)]
    names = [table.name for table in tables]
    if len(set(names)) < len(names) or not all(_names(table.name, table.dataset) for table in tables):
        raise Broken("two readings of datasets have the same name, or one has the name of another dataset")
    own = [name for step in steps(relation) for name in made(step)]
    if len(set(own)) < len(own) or not all(name.partition(".")[2].startswith("#") for name in own):
        raise Broken("two columns of the plan have the same name")


def _names(name: str, dataset: str) -> bool:
    """Tell whether a name is that of a reading of a dataset."""
    return name == dataset or re.fullmatch(r"#[1-9][0-9]{0,5}", name.removeprefix(dataset)) is not None


def _relation(relation: Relation, contract: Contract) -> Rows:
    """Return what is known about a relation."""
    match relation:
        case Scan():
            return _scan(relation, contract)
        case PartRows():
            raise Broken("a part stands inside a part")
        case Filter():
            return _relation(relation.source, contract)
        case Join():
            return _joined(relation, _relation(relation.left, contract), _relation(relation.right, contract))
        case Mark():
            _relation(relation.among, contract)
            source = _relation(relation.source, contract)
            return replace(source, columns=source.columns | {relation.name})
        case Enrich():
            return _enriched(relation, contract, _relation(relation.source, contract))
        case PerPerson():
            return _per_person(relation, _relation(relation.source, contract))
        case Union():
            return _united(relation, [_relation(arm.relation, contract) for arm in relation.arms])
        case Window():
            return _windowed(relation, _relation(relation.source, contract))


def _scan(scan: Scan, contract: Contract) -> Rows:
    """Return what is known about the rows of a private dataset."""
    source = dataset(contract, scan.dataset)
    if not isinstance(source, PrivateDataset):
        raise Broken(f"{scan.dataset} is not about persons")
    names = frozenset(f"{scan.name}.{name}" for name in scan.columns)
    constant = names if source.rows_per_person == 1 else frozenset[str]()
    return Rows(source.rows_per_person, names, constant, _ranges(contract, names))


def _joined(join: Join, left: Rows, right: Rows) -> Rows:
    """Return what is known about pairs of rows: each row of one side may meet each row of the other.

    Where a side is missing on some rows of a person and not on others, none of its columns is the same in all of them.
    """
    marks = [name for name in (join.has_left, join.has_right) if name is not None]
    both = Rows(
        left.most * right.most,
        left.columns | right.columns | frozenset(marks),
        left.constant | right.constant,
        {**left.ranges, **right.ranges},
    )
    match join.kind:
        case JoinKind.INNER:
            return both
        case JoinKind.LEFT:
            settled = join.condition is None or both.same(join.condition)
            return replace(both, constant=left.constant | (right.constant | frozenset(marks) if settled else frozenset()))
        case JoinKind.FULL if join.condition is None:
            return replace(both, constant=both.constant | frozenset(marks))
        case JoinKind.FULL:
            return replace(both, most=max(both.most, left.most + right.most), constant=frozenset())


def _united(union: Union, arms: list[Rows]) -> Rows:
    """Return what is known about the rows of several relations together: nothing is the same in all rows of a person."""
    if any(len(arm.values) != len(union.columns) for arm in union.arms):
        raise Broken("the relations of a union have different numbers of columns")
    ranges = {}
    for place, name in enumerate(union.columns):
        found = [_bounded(arm.values[place], rows) for arm, rows in zip(union.arms, arms, strict=True)]
        known = [one for one in found if one is not None]
        if len(known) == len(found):
            ranges[name] = _hull(known)
    known_ranges = {name: one for name, one in ranges.items() if one is not None}
    return Rows(sum(rows.most for rows in arms), frozenset(union.columns), frozenset(), known_ranges)


def _windowed(window: Window, source: Rows) -> Rows:
    """Return what is known about rows with further columns, which may differ among a person's rows."""
    ranges = {column.name: found for column in window.columns if (found := _said(column, source)) is not None}
    return replace(source, columns=source.columns | {column.name for column in window.columns}, ranges={**source.ranges, **ranges})


def _said(column: Windowed, rows: Rows) -> Range | None:
    """Return the range of what a window says of a row, if it is a bounded number."""
    match column.function:
        case WindowFunction.ROW_NUMBER | WindowFunction.COUNT:
            return 0, rows.most
        case WindowFunction.SUM:
            found = _bounded(column.value, rows)
            return None if found is None else _small([found[0], found[0] * rows.most, found[1], found[1] * rows.most])
        case _:
            return _bounded(column.value, rows)


def _enriched(relation: Enrich, contract: Contract, rows: Rows) -> Rows:
    """Return what is known after a join with a public table, which may multiply rows."""
    source = dataset(contract, relation.dataset)
    if not isinstance(source, PublicDataset) or [item.column for item in relation.on] != list(source.key):
        raise Broken(f"{relation.dataset} is not joined as a public table on its whole key")
    names = frozenset(f"{relation.name}.{name}" for name in relation.columns)
    same = source.rows_per_key == 1 and all(rows.same(item.left) for item in relation.on)
    constant = rows.constant | names if same else rows.constant
    return Rows(rows.most * source.rows_per_key, rows.columns | names, constant, {**rows.ranges, **_ranges(contract, names)})


def _per_person(relation: PerPerson, rows: Rows) -> Rows:
    """Return what is known after aggregation inside each person: one row, or as many as keys can differ."""
    one = all(rows.same(key.value) for key in relation.keys)
    keys = frozenset(key.name for key in relation.keys)
    names = keys | {total.name for total in relation.totals}
    constant = names if one else frozenset(key.name for key in relation.keys if rows.same(key.value))
    known = [(key.name, _bounded(key.value, rows)) for key in relation.keys]
    known += [(total.name, _total(total, rows)) for total in relation.totals]
    return Rows(1 if one else rows.most, names, constant, {name: found for name, found in known if found is not None})


def _total(total: Total, rows: Rows) -> Range | None:
    """Return the range of a per-person total, if it is a bounded number."""
    if total.function is TotalFunction.COUNT:
        return 0, rows.most
    found = _bounded(total.value, rows)
    if found is None or total.function is not TotalFunction.SUM:
        return found
    low, high = found
    return _small([low, low * rows.most, high, high * rows.most])


def _bounded(expression: Expression, rows: Rows) -> Range | None:
    """Return the range of an expression, or None where it is no number with bounds."""
    try:
        return value_span(expression, rows)
    except Broken:
        return None


def _ranges(contract: Contract, names: Iterable[str]) -> dict[str, Range]:
    known = {name: value_range(contract, name) for name in names}
    return {name: found for name, found in known.items() if found is not None}


def _hull(ranges: list[Range]) -> Range | None:
    if not ranges:
        return None
    return reduce(lambda a, b: (min(a[0], b[0]), max(a[1], b[1])), ranges)


def _arithmetic(node: Arithmetic, rows: Rows) -> Range | None:
    """Return the range of a sum, difference or product, which has its extremes where both operands have theirs; no square is negative."""
    left, right = value_span(node.left, rows), value_span(node.right, rows)
    if left is None or right is None:
        return None
    pairs = [(a, b) for a in left for b in right]
    match node.operation:
        case ArithmeticOp.ADD:
            found = [a + b for a, b in pairs]
        case ArithmeticOp.SUBTRACT:
            found = [a - b for a, b in pairs]
        case ArithmeticOp.MULTIPLY:
            found = [max(a * b, 0) if node.left == node.right else a * b for a, b in pairs]
    return _small(found)


def _quotient(node: Divide, rows: Rows) -> Range | None:
    """Return the range of a quotient: no larger than the largest dividend by the smallest divisor that is not 0."""
    left, right = value_span(node.left, rows), value_span(node.right, rows)
    if left is None or right is None:
        return None
    smallest = 1 if right[0] <= 0 <= right[1] else min(abs(right[0]), abs(right[1]))
    most = -(-max(abs(left[0]), abs(left[1])) * 10**node.shift // smallest)
    return _small([-most if left[0] < 0 or right[0] < 0 else 0, most])


def _small(values: list[int]) -> Range:
    """Return the range of values, which must be of a size that engines can compute with."""
    if max(map(abs, values)) > _LARGEST:
        raise Broken("a number of the plan could become too large")
    return min(values), max(values)
