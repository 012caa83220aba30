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
from stillroom.query import uses
from stillroom.query.compile import OUTPUT_LIMIT, compile_question
from stillroom.query.context import Context
from stillroom.query.frame import PersonColumn
from stillroom.query.relations import select_rows
from stillroom.query.subqueries import compile_subquery
from stillroom.query.text.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

    Numbers and truth values are one feature each; text with listed values is one for each value, 1 where the row has it and 0 elsewhere.
    The label is compiled likewise: a number, a truth value, or one column for each class. What is NULL in a row stays so.

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
    encoded = {name: tuple(_encoded(name, typed)) for name, typed in columns.items()}
    plan = _plan(contract, named, sql, [one.node for ones in encoded.values() for one in ones])
    _check_owner(plan, owner)
    outputs = iter(plan.finish.outputs)
    read = {name: tuple(_feature(one, next(outputs)) for one in ones) for name, ones in encoded.items()}
    inputs = tuple(feature for name, ones in read.items() if name != label for feature in ones)
    return Source(plan=plan, features=inputs, label=read[label])


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A feature that is to be read off the rows: its heading, its SQL, and its range."""

    name: str
    node: exp.Expr
    low: int = 0
    high: int = 1
    digits: int = 0


def _columns(contract: Contract, sql: str) -> Mapping[str, Typed]:
    """Return the columns of a source, and what is known of each."""
    context = Context(contract, compile_subquery, select_rows)
    (rows,) = compile_subquery(parse(sql, {}), _ROWS, context).sources
    found = {name: binding for name, binding in rows.columns.items() if not isinstance(binding, PersonColumn)}
    for typed in found.values():
        uses.allow(contract, typed, uses.MEASURES, uses.TESTED)
    return found


def _encoded(name: str, typed: Typed) -> Iterator[_Encoded]:
    """Return the features that a column comes to.

    Raises:
        Refusal: `TYPE_MISMATCH`; `BOUND_MISSING`, `BOUND_TOO_LARGE`.
    """
    from sqlglot import exp

    column, kind = exp.column(exp.to_identifier(name, quoted=True), table=_ROWS), typed.type
    if kind.kind is Kind.BOOLEAN:
        yield _Encoded(name, _indicator(column))
    elif kind.kind is Kind.TEXT and kind.values is not None:
        for value in kind.values:
            yield _Encoded(f"{name} = {value}", _indicator(exp.EQ(this=column.copy(), expression=exp.Literal.string(str(value)))))
    elif not kind.numeric:
        fix = "Use numbers, truth values, or text whose values the contract lists; of a date, EXTRACT(YEAR FROM …) or a difference of days."
        raise Refusal(Code.TYPE_MISMATCH, f"Column {name!r} is {kind.kind}, which no model takes as it is.", fix)
    else:
        yield _Encoded(name, column, *_range(name, kind), kind.digits)


def _range(name: str, kind: ColumnType) -> tuple[int, int]:
    """Return the least and the greatest number of a column, in its units."""
    listed = [int(value) for value in kind.values or ()]
    low, high = min(listed, default=kind.low), max(listed, default=kind.high)
    if low is None or high is None:
        fix = "Declare bounds in the contract, or let the source cut it: LEAST(GREATEST(x, low), high)."
        raise Refusal(Code.BOUND_MISSING, f"The contract bounds no values of column {name!r}.", fix)
    if max(-low, high) >= LARGEST_BOUND:
        raise Refusal(Code.BOUND_TOO_LARGE, f"Column {name!r} may be too large.", "Let the source cut it: LEAST(GREATEST(x, low), high).")
    return low, high


def _indicator(condition: exp.Expr) -> exp.Expr:
    """Return 1 where a condition is true, 0 where it is false, and NULL where it is neither: nothing is known then."""
    from sqlglot import exp

    holds, fails = exp.paren(condition), exp.Not(this=exp.paren(condition.copy()))
    return exp.Case(ifs=[exp.If(this=holds, true=exp.Literal.number(1)), exp.If(this=fails, true=exp.Literal.number(0))])


def _plan(contract: Contract, named: Digest, sql: str, nodes: list[exp.Expr]) -> Plan:
    """Compile the question that would add up each feature."""
    from sqlglot import exp

    if len(nodes) > OUTPUT_LIMIT:
        raise Refusal(
            Code.TOO_MANY_CELLS, f"A source has at most {OUTPUT_LIMIT} features.", "Leave columns out, or group values of text in a CASE."
        )
    sums = [exp.alias_(exp.Sum(this=node), f"f{place}") for place, node in enumerate(nodes)]
    rows = parse(sql, {}).subquery(_ROWS)
    text = exp.select(*sums).from_(rows).sql(dialect="duckdb")
    return compile_question(contract, Question(contract=named, sql=text, terms=_FREE, asked_by=contract.ask[0]), named).plan


def _feature(one: _Encoded, output: Output) -> Feature:
    """Return a feature, given the column of the plan's table that would add it up."""
    if output.measure is None or output.digits != one.digits:
        raise Refusal(Code.TYPE_MISMATCH, f"Column {one.name!r} is no number of its own.", "Write it another way.")
    return Feature(name=one.name, measure=output.measure, low=one.low, high=one.high, digits=one.digits)


def _check_owner(plan: Plan, owner: str) -> None:
    """See that a source reads data of its owner alone, about one population.

    Raises:
        Refusal: `OWNER_ONLY`.
    """
    if len(plan.parts) != 1 or plan.parts[0].owner != owner:
        raise Refusal(
            Code.OWNER_ONLY, f"The source of {owner} reads data that are not {owner}'s alone.", "Write it over datasets of that owner."
        )
