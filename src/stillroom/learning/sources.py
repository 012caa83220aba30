"""What one owner's rows bring to a training: a question over that owner's own data, as features and a label.

A source is written as SQL, as a question is: one row for each row that is learned from, and every column but the label a feature. It is
compiled by the compiler of questions, to a plan whose measures are the features: what a question would add up over persons, a training
hands to the model row by row, on the owner's own machine. So all that holds for questions holds here: only columns that the contract lets
be measured, conditions on columns to filter by, expressions that cannot fail, rows that belong to one person each, and bounds that come
from the contract alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.question import Question, Terms
from stillroom.model.schema import Kind
from stillroom.model.training import Feature, Source
from stillroom.query.compile import OUTPUT_LIMIT, compile_question
from stillroom.query.context import Context
from stillroom.query.frame import PersonColumn
from stillroom.query.relations import select_rows
from stillroom.query.subqueries import compile_subquery
from stillroom.query.text.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

    from stillroom.model.contract import Contract, Digest, Name
    from stillroom.model.plan import Output, Plan
    from stillroom.model.schema import ColumnType
    from stillroom.query.typed import Typed

_ROWS = "rows"
"""What the rows of a source are called where its features are read off them."""

LARGEST_BOUND = 2**53
"""Bounds of features stay below this, in their own units: doubles hold all whole numbers up to it."""

_FREE = Terms(epsilon=1.0)
"""A plan has noise of some scale. That of a source is not drawn: a training has its own."""


def compile_source(contract: Contract, named: Digest, owner: Name, sql: str, label: str) -> Source:
    """Compile an owner's source.

    A number is read in its units. Of text with listed values, and of truth values, the place among them is read, counted from 0: false,
    then true. What is NULL in a row stays so.

    Args:
        contract: The contract.
        named: Its digest.
        owner: Whose rows they are.
        sql: The source.
        label: The column that is learned.

    Raises:
        InvalidInput: The text is not SQL.
        Refusal: As for a question; `COLUMN_UNKNOWN` without the label, `TYPE_MISMATCH` for a column that is neither a number, a truth value
            nor text with listed values, `BOUND_MISSING` for a number without bounds, `OWNER_ONLY` if it reads data of anybody else.
    """
    columns = _columns(contract, sql)
    if label not in columns or len(columns) == 1:
        raise Refusal(
            Code.COLUMN_UNKNOWN,
            f"The source of {owner} has no column {label!r} beside its features.",
            f"Name {label}, and one feature at least, after SELECT.",
        )
    read = {name: _read(name, typed) for name, typed in columns.items()}
    plan = _plan(contract, named, sql, [one.node for one in read.values()])
    _check_owner(plan, owner)
    found = {name: _feature(one, output) for (name, one), output in zip(read.items(), plan.finish.outputs, strict=True)}
    return Source(plan=plan, features=tuple(one for name, one in found.items() if name != label), label=found[label])


@dataclass(frozen=True, slots=True)
class _Read:
    """A column that is to be read off the rows: its name, its SQL, and its range or its values."""

    name: str
    node: exp.Expr
    low: int
    high: int
    digits: int = 0
    values: tuple[bool | str, ...] = ()


def _columns(contract: Contract, sql: str) -> Mapping[str, Typed]:
    """Return the columns of a source, and what is known of each."""
    context = Context(contract, compile_subquery, select_rows)
    (rows,) = compile_subquery(parse(sql, {}), _ROWS, context).sources
    return {name: binding for name, binding in rows.columns.items() if not isinstance(binding, PersonColumn)}


def _read(name: str, typed: Typed) -> _Read:
    """Return how a column is read.

    Raises:
        Refusal: `TYPE_MISMATCH`; `BOUND_MISSING`, `BOUND_TOO_LARGE`.
    """
    from sqlglot import exp

    column, kind = exp.column(exp.to_identifier(name, quoted=True), table=_ROWS), typed.type
    if kind.numeric:
        return _Read(name, column, *_range(name, kind), kind.digits)
    if kind.kind is Kind.BOOLEAN:
        tests = {False: exp.Not(this=column), True: column.copy()}
        return _Read(name, _place(tests.values()), 0, 1, values=(False, True))
    values = tuple(value for value in kind.values or () if isinstance(value, str))
    if len(values) == 1:
        raise _constant(name)
    if kind.kind is not Kind.TEXT or not values:
        fix = "Use numbers, truth values, or text whose values the contract lists; of a date, EXTRACT(YEAR FROM …) or a difference of days."
        raise Refusal(Code.TYPE_MISMATCH, f"Column {name!r} is {kind.kind}, which no model takes as it is.", fix)
    equal = (exp.EQ(this=column.copy(), expression=exp.Literal.string(value)) for value in values)
    return _Read(name, _place(equal), 0, len(values) - 1, values=values)


def _place(tests: Iterable[exp.Expr]) -> exp.Expr:
    """Return the place of the one condition that is true, counted from 0; NULL where none is."""
    from sqlglot import exp

    return exp.Case(ifs=[exp.If(this=test, true=exp.Literal.number(place)) for place, test in enumerate(tests)])


def _range(name: str, kind: ColumnType) -> tuple[int, int]:
    """Return the least and the greatest number of a column, in its units."""
    listed = [int(value) for value in kind.values or ()]
    low, high = min(listed, default=kind.low), max(listed, default=kind.high)
    if low is None or high is None:
        fix = "Declare bounds in the contract, or let the source cut it: LEAST(GREATEST(x, low), high)."
        raise Refusal(Code.BOUND_MISSING, f"The contract bounds no values of column {name!r}.", fix)
    if low == high:
        raise Refusal(
            Code.TYPE_MISMATCH, f"Column {name!r} has one value only, by the contract.", "Leave it out: nothing is learned from it."
        )
    if max(-low, high) >= LARGEST_BOUND:
        raise Refusal(Code.BOUND_TOO_LARGE, f"Column {name!r} may be too large.", "Let the source cut it: LEAST(GREATEST(x, low), high).")
    return low, high


def _constant(name: str) -> Refusal:
    return Refusal(Code.TYPE_MISMATCH, f"Column {name!r} has one value only, by the contract.", "Leave it out: nothing is learned from it.")


def _plan(contract: Contract, named: Digest, sql: str, nodes: list[exp.Expr]) -> Plan:
    """Compile the question that would add up each feature."""
    from sqlglot import exp

    if len(nodes) > OUTPUT_LIMIT:
        raise Refusal(Code.TOO_MANY_CELLS, f"A source has at most {OUTPUT_LIMIT} columns.", "Leave some out.")
    sums = [exp.alias_(exp.Sum(this=node), f"f{place}") for place, node in enumerate(nodes)]
    rows = parse(sql, {}).subquery(_ROWS)
    text = exp.select(*sums).from_(rows).sql(dialect="duckdb")
    return compile_question(contract, Question(contract=named, sql=text, terms=_FREE, asked_by=contract.ask[0]), named).plan


def _feature(one: _Read, output: Output) -> Feature:
    """Return a feature, given the column of the plan's table that would add it up."""
    if output.measure is None or output.digits != one.digits:
        raise Refusal(Code.TYPE_MISMATCH, f"Column {one.name!r} is no number of its own.", "Write it another way.")
    return Feature(name=one.name, measure=output.measure, low=one.low, high=one.high, digits=one.digits, values=one.values)


def _check_owner(plan: Plan, owner: str) -> None:
    """See that a source reads data of its owner alone, about one population.

    Raises:
        Refusal: `OWNER_ONLY`.
    """
    if len(plan.parts) != 1 or plan.parts[0].owner != owner:
        raise Refusal(
            Code.OWNER_ONLY, f"The source of {owner} reads data that are not {owner}'s alone.", "Write it over datasets of that owner."
        )
