"""What the contract proves about the rows of one person, derived from the plan's relations once more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.client.verification.added import sums, total_sums
from stillroom.client.verification.alike import alike, grouped, with_null
from stillroom.client.verification.declared import dataset, value_range
from stillroom.client.verification.domains import values_of
from stillroom.client.verification.kept import limited
from stillroom.client.verification.orders import check_orders
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.persons_rows import Rows
from stillroom.client.verification.spans import hull, small, value_span
from stillroom.model.contract import PrivateDataset, PublicDataset
from stillroom.model.expression import All, Among, Column, Compare, Constant
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


def rows_of(plan: Plan, contract: Contract) -> Rows:
    """Return what the contract proves about the rows that a plan measures.

    Raises:
        Broken: The plan reads what the contract does not offer, states fewer rows for a part than the contract proves, or has a window
            whose order is not decided by the rows.
    """
    for part in plan.parts:
        _check_part(part, contract)
    _check_names(plan.whole)
    check_orders(plan)
    return _relation(plan.whole, contract)


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
            return _filtered(relation.condition, _relation(relation.source, contract))
        case Join():
            return _joined(relation, _relation(relation.left, contract), _relation(relation.right, contract))
        case Mark():
            _relation(relation.among, contract)
            source = _relation(relation.source, contract)
            return replace(source, columns=source.columns | {relation.name})
        case Enrich():
            return _enriched(relation, contract, _relation(relation.source, contract))
        case PerPerson():
            return _per_person(relation, _relation(relation.source, contract), contract)
        case Union():
            return _united(relation, [_relation(arm.relation, contract) for arm in relation.arms])
        case Window():
            return _windowed(relation, _relation(relation.source, contract))


def _filtered(condition: Expression, rows: Rows) -> Rows:
    """Return what is known about the rows that a condition keeps: as few as it leaves numbers of a person's rows, and of limited numbers."""
    parts = condition.operands if isinstance(condition, All) else (condition,)
    for part in parts:
        rows = _filtered(part, rows) if isinstance(part, All) else replace(rows, most=min(rows.most, _left(part, rows)))
    rows = replace(rows, ranges=limited(rows.ranges, condition))
    return replace(rows, constant=rows.columns) if rows.most == 1 else rows


def _left(condition: Expression, rows: Rows) -> int:
    """Return how many rows of a person a condition leaves at most, if it is one on their numbers; `0 < number` always holds."""
    match condition:
        case Among(operand=Column(name=name), values=values) if name in rows.numbered:
            return max(1, len({value.value for value in values})) * rows.numbered[name]
        case Compare(left=Column(name=name), right=Constant(value=int(end))) if name in rows.numbered:
            numbers = {"eq": 1, "le": max(1, end), "lt": max(1, end - 1)}.get(condition.comparison)
            return rows.most if numbers is None else numbers * rows.numbered[name]
        case Compare(comparison="eq", left=Constant(), right=Column(name=name)) if name in rows.numbered:
            return rows.numbered[name]
        case _:
            return rows.most


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
        {name: most * other.most for side, other in ((left, right), (right, left)) for name, most in side.numbered.items()},
        _apart(left.told, right.told),
        {name: one.repeated(other.most) for side, other in ((left, right), (right, left)) for name, one in side.added.items()},
        left.absent | right.absent,
    )
    match join.kind:
        case JoinKind.INNER:
            return both
        case JoinKind.LEFT:
            settled = join.condition is None or both.same(join.condition)
            constant = left.constant | (right.constant | frozenset(marks) if settled else frozenset())
            apart, absent = _apart(left.told, with_null(right.told)), both.absent | right.columns
            return replace(both, constant=constant, apart=apart, absent=absent)
        case JoinKind.FULL if join.condition is None:
            apart = _apart(with_null(left.told), with_null(right.told))
            return replace(both, constant=both.constant | frozenset(marks), apart=apart, absent=both.columns)
        case JoinKind.FULL:
            most = max(both.most, left.most + right.most)
            return replace(both, most=most, constant=frozenset(), apart=None, absent=both.columns)


def _apart(left: Mapping[str, int | None] | None, right: Mapping[str, int | None] | None) -> Mapping[str, int | None] | None:
    """Return what tells pairs of rows apart: what tells both rows apart."""
    return None if left is None or right is None else {**left, **right}


def _united(union: Union, arms: list[Rows]) -> Rows:
    """Return what is known about the rows of several relations together: nothing is the same in all rows of a person."""
    if any(len(arm.values) != len(union.columns) for arm in union.arms):
        raise Broken("the relations of a union have different numbers of columns")
    ranges = {}
    for place, name in enumerate(union.columns):
        found = [_bounded(arm.values[place], rows) for arm, rows in zip(union.arms, arms, strict=True)]
        known = [one for one in found if one is not None]
        if len(known) == len(found):
            ranges[name] = hull(known)
    known_ranges = {name: one for name, one in ranges.items() if one is not None}
    return Rows(sum(rows.most for rows in arms), frozenset(union.columns), frozenset(), known_ranges)


def _windowed(window: Window, source: Rows) -> Rows:
    """Return what is known about rows with further columns, which may differ among a person's rows."""
    ranges = {column.name: found for column in window.columns if (found := _said(column, source)) is not None}
    numbers = {column.name: 1 for column in window.columns if column.function is WindowFunction.ROW_NUMBER and not window.keys}
    columns = source.columns | {column.name for column in window.columns}
    return replace(source, columns=columns, ranges={**source.ranges, **ranges}, numbered={**source.numbered, **numbers})


def _said(column: Windowed, rows: Rows) -> Range | None:
    """Return the range of what a window says of a row, if it is a bounded number."""
    match column.function:
        case WindowFunction.ROW_NUMBER:
            return 1, rows.most
        case WindowFunction.COUNT:
            return 0, rows.most
        case WindowFunction.SUM:
            found = _bounded(column.value, rows)
            return None if found is None else _summed(column.value, found, rows.most, rows)
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
    numbered = {name: most * source.rows_per_key for name, most in rows.numbered.items()}
    ranges = {**rows.ranges, **_ranges(contract, names)}
    apart = rows.told if source.rows_per_key == 1 else None
    added = {name: one.repeated(source.rows_per_key) for name, one in rows.added.items()}
    absent = rows.absent | (names if relation.kind is JoinKind.LEFT else frozenset())
    return Rows(rows.most * source.rows_per_key, rows.columns | names, constant, ranges, numbered, apart, added, absent)


def _per_person(relation: PerPerson, rows: Rows, contract: Contract) -> Rows:
    """Return what is known after aggregation inside each person: one row, or as many as keys can differ."""
    one = all(rows.same(key.value) for key in relation.keys)
    keys = frozenset(key.name for key in relation.keys)
    names = keys | {total.name for total in relation.totals}
    constant = names if one else frozenset(key.name for key in relation.keys if rows.same(key.value))
    most = alike(rows, [key.value for key in relation.keys])
    known = [(key.name, _bounded(key.value, rows)) for key in relation.keys]
    known += [(total.name, _total(total, rows, most, contract)) for total in relation.totals]
    apart, left = grouped(relation, rows, contract)
    added = {total.name: total_sums(total.function, total.value, rows) for total in relation.totals}
    return Rows(
        left,
        names,
        names if left == 1 else constant,
        {name: found for name, found in known if found is not None},
        apart=apart,
        added={name: found for name, found in added.items() if found is not None},
    )


def _total(total: Total, rows: Rows, most: int, contract: Contract) -> Range | None:
    """Return the range of a per-person total of so many rows, if it is a bounded number. A row has one value, of those that there are."""
    if total.function is TotalFunction.COUNT:
        return 0, most
    if total.function is TotalFunction.DISTINCT:
        values = values_of(total.value, contract)
        return 0, most if values is None else min(most, len(values))
    found = _bounded(total.value, rows)
    return found if found is None or total.function is not TotalFunction.SUM else _summed(total.value, found, most, rows)


def _summed(value: Expression, ends: Range, most: int, rows: Rows) -> Range:
    """Return the range of a sum of one value or more, of so many rows: within that of as many values, and within that of any rows."""
    low, high = ends
    low, high = small([low, low * most, high, high * most])
    every = sums(value, rows)
    return max(low, every.negative), min(high, every.positive)


def _bounded(expression: Expression, rows: Rows) -> Range | None:
    """Return the range of an expression, or None where it is no number with bounds."""
    try:
        return value_span(expression, rows.ranges)
    except Broken:
        return None


def _ranges(contract: Contract, names: Iterable[str]) -> dict[str, Range]:
    known = {name: value_range(contract, name) for name in names}
    return {name: found for name, found in known.items() if found is not None}
