"""How a subquery inside an expression is tied to the row that it is about: its person is that of the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.errors import Code, Refusal
from stillroom.query.expressions import conjuncts
from stillroom.query.joins import equated_persons, has_person, side_by_side
from stillroom.query.text.parse import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import exp

    from stillroom.query.frame import Frame, Source


class Tie(NamedTuple):
    """What ties a subquery to a row.

    Attributes:
        inner: Its person, as it is written.
        outer: The person of the row, as it is written.
        rest: What else its WHERE asks for.
    """

    inner: exp.Expr
    outer: exp.Expr
    rest: list[exp.Expr]


def conditions_of(select: exp.Select) -> list[exp.Expr]:
    """Return the conditions of the WHERE of a SELECT, all of which must be true."""
    where = select.args.get("where")
    return conjuncts(where.this) if where is not None else []


def qualified(node: exp.Expr, sources: Iterable[Source]) -> exp.Expr:
    """Name the table of each column that some tables have: inside a subquery, its own come before those of the outer row."""
    from sqlglot import exp

    known = list(sources)

    def step(part: exp.Expr) -> exp.Expr:
        if not isinstance(part, exp.Column) or part.args.get("table") is not None:
            return part
        name = identifier(part.this)
        found = [source.alias for source in known if name in source.columns]
        return exp.column(name, table=found[0], quoted=True) if len(found) == 1 else part

    return node.transform(step)


def tie(parts: list[exp.Expr], among: Frame, frame: Frame) -> Tie | None:
    """Find the condition that equates the person of a subquery with that of the outer row; None where none does.

    Args:
        parts: The conditions of the subquery.
        among: Its rows.
        frame: The rows that it is about.
    """
    from sqlglot import exp

    equal = [place for place, part in enumerate(parts) if isinstance(part, exp.EQ) and part.find(exp.Query) is None]
    both = side_by_side(among, frame) if equal else among
    for place in equal:
        named = qualified(parts[place], among.sources)
        persons = equated_persons(named, both, among, frame)
        if persons is not None:
            pair = (named.this, named.expression) if has_person(among, persons[0]) else (named.expression, named.this)
            return Tie(*pair, [*parts[:place], *parts[place + 1 :]])
    return None


def not_the_person() -> Refusal:
    """Return the refusal of a subquery in a condition that is not about the person of the row."""
    return Refusal(
        Code.SUBQUERY_NOT_ALLOWED,
        "A subquery in a condition must be about the same person.",
        "Write person IN (SELECT person FROM …), or EXISTS (SELECT 1 FROM … WHERE its person = the outer person AND …).",
    )
