"""The domain of a grouping key: every value that can occur, from the contract alone."""

from __future__ import annotations

from itertools import chain, product
from math import prod
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import All, Among, Any, Case, Column, Compare, Constant, IsNull, Like, Not, columns_of, walk
from stillroom.model.schema import Kind
from stillroom.query.evaluate import evaluate
from stillroom.query.kept import listed as values_listed
from stillroom.query.typed import CONSTANT_LIMIT, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.relation import ColumnFact
    from stillroom.model.schema import ColumnType, Scalar
    from stillroom.query.typed import Typed

TRIED = 5_000
"""The most combinations of column values that are tried to find out which values an expression can take."""

LENGTH = 1_000_000
"""The most characters of all values of a key together."""

STEPS = 200_000
"""The most nodes that are evaluated for that: combinations of values × nodes of the expression."""

MADE = ".#"
"""What the names of columns have in them that a plan makes on the way; those of datasets do not."""


def key_domain(key: Typed, facts: Iterable[ColumnFact], limit: int, conditions: Sequence[Expression] = ()) -> tuple[Scalar, ...]:
    """Return the domain of a key in display order, NULL last.

    A listed domain keeps its order (that of the contract, or of the branches of a CASE). Where the columns that the key reads have
    few enough values for its size, all are tried, so that only values that can really occur remain: those for which the conditions that
    read no other columns are true. A column has values that the contract declares, or that a condition lists.

    Args:
        key: The key.
        facts: What is known of columns.
        limit: The most values.
        conditions: What is true of every row.

    Raises:
        Refusal: No finite domain is declared or listed, it is larger than the limit, or no value fulfils the conditions.
        InvalidInput: A value of the domain is too large to be written.
    """
    listed = key.type.domain(limit)
    found = _tried(key, facts, [one for one in conditions if columns_of(one) <= columns_of(key.expression)])
    if found is not None and not found:
        raise _nothing_left(key)
    if listed is None and found is None:
        names = _named(key)
        raise Refusal(
            Code.KEY_WITHOUT_DOMAIN,
            f"{names} has no declared domain of at most {limit} values.",
            "Group by columns with listed values or a range with step, or by CASE with constants; or agree on caps.selection_delta.",
        )
    if any(isinstance(value, int) and abs(value) >= CONSTANT_LIMIT for value in (*(listed or ()), *(found or ()))):
        raise too_large()
    if listed is None:
        listed = tuple(sorted((value for value in found or () if value is not None), key=_order)) + (None,) * (None in (found or ()))
    occurring = None if found is None else {(type(value), value) for value in found}
    return tuple(value for value in listed if occurring is None or (type(value), value) in occurring)


def _order(value: Scalar) -> tuple[str, Scalar]:
    """Order values of one kind."""
    return type(value).__name__, value


def _nothing_left(key: Typed) -> Refusal:
    return Refusal(
        Code.KEY_WITHOUT_VALUES,
        f"{_named(key)} has no value that fulfils the conditions of the question, so that the table would have no row.",
        "Compare with values that the contract declares; `stillroom contract show` lists them.",
    )


def _named(key: Typed) -> str:
    return ", ".join(sorted(key.mentions)) or "The key"


def _values(name: str, kind: ColumnType, conditions: Iterable[Expression]) -> tuple[Scalar, ...] | None:
    """Return the values that a column can have: those that the contract declares, or those that a condition lists."""
    declared = kind.domain(TRIED)
    if declared is not None:
        return declared
    found = next((values for one in conditions if (values := values_listed(name, one)) is not None), None)
    return None if found is None or len(found) > TRIED else tuple(value for value in found if _within(value, kind))


def _within(value: Scalar, kind: ColumnType) -> bool:
    """Tell whether a column can have a value, as far as the contract bounds numbers, dates and timestamps."""
    if not isinstance(value, int) or isinstance(value, bool) or kind.kind is Kind.TEXT:
        return True
    below, above = kind.low is not None and value < kind.low, kind.high is not None and value > kind.high
    return not (below or above or value % kind.step)


def _tried(key: Typed, facts: Iterable[ColumnFact], conditions: Sequence[Expression]) -> set[Scalar] | None:
    """Return the values that the key takes over all values of its columns that fulfil conditions, or None when these are too many."""
    types = {fact.name: fact.type for fact in facts}
    names = sorted(columns_of(key.expression))
    domains = [_values(name, types[name], conditions) for name in names]
    known = [domain for domain in domains if domain is not None]
    combinations = prod(len(domain) for domain in known)
    size = key.size + sum(len(list(walk(one))) for one in conditions)
    if len(known) < len(domains) or combinations > TRIED or combinations * size > STEPS:
        return None
    found: set[Scalar] = set()
    length = 0
    for values in product(*known):
        row = dict(zip(names, values, strict=True))
        if not all(evaluate(one, row) is True for one in conditions):
            continue
        value = evaluate(key.expression, row)
        length += len(value) if isinstance(value, str) and value not in found else 0
        if length > LENGTH:
            return None
        found.add(value)
    return found


def most_values(expression: Expression, facts: Iterable[ColumnFact], limit: int) -> int:
    """Return how many values, NULL left out, an expression takes at most; no more than a limit.

    Where the contract alone bounds them: of its own columns, constants, conditions, and what CASE chooses among these. All else counts
    as if it could take any number of values.
    """
    found = _taken(expression, {fact.name: fact.type for fact in facts}, limit)
    return limit if found is None else min(limit, len(found - {None}))


def values_with_null(expression: Expression, facts: Iterable[ColumnFact], limit: int) -> int | None:
    """Return how many values an expression takes at most, NULL among them; None where that is not known, or more than a limit.

    Of a column it is known whether it can be NULL. Anything else counts as if it could.
    """
    found = _taken(expression, {fact.name: fact.type for fact in facts}, limit)
    if found is None:
        return None
    return len(found if isinstance(expression, Column) else found | {None})


def _taken(expression: Expression, types: Mapping[str, ColumnType], limit: int) -> frozenset[Scalar] | None:
    """Return a set that holds all values of an expression; None where none is known."""
    match expression:
        case Constant():
            return frozenset({expression.value})
        case Column() if MADE not in expression.name:
            domain = types[expression.name].domain(limit)
            return None if domain is None else frozenset(domain)
        case Compare() | IsNull() | Not() | All() | Any() | Among() | Like():
            return frozenset({False, True})
        case Case():
            results = [*(branch.then for branch in expression.branches), expression.otherwise]
            parts = [part for result in results if (part := _taken(result, types, limit)) is not None]
            return frozenset(chain.from_iterable(parts)) if len(parts) == len(results) else None
        case _:
            return None
