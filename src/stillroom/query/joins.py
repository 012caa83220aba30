"""Joins of two private relations, on the person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, Compare, Comparison, columns_of
from stillroom.model.relation import ColumnFact, Join, JoinKind
from stillroom.model.schema import ColumnType, Kind
from stillroom.query import uses
from stillroom.query.apart import of_pairs, optional
from stillroom.query.constants import NULL
from stillroom.query.expressions import condition, conjunction, conjuncts, person_reference
from stillroom.query.frame import Binding, Frame, PersonColumn, Source, resolve
from stillroom.query.join_kinds import kept
from stillroom.query.text.parse import identifier
from stillroom.query.typed import Typed, both_true, choice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.model.schema import Use
    from stillroom.query.context import Context
    from stillroom.query.join_kinds import Kept


def of_persons(left: Frame, right: Frame, join: exp.Join, context: Context) -> Frame:
    """Join two private relations; their persons must be equated, and more conditions are welcome.

    What names mean that stood in several sources of the left side is what the join makes of it: NULL where that side is absent.

    Raises:
        Refusal: The persons are not equated, or one person could have too many rows.
    """
    how, both = kept(join), side_by_side(left, right)
    equated, others = split_conditions(_conditions(join, left, right), both, left, right)
    if not equated:
        raise Refusal(
            Code.JOIN_WITHOUT_PERSON,
            "A join of private datasets must equate their persons.",
            f"Add ON {_person_name(left)} = {_person_name(right)}.",
        )
    for item in others:
        uses.allow(context.contract, item, needed(item))
    if how.left and how.right:
        joined = _full(left, right, others, context)
    elif how.left or how.right:
        joined = _one_sided(left, right, others, context, keep_left=how.left)
    else:
        relation = Join(kind=JoinKind.INNER, left=left.relation, right=right.relation)
        pairs = side_by_side(_narrowed(left, others), _narrowed(right, others))
        joined = replace(pairs, relation=relation).where(conjunction(others))
    check_rows(joined.rows, context.contract)
    return replace(joined, merged={**joined.merged, **_persons_merged(left, right, how)})


def _narrowed(side: Frame, conditions: list[Typed]) -> Frame:
    """Return the rows of a side that can match, by those conditions of a join that read this side alone.

    A pair of rows is kept only if all conditions are true of it. So a row of this side of which one is not true matches nothing; as many
    are left as the same condition in WHERE would leave (`Frame.where`). That goes for both sides of an inner join, and for the side of an
    outer join whose unmatched rows are not kept.
    """
    return side.where(conjunction(_over(side, conditions)))


def _over(side: Frame, conditions: list[Typed]) -> list[Typed]:
    """Return the conditions that read columns of a side, and nothing else."""
    own = frozenset(fact.name for fact in side.facts)
    return [item for item in conditions if columns_of(item.expression) and columns_of(item.expression) <= own]


def side_by_side(left: Frame, right: Frame) -> Frame:
    """Return a frame in which the names of both sides can be used, for pairs of their rows."""
    if {source.alias for source in left.sources} & {source.alias for source in right.sources}:
        raise Refusal(Code.COLUMN_AMBIGUOUS, "Two tables of the question have the same name.", "Give each its own alias.")
    sources, facts = left.sources + right.sources, left.facts + right.facts
    here, there = times(left, right.rows), times(right, left.rows)
    ranks, added = {**here.ranks, **there.ranks}, {**here.added, **there.added}
    return replace(here, sources=sources, facts=facts, ranks=ranks, told=of_pairs(left, right), added=added)


def times(side: Frame, rows: int) -> Frame:
    """Return the rows of one side of a join: each is there as often as the other side has rows, or once without any."""
    ranks = {name: most * rows for name, most in side.ranks.items()}
    return replace(side, rows=side.rows * rows, ranks=ranks, added={name: one.times(rows) for name, one in side.added.items()})


def _persons_merged(left: Frame, right: Frame, how: Kept) -> dict[str, Binding]:
    """Return what a name means that is the person on both sides: that of a side that is always there, or of whichever is."""

    def persons(frame: Frame) -> dict[str, PersonColumn]:
        return {name: one for source in frame.sources for name, one in source.columns.items() if isinstance(one, PersonColumn)}

    here, there = persons(left), persons(right)
    shared = here.keys() & there.keys()
    if how.left and how.right:
        return {name: PersonColumn() for name in shared}
    return {name: (there if how.right else here)[name] for name in shared}


def needed(item: Typed) -> frozenset[Use]:
    """Return the uses of which a column needs one in a condition of a join: an equality matches, anything else filters."""
    match item.expression:
        case Compare(comparison=Comparison.EQUAL, left=Column(), right=Column()):
            return uses.MATCHES
        case _:
            return uses.FILTERS


def _conditions(join: exp.Join, left: Frame, right: Frame) -> list[exp.Expr]:
    """Return the conditions of a join, those of USING first."""
    nodes = [equality(identifier(name), left, right) for name in join.args.get("using") or ()]
    return nodes + (conjuncts(join.args["on"]) if join.args.get("on") is not None else [])


def split_conditions(nodes: Iterable[exp.Expr], both: Frame, left: Frame, right: Frame) -> tuple[bool, list[Typed]]:
    """Return whether conditions equate the persons of two sides, and all that they ask beyond that."""
    from sqlglot import exp

    equated, others = False, list[Typed]()
    for node in nodes:
        persons = equated_persons(node, both, left, right) if isinstance(node, exp.EQ) else None
        if persons is None:
            others.append(condition(node, both))
        else:
            equated = True
            others += [person.present for person in persons if person.present is not None]
    return equated, others


def equality(name: str, left: Frame, right: Frame) -> exp.Expr:
    """Write USING (name) as an equality."""
    from sqlglot import exp

    def owner(frame: Frame) -> exp.Column:
        resolve(frame, name, None)
        alias = next(source.alias for source in frame.sources if name in source.columns)
        return exp.column(name, table=None if name in frame.merged else alias, quoted=True)

    return exp.EQ(this=owner(left), expression=owner(right))


def equated_persons(node: exp.Expr, both: Frame, left: Frame, right: Frame) -> tuple[PersonColumn, PersonColumn] | None:
    """Return the persons that an equality equates, if they are one of the left side and one of the right.

    Rows on which such a person is NULL match nothing; all rows have their person, whatever a column says.
    """
    first, second = person_reference(node.this, both), person_reference(node.expression, both)
    if first is None or second is None:
        return None
    if (has_person(left, first) and has_person(right, second)) or (has_person(left, second) and has_person(right, first)):
        return first, second
    return None


def has_person(frame: Frame, person: PersonColumn) -> bool:
    """Tell whether a person column belongs to a frame."""
    known = [*(one for source in frame.sources for one in source.columns.values()), *frame.merged.values()]
    return any(person.among(one) for one in known if isinstance(one, PersonColumn))


def _person_name(frame: Frame) -> str:
    """Return the name of a frame's person column, for a message."""
    for source in frame.sources:
        for name, binding in source.columns.items():
            if isinstance(binding, PersonColumn):
                return f"{source.alias}.{name}"
    return "its person (select it in the subquery)"


def check_rows(rows: int, contract: Contract) -> None:
    """Refuse joins in which one person may have more rows than the contract's limit."""
    if rows > contract.limits.rows_per_person:
        raise Refusal(
            Code.BOUND_TOO_LARGE,
            f"One person may have {rows} rows after the join; the contract's limit is {contract.limits.rows_per_person}.",
            "Aggregate per person before the join (GROUP BY the person in a subquery).",
        )


def _one_sided(left: Frame, right: Frame, others: list[Typed], context: Context, *, keep_left: bool) -> Frame:
    """Join two sides, keeping every row of one.

    Conditions over the other side alone decide which of its rows can match: a row that is kept is there once for each of these, or once
    without any. Whether a row has a match is the same for all rows of a
    person where the conditions that are left read nothing that varies among them.
    """
    kept, other = (left, right) if keep_left else (right, left)
    mine, matching = _over(other, others), _narrowed(other, others)
    rest = [item for item in others if item not in mine]
    absent, mark = _maybe_absent(matching, context, settled=all(item.functional for item in rest))
    join = Join(
        kind=JoinKind.LEFT,
        left=kept.relation,
        right=matching.relation,
        condition=conjunction(rest),
        has_right=mark,
    )
    return replace(side_by_side(left, absent) if keep_left else side_by_side(absent, right), relation=join)


def _full(left: Frame, right: Frame, others: list[Typed], context: Context) -> Frame:
    """Join two sides, keeping every row of both.

    With no condition but the persons' equality, a person's rows are all pairs, or those of the one side that has any. Otherwise there
    are at most lr rows where something matches: with a rows of one side and b of the other in matches, ab + (l - a) + (r - b) ≤ lr; and
    l + r where nothing does. Of these, one row of each side may be NULL in all columns that tell rows apart.
    """
    here, has_left = _maybe_absent(left, context, settled=not others)
    there, has_right = _maybe_absent(right, context, settled=not others)
    both = side_by_side(here, there)
    join = Join(
        kind=JoinKind.FULL,
        left=left.relation,
        right=right.relation,
        condition=conjunction(others),
        has_left=has_left,
        has_right=has_right,
    )
    return replace(both, relation=join, rows=max(both.rows, left.rows + right.rows), told=None) if others else replace(both, relation=join)


def _maybe_absent(side: Frame, context: Context, *, settled: bool) -> tuple[Frame, str]:
    """Return a side of an outer join whose columns are NULL on some rows, and the name of the column that is true on the others.

    Args:
        side: The side.
        context: Gives names.
        settled: Whether all rows of a person have that side, or none.
    """
    mark = context.names.column(side.stem)
    present = Typed(Column(name=mark), ColumnType(kind=Kind.BOOLEAN), settled)
    sources = tuple(
        Source(source.alias, {name: _optional(one, present, functional=settled) for name, one in source.columns.items()})
        for source in side.sources
    )
    merged = {name: _optional(one, present, functional=settled) for name, one in side.merged.items()}
    facts = tuple(fact.model_copy(update={"type": nullable(fact.type)}) for fact in side.facts)
    facts = (*facts, ColumnFact(name=mark, type=present.type))
    return replace(side, sources=sources, merged=merged, facts=facts, told=optional(side.apart)), mark


def nullable(declared: ColumnType) -> ColumnType:
    """Return a type that also has NULL."""
    return declared.model_copy(update={"nullable": True})


def _optional(binding: Binding, present: Typed, *, functional: bool) -> Binding:
    """Return what a column of a side that may be absent is: NULL on rows without that side.

    A plain column is NULL there by itself; a computed one must be told, as it may be something else when its columns are NULL.
    """
    if isinstance(binding, PersonColumn):
        return PersonColumn(present if binding.present is None else both_true(present, binding.present))
    functional = functional and binding.functional
    if isinstance(binding.expression, Column):
        return replace(binding, type=nullable(binding.type), functional=functional)
    return replace(choice([(present, binding)], NULL), functional=functional, reads=binding.reads, tests=binding.tests)
