"""What the contract proves about the rows of one person, derived from the plan's relations once more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import dataset, value_range
from stillroom.client.verification.outcome import Broken
from stillroom.model.contract import PrivateDataset, PublicDataset
from stillroom.model.expression import Arithmetic, ArithmeticOp, Case, Column, Constant, Divide, columns_of
from stillroom.model.relation import Enrich, Filter, JoinKind, Linked, PerPerson, Scan, TotalFunction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.client.verification.declared import Range
    from stillroom.model.contract import Contract
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Part, Plan
    from stillroom.model.relation import Relation, Total

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
    parts = [_part(part, contract) for part in plan.parts]
    if (plan.link is None) != (len(parts) == 1):
        raise Broken("two parts need a link, and one part has none")
    if not isinstance(_leaf(plan.rest), Linked):
        raise Broken("what is measured are not the linked rows")
    return _relation(plan.rest, contract, parts[0] if plan.link is None else _linked(plan, *parts))


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


def _part(part: Part, contract: Contract) -> Rows:
    """Return what is known about a part, whose own statement must not be less."""
    source, leaf = dataset(contract, part.dataset), _leaf(part.relation)
    if not isinstance(source, PrivateDataset) or (source.owner, source.population) != (part.owner, part.population):
        raise Broken(f"the contract has no private dataset {part.dataset} of {part.owner} about {part.population}")
    if not isinstance(leaf, Scan) or leaf.dataset != part.dataset:
        raise Broken(f"the part of {part.dataset} reads something else")
    names = frozenset(f"{leaf.dataset}.{name}" for name in leaf.columns)
    constant = names if source.rows_per_person == 1 else frozenset[str]()
    rows = _relation(part.relation, contract, Rows(source.rows_per_person, names, constant, _ranges(contract, names)))
    if rows.most > part.rows:
        raise Broken(f"rows of one person in {part.dataset}: got {part.rows}, expected {rows.most}")
    return rows


def _leaf(relation: Relation) -> Scan | Linked:
    """Return what stands at the bottom of a relation."""
    while not isinstance(relation, Scan | Linked):
        relation = relation.source
    return relation


def _linked(plan: Plan, left: Rows, right: Rows) -> Rows:
    """Return what is known about linked rows: each row of one side may meet each row of the other."""
    columns, ranges = left.columns | right.columns, {**left.ranges, **right.ranges}
    both = Rows(left.most * right.most, columns, left.constant | right.constant, ranges)
    if plan.link is None or plan.link.kind is not JoinKind.LEFT:
        return both
    settled = plan.link.condition is None or both.same(plan.link.condition)
    optional = right.constant | {plan.link.present} if settled else frozenset[str]()
    return replace(both, columns=columns | {plan.link.present}, constant=left.constant | optional)


def _relation(relation: Relation, contract: Contract, leaf: Rows) -> Rows:
    """Return what is known about a relation, given what is known about the rows at its bottom."""
    match relation:
        case Scan() | Linked():
            return leaf
        case Filter():
            return _relation(relation.source, contract, leaf)
        case Enrich():
            return _enriched(relation, contract, _relation(relation.source, contract, leaf))
        case PerPerson():
            return _per_person(relation, _relation(relation.source, contract, leaf))


def _enriched(relation: Enrich, contract: Contract, rows: Rows) -> Rows:
    """Return what is known after a join with a public table, which may multiply rows."""
    source = dataset(contract, relation.dataset)
    if not isinstance(source, PublicDataset) or [item.column for item in relation.on] != list(source.key):
        raise Broken(f"{relation.dataset} is not joined as a public table on its whole key")
    names = frozenset(f"{relation.dataset}.{name}" for name in relation.columns)
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
    """Return the range of a sum, difference or product, which has its extremes where both operands have theirs."""
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
            found = [a * b for a, b in pairs]
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
