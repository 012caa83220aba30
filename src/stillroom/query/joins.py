"""Joins: of two private datasets on the person, and with a public table on its key."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, Compare, Comparison, columns_of
from stillroom.model.relation import ColumnFact, Enrich, Join, JoinKind, On
from stillroom.model.schema import ColumnType, Kind, column_type
from stillroom.query import uses
from stillroom.query.apart import of_pairs, optional
from stillroom.query.constants import NULL
from stillroom.query.expressions import condition, conjunction, conjuncts, person_reference, row_expression
from stillroom.query.frame import Binding, Frame, PersonColumn, PublicTable, Source, resolve
from stillroom.query.join_kinds import kept
from stillroom.query.text.parse import identifier
from stillroom.query.typed import Typed, both_true, choice, mismatch, scaled

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
    here, there = _times(left, right.rows), _times(right, left.rows)
    ranks, added = {**here.ranks, **there.ranks}, {**here.added, **there.added}
    return replace(here, sources=sources, facts=facts, ranks=ranks, told=of_pairs(left, right), added=added)


def _times(side: Frame, rows: int) -> Frame:
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
    nodes = [_equality(identifier(name), left, right) for name in join.args.get("using") or ()]
    return nodes + (conjuncts(join.args["on"]) if join.args.get("on") is not None else [])


def split_conditions(nodes: Iterable[exp.Expr], both: Frame, left: Frame, right: Frame) -> tuple[bool, list[Typed]]:
    """Return whether conditions equate the persons of two sides, and all that they ask beyond that."""
    from sqlglot import exp

    equated, others = False, list[Typed]()
    for node in nodes:
        persons = _equated_persons(node, both, left, right) if isinstance(node, exp.EQ) else None
        if persons is None:
            others.append(condition(node, both))
        else:
            equated = True
            others += [person.present for person in persons if person.present is not None]
    return equated, others


def _equality(name: str, left: Frame, right: Frame) -> exp.Expr:
    """Write USING (name) as an equality."""
    from sqlglot import exp

    def owner(frame: Frame) -> exp.Column:
        resolve(frame, name, None)
        alias = next(source.alias for source in frame.sources if name in source.columns)
        return exp.column(name, table=None if name in frame.merged else alias, quoted=True)

    return exp.EQ(this=owner(left), expression=owner(right))


def _equated_persons(node: exp.EQ, both: Frame, left: Frame, right: Frame) -> tuple[PersonColumn, PersonColumn] | None:
    """Return the persons that an equality equates, if they are one of the left side and one of the right.

    Rows on which such a person is NULL match nothing; all rows have their person, whatever a column says.
    """
    first, second = person_reference(node.this, both), person_reference(node.expression, both)
    if first is None or second is None:
        return None
    if (_has(left, first) and _has(right, second)) or (_has(left, second) and _has(right, first)):
        return first, second
    return None


def _has(frame: Frame, person: PersonColumn) -> bool:
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
    facts = tuple(fact.model_copy(update={"type": _nullable(fact.type)}) for fact in side.facts)
    facts = (*facts, ColumnFact(name=mark, type=present.type))
    return replace(side, sources=sources, merged=merged, facts=facts, told=optional(side.apart)), mark


def _nullable(declared: ColumnType) -> ColumnType:
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
        return replace(binding, type=_nullable(binding.type), functional=functional)
    return replace(choice([(present, binding)], NULL), functional=functional, reads=binding.reads, tests=binding.tests)


def of_nobody() -> Refusal:
    """Return the refusal of a join that would keep rows of a public table that match nobody."""
    return Refusal(
        Code.JOIN_NOT_ALLOWED, "Rows of a public table belong to nobody.", "Keep the rows of the private dataset, or those that match."
    )


def with_public(left: Frame, public: PublicTable, join: exp.Join, contract: Contract, *, public_first: bool = False) -> Frame:
    """Join a public table on its whole key.

    Args:
        left: The private side.
        public: The table.
        join: The join as it is written.
        contract: The contract.
        public_first: Whether the public table is written on the left side of the join.

    Raises:
        Refusal: The join keeps rows of the public table, the key is not equated in full, or an outer join with several rows of a key has
            further conditions.
    """
    how = kept(join)
    optional, nobody = (how.right, how.left) if public_first else (how.left, how.right)
    if nobody:
        raise of_nobody()
    if any(source.alias == public.alias for source in left.sources):
        raise Refusal(Code.COLUMN_AMBIGUOUS, "Two tables of the question have the same name.", "Give each its own alias.")
    types = {name: column_type(column) for name, column in public.declared.columns.items()}
    facts = tuple(ColumnFact(name=f"{public.name}.{name}", type=kind) for name, kind in types.items())
    read = {name: frozenset({f"{public.dataset}.{name}"}) for name in types}
    source = Source(public.alias, {name: Typed(Column(name=f"{public.name}.{name}"), types[name], reads=read[name]) for name in types})
    both = replace(left, sources=(*left.sources, source), facts=left.facts + facts)
    matched, others = _public_conditions(join, left, both, public)
    if set(matched) != set(public.declared.key):
        reason = f"{public.dataset} can only be joined on its whole key ({', '.join(public.declared.key)})."
        raise Refusal(Code.JOIN_NOT_ALLOWED, reason, "Equate each key column once; further conditions may stand beside that.")
    if others and optional and public.declared.rows_per_key > 1:
        reason = f"An outer join with {public.dataset}, which has several rows of a key, takes no condition beyond the key."
        raise Refusal(Code.JOIN_NOT_ALLOWED, reason, "Join without it, and select CASE WHEN condition THEN column END.")
    for item in others:
        uses.allow(contract, item, needed(item))
    frame = _enriched(left, public, optional=optional, matched=matched, source=source, facts=facts, contract=contract)
    merged = {name: resolve(left, name, None) for name in map(identifier, join.args.get("using") or ())}
    frame = _matching(frame, others) if optional else frame.where(conjunction(others))
    return replace(frame, merged={**frame.merged, **merged})


def _matching(frame: Frame, conditions: list[Typed]) -> Frame:
    """Return the rows of an outer join whose last columns, of one row at most, are NULL where further conditions of it are not true."""
    if not conditions:
        return frame
    test, last = reduce(both_true, conditions), frame.sources[-1]
    columns = {name: choice([(test, one)], NULL) for name, one in last.columns.items() if isinstance(one, Typed)}
    return replace(frame, sources=(*frame.sources[:-1], Source(last.alias, {**last.columns, **columns})))


def _public_conditions(join: exp.Join, left: Frame, both: Frame, public: PublicTable) -> tuple[dict[str, Typed], list[Typed]]:
    """Split the conditions of a join with a public table into equalities with its key, and others."""
    nodes = [_equality(identifier(name), left, replace(both, sources=both.sources[-1:])) for name in join.args.get("using") or ()]
    if join.args.get("on") is not None:
        nodes += conjuncts(join.args["on"])
    matched: dict[str, Typed] = {}
    others = []
    for node in nodes:
        pair = _key_equality(node, both, public)
        if pair is None or pair[0] in matched:
            others.append(condition(node, both))
        else:
            matched[pair[0]] = pair[1]
    return matched, others


def _key_equality(node: exp.Expr, both: Frame, public: PublicTable) -> tuple[str, Typed] | None:
    """Return (key column, left expression) when a condition equates them."""
    from sqlglot import exp

    if not isinstance(node, exp.EQ):
        return None
    for one, other in ((node.this, node.expression), (node.expression, node.this)):
        right, left = row_expression(one, both), row_expression(other, both)
        dataset, _, name = right.expression.name.partition(".") if isinstance(right.expression, Column) else ("", "", "")
        alone = not any(column.startswith(f"{public.name}.") for column in columns_of(left.expression))
        if alone and dataset == public.name and name in public.declared.key:
            return name, _same_units(left, right)
    return None


def _same_units(left: Typed, right: Typed) -> Typed:
    """Bring the left expression to the key's units."""
    if left.type.numeric and right.type.numeric:
        if left.type.digits > right.type.digits:
            raise mismatch("A key of a public table has fewer decimal places than what it is compared with.")
        return scaled(left, right.type.digits)
    if left.type.kind is not right.type.kind:
        raise mismatch("A key of a public table has another type than what it is compared with.")
    return left


def _enriched(  # noqa: PLR0913 - the parts of one join
    left: Frame,
    public: PublicTable,
    *,
    optional: bool,
    matched: dict[str, Typed],
    source: Source,
    facts: tuple[ColumnFact, ...],
    contract: Contract,
) -> Frame:
    """Add the public columns to each row."""
    for item in matched.values():
        uses.allow(contract, item, uses.MATCHES | uses.GROUPS)
    functional = public.declared.rows_per_key == 1 and all(item.functional for item in matched.values())
    about = frozenset[str]().union(*(uses.withheld(contract, item) for item in matched.values()))
    columns: dict[str, Binding] = {}
    for name, binding in source.columns.items():
        if isinstance(binding, Typed):
            kind = _nullable(binding.type) if optional else binding.type
            columns[name] = replace(binding, type=kind, functional=functional, reads=binding.reads | about)
    facts = tuple(fact.model_copy(update={"type": _nullable(fact.type)}) if optional else fact for fact in facts)
    many = _times(left, public.declared.rows_per_key)
    check_rows(many.rows, contract)
    relation = Enrich(
        source=left.relation,
        dataset=public.dataset,
        name=public.name,
        kind=JoinKind.LEFT if optional else JoinKind.INNER,
        on=tuple(On(left=matched[name].expression, column=name) for name in public.declared.key),
        columns=tuple(public.declared.columns),
    )
    sources = (*left.sources, Source(source.alias, columns))
    told = left.apart if public.declared.rows_per_key == 1 else None
    return replace(many, sources=sources, facts=left.facts + facts, relation=relation, told=told)
