"""Joins: of two private datasets on the person, and with a public table on its key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column, Compare, Comparison, columns_of
from stillroom.model.plan import Link
from stillroom.model.relation import ColumnFact, Enrich, JoinKind, Linked, On
from stillroom.model.schema import ColumnType, Kind, column_type
from stillroom.query import uses
from stillroom.query.expressions import NULL, condition, conjunction, conjuncts, person_reference, row_expression
from stillroom.query.frame import Binding, Frame, PersonColumn, PublicTable, Source, resolve
from stillroom.query.parse import identifier, only
from stillroom.query.typed import Typed, choice, mismatch, scaled

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.model.schema import Use

PARTS = 2
"""The most private datasets of a question."""

PRESENT = "#present"
"""The column that tells matched rows of a LEFT JOIN."""


def kind(join: exp.Join) -> JoinKind:
    """Return the kind of a join.

    Raises:
        Refusal: It is neither INNER nor LEFT.
    """
    only(join, {"this", "on", "using", "side", "kind"})
    side, words = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
    if side == "" and words in {"", "INNER"}:
        return JoinKind.INNER
    if side == "LEFT" and words in {"", "OUTER"}:
        return JoinKind.LEFT
    name = f"{side} {words}".strip()
    raise Refusal(Code.JOIN_NOT_ALLOWED, f"{name} JOIN is not supported.", "Use INNER JOIN or LEFT JOIN.")


def of_persons(left: Frame, right: Frame, join: exp.Join, contract: Contract) -> Frame:
    """Join two private relations; their persons must be equated, and more conditions are welcome.

    Raises:
        Refusal: The persons are not equated, or a third dataset or the same one again is joined.
    """
    how = kind(join)
    if len(left.parts) + len(right.parts) > PARTS:
        raise Refusal(
            Code.JOIN_NOT_ALLOWED, "A question joins at most two private datasets.", "Split it into questions over two datasets each."
        )
    if left.parts[0].dataset == right.parts[0].dataset:
        raise Refusal(
            Code.JOIN_NOT_ALLOWED, "A dataset cannot be joined with itself.", "Use conditions or a subquery grouped by the person."
        )
    _check_public(left, right)
    both = _side_by_side(left, right)
    equated, others = _split(join, both, left, right)
    if not equated:
        raise Refusal(
            Code.JOIN_WITHOUT_PERSON,
            "A join of private datasets must equate their persons.",
            f"Add ON {_person_name(left)} = {_person_name(right)}.",
        )
    for item in others:
        uses.allow(contract, item, _needed(item))
    _check_rows(left.rows * right.rows, contract)
    return _inner(both, left, right, others) if how is JoinKind.INNER else _left(both, left, right, others)


def _side_by_side(left: Frame, right: Frame) -> Frame:
    """Return a frame in which the names of both sides can be used."""
    if {source.alias for source in left.sources} & {source.alias for source in right.sources}:
        raise Refusal(Code.COLUMN_AMBIGUOUS, "Two tables of the question have the same name.", "Give each its own alias.")
    return replace(
        left,
        sources=left.sources + right.sources,
        facts=left.facts + right.facts,
        relation=Linked(),
        rows=left.rows * right.rows,
        stem="#linked",
        made=0,
    )


def _needed(item: Typed) -> frozenset[Use]:
    """Return the uses of which a column needs one in a condition of a join: an equality matches, anything else filters."""
    match item.expression:
        case Compare(comparison=Comparison.EQUAL, left=Column(), right=Column()):
            return uses.MATCHES
        case _:
            return uses.FILTERS


def _check_public(left: Frame, right: Frame) -> None:
    """Refuse one public table on both sides: its columns would have the same names in the plan."""
    if {fact.name for fact in left.facts} & {fact.name for fact in right.facts}:
        raise Refusal(
            Code.JOIN_NOT_ALLOWED, "Both sides of the join have joined the same public table.", "Join each public table once in a question."
        )


def _split(join: exp.Join, both: Frame, left: Frame, right: Frame) -> tuple[bool, list[Typed]]:
    """Split the conditions of a join into the equality of persons, and the others."""
    from sqlglot import exp

    nodes = [node for name in join.args.get("using") or () for node in [_equality(identifier(name), left, right)]]
    if join.args.get("on") is not None:
        nodes += conjuncts(join.args["on"])
    equated, others = False, []
    for node in nodes:
        if isinstance(node, exp.EQ) and _equates_persons(node, both, left, right):
            equated = True
        else:
            others.append(condition(node, both))
    return equated, others


def _equality(name: str, left: Frame, right: Frame) -> exp.Expr:
    """Write USING (name) as an equality."""
    from sqlglot import exp

    def owner(frame: Frame) -> exp.Column:
        resolve(frame, name, None)
        alias = next(source.alias for source in frame.sources if name in source.columns)
        return exp.column(name, table=alias, quoted=True)

    return exp.EQ(this=owner(left), expression=owner(right))


def _equates_persons(node: exp.EQ, both: Frame, left: Frame, right: Frame) -> bool:
    """Tell whether an equality equates a person of the left side with one of the right."""
    first, second = person_reference(node.this, both), person_reference(node.expression, both)
    if first is None or second is None:
        return False
    sides = {_has(left, first), _has(left, second)}
    return sides == {True, False} and (_has(right, first) or _has(right, second))


def _has(frame: Frame, person: PersonColumn) -> bool:
    """Tell whether a person column belongs to a frame."""
    return any(binding is person for source in frame.sources for binding in source.columns.values())


def _person_name(frame: Frame) -> str:
    """Return the name of a frame's person column, for a message."""
    for source in frame.sources:
        for name, binding in source.columns.items():
            if isinstance(binding, PersonColumn):
                return f"{source.alias}.{name}"
    return "its person (select it in the subquery)"


def _check_rows(rows: int, contract: Contract) -> None:
    """Refuse joins in which one person may have more rows than the contract's limit."""
    if rows > contract.limits.rows_per_person:
        raise Refusal(
            Code.BOUND_TOO_LARGE,
            f"One person may have {rows} rows after the join; the contract's limit is {contract.limits.rows_per_person}.",
            "Aggregate per person before the join (GROUP BY the person in a subquery).",
        )


def _inner(both: Frame, left: Frame, right: Frame, others: list[Typed]) -> Frame:
    """Link two parts, keeping matched rows; the order of the parts does not matter, so it is made canonical."""
    parts = sorted((left.closed()[0][0], right.closed()[0][0]), key=lambda part: part.dataset)
    linked = replace(both, parts=tuple(parts), link=Link(kind=JoinKind.INNER, present=PRESENT))
    return _all_merged(left, right, linked.where(conjunction(others)))


def _left(both: Frame, left: Frame, right: Frame, others: list[Typed]) -> Frame:
    """Link two parts, keeping every row of the first."""
    own = frozenset(fact.name for fact in right.facts)
    mine = [item for item in others if columns_of(item.expression) and columns_of(item.expression) <= own]
    rest = [item for item in others if item not in mine]
    functional = all(item.functional for item in rest)
    right = right.where(conjunction(mine))
    parts = (left.closed()[0][0], right.closed()[0][0])
    link = Link(kind=JoinKind.LEFT, condition=conjunction(rest), present=PRESENT)
    always = right.rows == 1 and functional
    facts = (*left.facts, *(fact.model_copy(update={"type": _nullable(fact.type)}) for fact in right.facts))
    present = Typed(Column(name=PRESENT), ColumnType(kind=Kind.BOOLEAN), always)
    sources = left.sources + tuple(
        Source(s.alias, {n: _optional(b, present, functional=functional) for n, b in s.columns.items()}) for s in right.sources
    )
    present_fact = ColumnFact(name=PRESENT, type=present.type)
    return _all_merged(left, right, replace(both, parts=parts, link=link, sources=sources, facts=(*facts, present_fact)))


def _all_merged(left: Frame, right: Frame, linked: Frame) -> Frame:
    """Let a name that means the person on both sides mean the left side's."""
    names = {n for s in left.sources for n, b in s.columns.items() if isinstance(b, PersonColumn)}
    shared = {n for s in right.sources for n, b in s.columns.items() if isinstance(b, PersonColumn) and n in names}
    return replace(linked, merged=left.merged | right.merged | shared)


def _nullable(declared: ColumnType) -> ColumnType:
    """Return a type that also has NULL."""
    return declared.model_copy(update={"nullable": True})


def _optional(binding: Binding, present: Typed, *, functional: bool) -> Binding:
    """Return what a column of the right side of a LEFT JOIN is: NULL on rows without a match.

    A plain column is NULL there by itself; a computed one must be told, as it may be something else when its columns are NULL.
    """
    if isinstance(binding, PersonColumn):
        return PersonColumn(present)
    functional = functional and binding.functional
    if isinstance(binding.expression, Column):
        return replace(binding, type=_nullable(binding.type), functional=functional)
    return replace(choice([(present, binding)], NULL), functional=functional, reads=binding.reads, tests=binding.tests)


def with_public(left: Frame, public: PublicTable, join: exp.Join, contract: Contract) -> Frame:
    """Join a public table on its whole key.

    Raises:
        Refusal: The key is not equated in full, or a LEFT JOIN has further conditions.
    """
    how = kind(join)
    if any(source.alias == public.alias for source in left.sources) or any(fact.name.startswith(f"{public.name}.") for fact in left.facts):
        raise Refusal(
            Code.JOIN_NOT_ALLOWED,
            "A table is joined twice, or two tables have the same name.",
            "Join each public table once, under its own name.",
        )
    facts = tuple(ColumnFact(name=f"{public.name}.{name}", type=column_type(column)) for name, column in public.dataset.columns.items())
    source = Source(public.alias, {f.name.partition(".")[2]: Typed(Column(name=f.name), f.type, reads=frozenset({f.name})) for f in facts})
    both = replace(left, sources=(*left.sources, source), facts=left.facts + facts)
    matched, others = _public_conditions(join, left, both, public)
    if set(matched) != set(public.dataset.key) or (others and how is JoinKind.LEFT):
        key = ", ".join(public.dataset.key)
        raise Refusal(
            Code.JOIN_NOT_ALLOWED,
            f"{public.name} can only be joined on its whole key ({key}).",
            "Equate each key column once; put further conditions in WHERE.",
        )
    frame = _enriched(left, public, how=how, matched=matched, others=others, source=source, facts=facts, contract=contract)
    return replace(frame, merged=frame.merged | {identifier(name) for name in join.args.get("using") or ()})


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
        if (
            dataset == public.name
            and name in public.dataset.key
            and not any(c.startswith(f"{public.name}.") for c in columns_of(left.expression))
        ):
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
    how: JoinKind,
    matched: dict[str, Typed],
    others: list[Typed],
    source: Source,
    facts: tuple[ColumnFact, ...],
    contract: Contract,
) -> Frame:
    """Add the public columns to each row."""
    for item in matched.values():
        uses.allow(contract, item, uses.MATCHES | uses.GROUPS)
    for item in others:
        uses.allow(contract, item, _needed(item))
    functional = public.dataset.rows_per_key == 1 and all(item.functional for item in matched.values())
    optional = how is JoinKind.LEFT
    about = frozenset[str]().union(*(uses.withheld(contract, item) for item in matched.values()))
    columns: dict[str, Binding] = {}
    for name, binding in source.columns.items():
        if isinstance(binding, Typed):
            kind_ = _nullable(binding.type) if optional else binding.type
            columns[name] = replace(binding, type=kind_, functional=functional, reads=binding.reads | about)
    facts = tuple(fact.model_copy(update={"type": _nullable(fact.type)}) if optional else fact for fact in facts)
    rows = left.rows * public.dataset.rows_per_key
    _check_rows(rows, contract)
    on = tuple(On(left=matched[name].expression, column=name) for name in public.dataset.key)
    relation = Enrich(source=left.relation, dataset=public.name, kind=how, on=on, columns=tuple(public.dataset.columns))
    frame = replace(left, sources=(*left.sources, Source(source.alias, columns)), facts=left.facts + facts, relation=relation, rows=rows)
    return frame.where(conjunction(others))
