"""UNION and DISTINCT: rows of several subqueries, or each row once, all still with their own persons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Column
from stillroom.model.relation import Arm, ColumnFact, Named, PerPerson, Union
from stillroom.query.apart import first_alike, grouped
from stillroom.query.frame import Frame, PersonColumn, Source
from stillroom.query.grouping import UNNAMED, output_name, unaliased
from stillroom.query.joins import check_rows
from stillroom.query.text.parse import only
from stillroom.query.typed import Typed, column, unified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.query.context import Context
    from stillroom.query.frame import Binding


def united(node: exp.Union, alias: str, context: Context) -> Frame:
    """Compile UNION and UNION ALL. Columns go together by their places, and have the names of the first subquery.

    A person has at most as many rows as in both subqueries together, and nothing is the same in all of them: which subquery a row came
    from may differ. Nor does anything tell them apart: a row of one may be as one of the other. Rows on which the person's column is NULL
    belong to nobody who could be asked about, and are left out.

    Raises:
        Refusal: The subqueries have different columns, or the person is not at the same place in both.
    """
    only(node, {"this", "expression", "distinct"})
    selects = node.this.unnest(), _named_apart(node.expression.unnest())
    sides = [_with_person(context.subquery(side, "", context)) for side in selects]
    names = list(sides[0].sources[0].columns)
    if len(sides[1].sources[0].columns) != len(names):
        raise _unlike("The subqueries of UNION have different numbers of columns.")
    pairs = list(zip(*(side.sources[0].columns.values() for side in sides), strict=True))
    stem = min(side.stem for side in sides)
    columns: dict[str, Binding] = {}
    values: list[Sequence[Typed]] = []
    for name, pair in zip(names, pairs, strict=True):
        typed = [one for one in pair if isinstance(one, Typed)]
        if not typed:
            columns[name] = PersonColumn()
        elif len(typed) < len(pair):
            raise _unlike("The person stands at different places in the subqueries of UNION.")
        else:
            both, kind = unified(typed)
            columns[name] = column(context.names.column(stem), kind, both)
            values.append(both)
    made = [one for one in columns.values() if isinstance(one, Typed)]
    rows = sum(side.rows for side in sides)
    check_rows(rows, context.contract)
    arms = tuple(Arm(relation=side.relation, values=tuple(both[place].expression for both in values)) for place, side in enumerate(sides))
    facts = (*sides[0].facts, *sides[1].facts, *(_fact(one) for one in made))
    frame = Frame(Union(columns=tuple(_name(one) for one in made), arms=arms), rows, (Source(alias, columns),), facts)
    return distinct(frame, context) if node.args.get("distinct") else frame


def _named_apart(side: exp.Query) -> exp.Query:
    """Return a subquery behind UNION whose columns have names of their own: those that it gives them, nothing reads.

    Where it groups, or looks at windows behind its SELECT, names that stand for two columns could be read there, and stay.
    """
    from sqlglot import exp

    if not isinstance(side, exp.Select) or any(side.args.get(clause) is not None for clause in ("group", "having", "qualify")):
        return side
    side, taken = side.copy(), set[str]()
    for place, item in enumerate(side.expressions):
        name = output_name(item)
        if name in taken:
            item.replace(exp.alias_(unaliased(item).copy(), f"{UNNAMED}{UNNAMED}{place}", quoted=True))
        taken |= {name} if name else set()
    return side


def distinct(frame: Frame, context: Context) -> Frame:
    """Return each row of a subquery once; rows of different persons are different rows.

    Raises:
        Refusal: The person is not among the columns, so that rows of different persons would count as one.
    """
    (source,) = frame.sources
    if not any(isinstance(one, PersonColumn) for one in source.columns.values()):
        raise Refusal(Code.PERSON_LOST, "Without the person, rows of different persons would be one.", "Select the person column, too.")
    frame = _with_person(frame)
    stem = frame.stem
    typed = {name: one for name, one in source.columns.items() if isinstance(one, Typed)}
    named = {name: context.names.column(stem) for name in typed}
    own = {named[name]: one for name, one in typed.items()}
    first = first_alike(own)
    columns: dict[str, Binding] = {
        name: replace(one, expression=Column(name=first[named[name]]), size=1, depth=1) if isinstance(one, Typed) else PersonColumn()
        for name, one in source.columns.items()
    }
    own = {name: own[name] for name in first.values()}
    keys = tuple(Named(name=name, value=one.expression) for name, one in own.items())
    facts = tuple(ColumnFact(name=name, type=one.type) for name, one in own.items())
    told, rows = grouped(frame, own)
    relation = PerPerson(source=frame.relation, keys=keys, totals=())
    return Frame(relation, rows, (Source(source.alias, columns),), frame.facts + facts, told=told)


def _with_person(frame: Frame) -> Frame:
    """Return the rows on which no column of the person is NULL."""
    for one in frame.sources[0].columns.values():
        if isinstance(one, PersonColumn) and one.present is not None:
            frame = frame.where(one.present.expression)
    return frame


def _fact(typed: Typed) -> ColumnFact:
    return ColumnFact(name=_name(typed), type=typed.type)


def _name(typed: Typed) -> str:
    return typed.expression.name if isinstance(typed.expression, Column) else ""


def _unlike(what: str) -> Refusal:
    return Refusal(Code.TYPE_MISMATCH, what, "Select the same columns in the same order in each.")
